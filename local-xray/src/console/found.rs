//! The traces that a page is about: those of its range for which the expression in the bar holds.

use crate::document::Timestamp;
use crate::filter::{self, FilterError, Groups};
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
    pub(super) word: &'static str,
    pub(super) expression: String,
    /// For how many traces of the range it holds.
    pub(super) count: usize,
}

impl Found {
    /// Asks every trace of the range, which may take long.
    ///
    /// # Errors
    /// When the expression is not understood.
    pub(super) fn search(
        view: &View,
        snapshot: &Snapshot,
        groups: &dyn Groups,
        now: Timestamp,
    ) -> Result<Self, FilterError> {
        let in_range = snapshot.entries(Range::Active, view.range.window(now), None);
        Self::among(view, in_range.collect(), snapshot.report().traces, groups)
    }

    /// Asks these traces.
    ///
    /// # Errors
    /// When the expression is not understood.
    pub(super) fn among(
        view: &View,
        in_range: Vec<Entry>,
        stored: usize,
        groups: &dyn Groups,
    ) -> Result<Self, FilterError> {
        let filter = filter::compile(&view.filter, groups)?;
        let matching = in_range.iter().filter(|entry| entry.matches(&filter)).cloned().collect::<Vec<_>>();
        let wider = wider(view, &in_range, groups).filter(|wider| wider.count != matching.len());
        Ok(Self { in_range, matching, stored, wider })
    }

    /// `of 120` behind a number of traces, when those are not all of the range.
    pub(super) fn of_all(&self, is_restricted: bool) -> String {
        if is_restricted { format!(" of {}", super::format::count(self.in_range.len() as u64)) } else { String::new() }
    }
}

fn wider(view: &View, in_range: &[Entry], groups: &dyn Groups) -> Option<Wider> {
    let (word, expression) = expression::every_service(&view.filter)?;
    let filter = filter::compile(&expression, groups).ok()?;
    let count = in_range.iter().filter(|entry| entry.matches(&filter)).count();
    Some(Wider { word, expression, count })
}
