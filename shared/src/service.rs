//! A whole service in one call: telemetry, a listener and its routes, from the first log line to the last span.
//!
//! A service with two listeners, or with something to close at its end, does the same with [`telemetry::run`] and [`server`].

use actix_web::web::ServiceConfig;

use crate::config::{Environment, ListenAddr};
use crate::server::{self, HttpSettings};
use crate::shutdown::Shutdown;
use crate::telemetry::middleware::TrustedProxies;
use crate::telemetry::{self, TelemetryConfig};

const LISTEN_ADDR: &str = "LISTEN_ADDR";

/// A service with one listener.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its name on the map, unless `OTEL_SERVICE_NAME` says otherwise.
    pub name: &'static str,
    /// Its version, such as `env!("CARGO_PKG_VERSION")`.
    pub version: &'static str,
    /// The port of the loopback interface where it listens, unless `LISTEN_ADDR` says otherwise.
    pub port: u16,
}

impl Service {
    /// Serves `routes` until SIGINT or SIGTERM: the whole of a `main`. `routes` runs once in each worker and is the place to build what
    /// belongs to a worker, such as HTTP clients. `TRUSTED_PROXIES` and the variables of [`TelemetryConfig`] are read from `environment`.
    ///
    /// # Errors
    /// When a setting is wrong, the port is taken or the server fails.
    pub fn run<R>(&self, environment: &Environment, routes: R) -> anyhow::Result<()>
    where
        R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let Self { name, version, port } = *self;
        let trusted_proxies = TrustedProxies::from_environment(environment)?;
        let settings = HttpSettings { trusted_proxies, ..HttpSettings::default() };
        telemetry::run(&TelemetryConfig::from_environment(environment, name, version)?, async {
            let wanted = environment.listen_addr(LISTEN_ADDR, ListenAddr::loopback(port))?;
            let listener = server::bind(LISTEN_ADDR, &wanted)?;
            let addr = listener.addr();
            let running = server::start(listener, &settings, routes)?;
            let shutdown = Shutdown::on_signals()?; // before the line that tells a supervisor that we run
            tracing::info!(server.address = %addr, "{name} listening on {addr}");
            server::run_until_stopped(vec![running], shutdown).await
        })
    }
}
