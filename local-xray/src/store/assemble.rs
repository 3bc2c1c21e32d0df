//! From loose pieces to a trace: subsegments nested under their parents, orphans apart.

use std::{mem, slice};

use crate::document::{Kind, Segment};

/// How deep subsegments are nested. No document can nest deeper: the JSON reader stops before. Whatever walks or drops
/// a tree by recursion relies on this.
const MAX_LEVELS: usize = 64;

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

/// Puts pieces together. Each piece appears exactly once in the result. What is called from the deepest level stays on
/// that level, beside its parent.
pub(super) fn assemble<'a>(pieces: impl Iterator<Item = &'a Segment>) -> Assembled {
    let mut pieces: Vec<&Segment> = pieces.collect();
    pieces.sort_unstable_by_key(|piece| piece.id);
    let mut children = vec![Vec::new(); pieces.len()];
    let mut tops = Vec::new();
    for (place, piece) in pieces.iter().enumerate() {
        let parent = piece.parent_id.filter(|_| piece.kind == Kind::Subsegment);
        let parent = parent.and_then(|parent| pieces.binary_search_by_key(&parent, |piece| piece.id).ok());
        match parent.and_then(|parent| children.get_mut(parent)) {
            Some(siblings) => siblings.push(place),
            None => tops.push(place),
        }
    }
    let mut builder = Builder { pieces: &pieces, children: &children, is_placed: vec![false; pieces.len()] };
    let mut assembled = Assembled::default();
    // Subsegments that name one another as parents hang below no top: whoever has the lowest id becomes one.
    for place in tops.into_iter().chain(0..pieces.len()) {
        if let Some(tree) = builder.tree(place) {
            let shelf = if tree.kind == Kind::Segment { &mut assembled.segments } else { &mut assembled.orphans };
            shelf.push(tree);
        }
    }
    sort_by_start(&mut assembled.segments);
    sort_by_start(&mut assembled.orphans);
    assembled
}

/// A piece whose subsegments are still being placed.
struct Open<'a> {
    piece: Segment,
    children: slice::Iter<'a, usize>,
}

/// Everything by its place among the pieces, which are in the order of their ids.
struct Builder<'a> {
    pieces: &'a [&'a Segment],
    children: &'a [Vec<usize>],
    is_placed: Vec<bool>,
}

impl<'a> Builder<'a> {
    /// Builds the tree below a piece, without recursion: a sender can nest as deep as it likes with loose documents.
    /// `None` when the piece is in some tree already.
    fn tree(&mut self, place: usize) -> Option<Segment> {
        let mut open = vec![self.open(place)?];
        loop {
            if let Some(child) = open.last_mut().and_then(|top| top.children.next()) {
                open.extend(self.open(*child));
                continue;
            }
            let mut done = open.pop()?.piece;
            sort_by_start(&mut done.subsegments);
            let Some(above) = open.len().min(MAX_LEVELS - 1).checked_sub(1) else { return Some(done) };
            open.get_mut(above)?.piece.subsegments.push(done);
        }
    }

    fn open(&mut self, place: usize) -> Option<Open<'a>> {
        if mem::replace(self.is_placed.get_mut(place)?, true) {
            return None;
        }
        let (piece, children) = (*self.pieces.get(place)?, self.children.get(place)?);
        Some(Open { piece: piece.clone(), children: children.iter() })
    }
}

fn sort_by_start(segments: &mut [Segment]) {
    segments.sort_by_key(|segment| (segment.start_time, segment.id));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{SegmentId, Timestamp};

    fn id(number: u64) -> SegmentId {
        SegmentId::from_bytes(number.to_be_bytes())
    }

    /// A segment and loose subsegments, each the parent of the next.
    fn chain(length: u64) -> Vec<Segment> {
        let piece = |number| {
            let kind = if number == 1 { Kind::Segment } else { Kind::Subsegment };
            let parent_id = (number > 1).then(|| id(number - 1));
            Segment { parent_id, ..Segment::new(kind, id(number), "step", Timestamp::EPOCH) }
        };
        (1..=length).map(piece).collect()
    }

    fn levels(segment: &Segment) -> usize {
        1 + segment.subsegments.iter().map(levels).max().unwrap_or(0)
    }

    #[test]
    fn a_chain_of_loose_subsegments_nests_only_so_deep() {
        let check = |length: u64, expected: usize| {
            let pieces = chain(length);
            let assembled = assemble(pieces.iter());
            let [segment] = assembled.segments.as_slice() else { panic!("one segment") };
            assert_eq!(levels(segment), expected, "{length}");
            assert_eq!(segment.descendants().count() as u64, length, "nothing is left out");
            assert!(assembled.orphans.is_empty());
        };
        check(1, 1);
        check(64, 64);
        check(65, 64);
        check(200_000, 64);
    }
}
