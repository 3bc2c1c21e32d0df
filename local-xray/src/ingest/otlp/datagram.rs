//! OTLP inside a datagram: how AWS's OpenTelemetry exporters for Lambda talk to a daemon.
//!
//! After the usual header line comes `T1S` (sampled) or `T1U` (not sampled) and an export request in protobuf and Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

use crate::document::{ErrorCode, Rejection};
use crate::ingest::translate::{Translation, translate};

const SAMPLED: &[u8] = b"T1S";
const NOT_SAMPLED: &[u8] = b"T1U";

/// Whether the body of a datagram is OTLP rather than a segment document.
pub(in crate::ingest) fn is_otlp(body: &[u8]) -> bool {
    body.starts_with(SAMPLED) || body.starts_with(NOT_SAMPLED)
}

/// Reads the body of a datagram. Spans that their sender decided not to sample are refused, as X-Ray never shows them.
pub(in crate::ingest) fn read(body: &[u8]) -> Translation {
    match decode(body) {
        Ok(request) if body.starts_with(SAMPLED) => translate(&request),
        Ok(request) => {
            let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
            let spans: usize = scopes.map(|scope| scope.spans.len()).sum();
            let reason = format!("{spans} spans that their sender did not sample (T1U)");
            Rejection::new(ErrorCode::NotSampled, "$", reason).into()
        }
        Err(reason) => Rejection::new(ErrorCode::InvalidSpan, "$", reason).into(),
    }
}

fn decode(body: &[u8]) -> Result<ExportTraceServiceRequest, String> {
    let text = body.get(SAMPLED.len()..).unwrap_or_default();
    let bytes = BASE64.decode(text.trim_ascii()).map_err(|error| format!("not Base64 after T1S or T1U: {error}"))?;
    ExportTraceServiceRequest::decode(bytes.as_slice()).map_err(|error| format!("not an OTLP request: {error}"))
}
