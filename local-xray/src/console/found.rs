//! The traces that a page is about: those of its range for which the expression in the bar holds.

use crate::document::Timestamp;
use crate::filter::{self, Filter, FilterError, GroupKey, Groups};
use crate::store::{Entry, Extent, Range, Snapshot, matching};

use super::hints::{Hint, hints};
use super::notes::TRACES_COUNTED;
use super::unknown::{self, Unknown};
use super::view::View;

/// What was found.
pub(super) struct Found {
    /// How many traces the range has, and from when on.
    pub(super) in_range: Extent,
    /// For how many of them the expression holds.
    pub(super) matching: usize,
    /// Those, newest first; after a glance, only the newest of them.
    pub(super) entries: Vec<Entry>,
    /// How many traces there are in all.
    pub(super) stored: usize,
    /// Where the expression asks less than it seems to.
    pub(super) hints: Vec<Hint>,
    /// Names in the expression that no trace of the range has; only where nothing was found, since a name may be right
    /// although this range does not have it.
    pub(super) unknown: Vec<Unknown>,
}

/// Why no trace can be asked.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The expression in the bar is not understood.
    Filter(FilterError),
    /// The group is gone, or its expression refers to one that is; in words.
    Group(String),
}

impl Found {
    /// Asks every trace of the range, which may take long.
    ///
    /// # Errors
    /// When the expression is not understood, or the group cannot be asked.
    pub(super) fn search(
        view: &View,
        snapshot: &Snapshot,
        groups: &dyn Groups,
        now: Timestamp,
    ) -> Result<Self, Unanswered> {
        let window = view.window(now);
        let newest = || snapshot.entries(Range::Active, window, None);
        Self::ask(view, snapshot.extent(window), newest, snapshot.report().traces, groups)
    }

    /// Counts the traces of the range and lists only the newest: for pages of sums, when the bar asks for all traces.
    pub(super) fn glance(view: &View, snapshot: &Snapshot, now: Timestamp) -> Self {
        let window = view.window(now);
        let in_range = snapshot.extent(window);
        Self {
            in_range,
            matching: in_range.traces,
            entries: snapshot.entries(Range::Active, window, None).take(TRACES_COUNTED).collect(),
            stored: snapshot.report().traces,
            hints: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// Asks these traces, which are newest first.
    ///
    /// # Errors
    /// When the expression is not understood, or the group cannot be asked.
    #[cfg(test)]
    pub(super) fn among(
        view: &View,
        in_range: &[Entry],
        stored: usize,
        groups: &dyn Groups,
    ) -> Result<Self, Unanswered> {
        let extent =
            Extent { traces: in_range.len(), first: in_range.iter().map(|entry| entry.position().start).min() };
        Self::ask(view, extent, || in_range.iter().cloned(), stored, groups)
    }

    fn ask<I: Iterator<Item = Entry>>(
        view: &View,
        in_range: Extent,
        newest: impl Fn() -> I,
        stored: usize,
        groups: &dyn Groups,
    ) -> Result<Self, Unanswered> {
        let filter = compile(view, groups)?;
        let entries: Vec<Entry> = matching(newest().collect(), &filter);
        Ok(Self {
            in_range,
            matching: entries.len(),
            stored,
            hints: hints(view, &newest, &entries, groups),
            unknown: match entries.is_empty() && in_range.traces > 0 {
                true => unknown::names(&view.filter, newest()),
                false => Vec::new(),
            },
            entries,
        })
    }

    /// `of 120` behind a number of traces, when those are not all of the range.
    pub(super) fn of_all(&self, is_restricted: bool) -> String {
        if is_restricted { format!(" of {}", super::format::count(self.in_range.traces as u64)) } else { String::new() }
    }
}

/// The expression is compiled alone first, so that the place of an error is a place in what was typed.
pub(super) fn compile(view: &View, groups: &dyn Groups) -> Result<Filter, Unanswered> {
    let filter = filter::compile(&view.filter, groups).map_err(Unanswered::Filter)?;
    let Some(group) = &view.group else { return Ok(filter) };
    filter::compile(&view.expression(), groups).map_err(|error| {
        Unanswered::Group(match groups.filter_expression(GroupKey::Name, group) {
            None => format!("There is no group \u{201c}{group}\u{201d}. Choose another one in the bar."),
            Some(_) => format!("The group \u{201c}{group}\u{201d} cannot be used: {}.", reason(&error)),
        })
    })
}

/// The innermost reason why a group cannot be used.
fn reason(error: &FilterError) -> String {
    let nested = error.hint().and_then(|hint| hint.lines().find(|line| line.contains("(at character")));
    nested.unwrap_or(error.message()).to_owned()
}
