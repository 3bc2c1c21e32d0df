//! Requests served and requests made.

use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, UpDownCounter};

use super::{HTTP_SECONDS, meter};

/// The instruments of one server.
#[derive(Clone, Debug)]
pub(crate) struct ServerMetrics {
    duration: Histogram<f64>,
    active: UpDownCounter<i64>,
}

impl ServerMetrics {
    /// Takes the instruments from the telemetry that runs now.
    pub(crate) fn new() -> Self {
        let meter = meter();
        let duration = meter.f64_histogram("http.server.request.duration").with_unit("s");
        let active = meter.i64_up_down_counter("http.server.active_requests").with_unit("{request}");
        Self {
            duration: duration
                .with_description("How long a request took to be answered.")
                .with_boundaries(HTTP_SECONDS.to_vec())
                .build(),
            active: active.with_description("Requests that are being answered.").build(),
        }
    }

    /// A request has come in.
    pub(crate) fn begin(&self, method: &'static str, scheme: &'static str, route: Option<&str>) -> Serving {
        let common = [KeyValue::new("http.request.method", method), KeyValue::new("url.scheme", scheme)];
        self.active.add(1, &common);
        let route = route.map(|route| KeyValue::new("http.route", route.to_owned()));
        Serving { metrics: self.clone(), started: Instant::now(), common, route }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Serving {
    metrics: ServerMetrics,
    started: Instant,
    common: [KeyValue; 2],
    route: Option<KeyValue>,
}

impl Serving {
    /// The request was answered, or given up by its caller; call it once.
    pub(crate) fn end(&mut self, status: u16, error: Option<&'static str>) {
        self.metrics.active.add(-1, &self.common);
        let mut attributes = self.common.to_vec();
        attributes.extend(self.route.take());
        attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
        attributes.extend(error_type(status, 500, error));
        self.metrics.duration.record(self.started.elapsed().as_secs_f64(), &attributes);
    }
}

/// The instruments of one client.
#[derive(Clone, Debug)]
pub(crate) struct ClientMetrics {
    duration: Histogram<f64>,
}

impl ClientMetrics {
    /// Takes the instruments from the telemetry that runs now.
    pub(crate) fn new() -> Self {
        let meter = meter();
        let duration = meter.f64_histogram("http.client.request.duration").with_unit("s");
        let duration = duration.with_description("How long an attempt of a call took.");
        Self { duration: duration.with_boundaries(HTTP_SECONDS.to_vec()).build() }
    }

    /// One attempt of a call has ended, with a status or without one.
    pub(crate) fn record(
        &self,
        started: Instant,
        called: &[KeyValue],
        status: Option<u16>,
        error: Option<&'static str>,
    ) {
        let mut attributes = called.to_vec();
        attributes.extend(status.map(|status| KeyValue::new("http.response.status_code", i64::from(status))));
        attributes.extend(error_type(status.unwrap_or_default(), 400, error));
        self.duration.record(started.elapsed().as_secs_f64(), &attributes);
    }
}

/// The word for what went wrong; a status from `failing` on speaks for itself.
fn error_type(status: u16, failing: u16, error: Option<&'static str>) -> Option<KeyValue> {
    match error {
        Some(word) => Some(KeyValue::new("error.type", word)),
        None => (status >= failing).then(|| KeyValue::new("error.type", status.to_string())),
    }
}
