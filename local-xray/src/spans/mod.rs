//! A trace as OpenTelemetry spans, for readers that ask for `TraceFormat: OTEL`.
//!
//! One JSON document a span, in the shape in which CloudWatch keeps spans: ids as W3C writes them, times in whole
//! nanoseconds, attributes by name. Every segment and subsegment is a span of its own, and all that a document says is
//! said again. Inferred segments are left out, because nobody sent them as spans.

mod attributes;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::document::{Cause, Exception, Kind, Link, Outcome, Segment, SegmentId, StackFrame, Timestamp, TraceId};
use crate::store::Trace;

use self::attributes::Told;

/// One span.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    /// The id of the segment or subsegment that it is made of.
    pub(crate) id: SegmentId,
    /// The span as JSON.
    pub(crate) document: Value,
}

/// The spans of a trace, parents before children.
pub(crate) fn spans(trace: &Trace) -> Vec<Span> {
    let segments = trace.segments().iter().map(|segment| (segment, Some(segment)));
    let all = segments.chain(trace.orphans().iter().map(|orphan| (orphan, None)));
    let parts = all.flat_map(|(top, service)| top.descendants().map(move |part| (part, service)));
    parts.map(|(part, service)| Span { id: part.id, document: document(trace.id(), part, service) }).collect()
}

fn document(trace_id: TraceId, part: &Segment, service: Option<&Segment>) -> Value {
    let Told { name, resource, scope, attributes, status_message } = attributes::told(part, service);
    let mut span = json!({
        "resource": { "attributes": resource },
        "traceId": trace_id.to_w3c(),
        "spanId": part.id,
        "name": name,
        "kind": kind(part),
        "startTimeUnixNano": nanos(part.start_time),
        "attributes": attributes,
        "status": status(part, status_message),
    });
    let Some(members) = span.as_object_mut() else { return span };
    let mut put = |key: &str, value: Option<Value>| members.extend(value.map(|value| (key.to_owned(), value)));
    put("scope", (!scope.is_empty()).then(|| scope.into()));
    put("parentSpanId", part.parent_id.map(|id| json!(id)));
    put("endTimeUnixNano", part.end_time.map(nanos));
    put("durationNano", part.response_time().map(|taken| json!(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX))));
    let events = events(part);
    put("events", (!events.is_empty()).then(|| events.into()));
    let links: Vec<Value> = part.links.iter().map(link).collect();
    put("links", (!links.is_empty()).then(|| links.into()));
    span
}

/// Documents do not say what a span did for whom; what it is on the map comes close.
fn kind(part: &Segment) -> &'static str {
    match part.kind {
        _ if part.namespace.is_some() || part.is_downstream_call() => "CLIENT",
        Kind::Segment => "SERVER",
        Kind::Subsegment => "INTERNAL",
    }
}

fn status(part: &Segment, message: Option<Value>) -> Value {
    let mut status = Map::new();
    status.insert("code".to_owned(), if part.outcome() == Outcome::Ok { "UNSET" } else { "ERROR" }.into());
    status.extend(message.map(|message| ("message".to_owned(), message)));
    status.into()
}

fn events(part: &Segment) -> Vec<Value> {
    let Some(Cause::Exceptions(cause)) = part.cause.as_deref() else { return Vec::new() };
    // A document does not say when an exception came; it ended the work.
    let at = nanos(part.end_time.unwrap_or(part.start_time));
    let event =
        |exception| json!({ "name": "exception", "timeUnixNano": at, "attributes": exception_attributes(exception) });
    cause.exceptions.iter().map(event).collect()
}

fn exception_attributes(exception: &Exception) -> Map<String, Value> {
    const NAMES: [(&str, &str); 2] = [("type", "exception.type"), ("message", "exception.message")];
    let stack: Vec<String> = exception.stack.iter().map(frame).collect();
    let rest = Exception { stack: Vec::new(), ..exception.clone() };
    let mut attributes = attributes::named(&rest, "aws.xray.exception", &NAMES);
    if !stack.is_empty() {
        attributes.insert("exception.stacktrace".to_owned(), stack.join("\n").into());
    }
    attributes
}

fn frame(frame: &StackFrame) -> String {
    let label = frame.label.as_deref().unwrap_or("?");
    let place = [frame.path.clone(), frame.line.map(|line| line.to_string())];
    format!("at {label} ({})", place.into_iter().flatten().collect::<Vec<_>>().join(":"))
}

fn link(link: &Link) -> Value {
    json!({ "traceId": link.trace_id.to_w3c(), "spanId": link.id, "attributes": link.attributes })
}

fn nanos(time: Timestamp) -> Value {
    time.micros().saturating_mul(1_000).into()
}
