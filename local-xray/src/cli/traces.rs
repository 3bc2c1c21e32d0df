//! The `traces` verb: the traces that match an expression, as a table.

use std::time::{Duration, SystemTime};

use clap::Args;

use crate::words::plural;

use super::summary::{Found, HEADING};
use super::words::shorten;
use super::{EndpointArgs, parse_window, print, start_of, terminal_width};

/// Arguments of the `traces` verb.
#[derive(Debug, Clone, Args)]
pub struct TracesArgs {
    /// Filter expression that traces must match; without one, every trace does
    #[arg(default_value = "", hide_default_value = true)]
    pub expression: String,

    /// How far back to look for the start of traces: a number followed by s, m, h or d
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_window)]
    pub last: Duration,

    /// How many traces to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,

    /// Where to ask.
    #[command(flatten)]
    pub endpoint: EndpointArgs,
}

/// Prints the newest traces that match, one a line, as wide as the terminal.
///
/// # Errors
/// When the endpoint does not answer or refuses the expression, or standard output is closed.
pub async fn traces_command(args: &TracesArgs) -> anyhow::Result<()> {
    let start = start_of(args.last)?;
    let found = args.endpoint.client()?.trace_summaries(start, SystemTime::now(), &args.expression).await?;
    print(&table(&found, args.limit, terminal_width()))
}

/// A heading, a line for each of the newest traces, and how many there are.
fn table(found: &Found, limit: usize, width: usize) -> String {
    let matched = found.summaries.len();
    if matched == 0 {
        return format!("no trace matches; {} looked at\n", plural(found.processed, "trace"));
    }
    let lines = found.summaries.iter().take(limit).map(|summary| summary.line(summary.path()));
    let mut text: String =
        [HEADING.to_owned()].into_iter().chain(lines).map(|line| shorten(line.trim_end(), width) + "\n").collect();
    if matched > limit {
        text += &format!("the newest {limit} of {}; --limit shows more\n", plural(matched as u64, "trace"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::summary::{Http, Summary};
    use super::*;

    #[test]
    fn a_table_is_no_wider_and_no_longer_than_asked_for() {
        let url = Some("https://shop.example/a/path/that/takes/more/columns/than/there/are".to_owned());
        let http = Some(Http { url, status: Some(200), method: Some("GET".to_owned()) });
        let summary = |n| Summary { id: format!("1-69550002-{n:024x}"), response_time: Some(1.25), http: http.clone() };
        let found = Found { summaries: (0..3).map(summary).collect(), processed: 9 };
        let expected = "\
trace                                method status  time  url
1-69550002-000000000000000000000000  GET    200   1.25 s  /a/path/that/takes/mo…
1-69550002-000000000000000000000001  GET    200   1.25 s  /a/path/that/takes/mo…
the newest 2 of 3 traces; --limit shows more
";
        assert_eq!(table(&found, 2, 80), expected);
        assert_eq!(table(&Found { processed: 9, ..Found::default() }, 2, 80), "no trace matches; 9 traces looked at\n");
    }
}
