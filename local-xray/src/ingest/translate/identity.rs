//! Who a span is and when it happened; a span that gets this wrong is refused.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;

use crate::document::{ErrorCode, Rejection, SegmentId, Timestamp, TraceId};

/// Bits of `flags` that say whether the parent's side is known, and whether the parent is in another process.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// The place of a span in its trace and in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Identity {
    pub(super) trace_id: TraceId,
    pub(super) id: SegmentId,
    pub(super) parent: Parent,
    pub(super) start_time: Timestamp,
    /// Absent when the sender reports a span that has not ended.
    pub(super) end_time: Option<Timestamp>,
    bits: u64,
}

/// Where a span's parent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    /// The trace starts here.
    None,
    /// In the same process.
    Local(SegmentId),
    /// In another process.
    Remote(SegmentId),
    /// The sender does not say.
    Somewhere(SegmentId),
}

impl Parent {
    pub(super) fn id(self) -> Option<SegmentId> {
        match self {
            Self::None => None,
            Self::Local(id) | Self::Remote(id) | Self::Somewhere(id) => Some(id),
        }
    }
}

impl Identity {
    /// Reads the identity of a span.
    ///
    /// # Errors
    /// What is wrong, with the member of the span as its path.
    pub(super) fn read(span: &Span) -> Result<Self, Rejection> {
        let with_ids = |rejection: Rejection| Rejection {
            id: (!span.span_id.is_empty()).then(|| hex(&span.span_id)),
            trace_id: (!span.trace_id.is_empty()).then(|| hex(&span.trace_id)),
            ..rejection
        };
        Self::check(span).map_err(with_ids)
    }

    fn check(span: &Span) -> Result<Self, Rejection> {
        use ErrorCode::{InvalidId, InvalidParentId, InvalidTraceId, MissingId, MissingTraceId};
        let trace_id = id_bytes(&span.trace_id, "traceId", MissingTraceId, InvalidTraceId)?;
        let span_id = id_bytes(&span.span_id, "spanId", MissingId, InvalidId)?;
        let has_parent = span.parent_span_id.iter().any(|byte| *byte != 0);
        let parent = if has_parent {
            let bytes = id_bytes(&span.parent_span_id, "parentSpanId", InvalidParentId, InvalidParentId)?;
            let id = SegmentId::from_bytes(bytes);
            match (span.flags & HAS_IS_REMOTE != 0, span.flags & IS_REMOTE != 0) {
                (false, _) => Parent::Somewhere(id),
                (true, false) => Parent::Local(id),
                (true, true) => Parent::Remote(id),
            }
        } else {
            Parent::None
        };
        if span.start_time_unix_nano == 0 {
            let reason = "there is no start time";
            return Err(Rejection::new(ErrorCode::MissingStartTime, "startTimeUnixNano", reason));
        }
        let end_time = (span.end_time_unix_nano != 0)
            .then(|| time(span.end_time_unix_nano, "endTimeUnixNano", ErrorCode::InvalidEndTime));
        Ok(Self {
            trace_id: TraceId::from_bytes(trace_id),
            id: SegmentId::from_bytes(span_id),
            parent,
            start_time: time(span.start_time_unix_nano, "startTimeUnixNano", ErrorCode::InvalidStartTime)?,
            end_time: end_time.transpose()?,
            bits: u64::from_be_bytes(span_id),
        })
    }

    /// An id that belongs to this span and no other: the same each time the span is sent, different for each `number`.
    pub(super) fn derived_id(&self, number: u64) -> SegmentId {
        // Odd multipliers and rotations are bijective, so spans that differ keep ids that differ.
        let step = number.wrapping_add(1).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let bits = self.bits.wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(31) ^ step;
        SegmentId::from_bytes(bits.to_be_bytes())
    }
}

/// The ids of a linked span, if they are ids.
pub(super) fn linked_ids(trace_id: &[u8], span_id: &[u8]) -> Option<(TraceId, Option<SegmentId>)> {
    let trace: [u8; 16] = trace_id.try_into().ok()?;
    let span: Option<[u8; 8]> = span_id.try_into().ok().filter(|bytes| *bytes != [0; 8]);
    (trace != [0; 16]).then(|| (TraceId::from_bytes(trace), span.map(SegmentId::from_bytes)))
}

/// Lower-case hexadecimal digits of bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A nanosecond time as text, because JSON readers round large numbers.
pub(super) fn nanos(time: u64) -> Value {
    Value::String(time.to_string())
}

fn id_bytes<const N: usize>(
    bytes: &[u8],
    path: &str,
    missing: ErrorCode,
    invalid: ErrorCode,
) -> Result<[u8; N], Rejection> {
    if bytes.is_empty() {
        return Err(Rejection::new(missing, path, "there is no id"));
    }
    let id: [u8; N] = bytes
        .try_into()
        .map_err(|_| Rejection::new(invalid, path, format!("{} bytes long instead of {N}", bytes.len())))?;
    if id == [0; N] {
        return Err(Rejection::new(invalid, path, "all zero, which means no id"));
    }
    Ok(id)
}

fn time(nanos: u64, path: &str, invalid: ErrorCode) -> Result<Timestamp, Rejection> {
    let too_late = || Rejection::new(invalid, path, format!("{nanos} ns is later than X-Ray can write"));
    Timestamp::from_nanos(nanos).ok_or_else(too_late)
}
