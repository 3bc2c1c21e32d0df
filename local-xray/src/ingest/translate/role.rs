//! What a span does for its service, and so whether it is a segment or a subsegment.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::attributes::Attributes;
use super::identity::Parent;

/// Marks the first span of a service; its other values change nothing.
const SPAN_KIND_ATTRIBUTE: &str = "aws.span.kind";

/// What a span is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A segment: work that a service does for somebody else.
    Segment,
    /// A segment that is a call to somebody else, because nothing of its own service came before it.
    CallingSegment,
    /// A subsegment.
    Subsegment,
    /// A segment of the service, and in it a subsegment for the call: the span is both.
    SegmentAndCall,
}

/// Finds the role by kind, parent and the local-root mark.
pub(super) fn role(kind: SpanKind, parent: Parent, attributes: &Attributes) -> Role {
    let is_local_root = attributes.text(&[SPAN_KIND_ATTRIBUTE]).as_deref() == Some("LOCAL_ROOT");
    match (kind, parent) {
        (SpanKind::Server, _) => Role::Segment,
        (SpanKind::Client | SpanKind::Producer | SpanKind::Consumer, _) if is_local_root => Role::SegmentAndCall,
        (SpanKind::Client | SpanKind::Producer, Parent::None) => Role::CallingSegment,
        // A message that came from elsewhere starts the work of this service, unless the sender says otherwise.
        (SpanKind::Consumer, Parent::None | Parent::Remote(_) | Parent::Somewhere(_)) => Role::Segment,
        (_, Parent::None) => Role::Segment,
        (SpanKind::Internal | SpanKind::Unspecified, _) if is_local_root => Role::Segment,
        _ => Role::Subsegment,
    }
}

/// Whether spans of this kind call somebody else.
pub(super) fn calls_out(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Client | SpanKind::Producer)
}
