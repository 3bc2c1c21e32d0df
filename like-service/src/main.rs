//! The Like microservice as a process of its own; with `healthcheck` the question whether it answers, and with `metadata-proxy` the
//! second container of lab 1.

use shared::config::Environment;
use shared::healthcheck::Verb;

fn main() -> anyhow::Result<()> {
    let environment = Environment::from_process();
    if std::env::args().skip(1).eq(["metadata-proxy"]) {
        return like_service::metadata_proxy::run(&environment);
    }
    match Verb::from_arguments(std::env::args())? {
        Verb::Serve => like_service::run(&environment),
        Verb::Healthcheck => like_service::healthcheck(&environment),
    }
}
