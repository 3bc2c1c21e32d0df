//! What a terminal and a CI job ask of an X-Ray endpoint: the service map, as text.
//!
//! `client` asks, `service` is the part of the answer that is needed, `map` draws it. Nothing here knows the store or
//! the graph of this crate: everything is read over the X-Ray API, so any endpoint that speaks it will do.

pub mod client;
pub mod map;
pub mod service;

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use self::client::Client;
use self::map::{MapOptions, render};

/// Columns assumed when standard output is not a terminal.
const PLAIN_WIDTH: usize = 80;

/// Arguments of the `map` verb.
#[derive(Clone, Args)]
pub struct MapArgs {
    /// X-Ray endpoint to ask; requests are not signed
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_XRAY", default_value = "http://127.0.0.1:2000")]
    pub endpoint: String,

    /// What a protected local X-Ray wants of its readers
    #[arg(long, value_name = "SECRET", env = "LOCAL_XRAY_TOKEN", hide_env_values = true)]
    pub token: Option<String>,

    /// How far back to look: a number followed by s, m, h or d
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub last: Duration,

    /// When to use colour; auto means on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourChoice::Auto)]
    pub colour: ColourChoice,
}

/// Leaves out the token.
impl fmt::Debug for MapArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, last, colour, token: _ } = self;
        f.debug_struct("MapArgs")
            .field("endpoint", endpoint)
            .field("last", last)
            .field("colour", colour)
            .finish_non_exhaustive()
    }
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
    let end = SystemTime::now();
    let start = end.checked_sub(args.last).context("--last reaches back further than time does")?;
    let token = args.token.clone().filter(|token| !token.trim().is_empty());
    let client = Client::new(&args.endpoint, token)?;
    let services = client.service_graph(start, end).await?;
    let text = render(&services, &terminal_options(args.colour));
    std::io::stdout().lock().write_all(text.as_bytes()).context("cannot write the map to standard output")
}

fn terminal_options(colour: ColourChoice) -> MapOptions {
    let stdout = std::io::stdout();
    let is_terminal = stdout.is_terminal();
    let columns = rustix::termios::tcgetwinsize(&stdout).map_or(0, |size| usize::from(size.ws_col));
    MapOptions {
        width: if columns == 0 { PLAIN_WIDTH } else { columns },
        colour: match colour {
            ColourChoice::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            ColourChoice::Always => true,
            ColourChoice::Never => false,
        },
    }
}

/// Reads `90s`, `5m`, `2h` or `1d`; zero is refused, because an empty window shows nothing.
fn parse_duration(text: &str) -> anyhow::Result<Duration> {
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => bail!("{text:?} has no unit; write a number followed by s, m, h or d"),
    };
    let number = text.get(..text.len() - 1).unwrap_or_default();
    let count: u64 = number.parse().with_context(|| format!("{number:?} is not a whole number"))?;
    match count.checked_mul(unit) {
        Some(0) => bail!("a window of no length shows nothing"),
        Some(seconds) => Ok(Duration::from_secs(seconds)),
        None => bail!("{text:?} is too long"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(parse_duration(text).ok().map(|duration| duration.as_secs()), expected, "{text:?}");
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
    }
}
