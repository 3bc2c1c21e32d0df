//! What the store's owner changes: traces by id, and two indexes by time.
//!
//! The maps share structure between versions (`rpds`), so a published copy stays valid while the owner goes on.

use std::cmp::Reverse;
use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeSetSync};

use crate::document::{Document, Timestamp, TraceId, Window};

use super::aggregate::{Minute, Minutes};
use super::trace::Trace;
use super::{Entry, Position};

type TimeIndex = RedBlackTreeSetSync<(Timestamp, TraceId)>;

/// Stands before every other id at the same time.
const LOWEST_ID: TraceId = TraceId::from_bytes([0; 16]);

#[derive(Clone)]
pub(super) struct State {
    traces: HashTrieMapSync<TraceId, Arc<Trace>>,
    by_start: TimeIndex,
    by_end: TimeIndex,
    minutes: Minutes,
    /// How many ids a segment and a subsegment have claimed, also in traces that are gone.
    contested: u64,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            traces: HashTrieMapSync::new_sync(),
            by_start: TimeIndex::new_sync(),
            by_end: TimeIndex::new_sync(),
            minutes: Minutes::new(),
            contested: 0,
        }
    }

    /// Takes one document into its trace.
    pub(super) fn apply(&mut self, document: Document) {
        let id = document.trace_id;
        let before = self.traces.get(&id);
        let mut trace = before.map_or_else(|| Trace::new(id), |trace| Trace::clone(trace));
        let contested = trace.contested().len();
        if !trace.merge(document.segment) {
            return;
        }
        self.contested += (trace.contested().len() - contested) as u64;
        self.forget(id);
        self.by_start.insert_mut((trace.start_time(), id));
        self.by_end.insert_mut((trace.end_time(), id));
        self.minutes.insert(id, trace.start_time(), trace.minutes());
        self.traces.insert_mut(id, Arc::new(trace));
    }

    /// Lets go of a trace; says how many segments and subsegments it had.
    pub(super) fn forget(&mut self, id: TraceId) -> usize {
        let Some(trace) = self.traces.get(&id).cloned() else { return 0 };
        self.traces.remove_mut(&id);
        self.by_start.remove_mut(&(trace.start_time(), id));
        self.by_end.remove_mut(&(trace.end_time(), id));
        self.minutes.remove(id, trace.minutes());
        self.minutes.forget_before(self.by_start.first().map(|(start, _)| *start));
        trace.part_count()
    }

    /// How many traces there are.
    pub(super) fn traces(&self) -> usize {
        self.traces.size()
    }

    /// How many ids a segment and a subsegment have claimed.
    pub(super) fn contested(&self) -> u64 {
        self.contested
    }

    pub(super) fn trace(&self, id: TraceId) -> Option<Arc<Trace>> {
        self.traces.get(&id).cloned()
    }

    /// The traces that started in the window, behind `after`, latest start first.
    pub(super) fn started_in(&self, window: Window, after: Option<Position>) -> impl Iterator<Item = Entry> {
        let start = (window.start, LOWEST_ID);
        let end = after.map_or((window.end, LOWEST_ID), |after| (after.start, after.id).min((window.end, LOWEST_ID)));
        let in_window = self.by_start.range(start.min(end)..end);
        in_window.rev().filter_map(|(_, id)| self.entry(*id))
    }

    /// The traces that started before the window and were still active in it, behind `after`, latest start first.
    pub(super) fn went_on_into(&self, window: Window, after: Option<Position>) -> impl Iterator<Item = Entry> {
        let ended_late_enough = self.by_end.range((window.start, LOWEST_ID)..);
        let mut entries: Vec<_> = ended_late_enough
            .filter_map(|(_, id)| self.traces.get(id))
            .filter(|trace| trace.start_time() < window.start && window.overlaps(trace.start_time(), trace.end_time()))
            .map(|trace| Entry::of(Arc::clone(trace)))
            .filter(|entry| after.is_none_or(|after| entry.position() < after))
            .collect();
        entries.sort_unstable_by_key(|entry| Reverse(entry.position()));
        entries.into_iter()
    }

    /// The traces that may have work in a minute, each once.
    pub(super) fn working_in(&self, minute: Minute) -> impl Iterator<Item = Entry> {
        let later = self.minutes.later_in(minute).filter_map(|id| self.entry(id));
        // A late document can show that a trace started earlier than was known when it was put down as a later one.
        let later = later.filter(move |entry| Minute::of(entry.position().start) != minute);
        self.started_in(minute.window(), None).chain(later)
    }

    /// What is kept of minutes.
    pub(super) fn minutes(&self) -> &Minutes {
        &self.minutes
    }

    pub(super) fn entry(&self, id: TraceId) -> Option<Entry> {
        self.trace(id).map(Entry::of)
    }
}
