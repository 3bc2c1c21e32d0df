//! `mysfits scale`: how many tasks the Like service of a running demo has.

use clap::Args;

use crate::chaos::order;
use crate::ecs::Wish;
use crate::like_tasks::MAX_TASKS;
use crate::running::{Running, RunningArgs};
use crate::screen::Screen;

/// How many, and of which demo.
#[derive(Clone, Debug, Args)]
pub(crate) struct ScaleArgs {
    /// Tasks of the Like service
    #[arg(value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_TASKS)))]
    tasks: u16,

    #[command(flatten)]
    running: RunningArgs,
}

/// Starts or stops tasks until there are so many, and says where they are.
pub(crate) async fn scale(args: &ScaleArgs) -> anyhow::Result<()> {
    let running = Running::find(&args.running)?;
    order(&running, Wish::LikeTasks(args.tasks)).await?;
    let screen = Screen::on_stdout();
    for (number, task) in (1..).zip(&Running::find(&args.running)?.like) {
        screen.line(&format!("like service {number}  {}", task.url));
    }
    Ok(())
}
