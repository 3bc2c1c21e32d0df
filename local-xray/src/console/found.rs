//! The traces that a page is about: those of its range for which the expression in the bar holds.

use crate::document::Timestamp;
use crate::filter::{self, Filter, FilterError, GroupKey, Groups};
use crate::store::{Entry, Range, Snapshot};

use super::expression;
use super::view::View;

/// What was found.
pub(super) struct Found {
    /// The traces of the range, newest first.
    pub(super) in_range: Vec<Entry>,
    /// Those of them for which the expression holds.
    pub(super) matching: Vec<Entry>,
    /// How many traces there are in all.
    pub(super) stored: usize,
    pub(super) wider: Option<Wider>,
}

/// The expression with what it asks of the root segment asked of every service, when that has another answer.
pub(super) struct Wider {
    /// What it asks of the root segment.
    pub(super) word: String,
    pub(super) expression: String,
    /// For how many traces of the range it holds.
    pub(super) count: usize,
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
        let in_range = snapshot.entries(Range::Active, view.window(now), None);
        Self::among(view, in_range.collect(), snapshot.report().traces, groups)
    }

    /// Asks these traces.
    ///
    /// # Errors
    /// When the expression is not understood, or the group cannot be asked.
    pub(super) fn among(
        view: &View,
        in_range: Vec<Entry>,
        stored: usize,
        groups: &dyn Groups,
    ) -> Result<Self, Unanswered> {
        let filter = compile(view, groups)?;
        let matching: Vec<Entry> = match filter.is_empty() {
            true => in_range.clone(),
            false => in_range.iter().filter(|entry| entry.matches(&filter)).cloned().collect(),
        };
        let wider = wider(view, &in_range, matching.is_empty(), groups).filter(|wider| wider.count != matching.len());
        Ok(Self { in_range, matching, stored, wider })
    }

    /// `of 120` behind a number of traces, when those are not all of the range.
    pub(super) fn of_all(&self, is_restricted: bool) -> String {
        if is_restricted { format!(" of {}", super::format::count(self.in_range.len() as u64)) } else { String::new() }
    }
}

/// The expression is compiled alone first, so that the place of an error is a place in what was typed.
fn compile(view: &View, groups: &dyn Groups) -> Result<Filter, Unanswered> {
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

/// A condition of another kind (a time, a status) seldom surprises, unless it finds nothing.
fn wider(view: &View, in_range: &[Entry], is_in_vain: bool, groups: &dyn Groups) -> Option<Wider> {
    let words = || expression::every_service(&view.filter).map(|(word, wider)| (word.to_owned(), wider));
    let whole = || Some((view.filter.clone(), expression::of_every_service(&view.filter).filter(|_| is_in_vain)?));
    let (word, expression) = words().or_else(whole)?;
    let filter = compile(&view.filtered(&expression), groups).ok()?;
    let count = in_range.iter().filter(|entry| entry.matches(&filter)).count();
    Some(Wider { word, expression, count })
}
