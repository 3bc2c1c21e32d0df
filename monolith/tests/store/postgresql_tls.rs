//! PostgreSQL across a network: everything encrypted, the server's certificate verified, the password apart from the URL.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use monolith::config::DatabaseConfig;
use monolith::store;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use shared::config::Environment;

use crate::UNHURRIED;
use crate::cases::CASES;
use crate::postgres_server::PostgresServer;

/// Everything that a URL would have to escape.
const PASSWORD: &str = "p@ss:/w%20rd?#";

/// A server that takes no unencrypted connection from the network, its address, and its authority's certificate.
struct TlsServer {
    server: PostgresServer,
    port: u16,
}

impl TlsServer {
    async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = [
            "listen_addresses=127.0.0.1",
            &format!("port={port}"),
            "ssl=on",
            "ssl_cert_file=FOLDER/server.pem",
            "ssl_key_file=FOLDER/server.key",
            "hba_file=FOLDER/hba",
        ];
        let server = PostgresServer::start_with(&settings, prepare).await;
        let mut admin = server.connect().await;
        let user = format!("CREATE ROLE mysfits LOGIN SUPERUSER PASSWORD '{PASSWORD}'");
        sqlx::query(sqlx::AssertSqlSafe(user)).execute(&mut admin).await.unwrap();
        TlsServer { server, port }
    }

    /// The settings of a monolith for a new database there, as ECS would hand them over; `changes` win.
    async fn config(&self, changes: &[(&str, &str)]) -> DatabaseConfig {
        let url = self.server.new_database().await;
        let name = url.split('?').next().unwrap().rsplit('/').next().unwrap();
        let (port, authority) = (self.port.to_string(), self.file("authority.pem"));
        let parts = [
            ("DB_HOST", "localhost"),
            ("DB_PORT", &port),
            ("DB_USER", "mysfits"),
            ("DB_PASSWORD", PASSWORD),
            ("DB_NAME", name),
            ("DB_SSLMODE", "verify-full"),
            ("DB_SSLROOTCERT", &authority),
            UNHURRIED,
        ];
        let environment = Environment::from_pairs(parts.into_iter().chain(changes.iter().copied()));
        DatabaseConfig::from_environment(&environment).unwrap()
    }

    fn file(&self, name: &str) -> String {
        self.server.folder().join(name).to_string_lossy().into_owned()
    }
}

/// Puts certificates into the folder, those of a stranger included, and the rule that nobody comes in unencrypted.
fn prepare(folder: &Path) {
    let (trusted, issuer) = authority();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let (stranger, _) = authority();
    let rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
    for (name, text) in [
        ("authority.pem", trusted.as_str()),
        ("server.pem", &certificate.pem()),
        ("server.key", &key.serialize_pem()),
        ("stranger.pem", &stranger),
        ("hba", rules),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    std::fs::set_permissions(folder.join("server.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// An authority and its certificate.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = parameters.self_signed(&key).unwrap().pem();
    (certificate, Issuer::new(parameters, key))
}

#[actix_rt::test]
async fn postgresql_over_verified_tls_keeps_every_promise() {
    let server = TlsServer::start().await;
    for (name, case) in CASES {
        println!("{name}");
        case(server.config(&[]).await).await;
    }
}

#[actix_rt::test]
async fn postgresql_is_refused_when_it_cannot_prove_who_it_is() {
    let server = TlsServer::start().await;
    let check = async |changes: &[(&str, &str)], expected: &str| {
        let outcome = store::open(&server.config(changes).await).await.map(drop);
        let text = outcome.map_err(|error| format!("{:#}", anyhow::Error::from(error)));
        match text {
            Ok(()) => assert_eq!(expected, "", "{changes:?}"),
            Err(text) => assert!(!expected.is_empty() && text.contains(expected), "{changes:?}: {text}"),
        }
    };
    check(&[], "").await;
    check(&[("DB_SSLROOTCERT", &server.file("stranger.pem"))], "certificate").await;
    check(&[("DB_HOST", "127.0.0.1")], "certificate").await; // vouched for as localhost only
    check(&[("DB_HOST", "127.0.0.1"), ("DB_SSLMODE", "verify-ca")], "").await;
    check(&[("DB_SSLMODE", "disable")], "no encryption").await;
    check(&[("DB_PASSWORD", "wrong")], "password authentication failed").await;
}
