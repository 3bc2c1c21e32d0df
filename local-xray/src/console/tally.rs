//! Counts of the values of an attribute: how many traces have each, how long they took, and how many failed.

use std::collections::HashMap;
use std::time::Duration;

use crate::document::Outcome;
use crate::store::Entry;

use super::attribute::{Attribute, Value};

/// The traces with one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tallied {
    pub(super) traces: u64,
    /// Those with an error, a throttle or a fault at the root.
    pub(super) failed: u64,
    /// Those whose root has answered.
    answered: u64,
    total: Duration,
}

impl Tallied {
    /// The mean response time of those that have answered.
    pub(super) fn average(&self) -> Option<Duration> {
        self.total.checked_div(u32::try_from(self.answered).ok()?)
    }
}

/// All values of one attribute. A trace with several counts for each.
#[derive(Debug, Default)]
pub(super) struct Tally<'e> {
    pub(super) values: HashMap<Value<'e>, Tallied>,
    /// How many traces were counted.
    pub(super) traces: u64,
}

impl<'e> Tally<'e> {
    pub(super) fn of(attribute: &Attribute, entries: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut tally = Self::default();
        for entry in entries {
            let view = entry.digest().view();
            let root = view.head().root.as_ref().map(|root| root.piece.measured(view.head().start()));
            tally.traces += 1;
            for value in attribute.values(entry, &view) {
                let one = tally.values.entry(value).or_default();
                one.traces += 1;
                if let Some((root, time)) = root.as_ref().and_then(|root| Some((root, root.response_time()?))) {
                    one.answered += 1;
                    one.total += time;
                    one.failed += u64::from(root.outcome() != Outcome::Ok);
                }
            }
        }
        tally
    }

    /// Most frequent first; where that is equal, in the order of their labels.
    pub(super) fn sorted(&self) -> Vec<(&Value<'e>, Tallied)> {
        let mut values: Vec<_> = self.values.iter().map(|(value, one)| (value, *one, value.label())).collect();
        values.sort_by(|a, b| (b.1.traces, &a.2).cmp(&(a.1.traces, &b.2)));
        values.into_iter().map(|(value, one, _)| (value, one)).collect()
    }

    /// How many traces have this value.
    pub(super) fn traces_with(&self, value: &Value<'_>) -> u64 {
        self.values.get(value).map_or(0, |one| one.traces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples::{entries, like, pending};

    #[test]
    fn every_trace_counts_for_each_of_its_values() {
        let entries = entries(vec![like(), pending()]);
        let tally = Tally::of(&Attribute::Service, &entries);
        let told: Vec<_> =
            tally.sorted().into_iter().map(|(value, one)| (value.label(), one.traces, one.failed)).collect();
        assert_eq!(told, [("monolith".to_owned(), 2, 1), ("like service".to_owned(), 1, 1)]);
        let status = Tally::of(&Attribute::Status, &entries);
        let average = |value: &Value<'_>| status.values[value].average();
        assert_eq!(average(&Value::Number(404_f64.to_bits())), Some(Duration::from_millis(2_500)));
        assert_eq!((average(&Value::Missing), status.traces), (None, 2));
    }
}
