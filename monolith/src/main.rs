//! The monolith as a process of its own.

use shared::config::Environment;

fn main() -> anyhow::Result<()> {
    monolith::run(&Environment::from_process())
}
