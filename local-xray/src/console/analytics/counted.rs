//! Both sets added up, in one pass over the digests of the traces.

use crate::console::tally::Tallies;
use crate::document::Outcome;
use crate::filter::Filter;
use crate::graph::{Histogram, Measured};
use crate::store::Entry;

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
        let mut counted = Self { times: Histogram::default(), both: 0, a: Set::new(), b: Set::new() };
        for entry in entries {
            let digest = entry.digest().view();
            let root = digest.root_work();
            let is_in = |filter: Option<&Filter>| filter.is_some_and(|filter| entry.matches_by(&digest, filter));
            let (is_in_a, is_in_b) = (is_in(a), is_in(b));
            add_time(&mut counted.times, root.as_ref());
            counted.both += u64::from(is_in_a && is_in_b);
            for set in [is_in_a.then_some(&mut counted.a), is_in_b.then_some(&mut counted.b)].into_iter().flatten() {
                set.traces += 1;
                set.failed += u64::from(root.as_ref().is_some_and(|root| root.outcome() != Outcome::Ok));
                add_time(&mut set.times, root.as_ref());
                set.tallies.add(&digest, root.as_ref());
            }
        }
        counted
    }
}

impl Set<'_> {
    fn new() -> Self {
        Self { traces: 0, failed: 0, times: Histogram::default(), tallies: Tallies::of_everything() }
    }
}

fn add_time(times: &mut Histogram, root: Option<&Measured>) {
    root.and_then(Measured::response_time).into_iter().for_each(|time| times.add(time));
}
