//! The list, grouped: a line for each value of an attribute, with how many traces have it, how long they took and how
//! many failed. A line leads to its traces.

use crate::console::attribute::{Attribute, Value, annotation_keys};
use crate::console::expression;
use crate::console::format;
use crate::console::tally::{Tallied, Tally};
use crate::console::view::View;
use crate::store::Entry;

use super::listing::Listing;

/// How many values are shown.
const MOST_VALUES: usize = 20;
/// How many of the newest traces are looked through for annotations.
const LOOKED_THROUGH: usize = 500;
/// How many annotations are offered.
const MOST_KEYS: usize = 24;

/// What the list can be grouped by, and the groups when it is.
pub(super) struct Grouping {
    pub(super) choices: Vec<Choice>,
    pub(super) groups: Option<Groups>,
}

/// An attribute to group by; choosing the chosen one ungroups.
pub(super) struct Choice {
    pub(super) label: String,
    pub(super) href: String,
    pub(super) is_chosen: bool,
    pub(super) is_annotation: bool,
}

/// The groups.
pub(super) struct Groups {
    pub(super) label: String,
    pub(super) rows: Vec<Row>,
    /// `and 12 more values`.
    pub(super) more: Option<String>,
}

/// The traces with one value.
pub(super) struct Row {
    pub(super) value: String,
    /// Narrows the list; `None` where the language cannot.
    pub(super) href: Option<String>,
    pub(super) traces: String,
    pub(super) share: String,
    /// Length of the bar, in percent.
    pub(super) bar: String,
    pub(super) average: String,
    pub(super) failed: String,
    pub(super) has_failed: bool,
}

impl Grouping {
    pub(super) fn of(listed: &[&Entry], view: &View, path: &str) -> Self {
        let chosen = view.listing.by.as_ref();
        let keys = annotation_keys(listed.iter().copied().take(LOOKED_THROUGH)).into_iter().take(MOST_KEYS);
        let annotations = keys.map(Attribute::Annotation);
        let gone = chosen.filter(|one| matches!(one, Attribute::Annotation(_))).cloned();
        let mut attributes: Vec<Attribute> = Attribute::fixed().chain(annotations).collect();
        attributes.extend(gone.filter(|one| !attributes.contains(one)));
        let choice = |attribute: Attribute| {
            let is_chosen = chosen == Some(&attribute);
            let by = (!is_chosen).then(|| attribute.clone());
            let view = View { listing: Listing { by, ..view.listing.clone() }, ..view.clone() };
            Choice {
                label: attribute.label().into_owned(),
                href: view.link_with_all(path).to_string(),
                is_chosen,
                is_annotation: matches!(attribute, Attribute::Annotation(_)),
            }
        };
        Self {
            choices: attributes.into_iter().map(choice).collect(),
            groups: chosen.map(|attribute| Groups::of(attribute, listed, view, path)),
        }
    }
}

impl Groups {
    #[expect(clippy::cast_precision_loss, reason = "a length for the eye")]
    fn of(attribute: &Attribute, listed: &[&Entry], view: &View, path: &str) -> Self {
        let tally = Tally::of(attribute, listed);
        let values = tally.sorted();
        let row = |(value, one): &(&Value<'_>, Tallied)| Row {
            value: value.label(),
            href: attribute.condition(value).map(|condition| {
                let listing = Listing { by: None, ..view.listing.clone() };
                let narrowed = View { listing, ..view.filtered(&expression::and(&view.filter, &condition)) };
                narrowed.link_with_all(path).to_string()
            }),
            traces: format::count(one.traces),
            share: format::percent(one.traces, tally.traces),
            bar: format!("{:.1}", one.traces as f64 / tally.traces.max(1) as f64 * 100.0),
            average: one.average().map_or_else(|| "–".to_owned(), format::duration),
            failed: format::percent(one.failed, one.traces),
            has_failed: one.failed > 0,
        };
        let more = values.len().saturating_sub(MOST_VALUES) as u64;
        Self {
            label: attribute.label().into_owned(),
            rows: values.iter().take(MOST_VALUES).map(row).collect(),
            more: (more > 0).then(|| format!("and {} that fewer traces have", format::plural(more, "more value"))),
        }
    }
}
