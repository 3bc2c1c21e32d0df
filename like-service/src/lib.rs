//! The Like microservice: counts a like by asking the monolith, and injects the faults that the labs go looking for.
//!
//! Modules in reading order: [`run`] is the whole of `main`; [`app`] wires the two listeners of `routes`; a like goes from
//! `handlers::likes` through [`chaos`] to [`monolith_client`]. [`metadata_proxy`] is another program in the same file.

pub mod app;
pub mod config;
mod routes;

mod handlers;
mod like;

pub mod chaos;
pub mod metadata_proxy;
pub mod monolith_client;

use shared::config::Environment;
use shared::healthcheck;
use shared::shutdown::Shutdown;
use shared::telemetry::{self, TelemetryConfig};

pub use app::App;
pub use config::Config;

/// The name of this service on the map, unless `OTEL_SERVICE_NAME` says otherwise.
pub const SERVICE_NAME: &str = "like service";

/// Runs the service until SIGINT or SIGTERM.
///
/// # Errors
/// When a setting is wrong, a port is taken or a server fails.
pub fn run(environment: &Environment) -> anyhow::Result<()> {
    let config = Config::from_environment(environment)?;
    let telemetry = TelemetryConfig::from_environment(environment, SERVICE_NAME, env!("CARGO_PKG_VERSION"))?;
    telemetry::run(&telemetry, async {
        let shutdown = Shutdown::on_signals()?;
        let app = App::build(config)?;
        tracing::info!(addr = %app.addr(), internal_addr = %app.internal_addr(), "{SERVICE_NAME} listening on {}", app.addr());
        app.run_until_stopped(shutdown).await
    })
}

/// Asks the service that runs with these settings whether it answers.
///
/// # Errors
/// When a setting is wrong or it does not answer.
pub fn healthcheck(environment: &Environment) -> anyhow::Result<()> {
    healthcheck::ask(&Config::from_environment(environment)?.public)
}
