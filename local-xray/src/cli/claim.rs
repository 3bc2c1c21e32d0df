//! What `assert` claims of the traces in a window, and when that is settled.
//!
//! A lower bound is settled by the first look that fulfils it. An upper bound can be broken by any trace still to come, so it
//! is settled early only when broken, and otherwise by the last look. An endpoint that saw no traces at all proves
//! nothing: then even "none" fails.

use std::fmt;

use super::summary::Found;
use crate::words::plural;

/// Matching traces that are listed at most when a claim fails.
const MAX_LISTED: usize = 5;

/// How many traces are to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// This many or more.
    AtLeast(u64),
    /// This many; zero is "none".
    Exactly(u64),
}

/// How a claim ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is so.
    Held,
    /// It is not so.
    Failed,
}

impl Claim {
    /// Judges what one look found; nothing while a later look could still change the verdict.
    #[must_use]
    pub fn judge(self, found: &Found, is_last_look: bool) -> Option<Verdict> {
        let matched = found.summaries.len() as u64;
        match self {
            Self::AtLeast(wanted) if matched >= wanted => Some(Verdict::Held),
            Self::Exactly(wanted) if matched > wanted => Some(Verdict::Failed),
            _ if !is_last_look => None,
            Self::Exactly(wanted) if matched == wanted && looked_at(found) > 0 => Some(Verdict::Held),
            _ => Some(Verdict::Failed),
        }
    }

    /// Says what was found and what was claimed, and after a failure lists matching traces.
    #[must_use]
    pub fn report(self, verdict: Verdict, expression: &str, found: &Found) -> String {
        let matched = found.summaries.len();
        let looked_at = looked_at(found);
        let word = if verdict == Verdict::Held { "held" } else { "failed" };
        let verb = if matched == 1 { "matches" } else { "match" };
        let expression = if expression.is_empty() { "(every trace)" } else { expression };
        let mut text = if looked_at == 0 {
            format!("{word}: no trace was there to look at, {self}\n  {expression}\n")
        } else {
            format!("{word}: {matched} of {} {verb}, {self}\n  {expression}\n", plural(looked_at, "trace"))
        };
        if verdict == Verdict::Failed {
            let lines = found.summaries.iter().take(MAX_LISTED).map(|summary| summary.line(summary.url()) + "\n");
            text.extend(lines);
            if matched > MAX_LISTED {
                text += &format!("and {} more\n", matched - MAX_LISTED);
            }
        }
        text
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(wanted) => write!(f, "at least {wanted} wanted"),
            Self::Exactly(0) => f.write_str("none wanted"),
            Self::Exactly(wanted) => write!(f, "exactly {wanted} wanted"),
        }
    }
}

/// Traces that were looked at; an endpoint that does not count them looked at least at those that it gave.
fn looked_at(found: &Found) -> u64 {
    found.processed.max(found.summaries.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::summary::Summary;
    use super::*;

    fn found(matched: usize, processed: u64) -> Found {
        let summary = |number| Summary { id: format!("1-69550002-{number:024x}"), ..Summary::default() };
        Found { summaries: (0..matched).map(summary).collect(), processed }
    }

    #[test]
    fn a_claim_is_settled_when_no_trace_to_come_could_change_it() {
        use Claim::{AtLeast, Exactly};
        use Verdict::{Failed, Held};
        let check = |claim: Claim, matched, processed, early, last| {
            let found = found(matched, processed);
            assert_eq!(claim.judge(&found, false), early, "{claim:?}, early: {matched} of {processed}");
            assert_eq!(claim.judge(&found, true), Some(last), "{claim:?}, last: {matched} of {processed}");
        };
        check(AtLeast(1), 0, 0, None, Failed);
        check(AtLeast(1), 0, 9, None, Failed);
        check(AtLeast(1), 1, 9, Some(Held), Held);
        check(AtLeast(3), 2, 9, None, Failed);
        check(AtLeast(3), 4, 9, Some(Held), Held);
        check(Exactly(0), 0, 0, None, Failed);
        check(Exactly(0), 0, 9, None, Held);
        check(Exactly(0), 1, 9, Some(Failed), Failed);
        check(Exactly(2), 1, 9, None, Failed);
        check(Exactly(2), 2, 9, None, Held);
        check(Exactly(2), 2, 0, None, Held);
        check(Exactly(2), 3, 9, Some(Failed), Failed);
    }

    #[test]
    fn a_failure_lists_five_traces_and_counts_the_rest() {
        let report = Claim::Exactly(0).report(Verdict::Failed, "fault", &found(7, 20));
        let lines: Vec<_> = report.lines().collect();
        assert_eq!(lines[..2], ["failed: 7 of 20 traces match, none wanted", "  fault"]);
        assert_eq!(lines.iter().filter(|line| line.starts_with("1-69550002-")).count(), 5);
        assert_eq!(lines.last(), Some(&"and 2 more"));
    }
}
