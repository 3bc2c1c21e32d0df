//! Inferred segments: what X-Ray adds to a trace for downstream calls that no segment answers.

use std::borrow::Cow;

use foldhash::HashSet;

use crate::document::{Kind, Segment, SegmentId};
use crate::graph;

use super::Trace;

/// The segment that stands for the callee of a downstream call: same name, times, blocks and flags, a new id, and the
/// call as its parent.
pub fn inferred_segment(call: &Segment) -> Segment {
    Segment {
        parent_id: Some(call.id),
        inferred: true,
        end_time: call.end_time,
        http: call.http.clone(),
        aws: call.aws.clone(),
        sql: call.sql.clone(),
        error: call.error,
        throttle: call.throttle,
        fault: call.fault,
        cause: call.cause.clone(),
        origin: graph::inferred_type(call).filter(|service_type| service_type != "remote").map(Cow::into_owned),
        ..Segment::new(Kind::Segment, call.id.of_inferred(), call.name.clone(), call.start_time)
    }
}

pub(super) fn inferred_segments(trace: &Trace) -> Vec<Segment> {
    let answered: HashSet<SegmentId> = trace.segments().iter().filter_map(|segment| segment.parent_id).collect();
    let parts = trace.segments().iter().chain(trace.orphans()).flat_map(Segment::descendants);
    parts.filter(|part| part.is_downstream_call() && !answered.contains(&part.id)).map(inferred_segment).collect()
}
