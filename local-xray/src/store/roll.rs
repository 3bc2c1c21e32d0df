//! What the owner knows of live traces: where their documents are in the journal, and who has been quiet longest.

use std::collections::VecDeque;

use foldhash::{HashMap, HashSet};

use crate::document::TraceId;

use super::journal::{FileNumber, Place};

/// The live traces.
#[derive(Default)]
pub(super) struct Roll {
    live: HashMap<TraceId, Live>,
    /// Who was touched when, longest ago first. Only the last touch of each trace counts.
    touched: VecDeque<(u64, TraceId)>,
    turn: u64,
}

#[derive(Default)]
struct Live {
    /// The frames that hold its documents.
    places: Vec<Place>,
    /// The first of them that no row covers.
    uncovered: Option<Place>,
    turn: u64,
}

impl Roll {
    /// Notes a document of a trace, which is live now.
    pub(super) fn touch(&mut self, id: TraceId, place: Place) {
        self.turn += 1;
        let trace = self.live.entry(id).or_default();
        if trace.places.last() != Some(&place) {
            trace.places.push(place);
        }
        trace.uncovered.get_or_insert(place);
        trace.turn = self.turn;
        self.touched.push_back((self.turn, id));
        if self.touched.len() > 1_024 + 4 * self.live.len() {
            let live = &self.live;
            self.touched.retain(|(turn, id)| live.get(id).is_some_and(|trace| trace.turn == *turn));
        }
    }

    /// Notes that a settled trace is live again; a row covers the documents that it has.
    pub(super) fn revive(&mut self, id: TraceId, places: Vec<Place>) {
        self.live.insert(id, Live { places, ..Live::default() });
    }

    /// The traces that have been quiet longest, each with the places of its documents; they stay on the roll.
    pub(super) fn quietest(&self) -> impl Iterator<Item = (TraceId, &[Place])> {
        self.touched.iter().filter_map(|(turn, id)| {
            let trace = self.live.get(id).filter(|trace| trace.turn == *turn)?;
            Some((*id, trace.places.as_slice()))
        })
    }

    /// The traces with documents in files before this one that no row covers.
    pub(super) fn uncovered_before(&self, file: FileNumber) -> impl Iterator<Item = (TraceId, &[Place])> {
        let lagging = self.live.iter().filter(move |(_, trace)| trace.uncovered.is_some_and(|place| place.file < file));
        lagging.map(|(id, trace)| (*id, trace.places.as_slice()))
    }

    /// All traces on the roll.
    pub(super) fn traces(&self) -> impl Iterator<Item = TraceId> {
        self.live.keys().copied()
    }

    /// Takes a trace off the roll.
    pub(super) fn remove(&mut self, id: TraceId) {
        self.live.remove(&id);
        while let Some((turn, id)) = self.touched.front()
            && self.live.get(id).is_none_or(|trace| trace.turn != *turn)
        {
            self.touched.pop_front();
        }
    }

    /// The first document that no row covers, once these traces have rows.
    pub(super) fn first_uncovered(&self, but: &HashSet<TraceId>) -> Option<Place> {
        let uncovered = self.live.iter().filter(|(id, _)| !but.contains(id));
        uncovered.filter_map(|(_, trace)| trace.uncovered).min()
    }
}
