//! `PutTraceSegments` and `PutTelemetryRecords`.

use actix_web::web;

use crate::document::Rejection;
use crate::ingest::segments_api;
use crate::refusal::check_range;
use crate::state::AppState;

use super::answer::{Answer, Outcome};
use super::error::ApiError;
use super::input::Input;
use super::wire::{Done, PutTelemetryRecords, PutTraceSegments, PutTraceSegmentsAnswer, UnprocessedTraceSegment};

pub(super) async fn put(
    state: web::Data<AppState>,
    Input(input): Input<PutTraceSegments>,
) -> Outcome<PutTraceSegmentsAnswer> {
    let most = state.limits.documents();
    check_range("TraceSegmentDocuments: the number of documents", input.trace_segment_documents.len(), 0..=most)?;
    let rejections = segments_api::take(&input.trace_segment_documents, &state.intake).await.map_err(ApiError::from)?;
    let unprocessed_trace_segments = rejections.into_iter().map(unprocessed).collect();
    Ok(Answer(PutTraceSegmentsAnswer { unprocessed_trace_segments }))
}

/// A daemon's own counters. They are checked and let go: nothing reads them.
pub(super) async fn put_telemetry(Input(input): Input<PutTelemetryRecords>) -> Outcome<Done> {
    tracing::debug!(records = input.telemetry_records.len(), "a daemon reported its counters");
    Ok(Answer(Done {}))
}

fn unprocessed(rejection: Rejection) -> UnprocessedTraceSegment {
    UnprocessedTraceSegment {
        message: format!("Invalid segment. ErrorCode: {}, at {}: {}", rejection.code, rejection.path, rejection.reason),
        error_code: rejection.code.as_str(),
        id: rejection.id,
    }
}
