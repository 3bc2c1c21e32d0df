//! `mysfits chaos`: what goes wrong on purpose in a running demo, and the mark that each fault leaves on a trace.
//!
//! Four faults are likes' fates, which the Like service itself decides by their shares; the fifth is a Like service that is gone, which only
//! the demo can bring about. A Like service that comes back begins with the settings that the demo was started with.

use anyhow::{Context as _, bail, ensure};
use clap::{Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::parse_share;
use crate::ecs::{Life, Wish};
use crate::running::{Running, RunningArgs};
use crate::screen::Screen;

/// The share of likes that meet a fault which is switched on without saying how many, where the other faults leave so much.
const USUAL_SHARE: f64 = 0.25;

/// What can be done about faults.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ChaosVerb {
    /// Shows every fault, how many likes meet it, and its mark on the trace
    List(RunningArgs),
    /// Switches one fault on, or all that the original Like service had
    On {
        /// Which one [default: slow and 404, as the original had them]
        fault: Option<Fault>,
        /// The share of likes that meet it, from 0 to 1 [default: a quarter, or what other faults leave]
        #[arg(long, value_name = "SHARE", value_parser = parse_share, requires = "fault")]
        share: Option<f64>,
        #[command(flatten)]
        running: RunningArgs,
    },
    /// Switches one fault off, or all of them
    Off {
        /// Which one [default: all]
        fault: Option<Fault>,
        #[command(flatten)]
        running: RunningArgs,
    },
}

/// Something that goes wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    Slow,
    #[value(name = "404")]
    NotFound,
    #[value(name = "500")]
    Failed,
    DroppedHeader,
    Dead,
}

impl Fault {
    const ALL: [Self; 5] = [Self::Slow, Self::NotFound, Self::Failed, Self::DroppedHeader, Self::Dead];

    const fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::NotFound => "404",
            Self::Failed => "500",
            Self::DroppedHeader => "dropped-header",
            Self::Dead => "dead",
        }
    }

    const fn effect(self) -> &'static str {
        match self {
            Self::Slow => "a like takes 1.2 to 3.5 s, and a thread burns CPU meanwhile",
            Self::NotFound => "a like is lost and answered 404",
            Self::Failed => "a like is answered 500",
            Self::DroppedHeader => "a like is counted, but the monolith is not told its trace",
            Self::Dead => "the Like service is gone, and every like is answered 503",
        }
    }

    const fn mark(self) -> &'static str {
        match self {
            Self::Slow => "annotation chaos_fault = \"slow\", and a subsegment `chaos` as long as the wait",
            Self::NotFound => "annotation chaos_fault = \"not_found\", and an error on the segment `like service`",
            Self::Failed => "annotation chaos_fault = \"failed\", and a fault on the segment `like service`",
            Self::DroppedHeader => {
                "annotation chaos_fault = \"dropped_header\", and `fulfill-like` in a trace of its own"
            }
            Self::Dead => {
                "a fault on the segment `monolith`, whose call ended in an exception; no segment `like service`"
            }
        }
    }
}

/// The part of the Like service's settings that is switched here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shares {
    mode: Mode,
    slow_share: f64,
    not_found_share: f64,
    failed_share: f64,
    dropped_header_share: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    On,
    Off,
}

impl Shares {
    /// What the original did.
    const ORIGINAL: Self =
        Self { mode: Mode::On, slow_share: 0.64, not_found_share: 0.25, failed_share: 0.0, dropped_header_share: 0.0 };

    /// Every share at nothing.
    const NONE: Self = Self { mode: Mode::Off, slow_share: 0.0, not_found_share: 0.0, ..Self::ORIGINAL };

    /// The share of one fate; a Like service that is dead has none.
    const fn share(&mut self, fault: Fault) -> Option<&mut f64> {
        match fault {
            Fault::Slow => Some(&mut self.slow_share),
            Fault::NotFound => Some(&mut self.not_found_share),
            Fault::Failed => Some(&mut self.failed_share),
            Fault::DroppedHeader => Some(&mut self.dropped_header_share),
            Fault::Dead => None,
        }
    }

    fn sum(&self) -> f64 {
        self.slow_share + self.not_found_share + self.failed_share + self.dropped_header_share
    }

    /// These shares with one fault switched on; what is off altogether begins at nothing.
    fn with(self, fault: Fault, share: Option<f64>) -> anyhow::Result<Self> {
        let mut shares = if self.mode == Mode::Off { Self::NONE } else { self };
        shares.mode = Mode::On;
        if let Some(of_fault) = shares.share(fault) {
            *of_fault = 0.0;
        }
        let left = (1.0 - shares.sum()).max(0.0);
        let share = share.unwrap_or(USUAL_SHARE.min(left));
        ensure!(
            share > 0.0 && share <= left + 1e-9,
            "the other faults leave {:.0} % of likes, and {} is to meet {:.0} %: switch one of them off first, or choose a smaller --share",
            left * 100.0,
            fault.name(),
            share * 100.0
        );
        if let Some(of_fault) = shares.share(fault) {
            *of_fault = share;
        }
        Ok(shares)
    }

    /// These shares with one fault switched off.
    fn without(mut self, fault: Fault) -> Self {
        if let Some(of_fault) = self.share(fault) {
            *of_fault = 0.0;
        }
        if self.sum() <= 0.0 { Self::NONE } else { self }
    }
}

/// Shows or changes the faults of a running demo.
pub(crate) async fn chaos(verb: &ChaosVerb) -> anyhow::Result<()> {
    match verb {
        ChaosVerb::List(args) => Switch::find(args)?.list().await,
        ChaosVerb::On { fault, share, running } => {
            let switch = Switch::find(running)?;
            match fault {
                None => switch.set(&Shares::ORIGINAL).await?,
                Some(Fault::Dead) => {
                    ensure!(share.is_none(), "a dead Like service is dead for every like: leave out --share");
                    order(&switch.running, Wish::LikeService(Life::Dead)).await?;
                }
                Some(fault) => switch.set(&switch.shares().await?.with(*fault, *share)?).await?,
            }
            switch.list().await
        }
        ChaosVerb::Off { fault, running } => {
            let switch = Switch::find(running)?;
            if matches!(fault, None | Some(Fault::Dead)) {
                order(&switch.running, Wish::LikeService(Life::Alive)).await?;
            }
            match fault {
                None => switch.set(&Shares::NONE).await?,
                Some(Fault::Dead) => {}
                Some(fault) => switch.set(&switch.shares().await?.without(*fault)).await?,
            }
            switch.list().await
        }
    }
}

/// Has a running demo fulfil a wish, and waits until it has.
pub(crate) async fn order(running: &Running, wish: Wish) -> anyhow::Result<()> {
    let url = format!("{}/wish", running.metadata);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.put(&url).json(&wish).send().await.with_context(|| format!("no demo answers at {url}"))?;
    if !answer.status().is_success() {
        let said: Value = answer.json().await.unwrap_or_default();
        bail!("{wish} could not be: {}", said.get("message").and_then(Value::as_str).unwrap_or("no reason given"));
    }
    Ok(())
}

/// The way to a running demo and to its Like service.
struct Switch {
    running: Running,
    client: reqwest::Client,
}

impl Switch {
    fn find(args: &RunningArgs) -> anyhow::Result<Self> {
        Ok(Self { running: Running::find(args)?, client: reqwest::Client::builder().no_proxy().build()? })
    }

    /// The shares in force; all tasks have the same.
    async fn shares(&self) -> anyhow::Result<Shares> {
        let url = self.running.like.first().map(|task| format!("{}/chaos", task.internal)).unwrap_or_default();
        let answer = self.client.get(&url).send().await;
        let answer = answer.with_context(|| self.no_switch(&url))?.error_for_status();
        answer.with_context(|| self.no_switch(&url))?.json().await.with_context(|| self.no_switch(&url))
    }

    async fn set(&self, shares: &Shares) -> anyhow::Result<()> {
        for task in &self.running.like {
            let url = format!("{}/chaos", task.internal);
            let answer = self.client.put(&url).json(shares).send().await.with_context(|| self.no_switch(&url))?;
            answer.error_for_status().with_context(|| self.no_switch(&url))?;
        }
        Ok(())
    }

    fn no_switch(&self, url: &str) -> String {
        match &self.running.like_service {
            Some(own) => {
                format!("{} runs in place of our Like service, and has no chaos switch at {url}", own.display())
            }
            None => {
                format!("the Like service does not answer at {url}: `mysfits chaos off dead` brings a dead one back")
            }
        }
    }

    async fn list(&self) -> anyhow::Result<()> {
        let live = self.shares().await;
        let is_dead = live.is_err() && self.running.like_service.is_none();
        let mut shares = match live {
            Ok(shares) if shares.mode == Mode::On => shares,
            Ok(_) => Shares::NONE,
            Err(_) if is_dead => Shares::NONE,
            Err(error) => return Err(error),
        };
        let screen = Screen::on_stdout();
        screen.line("fault           likes  what happens · its mark on the trace");
        for fault in Fault::ALL {
            let share = match shares.share(fault) {
                Some(_) if is_dead => "–".to_owned(),
                Some(share) if *share > 0.0 => format!("{:.0} %", *share * 100.0),
                Some(_) => "none".to_owned(),
                None if is_dead => "all".to_owned(),
                None => "none".to_owned(),
            };
            screen.line(&format!("{:<14}  {share:>5}  {}", fault.name(), fault.effect()));
            screen.line(&format!("{:<14}  {:>5}  → {}", "", "", fault.mark()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_takes_its_share_of_what_the_others_leave() {
        let check =
            |from: Shares, fault, share, expected: Result<[f64; 4], &str>| match (from.with(fault, share), expected) {
                (Ok(shares), Ok(expected)) => {
                    let own =
                        [shares.slow_share, shares.not_found_share, shares.failed_share, shares.dropped_header_share];
                    assert!(own.iter().zip(expected).all(|(own, expected)| (own - expected).abs() < 1e-6), "{own:?}");
                    assert_eq!(shares.mode, Mode::On);
                }
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (outcome, expected) => panic!("{outcome:?}, expected {expected:?}"),
            };
        check(Shares::NONE, Fault::Failed, None, Ok([0.0, 0.0, 0.25, 0.0]));
        check(Shares::NONE, Fault::Slow, Some(1.0), Ok([1.0, 0.0, 0.0, 0.0]));
        check(Shares::ORIGINAL, Fault::Failed, None, Ok([0.64, 0.25, 0.11, 0.0]));
        check(Shares::ORIGINAL, Fault::Slow, Some(0.1), Ok([0.1, 0.25, 0.0, 0.0]));
        check(Shares::ORIGINAL, Fault::DroppedHeader, Some(0.5), Err("leave 11 % of likes"));
        let full = Shares { failed_share: 0.11, ..Shares::ORIGINAL };
        check(full, Fault::DroppedHeader, None, Err("switch one of them off"));
        check(Shares { mode: Mode::Off, ..Shares::ORIGINAL }, Fault::Failed, Some(1.0), Ok([0.0, 0.0, 1.0, 0.0]));
    }

    #[test]
    fn without_its_last_fault_chaos_is_off() {
        let one = Shares::ORIGINAL.without(Fault::Slow);
        assert_eq!((one.mode, one.slow_share, one.not_found_share), (Mode::On, 0.0, 0.25));
        assert_eq!(one.without(Fault::NotFound), Shares::NONE);
    }

    #[test]
    fn the_original_is_the_like_services_own() {
        let own = like_service::chaos::Settings::original(like_service::chaos::Mode::On, 7);
        let own: Shares = serde_json::from_value(serde_json::to_value(own).unwrap()).unwrap();
        assert_eq!(own, Shares::ORIGINAL);
    }

    #[test]
    fn every_fault_is_named_by_its_word_on_the_command_line() {
        for fault in Fault::ALL {
            let name = fault.to_possible_value().map(|value| value.get_name().to_owned());
            assert_eq!(name.as_deref(), Some(fault.name()));
        }
    }
}
