//! The Like microservice as a process of its own.

use shared::config::Environment;

fn main() -> anyhow::Result<()> {
    like_service::run(&Environment::from_process())
}
