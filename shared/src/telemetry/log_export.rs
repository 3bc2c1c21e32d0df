//! Log events over OTLP, beside the lines on standard output: for a receiver that keeps them by trace and time.
//!
//! Off unless `OTEL_LOGS_EXPORTER` asks for it, because where lines are collected already every event would be kept, and paid for, twice. An
//! event carries the ids of the trace and the span that it happened in, and its fields as attributes; the level of the lines is its level
//! too. The queue is bounded and its export a thread's of its own: an event that finds no room, or cannot be handed over, is counted
//! and told like a lost span. What the exporters say about themselves is never exported, or one failure would make the next.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::InstrumentationScope;
use opentelemetry::logs::Severity;
use opentelemetry_otlp::{LogExporter as OtlpExporter, Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, LogBatch, LogExporter, LogProcessor, SdkLogRecord, SdkLoggerProvider,
};

use super::exporter::Queue;
use super::losses::Losses;
use super::otlp::{self, Signal};
use crate::config::{ConfigError, Environment};

const EXPORTER: &str = "OTEL_LOGS_EXPORTER";

/// Beginnings of the names under which the exporters, and what they are built of, speak.
const EXPORTERS: [&str; 5] = ["opentelemetry", "hyper", "reqwest", "h2", "rustls"];

/// Where log events go besides standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogSettings {
    /// The URL that they are posted to, if any.
    url: Option<String>,
    queue: Queue,
}

impl LogSettings {
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let url = match environment.get(EXPORTER).unwrap_or("none") {
            _ if environment.switch("OTEL_SDK_DISABLED", false)? => None,
            "otlp" => Some(otlp::url(environment, Signal::Logs)?),
            "none" => None,
            other => return Err(ConfigError::invalid(EXPORTER, other, "one of otlp, none")),
        };
        Ok(Self { url, queue: Queue::of_logs(environment)? })
    }
}

/// What takes log events, exporting on a thread of its own; `None` where they go nowhere.
///
/// # Errors
/// When the exporter cannot be set up.
pub(super) fn provider(
    settings: &LogSettings,
    resource: &Resource,
    losses: &Arc<Losses>,
) -> anyhow::Result<Option<SdkLoggerProvider>> {
    let Some(url) = &settings.url else { return Ok(None) };
    let builder = OtlpExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
    let otlp = builder.with_endpoint(url).with_timeout(otlp::TIMEOUT).build();
    let otlp = otlp.context("cannot export logs over OTLP")?;
    let Queue { capacity, batch, delay } = settings.queue;
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(capacity)
        .with_max_export_batch_size(batch)
        .with_scheduled_delay(delay)
        .build();
    let counted = Counted { inner: otlp, losses: Arc::clone(losses) };
    let inner = BatchLogProcessor::builder(counted).with_batch_config(config).build();
    let gate = Gate { inner, capacity, losses: Arc::clone(losses) };
    Ok(Some(SdkLoggerProvider::builder().with_resource(resource.clone()).with_log_processor(gate).build()))
}

/// Admits events while the queue has room, so that none is lost uncounted, and none of the exporters' own.
#[derive(Debug)]
struct Gate {
    inner: BatchLogProcessor,
    capacity: usize,
    losses: Arc<Losses>,
}

impl LogProcessor for Gate {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.losses.logs.let_in(self.capacity) {
            self.inner.emit(record, scope);
        }
    }

    fn event_enabled(&self, _: Severity, target: &str, _: Option<&str>) -> bool {
        !EXPORTERS.iter().any(|name| target.starts_with(name))
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Counts what an exporter hands over whole batches at a time.
#[derive(Debug)]
struct Counted<E> {
    inner: E,
    losses: Arc<Losses>,
}

impl<E: LogExporter> LogExporter for Counted<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let events = batch.iter().count();
        self.losses.logs.taken(events);
        let result = self.inner.export(batch).await;
        match &result {
            Ok(()) => self.losses.logs.exported(events),
            Err(error) => self.losses.logs_failed(events, error),
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_events_are_exported_when_that_is_asked_for() {
        fn check(pairs: &[(&str, &str)], expected: Result<Option<&str>, &str>) {
            let settings = LogSettings::from_environment(&Environment::from_pairs(pairs.iter().copied()));
            let url = settings.map(|settings| settings.url).map_err(|error| error.to_string());
            assert_eq!(url, expected.map(|url| url.map(str::to_owned)).map_err(str::to_owned), "{pairs:?}");
        }
        let otlp = (EXPORTER, "otlp");
        check(&[], Ok(None));
        check(&[(EXPORTER, "none")], Ok(None));
        check(&[otlp], Ok(Some("http://localhost:4318/v1/logs")));
        check(&[otlp, ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://adot:4318")], Ok(Some("http://adot:4318/v1/logs")));
        check(&[otlp, ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://b:2/in")], Ok(Some("http://b:2/in")));
        check(&[otlp, ("OTEL_SDK_DISABLED", "true")], Ok(None));
        check(&[(EXPORTER, "console")], Err("OTEL_LOGS_EXPORTER is `console`, but must be one of otlp, none"));
        check(
            &[otlp, ("OTEL_BLRP_MAX_QUEUE_SIZE", "0")],
            Err("OTEL_BLRP_MAX_QUEUE_SIZE is `0`, but must be a positive whole number"),
        );
    }
}
