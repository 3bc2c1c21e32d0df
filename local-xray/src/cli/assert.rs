//! The `assert` verb: a claim about traces, for CI.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::{Args, value_parser};
use tokio::time::{Instant, sleep};

use super::claim::{Claim, Verdict};
use super::{EndpointArgs, parse_wait, parse_window, print, start_of};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Arguments of the `assert` verb.
#[derive(Debug, Clone, Args)]
pub struct AssertArgs {
    /// Filter expression, such as 'service("shop") { fault }'; an empty one matches every trace
    pub expression: String,

    /// How many traces are to match.
    #[command(flatten)]
    pub claim: ClaimArgs,

    /// How long to wait: a number followed by s, m, h or d; 0s looks once
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_wait)]
    pub within: Duration,

    /// How far back to look for the start of traces, counted from the start of this command
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_window)]
    pub last: Duration,

    /// Where to ask.
    #[command(flatten)]
    pub endpoint: EndpointArgs,
}

/// How many traces are to match; without any of these, at least one.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub struct ClaimArgs {
    /// No trace may match until the wait is over; fails when no traces came at all
    #[arg(long)]
    pub none: bool,

    /// So many traces or more are to match; holds as soon as they do [default: 1]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub at_least: Option<u64>,

    /// So many traces are to match when the wait is over, and never more
    #[arg(long, value_name = "N")]
    pub exactly: Option<u64>,
}

impl From<&ClaimArgs> for Claim {
    fn from(args: &ClaimArgs) -> Self {
        match *args {
            ClaimArgs { none: true, .. } => Self::Exactly(0),
            ClaimArgs { exactly: Some(wanted), .. } => Self::Exactly(wanted),
            ClaimArgs { at_least, .. } => Self::AtLeast(at_least.unwrap_or(1)),
        }
    }
}

/// Looks at the endpoint's traces until the claim is settled, and says on standard output what it saw.
///
/// # Errors
/// When the claim cannot be judged: the endpoint does not answer or refuses the expression, or standard output is closed.
pub async fn assert_command(args: &AssertArgs) -> anyhow::Result<Verdict> {
    let claim = Claim::from(&args.claim);
    let client = args.endpoint.client()?;
    let start = start_of(args.last)?;
    let deadline = Instant::now().checked_add(args.within).context("--within is longer than time lasts")?;
    let (verdict, found) = loop {
        let is_last_look = Instant::now() >= deadline;
        let found = client.trace_summaries(start, SystemTime::now(), &args.expression).await?;
        if let Some(verdict) = claim.judge(&found, is_last_look) {
            break (verdict, found);
        }
        sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now()))).await;
    };
    let report = claim.report(verdict, &args.expression, &found);
    print(&report)?;
    Ok(verdict)
}
