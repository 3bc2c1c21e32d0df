//! The client span of one attempt, its measurement, and the headers that carry the trace to the callee.

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::{Answer, CallError, chain};
use crate::telemetry;
use crate::telemetry::metrics::http::ClientMetrics;
use crate::telemetry::middleware::HUNG_UP;

/// The kind of failure of an attempt that nobody waits for any more.
const ABANDONED: &str = "abandoned";

/// What an attempt is about.
pub(super) struct Target<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    pub(super) peer: &'a str,
    /// 1 for the first attempt of a call.
    pub(super) number: usize,
    /// What is left of the call's deadline.
    pub(super) left: Duration,
    /// Whether the breaker lets this one through to see whether the peer is back.
    pub(super) is_probe: bool,
}

/// One attempt of a call. Dropped without an end, the attempt was abandoned: whoever asked us hung up.
pub(super) struct Attempt {
    context: Context,
    metrics: ClientMetrics,
    started: Instant,
    called: [KeyValue; 3],
    ended: bool,
}

impl Attempt {
    pub(super) fn start(target: &Target<'_>, metrics: &ClientMetrics) -> Self {
        let Target { method, url, peer, number, left, is_probe } = target;
        let called = [
            KeyValue::new("http.request.method", method.to_string()),
            KeyValue::new("server.address", url.host_str().unwrap_or_default().to_owned()),
            KeyValue::new("server.port", i64::from(url.port_or_known_default().unwrap_or_default())),
        ];
        let span = || {
            let mut attributes = called.to_vec();
            attributes.extend([
                KeyValue::new("url.full", url.to_string()),
                KeyValue::new("peer.service", (*peer).to_owned()),
                KeyValue::new("call.deadline_ms", i64::try_from(left.as_millis()).unwrap_or(i64::MAX)),
                KeyValue::new("call.breaker", if *is_probe { "probing" } else { "closed" }),
            ]);
            if *number > 1 {
                let resends = i64::try_from(*number - 1).unwrap_or(i64::MAX);
                attributes.push(KeyValue::new("http.request.resend_count", resends));
            }
            let builder = SpanBuilder::from_name(format!("{method} {peer}"));
            builder.with_kind(SpanKind::Client).with_attributes(attributes)
        };
        let context = telemetry::start(&Context::current(), span);
        Self { context, metrics: metrics.clone(), started: Instant::now(), called, ended: false }
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

    pub(super) fn end(mut self, outcome: &Result<Answer, CallError>) {
        self.ended = true;
        let span = self.context.span();
        let (status, word) = match outcome {
            Ok(answer) => (Some(answer.status.as_u16()), None),
            Err(error) => (None, Some(error.kind())),
        };
        self.metrics.record(self.started, &self.called, status, word);
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

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // No answer will ever say how this went. The callee is not to blame, so it is told as the server span tells it: 499.
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(HUNG_UP)));
        span.set_attribute(KeyValue::new("error.type", ABANDONED));
        span.end();
        self.metrics.record(self.started, &self.called, None, Some(ABANDONED));
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
