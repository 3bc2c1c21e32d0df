//! The Mythical Mysfits web site and API.
//!
//! Modules in reading order: what the product is about, where it is kept, who is called, what is answered. A request goes
//! [`routes`] → [`handlers`] → [`store`] or [`like_client`], and comes back as the types of `handlers::wire`. [`app`] puts the
//! parts together, for the binary and for tests alike.

pub mod domain;

pub mod config;
pub mod store;

pub mod like_client;

pub mod handlers;
pub mod openapi;
pub mod routes;
pub mod site;

pub mod app;

use shared::config::Environment;
use shared::healthcheck;
use shared::shutdown::Shutdown;
use shared::telemetry::{self, TelemetryConfig};

pub use crate::app::App;
pub use crate::config::Config;

/// The name of this service on the map, unless `OTEL_SERVICE_NAME` says otherwise.
pub const SERVICE_NAME: &str = "monolith";

/// Runs the monolith until a signal stops it: all that `main` does.
///
/// # Errors
///
/// Fails when a setting is wrong, the database cannot be opened, a port is taken, or a server ends by itself.
pub fn run(environment: &Environment) -> anyhow::Result<()> {
    let telemetry = TelemetryConfig::from_environment(environment, SERVICE_NAME, env!("CARGO_PKG_VERSION"))?;
    telemetry::run(&telemetry, async {
        let app = App::build(Config::from_environment(environment)?).await?;
        let shutdown = Shutdown::on_signals()?; // before the line that tells a supervisor that we run
        tracing::info!(
            server.address = %app.addr(),
            server.internal_address = %app.internal_addr(),
            "monolith listening on {} and, for the Like service, on {}", app.addr(), app.internal_addr(),
        );
        app.run_until_stopped(shutdown).await
    })
}

/// Asks the monolith that runs with these settings whether it answers.
///
/// # Errors
///
/// Fails when a setting is wrong or it does not answer.
pub fn healthcheck(environment: &Environment) -> anyhow::Result<()> {
    healthcheck::ask(&Config::from_environment(environment)?.servers.public)
}
