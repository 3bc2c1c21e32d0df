//! One trace: its pieces as they came, and the assembled view that is made of them on demand.
//!
//! The pieces form a set by id, and the winner between two documents with one id does not depend on which came first.
//! The assembled view is a function of that set. So the order of arrival never changes a trace; only its revision,
//! which counts the arrivals that changed something, tells them apart.

use std::mem;
use std::sync::OnceLock;

use rpds::RedBlackTreeMapSync;

use crate::document::{Segment, SegmentId, Timestamp, TraceId};

use super::assemble::{Assembled, assemble, wins_over};
pub use super::inferred::inferred_segment;
use super::inferred::inferred_segments;

/// One trace, as far as its documents have arrived.
pub struct Trace {
    id: TraceId,
    /// Segments and subsegments, flat: `subsegments` is empty in each.
    pieces: RedBlackTreeMapSync<SegmentId, Segment>,
    start_time: Timestamp,
    end_time: Timestamp,
    bytes: usize,
    revision: u32,
    assembled: OnceLock<Assembled>,
}

impl Trace {
    /// Starts a trace without any document.
    pub fn new(id: TraceId) -> Self {
        Self {
            id,
            pieces: RedBlackTreeMapSync::new_sync(),
            start_time: Timestamp::MAX,
            end_time: Timestamp::EPOCH,
            bytes: 0,
            revision: 0,
            assembled: OnceLock::new(),
        }
    }

    /// Puts a trace together from what a caller holds, without a store.
    pub fn from_segments(id: TraceId, segments: impl IntoIterator<Item = Segment>) -> Self {
        let mut trace = Self::new(id);
        for segment in segments {
            trace.merge(segment);
        }
        trace
    }

    /// Takes one document in; says whether that changed the trace. Repeated documents change nothing.
    pub fn merge(&mut self, segment: Segment) -> bool {
        let mut changed = false;
        let mut open = vec![segment];
        while let Some(mut segment) = open.pop() {
            open.append(&mut segment.subsegments);
            changed |= self.merge_piece(segment);
        }
        if changed {
            self.revision += 1;
            self.assembled = OnceLock::new();
        }
        changed
    }

    fn merge_piece(&mut self, piece: Segment) -> bool {
        let replaced = self.pieces.get(&piece.id);
        if replaced.is_some_and(|known| !wins_over(&piece, known)) {
            return false;
        }
        let had_bytes = replaced.map_or(0, weight);
        let replaces = replaced.is_some();
        self.bytes = self.bytes - had_bytes + weight(&piece);
        self.start_time = self.start_time.min(piece.start_time);
        self.end_time = self.end_time.max(piece.end_time.unwrap_or(piece.start_time));
        self.pieces.insert_mut(piece.id, piece);
        if replaces {
            // The piece that went may have been the one that set the bounds.
            let parts = || self.pieces.values();
            self.start_time = parts().map(|part| part.start_time).min().unwrap_or(self.start_time);
            self.end_time = parts().map(|part| part.end_time.unwrap_or(part.start_time)).max().unwrap_or(self.end_time);
        }
        true
    }

    /// The id.
    pub fn id(&self) -> TraceId {
        self.id
    }

    /// The earliest start of anything in the trace.
    pub fn start_time(&self) -> Timestamp {
        self.start_time
    }

    /// The latest end of anything in the trace; for work in progress its start counts.
    pub fn end_time(&self) -> Timestamp {
        self.end_time
    }

    /// The segments by start time, each with its subsegments nested below it.
    pub fn segments(&self) -> &[Segment] {
        &self.assembled().segments
    }

    /// Subsegments whose parent has not arrived, each with what is nested below it, by start time.
    pub fn orphans(&self) -> &[Segment] {
        &self.assembled().orphans
    }

    /// Segments made up for downstream calls that no segment answers, as X-Ray adds them when a trace is read.
    pub fn inferred_segments(&self) -> Vec<Segment> {
        inferred_segments(self)
    }

    /// How many arrivals have changed the trace; 1 for a trace that came in one document.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// How many segments and subsegments there are.
    pub fn part_count(&self) -> usize {
        self.pieces.size()
    }

    /// Says whether a segment or subsegment with this id has arrived.
    pub fn contains(&self, id: SegmentId) -> bool {
        self.pieces.contains_key(&id)
    }

    /// About how many bytes the trace takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn assembled(&self) -> &Assembled {
        self.assembled.get_or_init(|| assemble(self.pieces.values()))
    }
}

/// A copy shares its pieces with the original. It leaves the assembled view behind: the store copies a trace in order to
/// change it.
impl Clone for Trace {
    fn clone(&self) -> Self {
        Self { pieces: self.pieces.clone(), assembled: OnceLock::new(), ..*self }
    }
}

/// About how many bytes one piece takes in memory: the piece itself, once more for the assembled view, and its texts.
fn weight(piece: &Segment) -> usize {
    let json = serde_json::to_vec(piece).map_or(0, |text| text.len());
    2 * (mem::size_of::<Segment>() + json)
}
