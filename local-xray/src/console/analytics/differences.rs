//! In which attributes two sets differ: the share of each value in A and in B, those furthest apart first.

use crate::console::attribute::{Attribute, Value};
use crate::console::expression;
use crate::console::format;
use crate::console::tally::{Tallies, Tally};
use crate::console::view::View;

use super::{Sets, narrowed};

/// How many differences are told.
const MOST_DIFFERENCES: usize = 12;
/// How many values of an attribute a table has.
const MOST_VALUES: usize = 8;
/// How many annotations get a table.
const MOST_KEYS: usize = 24;
/// Shares that are closer than this, in percent, are the same to a reader.
const LEAST: f64 = 1.0;

/// A value and its share in both sets.
pub(in crate::console) struct Difference {
    pub(super) attribute: String,
    pub(super) value: String,
    pub(super) a: Share,
    pub(super) b: Share,
    /// `+42 points` in B.
    pub(super) points: String,
}

/// The share of a value in one set.
pub(in crate::console) struct Share {
    pub(super) percent: String,
    pub(super) traces: String,
    /// Length of the bar, in percent.
    pub(super) bar: String,
    /// Those traces, where the language can ask for them.
    pub(super) href: Option<String>,
}

/// All values of an attribute.
pub(in crate::console) struct Table {
    pub(super) attribute: String,
    pub(super) rows: Vec<Difference>,
    /// `and 12 more values`.
    pub(super) more: Option<String>,
}

/// One attribute in both sets.
pub(super) struct Compared<'e> {
    attribute: Attribute,
    a: Tally<'e>,
    b: Tally<'e>,
}

impl<'e> Compared<'e> {
    /// Every attribute that some trace has.
    pub(super) fn all(mut a: Tallies<'e>, mut b: Tallies<'e>) -> Vec<Self> {
        let keys = &a.keys() | &b.keys();
        let annotations = keys.into_iter().take(MOST_KEYS).map(|key| Attribute::Annotation(key.to_owned()));
        let compared = Attribute::fixed().chain(annotations).map(|attribute| Compared {
            a: a.take(&attribute),
            b: b.take(&attribute),
            attribute,
        });
        compared.filter(|one| one.values().next().is_some()).collect()
    }

    /// Every value that occurs in either, each once.
    fn values(&self) -> impl Iterator<Item = &Value<'e>> {
        let only_b = self.b.values.keys().filter(|value| !self.a.values.contains_key(*value));
        self.a.values.keys().chain(only_b).filter(|value| **value != Value::Missing)
    }

    fn apart(&self, value: &Value<'_>) -> f64 {
        percent(&self.b, value) - percent(&self.a, value)
    }

    fn row(&self, value: &Value<'_>, sets: &Sets, view: &View) -> Difference {
        let condition = self.attribute.condition(value);
        let share = |tally: &Tally<'_>, set: &str| Share {
            percent: format::percent(tally.traces_with(value), tally.traces),
            traces: format::plural(tally.traces_with(value), "trace"),
            bar: format!("{:.1}", percent(tally, value)),
            href: condition.as_ref().map(|condition| {
                let both = if set.is_empty() { condition.clone() } else { expression::and(set, condition) };
                narrowed(view, &both).to_string()
            }),
        };
        Difference {
            attribute: self.attribute.label().into_owned(),
            value: value.label(),
            a: share(&self.a, &sets.a),
            b: share(&self.b, &sets.b),
            points: format!("{:+.0} points", self.apart(value)).replace('-', "\u{2212}"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for the eye")]
fn percent(tally: &Tally<'_>, value: &Value<'_>) -> f64 {
    tally.traces_with(value) as f64 / tally.traces.max(1) as f64 * 100.0
}

/// What differs most; nothing when one of the sets is empty.
pub(super) fn differences(all: &[Compared<'_>], sets: &Sets, view: &View) -> Vec<Difference> {
    if all.iter().any(|one| one.a.traces == 0 || one.b.traces == 0) {
        return Vec::new();
    }
    let mut found: Vec<(f64, &Compared<'_>, &Value<'_>)> = all
        .iter()
        .flat_map(|one| one.values().map(move |value| (one.apart(value), one, value)))
        .filter(|(apart, ..)| apart.abs() >= LEAST)
        .collect();
    let label = |one: &(f64, &Compared<'_>, &Value<'_>)| (one.1.attribute.clone(), one.2.label());
    found.sort_by(|one, other| other.0.abs().total_cmp(&one.0.abs()).then_with(|| label(one).cmp(&label(other))));
    found.into_iter().take(MOST_DIFFERENCES).map(|(_, one, value)| one.row(value, sets, view)).collect()
}

/// A table for each attribute.
pub(super) fn tables(all: &[Compared<'_>], sets: &Sets, view: &View) -> Vec<Table> {
    let table = |one: &Compared<'_>| {
        let mut values: Vec<&Value<'_>> = one.values().collect();
        let traces = |value: &Value<'_>| one.a.traces_with(value) + one.b.traces_with(value);
        values.sort_by_cached_key(|value| (std::cmp::Reverse(traces(value)), value.label()));
        let more = values.len().saturating_sub(MOST_VALUES) as u64;
        Table {
            attribute: one.attribute.label().into_owned(),
            rows: values.into_iter().take(MOST_VALUES).map(|value| one.row(value, sets, view)).collect(),
            more: (more > 0).then(|| format!("and {}", format::plural(more, "more value"))),
        }
    };
    all.iter().map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples::{entries, like, pending};
    use crate::store::Entry;

    fn compared<'e>(a: &'e [Entry], b: &'e [Entry]) -> Vec<Compared<'e>> {
        let tallies = |entries: &'e [Entry]| {
            let mut tallies = Tallies::of_everything();
            for digest in entries.iter().map(|entry| entry.digest().view()) {
                tallies.add(&digest, digest.brief().root_work().as_ref());
            }
            tallies
        };
        Compared::all(tallies(a), tallies(b))
    }

    #[test]
    fn what_differs_most_comes_first_and_leads_to_its_traces() {
        let (a, b) = (entries(vec![pending()]), entries(vec![like()]));
        let sets = Sets { a: "ok".to_owned(), b: "error".to_owned() };
        let told = differences(&compared(&a, &b), &sets, &View::default());
        assert!(told.iter().all(|one| one.points == "+100 points"), "what both have is left out");
        let fault = told.iter().find(|one| one.attribute == "chaos_fault").unwrap();
        assert_eq!(
            (fault.value.as_str(), fault.a.percent.as_str(), fault.b.percent.as_str()),
            ("not_found", "0 %", "100 %")
        );
        assert_eq!(
            fault.b.href.as_deref(),
            Some("/traces?filter=error+AND+annotation.chaos_fault+%3D+%22not_found%22")
        );
        assert!(differences(&compared(&a, &[]), &sets, &View::default()).is_empty());
        let tables = tables(&compared(&a, &b), &sets, &View::default());
        assert!(tables.iter().any(|table| table.attribute == "Service" && table.rows.len() == 2));
    }
}
