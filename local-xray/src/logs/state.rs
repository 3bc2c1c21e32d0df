//! What the owner of the lines changes: lines by place, and the places of each trace. The maps share structure between
//! versions.

use std::sync::Arc;

use rpds::{HashTrieMapSync, RedBlackTreeMapSync, RedBlackTreeSetSync};

use crate::document::{Timestamp, TraceId, Window};

use super::line::{Line, Place};

#[derive(Clone)]
pub(super) struct State {
    lines: RedBlackTreeMapSync<Place, Arc<Line>>,
    of_traces: RedBlackTreeSetSync<(TraceId, Place)>,
    /// How many lines each service has.
    services: HashTrieMapSync<Arc<str>, usize>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            lines: RedBlackTreeMapSync::new_sync(),
            of_traces: RedBlackTreeSetSync::new_sync(),
            services: HashTrieMapSync::new_sync(),
        }
    }

    pub(super) fn insert(&mut self, place: Place, mut line: Line) {
        // One text for all lines of a service.
        if let Some((known, _)) = self.services.get_key_value(&line.service) {
            line.service = Arc::clone(known);
        }
        let count = self.services.get(&line.service).copied().unwrap_or(0);
        self.services.insert_mut(Arc::clone(&line.service), count + 1);
        if let Some(id) = line.trace_id {
            self.of_traces.insert_mut((id, place));
        }
        self.lines.insert_mut(place, Arc::new(line));
    }

    pub(super) fn remove(&mut self, place: Place) {
        let Some(line) = self.lines.get(&place).cloned() else { return };
        self.lines.remove_mut(&place);
        if let Some(id) = line.trace_id {
            self.of_traces.remove_mut(&(id, place));
        }
        match self.services.get(&line.service).copied() {
            Some(count) if count > 1 => self.services.insert_mut(Arc::clone(&line.service), count - 1),
            _ => {
                self.services.remove_mut(&line.service);
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.lines.size()
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(AsRef::as_ref)
    }

    /// The lines of a window, latest first.
    pub(super) fn latest_first(&self, window: Window) -> impl Iterator<Item = (Place, &Line)> {
        let start = first_at(window.start);
        let lines = self.lines.range(start..first_at(window.end).max(start));
        lines.rev().map(|(place, line)| (*place, line.as_ref()))
    }

    /// The lines of one trace, latest first.
    pub(super) fn of_trace(&self, id: TraceId) -> impl Iterator<Item = (Place, &Line)> {
        let last = Place { time: Timestamp::MAX, number: u64::MAX };
        let places = self.of_traces.range((id, first_at(Timestamp::EPOCH))..=(id, last)).rev();
        places.filter_map(|(_, place)| Some((*place, self.lines.get(place)?.as_ref())))
    }
}

/// Stands before every other place at the same time.
fn first_at(time: Timestamp) -> Place {
    Place { time, number: 0 }
}
