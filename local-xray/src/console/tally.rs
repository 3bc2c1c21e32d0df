//! Counts of the values of attributes: how many traces have each, how long they took, and how many failed. One pass over the
//! digests counts all attributes.

use std::collections::BTreeSet;
use std::time::Duration;

use foldhash::HashMap;

use crate::cores::on_all_cores;
use crate::digest::DigestView;
use crate::document::Outcome;
use crate::graph::Measured;
use crate::store::{Entry, WORTH_A_THREAD, opened};

use super::attribute::{Attribute, Value, annotation_values};

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
    /// A trace alone, by the work of its root.
    fn one(root: Option<&Measured>) -> Self {
        let time = root.and_then(Measured::response_time);
        let has_failed = root.is_some_and(|root| time.is_some() && root.outcome() != Outcome::Ok);
        Self { traces: 1, failed: has_failed.into(), answered: time.is_some().into(), total: time.unwrap_or_default() }
    }

    fn add(&mut self, other: &Self) {
        self.traces += other.traces;
        self.failed += other.failed;
        self.answered += other.answered;
        self.total += other.total;
    }

    /// Those that are left without some of them.
    fn without(&self, some: &Self) -> Self {
        Self {
            traces: self.traces - some.traces,
            failed: self.failed - some.failed,
            answered: self.answered - some.answered,
            total: self.total.saturating_sub(some.total),
        }
    }

    /// The mean response time of those that have answered.
    pub(super) fn average(&self) -> Option<Duration> {
        self.total.checked_div(u32::try_from(self.answered).ok()?)
    }
}

/// Several attributes of the same traces.
#[derive(Default)]
pub(super) struct Tallies<'e> {
    all: Tallied,
    asked: Vec<(Attribute, Counts<'e>)>,
    /// By key; only where all annotations are asked for.
    annotations: HashMap<&'e str, Counts<'e>>,
    has_annotations: bool,
}

/// What was counted of one attribute.
#[derive(Default)]
struct Counts<'e> {
    values: HashMap<Value<'e>, Tallied>,
    /// The traces with any value, each counted once.
    with_any: Tallied,
}

impl<'e> Counts<'e> {
    fn add(&mut self, values: impl ExactSizeIterator<Item = Value<'e>>, trace: &Tallied) {
        if values.len() > 0 {
            self.with_any.add(trace);
        }
        values.for_each(|value| self.values.entry(value).or_default().add(trace));
    }

    fn merge(&mut self, other: Self) {
        self.with_any.add(&other.with_any);
        other.values.into_iter().for_each(|(value, tallied)| self.values.entry(value).or_default().add(&tallied));
    }
}

impl<'e> Tallies<'e> {
    /// Of every attribute that some trace has.
    pub(super) fn of_everything() -> Self {
        let asked = Attribute::fixed().map(|attribute| (attribute, Counts::default()));
        Self { asked: asked.collect(), has_annotations: true, ..Self::default() }
    }

    fn of_one(attribute: &Attribute) -> Self {
        Self { asked: vec![(attribute.clone(), Counts::default())], ..Self::default() }
    }

    /// Counts a trace, of whose root it is known how it went.
    pub(super) fn add(&mut self, view: &DigestView<'e>, root: Option<&Measured>) {
        let trace = Tallied::one(root);
        self.all.add(&trace);
        let mut values = Vec::new();
        for (attribute, counts) in &mut self.asked {
            attribute.read(view, &mut values);
            counts.add(values.drain(..), &trace);
        }
        let annotations = if self.has_annotations { view.words().annotations.as_slice() } else { &[] };
        for (place, (key, _)) in annotations.iter().enumerate() {
            if annotations.iter().take(place).all(|(known, _)| known != key) {
                annotation_values(view.words(), key, &mut values);
                self.annotations.entry(key).or_default().add(values.drain(..), &trace);
            }
        }
    }

    /// Counts what another has counted of the same attributes.
    pub(super) fn merge(&mut self, other: Self) {
        self.all.add(&other.all);
        for ((_, counts), (_, others)) in self.asked.iter_mut().zip(other.asked) {
            counts.merge(others);
        }
        for (key, counts) in other.annotations {
            self.annotations.entry(key).or_default().merge(counts);
        }
    }

    /// The keys of all annotations, in the order of the alphabet.
    pub(super) fn keys(&self) -> BTreeSet<&'e str> {
        self.annotations.keys().copied().collect()
    }

    /// What was counted of an attribute; no value for one that no trace has.
    pub(super) fn take(&mut self, attribute: &Attribute) -> Tally<'e> {
        let asked = self.asked.iter_mut().find(|(known, _)| known == attribute);
        let counts = match (asked, attribute) {
            (Some((_, counts)), _) => std::mem::take(counts),
            (None, Attribute::Annotation(key)) => self.annotations.remove(key.as_str()).unwrap_or_default(),
            (None, _) => Counts::default(),
        };
        let mut tally = Tally { values: counts.values, traces: self.all.traces };
        let missing = self.all.without(&counts.with_any);
        if missing.traces > 0 {
            tally.values.insert(Value::Missing, missing);
        }
        tally
    }
}

/// All values of one attribute. A trace with several counts for each; one without any counts for [`Value::Missing`].
#[derive(Debug, Default)]
pub(super) struct Tally<'e> {
    pub(super) values: HashMap<Value<'e>, Tallied>,
    /// How many traces were counted.
    pub(super) traces: u64,
}

impl<'e> Tally<'e> {
    pub(super) fn of(attribute: &Attribute, entries: &[&'e Entry]) -> Self {
        let parts = on_all_cores(entries, WORTH_A_THREAD, |part| {
            let mut tallies = Tallies::of_one(attribute);
            for (_, digest) in opened(part.iter().copied()) {
                tallies.add(&digest, digest.brief().root_work().as_ref());
            }
            tallies
        });
        let mut all = Tallies::of_one(attribute);
        parts.into_iter().for_each(|part| all.merge(part));
        all.take(attribute)
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
    use crate::console::samples::{entries, hostile, like, pending};

    #[test]
    fn every_trace_counts_for_each_of_its_values() {
        let entries = entries(vec![like(), pending()]);
        let listed: Vec<&Entry> = entries.iter().collect();
        let tally = Tally::of(&Attribute::Service, &listed);
        let told: Vec<_> =
            tally.sorted().into_iter().map(|(value, one)| (value.label(), one.traces, one.failed)).collect();
        assert_eq!(told, [("monolith".to_owned(), 2, 1), ("like service".to_owned(), 1, 1)]);
        let status = Tally::of(&Attribute::Status, &listed);
        let average = |value: &Value<'_>| status.values[value].average();
        assert_eq!(average(&Value::Number(404_f64.to_bits())), Some(Duration::from_millis(2_500)));
        assert_eq!((average(&Value::Missing), status.traces), (None, 2));
    }

    #[test]
    fn all_attributes_counted_at_once_are_each_counted_alone() {
        let entries = entries(vec![like(), pending(), hostile("a")]);
        let listed: Vec<&Entry> = entries.iter().collect();
        let mut all = Tallies::of_everything();
        for entry in &entries {
            let mut one = Tallies::of_everything();
            let view = entry.digest().view();
            one.add(&view, view.brief().root_work().as_ref());
            all.merge(one);
        }
        assert_eq!(all.keys(), BTreeSet::from(["a", "chaos_fault", "mysfit_id"]));
        let annotations = ["a", "chaos_fault", "mysfit_id", "gone"].map(|key| Attribute::Annotation(key.to_owned()));
        for attribute in Attribute::fixed().chain(annotations) {
            let (together, alone) = (all.take(&attribute), Tally::of(&attribute, &listed));
            assert_eq!((together.values, together.traces), (alone.values, alone.traces), "{attribute:?}");
        }
    }
}
