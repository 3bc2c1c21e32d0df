//! `mysfits lab`: starts a guided lab at its beginning, and says how far its reader has come.
//!
//! The texts are in `labs/`. [`start`](mod@start) is a demo with an empty data folder and a fixed seed; [`world`] asks the running one what can be
//! seen, and a file for each lab judges that: pure functions from evidence to [`Finding`]s, which [`report`] prints.

mod report;
mod start;
mod world;

mod one;

mod two;

mod three_a;
mod three_b;
mod three_c;

mod four;

mod five;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::parse_duration;
use crate::running::{Running, RunningArgs};
use crate::screen::Screen;
use report::{Finding, is_done, print};
use start::{StartArgs, start};
use world::World;

/// Between two looks while something is still missing: the last spans may be on their way.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What can be done about labs.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum LabVerb {
    /// Shows all labs
    List,
    /// Empties the data folder of the labs and starts the demo at the beginning of one; Ctrl-C stops it
    Start(Box<StartArgs>),
    /// Says what a lab asks for, what of it can be seen, and what is still to do; exits 0 once nothing is
    Check(CheckArgs),
}

/// Which lab to look at.
#[derive(Clone, Debug, Args)]
pub(crate) struct CheckArgs {
    /// Which lab
    lab: Lab,

    /// What you have found out, where the lab asks you
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,

    /// How long to wait for what is missing [such as 2s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "5s")]
    within: Duration,

    #[command(flatten)]
    running: RunningArgs,
}

/// The labs, by their names in the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lab {
    #[value(name = "1")]
    One,
    #[value(name = "2")]
    Two,
    #[value(name = "3a")]
    ThreeA,
    #[value(name = "3b")]
    ThreeB,
    #[value(name = "3c")]
    ThreeC,
    #[value(name = "4")]
    Four,
    #[value(name = "5")]
    Five,
}

impl Lab {
    const ALL: [Self; 7] = [Self::One, Self::Two, Self::ThreeA, Self::ThreeB, Self::ThreeC, Self::Four, Self::Five];

    const fn name(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
            Self::ThreeA => "3a",
            Self::ThreeB => "3b",
            Self::ThreeC => "3c",
            Self::Four => "4",
            Self::Five => "5",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::One => "who burns CPU",
            Self::Two => "the lines of a lost like",
            Self::ThreeA => "instrument it yourself",
            Self::ThreeB => "find the culprit",
            Self::ThreeC => "the hop to the monolith",
            Self::Four => "scale it",
            Self::Five => "your own service",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::One => "labs/1-metadata.md",
            Self::Two => "labs/2-logs.md",
            Self::ThreeA | Self::ThreeB | Self::ThreeC => "labs/3-tracing.md",
            Self::Four => "labs/4-scaling.md",
            Self::Five => "labs/5-your-own.md",
        }
    }
}

/// Does what is asked about labs.
pub(crate) async fn lab(verb: &LabVerb) -> anyhow::Result<ExitCode> {
    match verb {
        LabVerb::List => {
            list();
            Ok(ExitCode::SUCCESS)
        }
        LabVerb::Start(args) => start(args).await,
        LabVerb::Check(args) => check(args).await,
    }
}

fn list() {
    let screen = Screen::on_stdout();
    screen.line("lab  what you will do           read this first     then begin with");
    for lab in Lab::ALL {
        let (name, title, text) = (lab.name(), lab.title(), lab.text());
        screen.line(&format!("{name:<4} {title:<26} {text:<19} mysfits lab start {name}"));
    }
}

/// Looks until nothing is missing or there is no time left, and reports the last look.
async fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let world = World::of(Running::find(&args.running)?)?;
    let deadline = Instant::now() + args.within;
    let findings = loop {
        let findings = look(args, &world).await?;
        if is_done(&findings) || Instant::now() >= deadline {
            break findings;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    print(args.lab, &findings);
    Ok(if is_done(&findings) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(args: &CheckArgs, world: &World) -> anyhow::Result<Vec<Finding>> {
    let answer = args.answer.as_deref();
    Ok(match args.lab {
        Lab::One => one::judge(&one::Evidence::gather(world).await?, answer),
        Lab::Two => two::judge(&two::Evidence::gather(world, answer).await?, answer),
        Lab::ThreeA => three_a::judge(&three_a::Evidence::gather(world).await?),
        Lab::ThreeB => three_b::judge(&three_b::Evidence::gather(world).await?, answer),
        Lab::ThreeC => three_c::judge(&three_c::Evidence::gather(world).await?),
        Lab::Four => four::judge(&four::Evidence::gather(world).await?),
        Lab::Five => five::judge(&five::Evidence::gather(world).await?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lab_is_called_by_its_name() {
        for lab in Lab::ALL {
            let name = lab.to_possible_value().map(|value| value.get_name().to_owned());
            assert_eq!(name.as_deref(), Some(lab.name()));
        }
        assert_eq!(Lab::value_variants(), Lab::ALL);
    }
}
