//! The four colours of health, each with its word: what ended well, and what did not and whose doing it was.

use crate::document::{Outcome, Segment};
use crate::graph::Statistics;

/// All outcomes in the order in which rings, bars and legends show them.
pub(super) const OUTCOMES: [Outcome; 4] = [Outcome::Ok, Outcome::Error, Outcome::Throttle, Outcome::Fault];

/// The word for an outcome; also its CSS class, the name of its fill pattern and its value in the URL.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Error => "error",
        Outcome::Throttle => "throttle",
        Outcome::Fault => "fault",
    }
}

/// What the word means, for legends and hovering.
pub(super) fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "answered without trouble",
        Outcome::Error => "client error (4xx)",
        Outcome::Throttle => "throttled (429)",
        Outcome::Fault => "server fault (5xx or exception)",
    }
}

/// Reads the word back.
pub(super) fn from_word(text: &str) -> Option<Outcome> {
    OUTCOMES.into_iter().find(|&outcome| word(outcome) == text)
}

/// The count of one outcome.
pub(super) fn count(statistics: &Statistics, outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Ok => statistics.ok_count,
        Outcome::Error => statistics.error_count,
        Outcome::Throttle => statistics.throttle_count,
        Outcome::Fault => statistics.fault_count,
    }
}

/// The state of one piece of work: its outcome, or `pending` while it is in progress.
pub(super) fn state(segment: &Segment) -> &'static str {
    if segment.is_in_progress() { "pending" } else { word(segment.outcome()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for outcome in OUTCOMES {
            assert_eq!(from_word(word(outcome)), Some(outcome));
        }
        assert_eq!(from_word("broken"), None);
    }
}
