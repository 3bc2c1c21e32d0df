//! What a trace misses: the first that holds is told.

use serde::{Deserialize, Serialize};

use crate::document::Segment;
use crate::graph::Calls;
use crate::store::Trace;

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
    /// `None` for a trace that is complete. `calls` are its own.
    pub(crate) fn of(trace: &Trace, calls: &Calls<'_>) -> Option<Self> {
        let pieces = || calls.parts().map(|part| part.piece);
        let misses_parent = |segment: &Segment| segment.parent_id.is_some_and(|parent| !trace.contains(parent));
        let misses_answer = |piece: &Segment| piece.expects_callee() && calls.answers_to(piece).is_empty();
        if pieces().any(Segment::is_in_progress) {
            Some(Self::End)
        } else if !trace.orphans().is_empty() || trace.segments().iter().any(misses_parent) {
            Some(Self::Parent)
        } else {
            pieces().any(misses_answer).then_some(Self::Answer)
        }
    }
}
