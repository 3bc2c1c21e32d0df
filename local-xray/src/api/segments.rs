//! `PutTraceSegments` and `PutTelemetryRecords`.

use actix_web::web;

use crate::document::{ErrorCode, Rejection};
use crate::ingest::{Door, segments_api};
use crate::limits::Limits;
use crate::refusal::check_range;
use crate::state::AppState;

use super::answer::{Answer, Lifted, LiftedOutcome, Outcome};
use super::error::ApiError;
use super::input::Input;
use super::wire::{Done, PutTelemetryRecords, PutTraceSegments, PutTraceSegmentsAnswer, UnprocessedTraceSegment};

pub(super) async fn put(
    state: web::Data<AppState>,
    input: Result<Input<PutTraceSegments>, ApiError>,
) -> LiftedOutcome<PutTraceSegmentsAnswer> {
    let documents = input.and_then(|Input(input)| bounded(input.trace_segment_documents, state.limits));
    // The documents of a request that is refused are lost with it.
    let (documents, beyond) = documents.inspect_err(|error| {
        state.intake.reject(Rejection::new(ErrorCode::InvalidRequest, "$", error.to_string()), Door::SegmentsApi);
    })?;
    let rejections = segments_api::take(documents, &state.intake).await.map_err(ApiError::from)?;
    let unprocessed_trace_segments = rejections.into_iter().map(unprocessed).collect();
    Ok(Lifted(Answer(PutTraceSegmentsAnswer { unprocessed_trace_segments }), beyond))
}

fn bounded(documents: Vec<String>, limits: Limits) -> Result<(Vec<String>, Option<String>), ApiError> {
    let number = "TraceSegmentDocuments: the number of documents";
    let ((), beyond) = limits.check(|limits| check_range(number, documents.len(), 0..=limits.documents()))?;
    Ok((documents, beyond))
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
