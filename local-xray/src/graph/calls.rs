//! How the pieces of one trace are connected: who called whom, through what.

use foldhash::HashMap;

use crate::document::{Kind, Segment, SegmentId};
use crate::store::Trace;

use super::Measured;
use super::identity::Key;
use super::task::task_of;

/// One piece of a trace and the segment whose work it is.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    /// The segment or subsegment.
    pub(crate) piece: &'a Segment,
    /// The segment around it; itself for a segment, `None` for a subsegment whose segment has not arrived.
    pub(crate) owner: Option<&'a Segment>,
}

/// One number that a piece of work contributes: to its node's own view, or to the caller's view of a call. The piece is
/// the segment itself, or what was measured of it.
pub(crate) enum Count<'a, P> {
    /// A service's own work, and which of its tasks did it.
    Segment { node: Key<'a>, piece: P, is_entry: bool, task: Option<&'a str> },
    /// A call that nobody answered, in place of the callee's own work.
    Inferred { node: Key<'a>, piece: P },
    /// A request from outside, from the callee's client, in the numbers of the segment that served it.
    Entry { callee: Key<'a>, piece: P },
    /// A call from one service to another.
    Call { caller: Key<'a>, callee: Key<'a>, piece: P },
}

impl<'a> Count<'a, &'a Segment> {
    /// The same without the rest of the document.
    pub(super) fn measured(self) -> Count<'a, Measured> {
        self.map(Measured::of)
    }
}

impl<'a, P> Count<'a, P> {
    /// The same with another form of the piece.
    pub(crate) fn map<Q>(self, form: impl FnOnce(P) -> Q) -> Count<'a, Q> {
        match self {
            Self::Segment { node, piece, is_entry, task } => {
                Count::Segment { node, piece: form(piece), is_entry, task }
            }
            Self::Inferred { node, piece } => Count::Inferred { node, piece: form(piece) },
            Self::Entry { callee, piece } => Count::Entry { callee, piece: form(piece) },
            Self::Call { caller, callee, piece } => Count::Call { caller, callee, piece: form(piece) },
        }
    }

    /// The work whose times and flags are counted.
    pub(crate) fn piece(&self) -> &P {
        match self {
            Self::Segment { piece, .. }
            | Self::Inferred { piece, .. }
            | Self::Entry { piece, .. }
            | Self::Call { piece, .. } => piece,
        }
    }
}

/// The connections of one trace.
pub(crate) struct Calls<'a> {
    parts: Vec<Part<'a>>,
    place: HashMap<SegmentId, usize>,
    /// Segments by the piece that they name as parent.
    answers: HashMap<SegmentId, Vec<&'a Segment>>,
}

impl<'a> Calls<'a> {
    pub(crate) fn of(trace: &'a Trace) -> Self {
        let owned = trace.segments().iter().map(|segment| (segment, Some(segment)));
        let unowned = trace.orphans().iter().map(|orphan| (orphan, None));
        let trees = owned.chain(unowned);
        let parts: Vec<_> =
            trees.flat_map(|(top, owner)| top.descendants().map(move |piece| Part { piece, owner })).collect();
        let place = parts.iter().enumerate().map(|(index, part)| (part.piece.id, index)).collect();
        let mut answers: HashMap<SegmentId, Vec<&'a Segment>> = HashMap::default();
        for segment in trace.segments() {
            if let Some(parent) = segment.parent_id {
                answers.entry(parent).or_default().push(segment);
            }
        }
        Self { parts, place, answers }
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = Part<'a>> {
        self.parts.iter().copied()
    }

    pub(crate) fn part(&self, id: SegmentId) -> Option<Part<'a>> {
        self.parts.get(*self.place.get(&id)?).copied()
    }

    /// Everything that one piece counts for: the one place that says what becomes a node and what an edge.
    pub(crate) fn counts_of(&self, part: Part<'a>) -> Vec<Count<'a, &'a Segment>> {
        let mut counts = Vec::new();
        let piece = part.piece;
        if part.owner.is_some_and(|owner| owner.id == piece.id) {
            let node = Key::of_segment(piece);
            let is_entry = piece.parent_id.is_none();
            if is_entry && !is_synthetic_client(piece) {
                counts.push(Count::Entry { callee: node.clone(), piece });
            }
            counts.push(Count::Segment { node, piece, is_entry, task: task_of(piece) });
        }
        let caller = part.owner.map(Key::of_segment);
        if self.is_unanswered_call(piece) {
            let node = Key::of_call(piece);
            counts.extend(caller.clone().map(|caller| Count::Call { caller, callee: node.clone(), piece }));
            counts.push(Count::Inferred { node, piece });
        }
        if let Some(caller) = &caller {
            counts.extend(self.calls_answered(piece, caller));
        }
        counts
    }

    /// The calls to the segments that name this piece as parent. A call counts once for each node that answered it, in
    /// the caller's numbers; where the parent is no call (a segment, or internal work), only the child has numbers.
    fn calls_answered(&self, piece: &'a Segment, caller: &Key<'a>) -> Vec<Count<'a, &'a Segment>> {
        let is_call = piece.is_downstream_call();
        let mut counted: Vec<Key<'a>> = Vec::new();
        let mut counts = Vec::new();
        for answer in self.answers_to(piece) {
            let callee = Key::of_segment(answer);
            if is_call && counted.contains(&callee) {
                continue;
            }
            counted.push(callee.clone());
            counts.push(Count::Call { caller: caller.clone(), callee, piece: if is_call { piece } else { answer } });
        }
        counts
    }

    /// The segments that name this piece as their parent.
    pub(crate) fn answers_to(&self, piece: &Segment) -> &[&'a Segment] {
        self.answers.get(&piece.id).map_or(&[], Vec::as_slice)
    }

    /// Says whether an inferred node stands for the callee.
    pub(crate) fn is_unanswered_call(&self, piece: &Segment) -> bool {
        piece.is_downstream_call() && self.answers_to(piece).is_empty()
    }

    /// The calls that a link to this trace points at: the one it names, or the queues that the named segment (or,
    /// without a name, any segment of the trace) wrote to.
    pub(crate) fn linked(&self, named: Option<SegmentId>) -> Vec<&'a Segment> {
        let named = named.and_then(|id| self.part(id));
        match named {
            Some(part) if self.is_unanswered_call(part.piece) => vec![part.piece],
            Some(Part { owner: Some(owner), .. }) => {
                self.unanswered_calls_of(owner).filter(|call| is_queue(call)).collect()
            }
            _ => self.queue_calls().map(|part| part.piece).collect(),
        }
    }

    /// Says whether some call was answered by nobody.
    pub(crate) fn has_unanswered_call(&self) -> bool {
        self.parts().any(|part| self.is_unanswered_call(part.piece))
    }

    /// The unanswered calls to queues.
    pub(crate) fn queue_calls(&self) -> impl Iterator<Item = Part<'a>> {
        self.parts().filter(|part| self.is_unanswered_call(part.piece) && is_queue(part.piece))
    }

    /// The unanswered calls of one segment.
    fn unanswered_calls_of(&self, segment: &'a Segment) -> impl Iterator<Item = &'a Segment> {
        debug_assert_eq!(segment.kind, Kind::Segment);
        segment.descendants().filter(|piece| self.is_unanswered_call(piece))
    }
}

/// A canary is a client itself: its own node stands where the client would be drawn.
fn is_synthetic_client(segment: &Segment) -> bool {
    segment.origin.as_deref().is_some_and(|origin| origin.to_ascii_lowercase().starts_with("client::synthetic"))
}

fn is_queue(call: &Segment) -> bool {
    matches!(super::inferred_type(call).as_deref(), Some("AWS::SQS::Queue" | "AWS::SQS" | "AWS::SNS"))
}
