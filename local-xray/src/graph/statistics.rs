//! Counts, times and histograms of completed work.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::document::{Outcome, Segment};

/// Counts and times of completed work. Every item is in exactly one bucket, so the buckets add up to the total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Work without any flag.
    pub ok_count: u64,
    /// Client errors other than throttling.
    pub error_count: u64,
    /// Throttled work (429).
    pub throttle_count: u64,
    /// Server errors.
    pub fault_count: u64,
    /// The sum of all response times.
    pub total_response_time: Duration,
}

impl Statistics {
    /// All completed work.
    pub fn total_count(&self) -> u64 {
        self.ok_count + self.error_count + self.throttle_count + self.fault_count
    }

    /// The mean response time; `None` without any completed work.
    pub fn average_response_time(&self) -> Option<Duration> {
        let total = u32::try_from(self.total_count()).ok()?;
        self.total_response_time.checked_div(total)
    }

    /// Counts one segment or subsegment; one that is still in progress does not count.
    pub fn add(&mut self, segment: &Segment) {
        let Some(response_time) = segment.response_time() else { return };
        self.total_response_time += response_time;
        *match segment.outcome() {
            Outcome::Ok => &mut self.ok_count,
            Outcome::Error => &mut self.error_count,
            Outcome::Throttle => &mut self.throttle_count,
            Outcome::Fault => &mut self.fault_count,
        } += 1;
    }
}

/// How many items took how long, by whole milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    /// Counts one duration, rounded to the nearest millisecond.
    pub fn add(&mut self, duration: Duration) {
        let millis = u64::try_from((duration.as_micros() + 500) / 1_000).unwrap_or(u64::MAX);
        *self.0.entry(millis).or_default() += 1;
    }

    /// The entries as (milliseconds, count), shortest first.
    pub fn entries(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().map(|(millis, count)| (*millis, *count))
    }

    /// Says whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many items were counted.
    pub fn total_count(&self) -> u64 {
        self.0.values().sum()
    }
}
