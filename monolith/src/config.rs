//! The settings of the monolith, a struct per concern, read once from an [`Environment`].

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use shared::config::{ConfigError, Environment, ListenAddr, Secret};
use shared::http_client::Upstream;
use shared::server::HttpSettings;
use shared::telemetry::middleware::TrustedProxies;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::sqlite::SqliteConnectOptions;

use crate::like_client::LIKE_SERVICE;

/// Where the public API and the site listen.
pub const LISTEN_ADDR: &str = "LISTEN_ADDR";
/// Where the internal API listens.
pub const INTERNAL_LISTEN_ADDR: &str = "INTERNAL_LISTEN_ADDR";
/// The shared secret of the internal API; unset means that reaching its port is enough.
pub const INTERNAL_TOKEN: &str = "INTERNAL_TOKEN";
/// Where the Like service is: a URL, or several with commas between, among which likes go round.
pub const LIKE_URL: &str = "LIKE_URL";
/// The database, as a `sqlite:` or `postgres:` URL.
pub const DATABASE_URL: &str = "DATABASE_URL";
/// Host of a PostgreSQL database; with the other `DB_` variables it stands in for [`DATABASE_URL`].
pub const DB_HOST: &str = "DB_HOST";
/// Port of the PostgreSQL database at [`DB_HOST`].
pub const DB_PORT: &str = "DB_PORT";
/// User of the PostgreSQL database at [`DB_HOST`].
pub const DB_USER: &str = "DB_USER";
/// Password of [`DB_USER`].
pub const DB_PASSWORD: &str = "DB_PASSWORD";
/// A file with the password, in place of [`DB_PASSWORD`].
pub const DB_PASSWORD_FILE: &str = "DB_PASSWORD_FILE";
/// Name of the PostgreSQL database at [`DB_HOST`].
pub const DB_NAME: &str = "DB_NAME";
/// How much TLS the PostgreSQL database at [`DB_HOST`] must offer; `verify-full` is what a database across a network deserves.
pub const DB_SSLMODE: &str = "DB_SSLMODE";
/// A file with the certificates that may vouch for the database at [`DB_HOST`]; without it, the public ones.
pub const DB_SSLROOTCERT: &str = "DB_SSLROOTCERT";
/// How many milliseconds a call waits for a connection to a PostgreSQL database, 3000 otherwise: long enough for a new one, and below the
/// 5 s that the Like service gives us, so that it hears 503 from us and not 504 from its own clock.
pub const DB_PATIENCE_MS: &str = "DB_PATIENCE_MS";
/// Where "view trace" leads, with `{trace_id}` in the place of the id.
pub const TRACE_URL_TEMPLATE: &str = "TRACE_URL_TEMPLATE";

/// Everything that says together where a PostgreSQL database is.
const DB_PARTS: [&str; 8] =
    [DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_PASSWORD_FILE, DB_NAME, DB_SSLMODE, DB_SSLROOTCERT];

/// What [`TRACE_URL_TEMPLATE`] must contain.
pub const TRACE_ID_PLACEHOLDER: &str = "{trace_id}";

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The two listeners.
    pub servers: ServersConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// The Like service.
    pub like_service: LikeServiceConfig,
    /// The web site.
    pub site: SiteSettings,
}

/// Where the monolith listens, and whom it lets in.
#[derive(Debug, Clone)]
pub struct ServersConfig {
    /// The public listener.
    pub public: ListenAddr,
    /// The internal listener.
    pub internal: ListenAddr,
    /// What callers of the internal API must show, if anything.
    pub internal_token: Option<Secret>,
    /// What both listeners have in common.
    pub http: HttpSettings,
}

/// How to reach the Like service.
#[derive(Debug, Clone)]
pub struct LikeServiceConfig {
    /// Its name, its address, and how patient we are with it.
    pub upstream: Upstream,
}

/// What the web site needs to know.
#[derive(Debug, Clone, Default)]
pub struct SiteSettings {
    /// Where "view trace" leads, containing `{trace_id}`; without it the link is hidden.
    pub trace_url_template: Option<String>,
}

/// Which database to use.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// A file, or memory.
    Sqlite(SqliteConfig),
    /// A server.
    Postgres(PostgresConfig),
}

/// A SQLite database.
#[derive(Debug, Clone)]
pub struct SqliteConfig {
    /// How to open it.
    pub options: SqliteConnectOptions,
    /// Whether it lives in memory and dies with its connection.
    pub in_memory: bool,
}

/// A PostgreSQL database; printing it shows no password.
#[derive(Clone)]
pub struct PostgresConfig {
    /// How to connect to it.
    pub options: PgConnectOptions,
    /// How long a call waits for a connection.
    pub patience: Duration,
}

impl Config {
    /// Reads all settings.
    ///
    /// # Errors
    ///
    /// Names the first variable that holds something unusable.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Config {
            servers: ServersConfig::from_environment(environment)?,
            database: DatabaseConfig::from_environment(environment)?,
            like_service: LikeServiceConfig::from_environment(environment)?,
            site: SiteSettings::from_environment(environment)?,
        })
    }
}

impl ServersConfig {
    fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let trusted_proxies = TrustedProxies::from_environment(environment)?;
        Ok(ServersConfig {
            public: environment.listen_addr(LISTEN_ADDR, ListenAddr::loopback(8080))?,
            internal: environment.listen_addr(INTERNAL_LISTEN_ADDR, ListenAddr::loopback(8090))?,
            internal_token: environment.token(INTERNAL_TOKEN)?,
            http: HttpSettings { trusted_proxies, ..HttpSettings::default() },
        })
    }
}

impl LikeServiceConfig {
    fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let url = environment.get(LIKE_URL).unwrap_or("http://127.0.0.1:8081");
        let refusal = |_| {
            ConfigError::invalid_url(LIKE_URL, url, "a URL like http://127.0.0.1:8081, or several with commas between")
        };
        Ok(LikeServiceConfig { upstream: Upstream::new(LIKE_SERVICE, url).map_err(refusal)? })
    }
}

impl SiteSettings {
    fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let template = environment.get(TRACE_URL_TEMPLATE);
        match template {
            Some(text) if !text.contains(TRACE_ID_PLACEHOLDER) => {
                Err(ConfigError::invalid(TRACE_URL_TEMPLATE, text, "a URL that contains {trace_id}"))
            }
            _ => Ok(SiteSettings { trace_url_template: template.map(str::to_owned) }),
        }
    }
}

/// What libpq takes, too.
const SSL_MODES: &str = "one of disable, allow, prefer, require, verify-ca, verify-full";

impl DatabaseConfig {
    const WANTED: &'static str = "a URL like sqlite:mysfits.db?mode=rwc or postgres://user:password@host/database";

    /// Reads [`DATABASE_URL`], or the `DB_` variables where only they are set.
    ///
    /// # Errors
    ///
    /// Names the variable that holds something unusable, and shows no password.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        // A part without the host is a deployment that lost a line: it must not quietly get an empty database of its own.
        let has_parts = DB_PARTS.iter().any(|name| environment.get(name).is_some());
        match environment.get(DATABASE_URL) {
            Some(url) => Self::from_url(url, environment),
            None if has_parts => Self::from_parts(environment),
            None => Self::from_url("sqlite:mysfits.db?mode=rwc", environment),
        }
    }

    fn from_url(url: &str, environment: &Environment) -> Result<Self, ConfigError> {
        // A URL may hold a password, so a refusal repeats its scheme only.
        let scheme = url.split_once(':').map_or("a text without a scheme", |(scheme, _)| scheme);
        let refusal = |_| ConfigError::invalid(DATABASE_URL, format!("{scheme}:…"), Self::WANTED);
        match scheme {
            "sqlite" => Ok(DatabaseConfig::Sqlite(SqliteConfig {
                options: SqliteConnectOptions::from_str(url).map_err(refusal)?,
                in_memory: url.contains(":memory:") || url.contains("mode=memory"),
            })),
            "postgres" | "postgresql" => Ok(DatabaseConfig::Postgres(PostgresConfig {
                options: PgConnectOptions::from_str(url).map_err(refusal)?,
                patience: patience(environment)?,
            })),
            _ => Err(ConfigError::invalid(DATABASE_URL, scheme, Self::WANTED)),
        }
    }

    /// Reads the parts one by one, which is how ECS hands over a secret: no escaping, and the password stays apart.
    fn from_parts(environment: &Environment) -> Result<Self, ConfigError> {
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&environment.required::<String>(DB_HOST, "the host of the database, or DATABASE_URL its whole URL")?)
            .port(environment.parse_or(DB_PORT, 5432, "a port")?)
            .username(&environment.required::<String>(DB_USER, "the user of the database at DB_HOST")?)
            .database(environment.get(DB_NAME).unwrap_or("mysfits"))
            .ssl_mode(environment.parse_or(DB_SSLMODE, PgSslMode::Prefer, SSL_MODES)?);
        if let Some(file) = environment.get(DB_SSLROOTCERT) {
            options = options.ssl_root_cert(file);
        }
        if let Some(password) = environment.secret(DB_PASSWORD)? {
            options = options.password(password.expose());
        }
        Ok(DatabaseConfig::Postgres(PostgresConfig { options, patience: patience(environment)? }))
    }
}

fn patience(environment: &Environment) -> Result<Duration, ConfigError> {
    let milliseconds: Option<NonZeroU64> = environment.parse(DB_PATIENCE_MS, "a positive number of milliseconds")?;
    Ok(milliseconds.map_or(Duration::from_secs(3), |milliseconds| Duration::from_millis(milliseconds.get())))
}

impl SqliteConfig {
    /// The name of the database: its file without folder and extension.
    pub fn name(&self) -> String {
        let stem = self.options.get_filename().file_stem();
        match stem {
            Some(stem) if !self.in_memory => stem.to_string_lossy().into_owned(),
            _ => "mysfits".to_owned(),
        }
    }
}

impl PostgresConfig {
    /// The name of the database on its server; PostgreSQL's own default is the name of the user.
    pub fn name(&self) -> String {
        self.options.get_database().unwrap_or_else(|| self.options.get_username()).to_owned()
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.name(), self.options.get_host(), self.options.get_port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_environment(&Environment::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn an_empty_environment_is_a_laptop() {
        let config = read(&[]).unwrap();
        assert_eq!(config.servers.public.to_string(), "127.0.0.1:8080");
        assert_eq!(config.servers.internal.to_string(), "127.0.0.1:8090");
        assert!(config.servers.internal_token.is_none());
        assert_eq!(config.like_service.upstream.addresses(), ["http://127.0.0.1:8081"]);
        assert_eq!(config.site.trace_url_template, None);
        let DatabaseConfig::Sqlite(sqlite) = config.database else { panic!("not SQLite") };
        assert_eq!((sqlite.name().as_str(), sqlite.in_memory), ("mysfits", false));
    }

    #[test]
    fn the_like_service_may_be_at_several_addresses() {
        let config = read(&[("LIKE_URL", "http://like-a:8081, http://like-b:8081/")]).unwrap();
        assert_eq!(config.like_service.upstream.addresses(), ["http://like-a:8081", "http://like-b:8081"]);
    }

    #[test]
    fn a_database_is_named_by_url_or_by_parts() {
        fn check(pairs: &[(&str, &str)], expected: &str) {
            let found = match read(pairs).unwrap().database {
                DatabaseConfig::Sqlite(sqlite) => format!("sqlite {} {}", sqlite.name(), sqlite.in_memory),
                DatabaseConfig::Postgres(postgres) => format!("postgres {postgres:?}"),
            };
            assert_eq!(found, expected);
        }
        check(&[("DATABASE_URL", "sqlite:/data/zoo.db")], "sqlite zoo false");
        check(&[("DATABASE_URL", "sqlite::memory:")], "sqlite mysfits true");
        check(&[("DATABASE_URL", "postgres://me:secret@db.example:5433/zoo")], "postgres zoo@db.example:5433");
        check(&[("DB_HOST", "db"), ("DB_USER", "me"), ("DB_PASSWORD", "p@ss:/w")], "postgres mysfits@db:5432");
        check(&[("DB_HOST", "db"), ("DATABASE_URL", "sqlite::memory:")], "sqlite mysfits true");
    }

    #[test]
    fn a_call_waits_for_a_connection_for_as_long_as_it_is_told() {
        fn check(pairs: &[(&str, &str)], expected: Duration) {
            let DatabaseConfig::Postgres(postgres) = read(pairs).unwrap().database else { panic!("not PostgreSQL") };
            assert_eq!(postgres.patience, expected, "{pairs:?}");
        }
        let (url, parts) = (("DATABASE_URL", "postgres://me@db/zoo"), [("DB_HOST", "db"), ("DB_USER", "me")]);
        check(&[url], Duration::from_secs(3));
        check(&[url, ("DB_PATIENCE_MS", "250")], Duration::from_millis(250));
        check(&[parts[0], parts[1], ("DB_PATIENCE_MS", "60000")], Duration::from_secs(60));
    }

    #[test]
    fn a_refusal_names_the_variable_and_no_password() {
        fn check(pairs: &[(&str, &str)], variable: &str) {
            let message = read(pairs).unwrap_err().to_string();
            assert!(message.starts_with(variable), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        check(&[("LISTEN_ADDR", "eighty")], "LISTEN_ADDR");
        check(&[("INTERNAL_LISTEN_ADDR", "ninety")], "INTERNAL_LISTEN_ADDR");
        check(&[("DATABASE_URL", "mysql://me:hunter2@db/zoo")], "DATABASE_URL");
        check(&[("DATABASE_URL", "postgres://me:hunter2@db:port/zoo")], "DATABASE_URL");
        check(&[("DATABASE_URL", "hunter2")], "DATABASE_URL");
        check(&[("DB_HOST", "db")], "DB_USER");
        check(&[("DB_USER", "me"), ("DB_PASSWORD", "hunter2")], "DB_HOST");
        check(&[("DATABASE_URL", "postgres://me:hunter2@db/zoo"), ("DB_PATIENCE_MS", "0")], "DB_PATIENCE_MS");
        check(&[("DB_SSLMODE", "verify-full")], "DB_HOST");
        check(&[("DB_PASSWORD_FILE", "/run/secrets/db_password")], "DB_HOST");
        check(&[("DB_HOST", "db"), ("DB_USER", "me"), ("DB_PASSWORD_FILE", "/nowhere")], "DB_PASSWORD_FILE");
        check(&[("DB_HOST", "db"), ("DB_PORT", "x")], "DB_PORT");
        check(&[("DB_HOST", "db"), ("DB_USER", "me"), ("DB_SSLMODE", "always")], "DB_SSLMODE");
        check(&[("LIKE_URL", "like-service:8081")], "LIKE_URL");
        check(&[("LIKE_URL", "http://me:hunter2@like-service:8081")], "LIKE_URL");
        check(&[("LIKE_URL", "http://like-a:8081, http://me:hunter2@like-b:8081")], "LIKE_URL");
        check(&[("LIKE_URL", "http://like-a:8081,")], "LIKE_URL");
        check(&[("INTERNAL_TOKEN", "hunter2 hunter2")], "INTERNAL_TOKEN");
        check(&[("TRACE_URL_TEMPLATE", "http://127.0.0.1:2000/traces/")], "TRACE_URL_TEMPLATE");
    }

    #[test]
    fn printing_the_settings_shows_no_secret() {
        let config = read(&[("DATABASE_URL", "postgres://me:hunter2@db/zoo"), ("INTERNAL_TOKEN", "hunter2")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
