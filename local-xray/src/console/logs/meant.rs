//! Which lines the bar means: those of the traces for which the group and the filter hold. Each trace is asked once.

use std::collections::HashMap;

use crate::console::found::{Unanswered, compile};
use crate::console::view::View;
use crate::document::TraceId;
use crate::filter::{Filter, Groups};
use crate::store::Entry;

/// The traces that are meant.
pub(in crate::console) struct Meant<'s> {
    /// `None` when the bar asks nothing, and every line is meant.
    filter: Option<Filter>,
    find: &'s dyn Fn(TraceId) -> Option<Entry>,
    known: HashMap<TraceId, bool>,
}

impl<'s> Meant<'s> {
    /// Finds traces with `find`.
    ///
    /// # Errors
    /// When the expression is not understood, or the group cannot be asked.
    pub(super) fn new(
        view: &View,
        groups: &dyn Groups,
        find: &'s dyn Fn(TraceId) -> Option<Entry>,
    ) -> Result<Self, Unanswered> {
        let filter = view.is_selective().then(|| compile(view, groups)).transpose()?;
        Ok(Self { filter, find, known: HashMap::new() })
    }

    /// Says whether a line of this trace is meant. One without a trace cannot be asked, nor one whose trace is not stored.
    pub(super) fn has(&mut self, trace: Option<TraceId>) -> bool {
        let Some(filter) = &self.filter else { return true };
        let Some(id) = trace else { return false };
        *self.known.entry(id).or_insert_with(|| (self.find)(id).is_some_and(|entry| entry.matches(filter)))
    }
}
