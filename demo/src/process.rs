//! The inside of a child: runs one of the three programs until the demo closes the pipe that is our standard input.

use std::io::Read as _;

use anyhow::Context as _;
use clap::Parser;
use local_xray::config::ServeArgs;
use rustix::process::{Signal, getpid, kill_process};
use shared::config::Environment;
use shared::shutdown::Shutdown;
use tracing_subscriber::EnvFilter;

use crate::child::Role;

/// Runs this process's program to its end.
pub(crate) fn run(role: Role) -> anyhow::Result<()> {
    // SIGTERM to ourselves says it in the one way that every program here understands.
    when_the_parent_is_gone(|| {
        let _we_exist = kill_process(getpid(), Signal::TERM);
    })?;
    let environment = Environment::from_process();
    match role {
        Role::LocalXray => run_local_xray(&environment),
        Role::Monolith => monolith::run(&environment),
        Role::LikeService => like_service::run(&environment),
    }
}

/// The end of standard input is the wish to stop, however the demo came to its end.
pub(crate) fn when_the_parent_is_gone(stop: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let watch = || {
        let _end_or_error = std::io::stdin().lock().read_to_end(&mut Vec::new());
        stop();
    };
    std::thread::Builder::new().name("lifeline".to_owned()).spawn(watch).map(drop)
}

/// The settings of the local X-Ray, which come from its environment variables.
#[derive(Debug, Parser)]
struct Serve {
    #[command(flatten)]
    args: ServeArgs,
}

fn run_local_xray(environment: &Environment) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(environment.get("LOGLEVEL").unwrap_or("info").to_ascii_lowercase());
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_writer(std::io::stderr);
    lines.with_env_filter(filter.context("LOGLEVEL")?).init();
    let config = Serve::parse_from(["local-xray"]).args.into();
    actix_rt::System::new().block_on(async {
        let shutdown = Shutdown::on_signals()?;
        let app = local_xray::App::build(config).await?;
        tracing::info!(addr = %app.addr(), "local X-Ray listening on {}", app.addr());
        app.run_until_stopped(shutdown.requested()).await
    })
}
