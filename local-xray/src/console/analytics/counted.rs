//! Both sets added up, in one pass over the digests of the traces.

use std::time::Duration;

use crate::console::tally::Tallies;
use crate::cores::on_all_cores;
use crate::digest::DigestView;
use crate::document::Outcome;
use crate::filter::Filter;
use crate::graph::{Histogram, Measured};
use crate::store::{Entry, WORTH_A_THREAD, opened};

/// What was counted of all traces in the band.
pub(super) struct Counted<'e> {
    pub(super) traces: u64,
    /// How long each took.
    pub(super) times: Histogram,
    /// How many are in both sets.
    pub(super) both: u64,
    pub(super) a: Set<'e>,
    pub(super) b: Set<'e>,
}

/// What was counted of one set.
pub(super) struct Set<'e> {
    /// How long each trace took, whether it is in the band or not.
    pub(super) times: Histogram,
    /// How many are in the band, as everything below.
    pub(super) traces: u64,
    pub(super) failed: u64,
    pub(super) answered: Vec<Duration>,
    pub(super) tallies: Tallies<'e>,
}

impl<'e> Counted<'e> {
    /// Counts the traces for which `a` and those for which `b` holds; none where the expression is not understood. A trace is in
    /// the band as the list of traces has it, so that it lists what is counted here; without a band, every trace is.
    pub(super) fn of(entries: &'e [Entry], band: Option<(u64, u64)>, a: Option<&Filter>, b: Option<&Filter>) -> Self {
        let parts = on_all_cores(entries, WORTH_A_THREAD, |part| {
            let mut counted = Self::new();
            opened(part).for_each(|(entry, digest)| counted.add(entry, &digest, band, a, b));
            counted
        });
        parts.into_iter().fold(Self::new(), Self::merged)
    }

    fn new() -> Self {
        Self { traces: 0, times: Histogram::default(), both: 0, a: Set::new(), b: Set::new() }
    }

    fn add(
        &mut self,
        entry: &Entry,
        digest: &DigestView<'e>,
        band: Option<(u64, u64)>,
        a: Option<&Filter>,
        b: Option<&Filter>,
    ) {
        let root = digest.brief().root_work();
        let time = root.as_ref().and_then(Measured::response_time);
        let is_in_band = band
            .is_none_or(|(from, below)| time.is_some_and(|time| (from..below).contains(&Histogram::millis_of(time))));
        let is_in = |filter: Option<&Filter>| filter.is_some_and(|filter| entry.matches_by(digest, filter));
        let (is_in_a, is_in_b) = (is_in(a), is_in(b));
        for set in [is_in_a.then_some(&mut self.a), is_in_b.then_some(&mut self.b)].into_iter().flatten() {
            time.into_iter().for_each(|time| set.times.add(time));
            if is_in_band {
                set.add(digest, root.as_ref());
            }
        }
        if is_in_band {
            self.traces += 1;
            self.both += u64::from(is_in_a && is_in_b);
            time.into_iter().for_each(|time| self.times.add(time));
        }
    }

    fn merged(mut self, other: Self) -> Self {
        self.traces += other.traces;
        self.times.merge(&other.times);
        self.both += other.both;
        self.a.merge(other.a);
        self.b.merge(other.b);
        self
    }
}

impl<'e> Set<'e> {
    fn new() -> Self {
        let tallies = Tallies::of_everything();
        Self { times: Histogram::default(), traces: 0, failed: 0, answered: Vec::new(), tallies }
    }

    fn add(&mut self, digest: &DigestView<'e>, root: Option<&Measured>) {
        self.traces += 1;
        self.failed += u64::from(root.is_some_and(|root| root.outcome() != Outcome::Ok));
        self.answered.extend(root.and_then(Measured::response_time));
        self.tallies.add(digest, root);
    }

    fn merge(&mut self, other: Self) {
        self.traces += other.traces;
        self.failed += other.failed;
        self.times.merge(&other.times);
        self.answered.extend(other.answered);
        self.tallies.merge(other.tallies);
    }
}
