//! What became of the requests: counted by answer, latencies in histograms that keep three digits.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::mix::Kind;

/// The longest latency that is told apart, well beyond a client's patience.
const MAX_MICROSECONDS: u64 = 600_000_000;
const DIGITS: u8 = 3;

/// Everything that has been counted so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sent: u64,
    answers: BTreeMap<u16, u64>,
    unanswered: u64,
    latencies: BTreeMap<Kind, Latencies>,
}

/// The latencies of answered requests.
#[derive(Clone, Debug)]
pub(super) struct Latencies(Histogram<u64>);

/// A distribution in a few numbers: milliseconds, and how many requests they are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Quantiles {
    pub(super) count: u64,
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Tally {
    /// Counts a request that leaves.
    pub(super) const fn sent(&mut self) {
        self.sent += 1;
    }

    /// Counts what came back: a status, or nothing that is an answer.
    pub(super) fn answered(&mut self, kind: Kind, status: Option<u16>, latency: Duration) {
        match status {
            Some(status) => {
                *self.answers.entry(status).or_default() += 1;
                self.latencies.entry(kind).or_default().record(latency);
            }
            None => self.unanswered += 1,
        }
    }

    /// Requests by the status of their answer.
    pub(super) const fn answers(&self) -> &BTreeMap<u16, u64> {
        &self.answers
    }

    /// Requests that got no answer: refused, broken off, or not within a client's patience.
    pub(super) const fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// Requests that were answered, however.
    pub(super) fn answered_count(&self) -> u64 {
        self.answers.values().sum()
    }

    /// Requests that nobody waited for, because the load was interrupted.
    pub(super) fn under_way(&self) -> u64 {
        self.sent - self.answered_count() - self.unanswered
    }

    /// The distribution for each kind of request that was sent.
    pub(super) fn quantiles(&self) -> impl Iterator<Item = (Kind, Quantiles)> {
        self.latencies.iter().map(|(kind, latencies)| (*kind, latencies.quantiles()))
    }

    /// The distribution of all requests together.
    pub(super) fn overall(&self) -> Quantiles {
        let mut all = Latencies::default();
        for latencies in self.latencies.values() {
            all.add(latencies);
        }
        all.quantiles()
    }

    /// One line for somebody who waits.
    pub(super) fn progress(&self, elapsed: Duration) -> String {
        let (answered, overall) = (self.answered_count(), self.overall());
        let rate = rate(answered, elapsed);
        let failed = match self.unanswered {
            0 => String::new(),
            unanswered => format!(" · {unanswered} without an answer"),
        };
        format!(
            "{:>4} s · {answered} answered, {rate:.1} a second{failed} · p50 {:.1} ms, p99 {:.1} ms · Ctrl-C ends with the report",
            elapsed.as_secs(),
            overall.p50,
            overall.p99,
        )
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self(
            Histogram::new_with_max(MAX_MICROSECONDS, DIGITS)
                .expect("the bounds are constants that a histogram can have"),
        )
    }
}

impl Latencies {
    fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all histograms have the same bounds");
    }

    fn quantiles(&self) -> Quantiles {
        let at = |quantile| milliseconds(self.0.value_at_quantile(quantile));
        Quantiles { count: self.0.len(), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: milliseconds(self.0.max()) }
    }
}

fn milliseconds(microseconds: u64) -> f64 {
    Duration::from_micros(microseconds).as_secs_f64() * 1e3
}

/// How many a second.
pub(super) fn rate(count: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() { 0.0 } else { count as f64 / elapsed.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_three_digits() {
        let mut tally = Tally::default();
        for millisecond in 1..=1_000 {
            tally.sent();
            tally.answered(Kind::Like, Some(200), Duration::from_millis(millisecond));
        }
        let Quantiles { count, p50, p95, p99, max } = tally.overall();
        assert_eq!(count, 1_000);
        for (found, expected) in [(p50, 500.0), (p95, 950.0), (p99, 990.0), (max, 1_000.0)] {
            assert!((found / expected - 1.0).abs() < 0.001, "{found} instead of {expected}");
        }
    }

    #[test]
    fn every_request_is_answered_unanswered_or_under_way() {
        let mut tally = Tally::default();
        (0..5).for_each(|_| tally.sent());
        tally.answered(Kind::Like, Some(200), Duration::from_millis(1));
        tally.answered(Kind::List, Some(200), Duration::from_millis(2));
        tally.answered(Kind::Like, Some(404), Duration::from_millis(3));
        tally.answered(Kind::Like, None, Duration::from_secs(30));
        assert_eq!(tally.answers(), &BTreeMap::from([(200, 2), (404, 1)]));
        assert_eq!((tally.answered_count(), tally.unanswered(), tally.under_way()), (3, 1, 1));
        assert_eq!(
            tally.quantiles().map(|(kind, of)| (kind, of.count)).collect::<Vec<_>>(),
            [(Kind::Like, 2), (Kind::List, 1)]
        );
        assert!(tally.overall().max < 4.0, "what was not answered has no latency");
    }

    #[test]
    fn nothing_is_a_distribution_too() {
        assert_eq!(Tally::default().overall(), Quantiles::default());
        assert!(rate(3, Duration::ZERO).abs() < f64::EPSILON);
    }
}
