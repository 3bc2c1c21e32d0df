//! The monolith as a process of its own, and with `healthcheck` the question whether it answers.

use shared::config::Environment;
use shared::healthcheck::Verb;

fn main() -> anyhow::Result<()> {
    let environment = Environment::from_process();
    match Verb::from_arguments(std::env::args())? {
        Verb::Serve => monolith::run(&environment),
        Verb::Healthcheck => monolith::healthcheck(&environment),
    }
}
