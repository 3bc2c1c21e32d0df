//! What a terminal and a CI job ask of an X-Ray endpoint: the service map and traces as text, and whether a claim
//! about traces holds.
//!
//! `client` asks; `service` and `summary` are the parts of the answers that are needed; `map` draws the one, and `assert`
//! judges the other by its `claim`; `traces` and `trace` (with its `timeline`) show them. `healthcheck`
//! asks whether anybody answers at all. `bench` fills local X-Rays of its own
//! and measures them. Nothing here knows the store or the graph of this crate: everything is read over the X-Ray API, so any
//! endpoint that speaks it will do.

pub mod client;
pub mod service;
pub mod summary;

pub mod map;

mod assert;
mod claim;

mod bench;

mod timeline;
mod trace;
mod traces;

mod healthcheck;
mod words;

pub use self::assert::{AssertArgs, ClaimArgs, assert_command};
pub use self::bench::{BenchArgs, Way, bench_command};
pub use self::claim::{Claim, Verdict};
pub use self::healthcheck::{HealthcheckArgs, healthcheck_command};
pub use self::trace::{TraceArgs, trace_command};
pub use self::traces::{TracesArgs, traces_command};

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};

use self::client::Client;
use self::map::{MapOptions, render};

/// Columns assumed when standard output is not a terminal.
const PLAIN_WIDTH: usize = 80;

/// Where to ask.
#[derive(Clone, Args)]
pub struct EndpointArgs {
    /// X-Ray endpoint to ask; requests are not signed
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_XRAY", default_value = "http://127.0.0.1:2000")]
    pub endpoint: String,

    /// What a protected local X-Ray wants of its readers
    #[arg(long, value_name = "SECRET", env = "LOCAL_XRAY_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

impl EndpointArgs {
    fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.endpoint, self.token.clone().filter(|token| !token.trim().is_empty()))
    }
}

/// Leaves out the token.
impl fmt::Debug for EndpointArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, token: _ } = self;
        f.debug_struct("EndpointArgs").field("endpoint", endpoint).finish_non_exhaustive()
    }
}

/// Arguments of the `map` verb.
#[derive(Debug, Clone, Args)]
pub struct MapArgs {
    /// Where to ask.
    #[command(flatten)]
    pub endpoint: EndpointArgs,

    /// How far back to look: a number followed by s, m, h or d
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_window)]
    pub last: Duration,

    /// When to use colour; auto means on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourChoice::Auto)]
    pub colour: ColourChoice,
}

/// When the map is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always, also into a pipe.
    Always,
    /// Never.
    Never,
}

/// Asks the endpoint for its service graph and prints it on standard output, as wide as the terminal.
///
/// # Errors
/// When the endpoint does not answer, refuses the call, or standard output is closed.
pub async fn map_command(args: &MapArgs) -> anyhow::Result<()> {
    let start = start_of(args.last)?;
    let services = args.endpoint.client()?.service_graph(start, SystemTime::now()).await?;
    let text = render(&services, &terminal_options(args.colour));
    print(&text)
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes()).context("cannot write to standard output")
}

/// Columns of the terminal on standard output.
fn terminal_width() -> usize {
    let columns = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { PLAIN_WIDTH } else { columns }
}

fn terminal_options(colour: ColourChoice) -> MapOptions {
    let is_terminal = std::io::stdout().is_terminal();
    MapOptions {
        width: terminal_width(),
        colour: match colour {
            ColourChoice::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            ColourChoice::Always => true,
            ColourChoice::Never => false,
        },
    }
}

/// The start of the window that reaches so far back from now.
fn start_of(last: Duration) -> anyhow::Result<SystemTime> {
    SystemTime::now().checked_sub(last).context("--last reaches back further than time does")
}

/// Reads the length of a window; zero is refused, because an empty window shows nothing.
fn parse_window(text: &str) -> anyhow::Result<Duration> {
    let window = parse_wait(text)?;
    ensure!(!window.is_zero(), "a window of no length shows nothing");
    Ok(window)
}

/// Reads `90s`, `5m`, `2h` or `1d`.
fn parse_wait(text: &str) -> anyhow::Result<Duration> {
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => bail!("{text:?} has no unit; write a number followed by s, m, h or d"),
    };
    let number = text.get(..text.len() - 1).unwrap_or_default();
    let count: u64 = number.parse().with_context(|| format!("{number:?} is not a whole number"))?;
    let seconds = count.checked_mul(unit).with_context(|| format!("{text:?} is too long"))?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(parse_window(text).ok().map(|duration| duration.as_secs()), expected, "{text:?}");
        };
        check("90s", Some(90));
        check("5m", Some(300));
        check("2h", Some(7200));
        check("1d", Some(86_400));
        check("0m", None);
        check("5", None);
        check("m", None);
        check("5mm", None);
        check("-5m", None);
        check("99999999999999999999d", None);
        check("9999999999999999999d", None);
        assert_eq!(parse_wait("0s").ok(), Some(Duration::ZERO), "a wait may be of no length");
    }
}
