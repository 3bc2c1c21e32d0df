//! How metrics leave, and what is known about the export of spans and log events.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};

use crate::telemetry::SCOPE;
use crate::telemetry::losses::Losses;

/// Counts the exports that failed; nothing else would tell of them.
#[derive(Debug)]
pub(super) struct Counted<E> {
    inner: E,
    losses: Arc<Losses>,
}

impl<E> Counted<E> {
    pub(super) fn new(inner: E, losses: Arc<Losses>) -> Self {
        Self { inner, losses }
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Counted<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let result = self.inner.export(metrics).await;
        match &result {
            Ok(()) => self.losses.metrics_exported(),
            Err(error) => self.losses.metrics_failed(error),
        }
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

/// Writes each export as a line of OTLP's JSON on standard output.
#[derive(Debug)]
pub(super) struct Console;

impl PushMetricExporter for Console {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        use std::io::Write as _;
        let failure = |error: &dyn std::fmt::Display| OTelSdkError::InternalFailure(error.to_string());
        let line =
            serde_json::to_string(&ExportMetricsServiceRequest::from(metrics)).map_err(|error| failure(&error))?;
        writeln!(std::io::stdout().lock(), "{line}").map_err(|error| failure(&error))
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

/// Tells what became of spans and log events, under the names that the conventions give to an SDK's own metrics.
pub(super) fn observe(provider: &SdkMeterProvider, losses: &Arc<Losses>) {
    let meter = provider.meter(SCOPE);
    let counts = |losses: &Arc<Losses>| {
        let losses = Arc::clone(losses);
        move || losses.counts()
    };
    let (queue_full, failed) = ([KeyValue::new("error.type", "queue_full")], [KeyValue::new("error.type", "failed")]);
    let processed = counts(losses);
    let _ = meter
        .u64_observable_counter("otel.sdk.processor.span.processed")
        .with_unit("{span}")
        .with_description("Sampled spans that ended; with an error.type, those that found the queue full.")
        .with_callback(move |observer| {
            let now = processed();
            observer.observe(now.ended.saturating_sub(now.refused), &[]);
            observer.observe(now.refused, &queue_full);
        })
        .build();
    let exported = counts(losses);
    let _ = meter
        .u64_observable_counter("otel.sdk.exporter.span.exported")
        .with_unit("{span}")
        .with_description("Spans that the exporter was given; with an error.type, those that it could not hand over.")
        .with_callback(move |observer| {
            let now = exported();
            observer.observe(now.exported, &[]);
            observer.observe(now.failed, &failed);
        })
        .build();
    let waiting = counts(losses);
    let _ = meter
        .i64_observable_up_down_counter("otel.sdk.processor.span.queue.size")
        .with_unit("{span}")
        .with_description("Spans that wait for their export, or are on their way.")
        .with_callback(move |observer| observer.observe(i64::try_from(waiting().waiting()).unwrap_or(i64::MAX), &[]))
        .build();
    observe_logs(&meter, losses);
}

/// The same of log events, in two metrics: whether they found room, and whether they could be handed over.
fn observe_logs(meter: &Meter, losses: &Arc<Losses>) {
    let counts = |losses: &Arc<Losses>| {
        let losses = Arc::clone(losses);
        move || losses.counts().logs
    };
    let (queue_full, failed) = ([KeyValue::new("error.type", "queue_full")], [KeyValue::new("error.type", "failed")]);
    let processed = counts(losses);
    let _ = meter
        .u64_observable_counter("otel.sdk.processor.log.processed")
        .with_unit("{log_record}")
        .with_description("Log events meant for export; with an error.type, those that found the queue full.")
        .with_callback(move |observer| {
            let now = processed();
            observer.observe(now.logged.saturating_sub(now.refused), &[]);
            observer.observe(now.refused, &queue_full);
        })
        .build();
    let exported = counts(losses);
    let _ = meter
        .u64_observable_counter("otel.sdk.exporter.log.exported")
        .with_unit("{log_record}")
        .with_description(
            "Log events that the exporter was given; with an error.type, those that it could not hand over.",
        )
        .with_callback(move |observer| {
            let now = exported();
            observer.observe(now.exported, &[]);
            observer.observe(now.failed, &failed);
        })
        .build();
}
