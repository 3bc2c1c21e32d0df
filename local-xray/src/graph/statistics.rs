//! Counts, times and histograms of completed work.

use std::time::Duration;

use crate::document::Outcome;

use super::Measured;

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

    /// Counts one piece of work; one that is still in progress does not count.
    pub fn add(&mut self, work: &Measured) {
        let Some(response_time) = work.response_time() else { return };
        self.total_response_time += response_time;
        *match work.outcome() {
            Outcome::Ok => &mut self.ok_count,
            Outcome::Error => &mut self.error_count,
            Outcome::Throttle => &mut self.throttle_count,
            Outcome::Fault => &mut self.fault_count,
        } += 1;
    }

    /// Counts what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.ok_count += other.ok_count;
        self.error_count += other.error_count;
        self.throttle_count += other.throttle_count;
        self.fault_count += other.fault_count;
        self.total_response_time += other.total_response_time;
    }
}

/// How many items took how long, by whole milliseconds.
///
/// A sorted list, because histograms are made once and merged often: a graph of an hour merges sixty for each node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram(Vec<(u64, u64)>);

impl Histogram {
    /// The entry under which a duration is counted: the nearest millisecond.
    pub fn millis_of(duration: Duration) -> u64 {
        u64::try_from((duration.as_micros() + 500) / 1_000).unwrap_or(u64::MAX)
    }

    /// Counts one duration.
    pub fn add(&mut self, duration: Duration) {
        let millis = Self::millis_of(duration);
        match self.0.binary_search_by_key(&millis, |(millis, _)| *millis) {
            Ok(place) => self.0.get_mut(place).into_iter().for_each(|(_, count)| *count += 1),
            Err(place) => self.0.insert(place, (millis, 1)),
        }
    }

    /// Counts what another has counted.
    pub fn merge(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        // After some minutes most times are known: those only grow, in place.
        let mut known = self.0.iter_mut().peekable();
        let is_new = |(millis, count): &(u64, u64)| {
            while known.next_if(|(known, _)| known < millis).is_some() {}
            known.next_if(|(known, _)| known == millis).map(|(_, sum)| *sum += count).is_none()
        };
        let new: Vec<(u64, u64)> = other.0.iter().copied().filter(is_new).collect();
        if new.is_empty() {
            return;
        }
        let mut merged = Vec::with_capacity(self.0.len() + new.len());
        let mut others = new.into_iter().peekable();
        for (millis, count) in self.0.drain(..) {
            merged.extend(std::iter::from_fn(|| others.next_if(|(other, _)| *other < millis)));
            merged.push((millis, count));
        }
        merged.extend(others);
        self.0 = merged;
    }

    /// The entries as (milliseconds, count), shortest first.
    pub fn entries(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().copied()
    }

    /// Says whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many items were counted.
    pub fn total_count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }
}
