//! Both sets added up, in one pass over the digests of the traces.

use crate::console::tally::Tallies;
use crate::cores::on_all_cores;
use crate::digest::DigestView;
use crate::document::Outcome;
use crate::filter::Filter;
use crate::graph::{Histogram, Measured};
use crate::store::{Entry, WORTH_A_THREAD, opened};

/// What was counted of all traces.
pub(super) struct Counted<'e> {
    /// How long each took.
    pub(super) times: Histogram,
    /// How many are in both sets.
    pub(super) both: u64,
    pub(super) a: Set<'e>,
    pub(super) b: Set<'e>,
}

/// What was counted of one set.
pub(super) struct Set<'e> {
    pub(super) traces: u64,
    pub(super) failed: u64,
    pub(super) times: Histogram,
    pub(super) tallies: Tallies<'e>,
}

impl<'e> Counted<'e> {
    /// Counts the traces for which `a` and those for which `b` holds; none where the expression is not understood.
    pub(super) fn of(entries: &'e [Entry], a: Option<&Filter>, b: Option<&Filter>) -> Self {
        let parts = on_all_cores(entries, WORTH_A_THREAD, |part| {
            let mut counted = Self::new();
            opened(part).for_each(|(entry, digest)| counted.add(entry, &digest, a, b));
            counted
        });
        parts.into_iter().fold(Self::new(), Self::merged)
    }

    fn new() -> Self {
        Self { times: Histogram::default(), both: 0, a: Set::new(), b: Set::new() }
    }

    fn add(&mut self, entry: &Entry, digest: &DigestView<'e>, a: Option<&Filter>, b: Option<&Filter>) {
        let root = digest.brief().root_work();
        let is_in = |filter: Option<&Filter>| filter.is_some_and(|filter| entry.matches_by(digest, filter));
        let (is_in_a, is_in_b) = (is_in(a), is_in(b));
        self.both += u64::from(is_in_a && is_in_b);
        add_time(&mut self.times, root.as_ref());
        for set in [is_in_a.then_some(&mut self.a), is_in_b.then_some(&mut self.b)].into_iter().flatten() {
            set.add(digest, root.as_ref());
        }
    }

    fn merged(mut self, other: Self) -> Self {
        self.times.merge(&other.times);
        self.both += other.both;
        self.a.merge(other.a);
        self.b.merge(other.b);
        self
    }
}

impl<'e> Set<'e> {
    fn new() -> Self {
        Self { traces: 0, failed: 0, times: Histogram::default(), tallies: Tallies::of_everything() }
    }

    fn add(&mut self, digest: &DigestView<'e>, root: Option<&Measured>) {
        self.traces += 1;
        self.failed += u64::from(root.is_some_and(|root| root.outcome() != Outcome::Ok));
        add_time(&mut self.times, root);
        self.tallies.add(digest, root);
    }

    fn merge(&mut self, other: Self) {
        self.traces += other.traces;
        self.failed += other.failed;
        self.times.merge(&other.times);
        self.tallies.merge(other.tallies);
    }
}

fn add_time(times: &mut Histogram, root: Option<&Measured>) {
    root.and_then(Measured::response_time).into_iter().for_each(|time| times.add(time));
}
