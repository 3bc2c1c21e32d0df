//! `BatchGetTraces`.

use actix_web::web;

use crate::document::{Segment, TraceId, to_document};
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::Trace;

use super::answer::{Answer, Lifted, LiftedOutcome};
use super::error::ApiError;
use super::input::Input;
use super::wire::{BatchGetTraces, BatchGetTracesAnswer, SegmentOut, TraceOut};

pub(super) async fn batch_get(
    state: web::Data<AppState>,
    Input(input): Input<BatchGetTraces>,
) -> LiftedOutcome<BatchGetTracesAnswer> {
    let ((), beyond) = state.limits.check(|limits| limits.check_trace_ids(input.trace_ids.len()))?;
    if input.next_token.is_some() {
        return Err(ApiError::invalid_request("NextToken is currently not supported"));
    }
    let snapshot = state.store.snapshot();
    let mut answer = BatchGetTracesAnswer { traces: Vec::new(), unprocessed_trace_ids: Vec::new() };
    for id in input.trace_ids {
        match TraceId::parse(&id).and_then(|id| snapshot.trace(id)) {
            Some(trace) => answer.traces.push(trace_out(&trace)),
            None => answer.unprocessed_trace_ids.push(id),
        }
    }
    Ok(Lifted(Answer(answer), beyond))
}

/// Reads the ids of traces for an operation that has no place for those that are none.
///
/// # Errors
/// Quotes the first that is none.
pub(super) fn trace_ids(sent: &[String]) -> Result<Vec<TraceId>, Refusal> {
    let parse = |id: &String| {
        TraceId::parse(id).ok_or_else(|| Refusal::invalid(format!("TraceIds: {id:?} is not the id of a trace")))
    };
    sent.iter().map(parse).collect()
}

/// Segments as they are now, subsegments whose parent is missing, and inferred segments.
pub(super) fn trace_out(trace: &Trace) -> TraceOut {
    let inferred = trace.inferred_segments();
    let documents = trace.segments().iter().chain(trace.orphans()).chain(&inferred);
    let segment_out =
        |segment: &Segment| SegmentOut { id: segment.id.to_string(), document: to_document(trace.id(), segment) };
    TraceOut {
        id: trace.id().to_string(),
        duration: trace.end_time().since(trace.start_time()).as_secs_f64(),
        limit_exceeded: false,
        segments: documents.map(segment_out).collect(),
    }
}
