//! From loose pieces to a trace: subsegments nested under their parents, orphans apart.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::document::{Kind, Segment, SegmentId};

/// The pieces of a trace put together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Assembled {
    pub(super) segments: Vec<Segment>,
    pub(super) orphans: Vec<Segment>,
}

/// Decides between two pieces with the same id: a complete one wins over one in progress. Between two of a kind, which
/// X-Ray's rules exclude but senders produce, the later end wins, then the greater text: any fixed order will do, as
/// long as it does not ask who came first.
pub(super) fn wins_over(piece: &Segment, known: &Segment) -> bool {
    let text = |segment: &Segment| serde_json::to_string(segment).unwrap_or_default();
    piece != known
        && (piece.end_time, piece.kind, piece.parent_id)
            .cmp(&(known.end_time, known.kind, known.parent_id))
            .then_with(|| text(piece).cmp(&text(known)))
            .is_gt()
}

/// Puts pieces together. Each piece appears exactly once in the result.
pub(super) fn assemble<'a>(pieces: impl Iterator<Item = &'a Segment>) -> Assembled {
    let pieces: BTreeMap<SegmentId, &Segment> = pieces.map(|piece| (piece.id, piece)).collect();
    let mut children: HashMap<SegmentId, Vec<SegmentId>> = HashMap::new();
    let mut tops = Vec::new();
    for piece in pieces.values() {
        match piece.parent_id.filter(|parent| piece.kind == Kind::Subsegment && pieces.contains_key(parent)) {
            Some(parent) => children.entry(parent).or_default().push(piece.id),
            None => tops.push(piece.id),
        }
    }
    let mut builder = Builder { pieces: &pieces, children: &children, placed: HashSet::new() };
    let mut assembled = Assembled::default();
    // Subsegments that name one another as parents hang below no top: whoever has the lowest id becomes one.
    for id in tops.into_iter().chain(pieces.keys().copied()) {
        if let Some(tree) = builder.tree(id) {
            let shelf = if tree.kind == Kind::Segment { &mut assembled.segments } else { &mut assembled.orphans };
            shelf.push(tree);
        }
    }
    sort_by_start(&mut assembled.segments);
    sort_by_start(&mut assembled.orphans);
    assembled
}

struct Builder<'a> {
    pieces: &'a BTreeMap<SegmentId, &'a Segment>,
    children: &'a HashMap<SegmentId, Vec<SegmentId>>,
    placed: HashSet<SegmentId>,
}

impl Builder<'_> {
    /// Builds the tree below `id`, without recursion: a sender can nest as deep as it likes with loose documents.
    /// `None` when the piece has a place already.
    fn tree(&mut self, id: SegmentId) -> Option<Segment> {
        let mut open = vec![self.place(id)?];
        loop {
            let unplaced_child = open.last().and_then(|top| self.next_child(top.id));
            if let Some(child) = unplaced_child.and_then(|child| self.place(child)) {
                open.push(child);
                continue;
            }
            let mut done = open.pop()?;
            sort_by_start(&mut done.subsegments);
            match open.last_mut() {
                Some(parent) => parent.subsegments.push(done),
                None => return Some(done),
            }
        }
    }

    fn next_child(&self, id: SegmentId) -> Option<SegmentId> {
        self.children.get(&id)?.iter().copied().find(|child| !self.placed.contains(child))
    }

    fn place(&mut self, id: SegmentId) -> Option<Segment> {
        self.placed.insert(id).then(|| self.pieces.get(&id).map(|piece| Segment::clone(piece)))?
    }
}

fn sort_by_start(segments: &mut [Segment]) {
    segments.sort_by_key(|segment| (segment.start_time, segment.id));
}
