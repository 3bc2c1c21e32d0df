//! `mysfits`: one command that starts the Mythical Mysfits and a local X-Ray, and shows a like travelling through them.
//!
//! [`up`] is the story; [`stack`] starts and stops the processes ([`child`]) on reserved [`ports`]; [`traffic`] is the world
//! outside, and [`visitors`] sends it to services that somebody else has started; [`map`] is what comes of it, and [`expected`]
//! what must. [`load`] is a crowd instead of a few visitors, and a stopwatch. [`ecs`] lets services believe that they are tasks on Fargate.
//! What is typed in another terminal finds the demo through [`running`]: [`chaos`] breaks it, [`scale`] widens it, and [`lab`] teaches how to find out.

mod cli;
mod up;

mod chaos;
mod lab;
mod running;
mod scale;

mod child;
mod data;
mod ecs;
mod guard;
mod like_tasks;
mod logs;
mod ports;
mod stack;

mod expected;
mod map;
mod screen;
mod traffic;
mod visitors;

mod load;

mod process;

#[cfg(test)]
mod testing;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser as _;

use cli::{Cli, Verb};

/// How long `mysfits healthcheck` waits.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let Cli { verb, up } = Cli::parse();
    let result = match verb {
        Some(Verb::Child { role }) => process::run(role).map(|()| ExitCode::SUCCESS),
        Some(Verb::Load(args)) => block_on(load::load(&args)),
        Some(Verb::Map(args)) => block_on(local_xray::cli::map_command(&args)).map(|()| ExitCode::SUCCESS),
        Some(Verb::Healthcheck { url }) => block_on(healthcheck(&url)).map(|()| ExitCode::SUCCESS),
        Some(Verb::Guard { program }) => guard::guard(&program),
        Some(Verb::Lab(verb)) => block_on(lab::lab(&verb)),
        Some(Verb::Chaos(verb)) => block_on(chaos::chaos(&verb)).map(|()| ExitCode::SUCCESS),
        Some(Verb::Scale(args)) => block_on(scale::scale(&args)).map(|()| ExitCode::SUCCESS),
        Some(Verb::Traffic(args)) => block_on(visitors::send(&args)).map(|()| ExitCode::SUCCESS),
        Some(Verb::Up(up)) => block_on(up::up(&up, None)),
        None => block_on(up::up(&up, None)),
    };
    result.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix_rt::System::new().block_on(work)
}

async fn healthcheck(url: &str) -> anyhow::Result<()> {
    let is_http = reqwest::Url::parse(url).is_ok_and(|url| url.scheme() == "http" && url.has_host());
    ensure!(is_http, "`{url}` is not of the form http://127.0.0.1:8080/health/live");
    let client = reqwest::Client::builder().no_proxy().timeout(HEALTH_TIMEOUT).build()?;
    let answer = client.get(url).send().await.with_context(|| format!("{url} does not answer"))?;
    ensure!(answer.status().is_success(), "{url} answers {}", answer.status());
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn complain(error: &anyhow::Error) {
    eprintln!("mysfits: {error:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_healthcheck_of_no_address_says_what_one_looks_like() {
        for url in ["nonsense", "localhost:8080", "ftp://127.0.0.1/"] {
            let error = block_on(healthcheck(url)).unwrap_err().to_string();
            assert_eq!(error, format!("`{url}` is not of the form http://127.0.0.1:8080/health/live"));
        }
    }
}
