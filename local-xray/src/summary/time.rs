//! Where the time of a trace went: which part of a piece's time was its own, and which work the answer waited for.
//!
//! The critical path is found from its end: the root's answer waited for whatever ended last before it, that waited for
//! whatever ended last before that, and the rest of the time is the waiting piece's own. Work that outlives the piece
//! around it was not waited for.

use std::collections::HashMap;
use std::time::Duration;

use crate::document::{Segment, SegmentId, Timestamp};
use crate::graph::Calls;
use crate::store::Trace;

use super::root_segment;

/// What ends so little after the piece around it still counts as waited for: the two ends are read off one after the
/// other, often by different clocks.
const SLACK: Duration = Duration::from_millis(5);

/// From one moment to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stretch {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Stretch {
    pub(crate) fn length(self) -> Duration {
        self.end.since(self.start)
    }
}

/// Where the time of one trace went, by piece.
#[derive(Debug, Default)]
pub(crate) struct Times {
    own: HashMap<SegmentId, Vec<Stretch>>,
    critical: HashMap<SegmentId, Vec<Stretch>>,
}

impl Times {
    pub(crate) fn of(trace: &Trace) -> Self {
        let calls = Calls::of(trace);
        let children = |piece: &Segment| -> Vec<Stretch> {
            let parts = piece.subsegments.iter().chain(calls.answers_to(piece).iter().copied());
            parts.map(|part| stretch(part, trace.end_time())).collect()
        };
        let own = calls.parts().map(|part| {
            let whole = stretch(part.piece, trace.end_time());
            (part.piece.id, without(whole, children(part.piece)))
        });
        let own = own.collect();
        let critical = root_segment(trace).map(|root| critical_path(root, &calls, trace.end_time()));
        Self { own, critical: critical.unwrap_or_default() }
    }

    /// The time in which nothing below the piece was at work, in order.
    pub(crate) fn own(&self, piece: SegmentId) -> &[Stretch] {
        self.own.get(&piece).map_or(&[], Vec::as_slice)
    }

    /// The time in which the root's answer waited for this piece itself, in order.
    pub(crate) fn critical(&self, piece: SegmentId) -> &[Stretch] {
        self.critical.get(&piece).map_or(&[], Vec::as_slice)
    }
}

/// The sum of stretches that do not overlap.
pub(crate) fn sum(stretches: &[Stretch]) -> Duration {
    stretches.iter().map(|stretch| stretch.length()).sum()
}

/// Work in progress is taken to last until the end of what is known.
fn stretch(piece: &Segment, known: Timestamp) -> Stretch {
    let end = piece.end_time.unwrap_or(known).max(piece.start_time);
    Stretch { start: piece.start_time, end }
}

/// What is left of a stretch when others are taken out.
fn without(whole: Stretch, mut others: Vec<Stretch>) -> Vec<Stretch> {
    others.sort_unstable();
    let mut left = Vec::new();
    let mut at = whole.start;
    for other in others {
        let start = other.start.min(whole.end);
        if start > at {
            left.push(Stretch { start: at, end: start });
        }
        at = at.max(other.end.min(whole.end));
    }
    if at < whole.end {
        left.push(Stretch { start: at, end: whole.end });
    }
    left
}

fn critical_path(root: &Segment, calls: &Calls<'_>, known: Timestamp) -> HashMap<SegmentId, Vec<Stretch>> {
    let mut path: HashMap<SegmentId, Vec<Stretch>> = HashMap::new();
    // Pieces that are waited for, each with the stretch in which it is. A list instead of calls: chains can be long.
    // Segments that name one another as parents are followed once.
    let mut waited: Vec<(&Segment, Stretch)> = vec![(root, stretch(root, known))];
    while let Some((piece, within)) = waited.pop() {
        if path.contains_key(&piece.id) {
            continue;
        }
        let mut children: Vec<(Stretch, &Segment)> = piece
            .subsegments
            .iter()
            .chain(calls.answers_to(piece).iter().copied())
            .map(|child| (stretch(child, known), child))
            .filter(|(child, _)| child.end.since(within.end) <= SLACK && child.end > within.start)
            .collect();
        children.sort_by_key(|(child, part)| (child.end, child.start, part.id));
        let mut own = Vec::new();
        let mut at = within.end;
        while let Some((child, part)) = children.pop() {
            let (start, end) = (child.start.max(within.start), child.end.min(at));
            if child.end.since(at) > SLACK || start >= end {
                continue;
            }
            own.extend((end < at).then_some(Stretch { start: end, end: at }));
            waited.push((part, Stretch { start, end }));
            at = start;
        }
        own.extend((within.start < at).then_some(Stretch { start: within.start, end: at }));
        own.reverse();
        path.insert(piece.id, own);
    }
    path
}

#[cfg(test)]
mod tests {
    use crate::document::{self, TraceId};

    use super::*;

    const ID: &str = "1-67891233-abcdef012345678912345678";

    fn trace(documents: &[&str]) -> Trace {
        let mut trace = Trace::new(TraceId::parse(ID).unwrap());
        for members in documents {
            let text = format!(r#"{{"trace_id": "{ID}", {members}}}"#);
            document::parse(text.as_bytes()).unwrap().into_iter().for_each(|parsed| {
                trace.merge(parsed.segment);
            });
        }
        trace
    }

    /// The stretches of the pieces 1, 2, … in tenths of a second after second 100.
    fn tenths(trace: &Trace, of: impl Fn(&Times, SegmentId) -> Vec<Stretch>) -> Vec<Vec<(i64, i64)>> {
        let times = Times::of(trace);
        let tenth = |at: Timestamp| (at.micros() - 100_000_000) / 100_000;
        (1..=trace.part_count() as u64)
            .map(|id| of(&times, SegmentId::from_bytes(id.to_be_bytes())))
            .map(|stretches| stretches.into_iter().map(|one| (tenth(one.start), tenth(one.end))).collect())
            .collect()
    }

    /// A segment 1 of two seconds with these subsegments: id, start and end in tenths of a second.
    fn shop(parts: &[(u64, u32, u32)]) -> Trace {
        let parts: Vec<String> = parts
            .iter()
            .map(|(id, start, end)| {
                let (start, end) = (100.0 + f64::from(*start) / 10.0, 100.0 + f64::from(*end) / 10.0);
                format!(r#"{{"name": "part", "id": "{id:016x}", "start_time": {start}, "end_time": {end}}}"#)
            })
            .collect();
        let parts = parts.join(", ");
        trace(&[&format!(
            r#""name": "shop", "id": "0000000000000001", "start_time": 100, "end_time": 102, "subsegments": [{parts}]"#
        )])
    }

    #[test]
    fn own_time_is_what_nothing_below_covers() {
        let own = |parts: &[(u64, u32, u32)]| {
            tenths(&shop(parts), |times, id| times.own(id).to_vec()).into_iter().next().unwrap()
        };
        assert_eq!(own(&[]), [(0, 20)]);
        assert_eq!(own(&[(2, 5, 10)]), [(0, 5), (10, 20)]);
        assert_eq!(own(&[(2, 5, 10), (3, 7, 15)]), [(0, 5), (15, 20)]);
        assert_eq!(own(&[(2, 0, 20)]), []);
        assert_eq!(own(&[(2, 15, 40)]), [(0, 15)], "what goes on afterwards takes no more than there is");
    }

    #[test]
    fn the_answer_waits_for_what_ended_last() {
        let check = |parts: &[(u64, u32, u32)], expected: &[&[(i64, i64)]]| {
            assert_eq!(tenths(&shop(parts), |times, id| times.critical(id).to_vec()), expected, "{parts:?}");
        };
        check(&[], &[&[(0, 20)]]);
        check(&[(2, 5, 10)], &[&[(0, 5), (10, 20)], &[(5, 10)]]);
    }

    #[test]
    fn overlapping_work_is_waited_for_as_far_as_it_is_not_hidden() {
        // While part 3 was at work, nothing waited for part 2; before that, everything did.
        let hidden = tenths(&shop(&[(2, 5, 10), (3, 7, 15)]), |times, id| times.critical(id).to_vec());
        assert_eq!(hidden, [vec![(0, 7), (15, 20)], vec![], vec![(7, 15)]]);
        let path = tenths(&shop(&[(2, 5, 10), (3, 10, 15)]), |times, id| times.critical(id).to_vec());
        assert_eq!(path, [vec![(0, 5), (15, 20)], vec![(5, 10)], vec![(10, 15)]]);
        let outlived = tenths(&shop(&[(2, 5, 40)]), |times, id| times.critical(id).to_vec());
        assert_eq!(outlived, [vec![(0, 20)], vec![]], "the answer did not wait for it");
    }

    #[test]
    fn the_path_leads_through_calls_into_the_callee() {
        let caller = r#""name": "shop", "id": "0000000000000001", "start_time": 100, "end_time": 102, "subsegments": [
            {"name": "stock", "id": "0000000000000002", "namespace": "remote", "start_time": 100.5, "end_time": 101.5}]"#;
        let callee = r#""name": "stock", "id": "0000000000000003", "parent_id": "0000000000000002",
            "start_time": 100.6, "end_time": 101.4"#;
        let path = tenths(&trace(&[callee, caller]), |times, id| times.critical(id).to_vec());
        assert_eq!(path, [vec![(0, 5), (15, 20)], vec![(5, 6), (14, 15)], vec![(6, 14)]]);
        let times = Times::of(&trace(&[callee, caller]));
        let whole: Duration = (1..=3_u64).map(|id| sum(times.critical(SegmentId::from_bytes(id.to_be_bytes())))).sum();
        assert_eq!(whole, Duration::from_secs(2), "the path is as long as the root");
    }

    #[test]
    fn circles_and_missing_roots_end() {
        let one = r#""name": "a", "id": "0000000000000001", "parent_id": "0000000000000002", "start_time": 100, "end_time": 101"#;
        let other = r#""name": "b", "id": "0000000000000002", "parent_id": "0000000000000001", "start_time": 100, "end_time": 101"#;
        assert_eq!(tenths(&trace(&[one, other]), |times, id| times.critical(id).to_vec()), [vec![], vec![]]);
        let open = r#""name": "a", "id": "0000000000000001", "start_time": 100, "in_progress": true"#;
        assert_eq!(tenths(&trace(&[open]), |times, id| times.own(id).to_vec()), [vec![]]);
    }
}
