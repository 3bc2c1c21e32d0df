//! What the store's owner changes: traces by id, and two indexes by time.
//!
//! The maps share structure between versions (`rpds`), so a published copy stays valid while the owner goes on.

use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeSetSync};

use crate::document::{Document, Timestamp, TraceId, Window};

use super::trace::Trace;

type TimeIndex = RedBlackTreeSetSync<(Timestamp, TraceId)>;

#[derive(Clone)]
pub(super) struct State {
    traces: HashTrieMapSync<TraceId, Arc<Trace>>,
    by_start: TimeIndex,
    by_end: TimeIndex,
}

impl State {
    pub(super) fn new() -> Self {
        Self { traces: HashTrieMapSync::new_sync(), by_start: TimeIndex::new_sync(), by_end: TimeIndex::new_sync() }
    }

    /// Takes one document into its trace.
    pub(super) fn apply(&mut self, document: Document) {
        let id = document.trace_id;
        let before = self.traces.get(&id);
        let mut trace = before.map_or_else(|| Trace::new(id), |trace| Trace::clone(trace));
        if !trace.merge(document.segment) {
            return;
        }
        self.forget(id);
        self.by_start.insert_mut((trace.start_time(), id));
        self.by_end.insert_mut((trace.end_time(), id));
        self.traces.insert_mut(id, Arc::new(trace));
    }

    /// Lets go of a trace; says how many segments and subsegments it had.
    pub(super) fn forget(&mut self, id: TraceId) -> usize {
        let Some(trace) = self.traces.get(&id).cloned() else { return 0 };
        self.traces.remove_mut(&id);
        self.by_start.remove_mut(&(trace.start_time(), id));
        self.by_end.remove_mut(&(trace.end_time(), id));
        trace.part_count()
    }

    /// How many traces there are.
    pub(super) fn traces(&self) -> usize {
        self.traces.size()
    }

    pub(super) fn trace(&self, id: TraceId) -> Option<Arc<Trace>> {
        self.traces.get(&id).cloned()
    }

    pub(super) fn active_in(&self, window: Window) -> Vec<Arc<Trace>> {
        let lowest_id = TraceId::from_bytes([0; 16]);
        let ended_late_enough = self.by_end.range((window.start, lowest_id)..);
        let mut traces: Vec<_> = ended_late_enough
            .filter_map(|(_, id)| self.traces.get(id))
            .filter(|trace| window.overlaps(trace.start_time(), trace.end_time()))
            .cloned()
            .collect();
        traces.sort_unstable_by_key(|trace| std::cmp::Reverse((trace.start_time(), trace.id())));
        traces
    }

    pub(super) fn started_in(&self, window: Window) -> Vec<Arc<Trace>> {
        if window.start >= window.end {
            return Vec::new();
        }
        let lowest_id = TraceId::from_bytes([0; 16]);
        let in_window = self.by_start.range((window.start, lowest_id)..(window.end, lowest_id));
        in_window.rev().filter_map(|(_, id)| self.traces.get(id).cloned()).collect()
    }
}
