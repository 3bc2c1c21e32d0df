//! The client span of one attempt, and the headers that carry the trace to the callee.

use actix_web::http::StatusCode;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::{Answer, CallError, chain};
use crate::telemetry;

/// One attempt of a call; its span ends when this is dropped, at the latest.
pub(super) struct Attempt {
    context: Context,
}

impl Attempt {
    pub(super) fn start(method: &Method, url: &Url, peer: &str, number: u32) -> Self {
        let mut attributes = vec![
            KeyValue::new("http.request.method", method.to_string()),
            KeyValue::new("url.full", url.to_string()),
            KeyValue::new("server.address", url.host_str().unwrap_or_default().to_owned()),
            KeyValue::new("server.port", i64::from(url.port_or_known_default().unwrap_or_default())),
            KeyValue::new("peer.service", peer.to_owned()),
        ];
        if number > 1 {
            attributes.push(KeyValue::new("http.request.resend_count", i64::from(number - 1)));
        }
        let tracer = telemetry::tracer();
        let builder = tracer.span_builder(format!("{method} {peer}"));
        let span = builder.with_kind(SpanKind::Client).with_attributes(attributes).start(&tracer);
        Self { context: Context::current_with_span(span) }
    }

    /// The headers that continue this trace on the other side.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in telemetry::propagation::outgoing(&self.context) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }

    pub(super) fn end(self, outcome: &Result<Answer, CallError>) {
        let span = self.context.span();
        match outcome {
            Ok(answer) => {
                span.set_attribute(KeyValue::new("http.response.status_code", i64::from(answer.status.as_u16())));
                if answer.status >= StatusCode::BAD_REQUEST {
                    span.set_attribute(KeyValue::new("error.type", answer.status.as_str().to_owned()));
                    span.set_status(Status::error(""));
                }
            }
            Err(error) => {
                let message = chain(error);
                span.set_attribute(KeyValue::new("error.type", error.kind()));
                span.add_event(
                    "exception",
                    vec![
                        KeyValue::new("exception.type", error.kind()),
                        KeyValue::new("exception.message", message.clone()),
                    ],
                );
                span.set_status(Status::error(message));
            }
        }
        span.end();
    }
}

impl CallError {
    /// One word for the kind of failure, low in cardinality.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::BreakerOpen { .. } => "breaker_open",
            Self::DeadlineExceeded { .. } => "deadline_exceeded",
            Self::Unusable { .. } => "unusable_answer",
        }
    }
}
