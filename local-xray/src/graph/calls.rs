//! How the pieces of one trace are connected: who called whom, through what.

use std::collections::HashMap;

use crate::document::{Kind, Segment, SegmentId};
use crate::store::Trace;

/// One piece of a trace and the segment whose work it is.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    /// The segment or subsegment.
    pub(super) piece: &'a Segment,
    /// The segment around it; itself for a segment, `None` for a subsegment whose segment has not arrived.
    pub(super) owner: Option<&'a Segment>,
}

/// The connections of one trace.
pub(super) struct Calls<'a> {
    parts: Vec<Part<'a>>,
    place: HashMap<SegmentId, usize>,
    /// Segments by the piece that they name as parent.
    answers: HashMap<SegmentId, Vec<&'a Segment>>,
}

impl<'a> Calls<'a> {
    pub(super) fn of(trace: &'a Trace) -> Self {
        let owned = trace.segments().iter().map(|segment| (segment, Some(segment)));
        let unowned = trace.orphans().iter().map(|orphan| (orphan, None));
        let trees = owned.chain(unowned);
        let parts: Vec<_> =
            trees.flat_map(|(top, owner)| top.descendants().map(move |piece| Part { piece, owner })).collect();
        let place = parts.iter().enumerate().map(|(index, part)| (part.piece.id, index)).collect();
        let mut answers: HashMap<SegmentId, Vec<&'a Segment>> = HashMap::new();
        for segment in trace.segments() {
            if let Some(parent) = segment.parent_id {
                answers.entry(parent).or_default().push(segment);
            }
        }
        Self { parts, place, answers }
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'a>> {
        self.parts.iter().copied()
    }

    pub(super) fn part(&self, id: SegmentId) -> Option<Part<'a>> {
        self.parts.get(*self.place.get(&id)?).copied()
    }

    /// The segments that name this piece as their parent.
    pub(super) fn answers_to(&self, piece: &Segment) -> &[&'a Segment] {
        self.answers.get(&piece.id).map_or(&[], Vec::as_slice)
    }

    /// Says whether an inferred node stands for the callee.
    pub(super) fn is_unanswered_call(&self, piece: &Segment) -> bool {
        piece.is_downstream_call() && self.answers_to(piece).is_empty()
    }

    /// The unanswered calls of one segment.
    pub(super) fn unanswered_calls_of(&self, segment: &'a Segment) -> impl Iterator<Item = &'a Segment> {
        debug_assert_eq!(segment.kind, Kind::Segment);
        segment.descendants().filter(|piece| self.is_unanswered_call(piece))
    }
}
