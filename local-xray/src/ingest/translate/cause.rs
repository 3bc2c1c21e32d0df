//! Flags and `cause`: what went wrong, from the HTTP status, the span's status and its exception events.

use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use crate::document::{Cause, Exception, Exceptions, Http};

use super::attributes::Attributes;
use super::identity::Identity;
use super::role::calls_out;
use super::stack;

/// The three flags of a segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) error: bool,
    pub(super) throttle: bool,
    pub(super) fault: bool,
}

/// What went wrong, and what could not be said in the block.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Failure {
    pub(super) cause: Option<Cause>,
    /// Attributes of exception events that the block has no member for, one entry an event.
    pub(super) rest: Vec<(usize, Attributes)>,
    /// Whether the status message stands in the block.
    pub(super) holds_status_message: bool,
}

/// An HTTP status from 400 to 599 decides; otherwise a span that failed is a fault.
pub(super) fn flags(span: &Span, http: Option<&Http>) -> Flags {
    match http.and_then(Http::status) {
        Some(429) => Flags { error: true, throttle: true, fault: false },
        Some(400..500) => Flags { error: true, ..Flags::default() },
        Some(500..600) => Flags { fault: true, ..Flags::default() },
        _ => Flags { fault: failed(span), ..Flags::default() },
    }
}

/// Whether the event describes an exception.
pub(super) fn is_exception(event: &Event) -> bool {
    event.name == "exception"
}

/// Reads the exception events; without any, the status message of a failed span stands for one.
pub(super) fn failure(span: &Span, kind: SpanKind, identity: &Identity) -> Failure {
    let mut failure = Failure::default();
    let mut exceptions = Vec::new();
    for (index, event) in span.events.iter().enumerate().filter(|(_, event)| is_exception(event)) {
        let (exception, rest) = exception(event, kind, identity, exceptions.len());
        exceptions.push(exception);
        failure.rest.push((index, rest));
    }
    let message = span.status.as_ref().map(|status| status.message.clone()).filter(|message| !message.is_empty());
    if exceptions.is_empty() && failed(span) && message.is_some() {
        let id = exception_id(identity, 0);
        exceptions.push(Exception { id, message: message.clone(), remote: remote(kind), ..Exception::default() });
    }
    failure.holds_status_message = exceptions.iter().any(|exception| says(exception, message.as_deref()));
    failure.cause =
        (!exceptions.is_empty()).then(|| Cause::Exceptions(Exceptions { exceptions, ..Exceptions::default() }));
    failure
}

/// Whether the text says no more than the exception does; several SDKs set the status to `type: message`.
fn says(exception: &Exception, text: Option<&str>) -> bool {
    let message = exception.message.as_deref();
    let with_type = || Some(format!("{}: {}", exception.kind.as_deref()?, message?));
    message == text || with_type().as_deref() == text
}

fn exception(event: &Event, kind: SpanKind, identity: &Identity, number: usize) -> (Exception, Attributes) {
    let mut attributes = Attributes::new(&event.attributes);
    let stack = attributes.text(&["exception.stacktrace"]).map(|text| stack::parse(&text)).unwrap_or_default();
    if stack.is_complete {
        attributes.take("exception.stacktrace");
    }
    let exception = Exception {
        id: exception_id(identity, number),
        kind: attributes.take_text(&["exception.type"]),
        message: attributes.take_text(&["exception.message"]),
        remote: remote(kind),
        truncated: Some(stack.left_out).filter(|left_out| *left_out > 0),
        stack: stack.frames,
        ..Exception::default()
    };
    (exception, attributes)
}

/// Exceptions are numbered after the segment ids derived from the same span.
fn exception_id(identity: &Identity, number: usize) -> Option<String> {
    Some(identity.derived_id(number as u64 + 1).to_string())
}

fn remote(kind: SpanKind) -> Option<bool> {
    Some(calls_out(kind))
}

fn failed(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status: &Status| status.code == StatusCode::Error as i32)
}
