//! One trace: its pieces as they came, and the assembled view that is made of them on demand.
//!
//! The pieces form a set by id, and the winner between two documents with one id does not depend on which came first.
//! The assembled view is a function of that set. So the order of arrival never changes a trace; only its revision,
//! which counts the arrivals that changed something, tells them apart.

use std::sync::OnceLock;

use rpds::RedBlackTreeMapSync;

use crate::digest::Digest;
use crate::document::{Segment, SegmentId, Timestamp, TraceId};

use super::Position;
use super::aggregate::Minute;
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
    /// Ids that both a segment and a subsegment claim, in order. Only one of the two is in the trace.
    contested: Vec<SegmentId>,
    /// The minutes in which work began; also those of work that has been replaced since.
    minutes: Vec<Minute>,
    assembled: OnceLock<Assembled>,
    digest: OnceLock<Digest>,
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
            contested: Vec::new(),
            minutes: Vec::new(),
            assembled: OnceLock::new(),
            digest: OnceLock::new(),
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
        let (mut changed, mut bounds_are_stale) = (false, false);
        let mut open = vec![segment];
        while let Some(mut segment) = open.pop() {
            open.append(&mut segment.subsegments);
            changed |= self.is_first_contest(&segment);
            if let Some(set_a_bound) = self.merge_piece(segment) {
                changed = true;
                bounds_are_stale |= set_a_bound;
            }
        }
        if bounds_are_stale {
            self.measure();
        }
        if changed {
            self.revision += 1;
            self.assembled = OnceLock::new();
            self.digest = OnceLock::new();
        }
        changed
    }

    /// Remembers an id that a segment and a subsegment claim; says whether that is new. It does not depend on who came first:
    /// whichever of them is in the trace meets the other one.
    fn is_first_contest(&mut self, piece: &Segment) -> bool {
        if self.pieces.get(&piece.id).is_none_or(|known| known.kind == piece.kind) {
            return false;
        }
        let place = self.contested.binary_search(&piece.id).err();
        place.inspect(|place| self.contested.insert(*place, piece.id)).is_some()
    }

    /// `None` when nothing changed; otherwise whether a piece went that had set the start or the end of the trace.
    fn merge_piece(&mut self, piece: Segment) -> Option<bool> {
        let replaced = self.pieces.get(&piece.id);
        if replaced.is_some_and(|known| !wins_over(&piece, known)) {
            return None;
        }
        let (start, end) = (piece.start_time, end_of(&piece));
        let set_a_bound = replaced.is_some_and(|known| {
            (known.start_time == self.start_time && known.start_time < start)
                || (end_of(known) == self.end_time && end < end_of(known))
        });
        self.bytes = self.bytes - replaced.map_or(0, weight) + weight(&piece);
        self.start_time = self.start_time.min(start);
        self.end_time = self.end_time.max(end);
        let minute = Minute::of(start);
        if let Err(place) = self.minutes.binary_search(&minute) {
            self.minutes.insert(place, minute);
        }
        self.pieces.insert_mut(piece.id, piece);
        Some(set_a_bound)
    }

    /// Finds the bounds among all pieces.
    fn measure(&mut self) {
        let parts = || self.pieces.values();
        self.start_time = parts().map(|part| part.start_time).min().unwrap_or(self.start_time);
        self.end_time = parts().map(end_of).max().unwrap_or(self.end_time);
    }

    /// The id.
    pub fn id(&self) -> TraceId {
        self.id
    }

    /// The earliest start of anything in the trace.
    pub fn start_time(&self) -> Timestamp {
        self.start_time
    }

    /// The latest end of anything in the trace, never before its start; for work in progress its start counts.
    pub fn end_time(&self) -> Timestamp {
        self.end_time
    }

    /// Its place among all traces.
    pub fn position(&self) -> Position {
        Position { start: self.start_time, id: self.id }
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

    /// Ids that both a segment and a subsegment claim. The trace has room for one of the two: the one that ended later.
    pub fn contested(&self) -> &[SegmentId] {
        &self.contested
    }

    /// About how many bytes the trace takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The trace in a few hundred bytes, made when it is first asked for.
    pub fn digest(&self) -> &Digest {
        self.digest.get_or_init(|| Digest::of(self))
    }

    /// The minutes in which it may have work.
    pub(super) fn minutes(&self) -> &[Minute] {
        &self.minutes
    }

    fn assembled(&self) -> &Assembled {
        self.assembled.get_or_init(|| assemble(self.pieces.values()))
    }
}

/// A copy shares its pieces with the original. It leaves the assembled view and the digest behind: the store copies a trace in order to
/// change it.
impl Clone for Trace {
    fn clone(&self) -> Self {
        Self {
            pieces: self.pieces.clone(),
            contested: self.contested.clone(),
            minutes: self.minutes.clone(),
            assembled: OnceLock::new(),
            digest: OnceLock::new(),
            ..*self
        }
    }
}

/// When a piece ended; for work in progress, and where a clock was set back meanwhile, when it began.
fn end_of(piece: &Segment) -> Timestamp {
    piece.end_time.map_or(piece.start_time, |end| end.max(piece.start_time))
}

/// About how many bytes one piece takes in memory, once more for the assembled view.
fn weight(piece: &Segment) -> usize {
    2 * piece.memory()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Kind, Window};

    #[test]
    fn an_id_that_a_segment_and_a_subsegment_claim_is_remembered_whoever_came_first() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let [one, two] = [1, 2].map(|id: u64| SegmentId::from_bytes(id.to_be_bytes()));
        let segment = |id, end| Segment { end_time: Some(at(end)), ..Segment::new(Kind::Segment, id, "shop", at(1)) };
        let part = |id, end| Segment {
            parent_id: Some(two),
            end_time: Some(at(end)),
            ..Segment::new(Kind::Subsegment, id, "work", at(1))
        };
        let check = |pieces: &[Segment], expected: &[SegmentId], revision: u32| {
            let forth = Trace::from_segments(TraceId::from_bytes([1; 16]), pieces.to_vec());
            let back = Trace::from_segments(TraceId::from_bytes([1; 16]), pieces.iter().rev().cloned());
            assert_eq!((forth.contested(), back.contested()), (expected, expected), "{pieces:?}");
            assert_eq!((forth.segments(), forth.revision()), (back.segments(), revision), "{pieces:?}");
        };
        check(&[segment(one, 2), segment(one, 3), part(two, 2)], &[], 3);
        check(&[segment(one, 2), part(one, 3)], &[one], 2);
        check(&[segment(one, 3), part(one, 2)], &[one], 2);
        check(&[segment(one, 3), part(one, 2), part(one, 2), segment(one, 3)], &[one], 2);
        check(&[segment(one, 3), part(one, 2), segment(two, 2), part(two, 3)], &[one, two], 4);
    }

    #[test]
    fn a_replaced_piece_no_longer_sets_the_bounds() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let piece = |id: u64, start: i64, end: Option<i64>| {
            let new = Segment::new(Kind::Segment, SegmentId::from_bytes(id.to_be_bytes()), "shop", at(start));
            Segment { end_time: end.map(at), ..new }
        };
        let check = |pieces: &[Segment], start: i64, end: i64| {
            let trace = Trace::from_segments(TraceId::from_bytes([1; 16]), pieces.to_vec());
            assert_eq!((trace.start_time(), trace.end_time()), (at(start), at(end)), "{pieces:?}");
            assert!(Window { start: at(start), end: at(start + 1) }.overlaps(trace.start_time(), trace.end_time()));
        };
        check(&[piece(1, 5, None)], 5, 5);
        check(&[piece(1, 5, None), piece(1, 5, Some(9))], 5, 9);
        check(&[piece(1, 5, None), piece(2, 7, Some(8)), piece(1, 6, Some(9))], 6, 9);
        check(&[piece(1, 50, None), piece(2, 7, Some(8)), piece(1, 6, Some(9))], 6, 9);
        // A clock that was set back.
        check(&[piece(1, 5, Some(3))], 5, 5);
    }
}
