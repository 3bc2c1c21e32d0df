//! The settings of the Like service, read once from an [`Environment`].

use shared::config::{ConfigError, Environment, ListenAddr, Secret};
use shared::http_client::Upstream;
use shared::server::HttpSettings;
use shared::telemetry::middleware::TrustedProxies;

use crate::chaos::{self, Mode};

/// Where likes are taken.
pub const LISTEN_ADDR: &str = "LISTEN_ADDR";
/// Where the switches of chaos and of the log level are.
pub const INTERNAL_LISTEN_ADDR: &str = "INTERNAL_LISTEN_ADDR";
/// Base URL of the monolith's internal API.
pub const MONOLITH_URL: &str = "MONOLITH_URL";
/// The shared secret of the internal listeners.
pub const INTERNAL_TOKEN: &str = "INTERNAL_TOKEN";
/// Whether faults are injected, `on` or `off`.
pub const CHAOSMODE: &str = "CHAOSMODE";
/// Decides together with a like's key what happens to it.
pub const CHAOS_SEED: &str = "CHAOS_SEED";

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where likes are taken.
    pub public: ListenAddr,
    /// Where the switches of chaos and of the log level are.
    pub internal: ListenAddr,
    /// What both servers have in common.
    pub http: HttpSettings,
    /// The monolith's internal API.
    pub monolith: Upstream,
    /// What callers of our own internal listener must show to change the log level, if anything.
    pub internal_token: Option<Secret>,
    /// The faults to begin with.
    pub chaos: chaos::Settings,
}

impl Config {
    /// Reads all settings.
    ///
    /// # Errors
    /// Names the first variable that holds something unusable.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let mode = if environment.switch(CHAOSMODE, false)? { Mode::On } else { Mode::Off };
        let seed = environment.parse_or(CHAOS_SEED, 0, "a whole number from 0")?;
        let internal_token = environment.token(INTERNAL_TOKEN)?;
        Ok(Self {
            public: environment.listen_addr(LISTEN_ADDR, ListenAddr::loopback(8081))?,
            internal: environment.listen_addr(INTERNAL_LISTEN_ADDR, ListenAddr::loopback(8091))?,
            http: HttpSettings {
                trusted_proxies: TrustedProxies::from_environment(environment)?,
                ..HttpSettings::default()
            },
            monolith: monolith(environment, internal_token.as_ref())?,
            internal_token,
            chaos: chaos::Settings::original(mode, seed),
        })
    }
}

fn monolith(environment: &Environment, token: Option<&Secret>) -> Result<Upstream, ConfigError> {
    let url = environment.get(MONOLITH_URL).unwrap_or("http://127.0.0.1:8090");
    let wanted = "a URL like http://127.0.0.1:8090";
    let upstream =
        crate::monolith_client::upstream(url).map_err(|_| ConfigError::invalid_url(MONOLITH_URL, url, wanted))?;
    let Some(token) = token else { return Ok(upstream) };
    let refusal = |_| ConfigError::invalid(INTERNAL_TOKEN, "(hidden)", "visible ASCII characters");
    upstream.with_internal_token(token).map_err(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_environment(&Environment::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn without_variables_it_is_the_quiet_service_of_a_laptop() {
        let config = read(&[]).unwrap();
        assert_eq!(config.public.to_string(), "127.0.0.1:8081");
        assert_eq!(config.internal.to_string(), "127.0.0.1:8091");
        assert_eq!(config.chaos, chaos::Settings::original(Mode::Off, 0));
    }

    #[test]
    fn chaos_is_set_by_mode_and_seed() {
        let config = read(&[("CHAOSMODE", "on"), ("CHAOS_SEED", "7")]).unwrap();
        assert_eq!(config.chaos, chaos::Settings::original(Mode::On, 7));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let check = |name: &str, value: &str, wanted: &str| {
            let message = read(&[(name, value)]).unwrap_err().to_string();
            assert!(message.starts_with(name) && message.contains(wanted), "{message}");
        };
        check("LISTEN_ADDR", "here", "a port or an address");
        check("CHAOSMODE", "maybe", "on or off");
        check("CHAOS_SEED", "-1", "a whole number");
        check("MONOLITH_URL", "monolith:8090", "a URL like");
        check("MONOLITH_URL", "http://me:hunter2@monolith:8090", "http://…@monolith:8090");
        check("TRUSTED_PROXIES", "everyone", "a list of networks");
        check("INTERNAL_TOKEN", "line\nbreak", "visible ASCII");
    }

    #[test]
    fn the_token_is_never_repeated() {
        let message = read(&[("INTERNAL_TOKEN", "hunter2\nx")]).unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
        let config = read(&[("INTERNAL_TOKEN", "hunter2")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
