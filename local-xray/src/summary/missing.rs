//! What a trace misses: the first that holds is told.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::document::{Segment, SegmentId};
use crate::store::Trace;

use super::parts;

/// Why a trace is partial. Digests are stored with it: another variant is another form of digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Missing {
    /// The end of work in progress.
    End,
    /// The parent of some work.
    Parent,
    /// The answer to a call that announced one.
    Answer,
}

impl Missing {
    /// `None` for a trace that is complete.
    pub(crate) fn of(trace: &Trace) -> Option<Self> {
        if parts(trace).any(Segment::is_in_progress) {
            return Some(Self::End);
        }
        let misses_parent = |segment: &Segment| segment.parent_id.is_some_and(|parent| !trace.contains(parent));
        if !trace.orphans().is_empty() || trace.segments().iter().any(misses_parent) {
            return Some(Self::Parent);
        }
        let answered: HashSet<SegmentId> = trace.segments().iter().filter_map(|segment| segment.parent_id).collect();
        let misses_answer = |part: &Segment| part.expects_callee() && !answered.contains(&part.id);
        parts(trace).any(misses_answer).then_some(Self::Answer)
    }
}
