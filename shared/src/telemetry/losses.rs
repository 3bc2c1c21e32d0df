//! What was not exported: counted by us, because the batch processors keep their counters to themselves, logged once a minute, and told as
//! metrics.
//!
//! [`Gate`] stands before the batch processor of spans, and its like before that of log events. It lets in as many as the queue holds, so
//! the processor never drops one on its own, and every sampled span ends as exported, refused at the gate, or failed.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};

use super::span_end::tidy;

/// What became of telemetry since the start. `ended` is the sum of `exported`, `refused`, `failed` and [`ExportCounts::waiting`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportCounts {
    /// Sampled spans that ended.
    pub ended: u64,
    /// Spans handed over without an error.
    pub exported: u64,
    /// Spans that found the queue full.
    pub refused: u64,
    /// Spans that the exporter could not hand over.
    pub failed: u64,
    /// What became of log events.
    pub logs: LogCounts,
    /// Exports of metrics that went through.
    pub metric_exports: u64,
    /// Exports of metrics that did not. Totals are cumulative, so the next one makes up for them.
    pub metric_exports_failed: u64,
}

impl ExportCounts {
    /// Spans in the queue, or on their way out of it.
    pub const fn waiting(&self) -> u64 {
        self.ended.saturating_sub(self.exported + self.refused + self.failed)
    }
}

/// What became of log events since the start; all zero where they are not exported. `logged` is the sum of `exported`, `refused`, `failed`
/// and [`LogCounts::waiting`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogCounts {
    /// Events that were meant for export.
    pub logged: u64,
    /// Events handed over without an error.
    pub exported: u64,
    /// Events that found the queue full.
    pub refused: u64,
    /// Events that the exporter could not hand over.
    pub failed: u64,
}

impl LogCounts {
    /// Events in the queue, or on their way out of it.
    pub const fn waiting(&self) -> u64 {
        self.logged.saturating_sub(self.exported + self.refused + self.failed)
    }
}

/// The shared counters.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pub(super) spans: Tally,
    pub(super) logs: Tally,
    metric_exports: AtomicU64,
    metric_exports_failed: AtomicU64,
    last_error: Mutex<String>,
}

/// The counters of one queue.
#[derive(Debug, Default)]
pub(super) struct Tally {
    ended: AtomicU64,
    exported: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    waiting: AtomicUsize,
}

impl Tally {
    /// Whether there is room for one more in a queue of this capacity.
    pub(super) fn let_in(&self, capacity: usize) -> bool {
        self.ended.fetch_add(1, Relaxed);
        if self.waiting.fetch_add(1, Relaxed) < capacity {
            return true;
        }
        self.waiting.fetch_sub(1, Relaxed);
        self.refused.fetch_add(1, Relaxed);
        false
    }

    /// Makes room in the queue for as many as the exporter has just taken.
    pub(super) fn taken(&self, count: usize) {
        self.waiting.fetch_sub(count, Relaxed);
    }

    pub(super) fn exported(&self, count: usize) {
        self.exported.fetch_add(count as u64, Relaxed);
    }
}

impl Losses {
    pub(super) fn counts(&self) -> ExportCounts {
        let Self { spans, logs, .. } = self;
        ExportCounts {
            ended: spans.ended.load(Relaxed),
            exported: spans.exported.load(Relaxed),
            refused: spans.refused.load(Relaxed),
            failed: spans.failed.load(Relaxed),
            logs: LogCounts {
                logged: logs.ended.load(Relaxed),
                exported: logs.exported.load(Relaxed),
                refused: logs.refused.load(Relaxed),
                failed: logs.failed.load(Relaxed),
            },
            metric_exports: self.metric_exports.load(Relaxed),
            metric_exports_failed: self.metric_exports_failed.load(Relaxed),
        }
    }

    pub(super) fn spans_failed(&self, spans: usize, why: &dyn std::fmt::Display) {
        self.spans.failed.fetch_add(spans as u64, Relaxed);
        self.remember(why);
    }

    pub(super) fn logs_failed(&self, events: usize, why: &dyn std::fmt::Display) {
        self.logs.failed.fetch_add(events as u64, Relaxed);
        self.remember(why);
    }

    pub(super) fn metrics_exported(&self) {
        self.metric_exports.fetch_add(1, Relaxed);
    }

    pub(super) fn metrics_failed(&self, why: &dyn std::fmt::Display) {
        self.metric_exports_failed.fetch_add(1, Relaxed);
        self.remember(why);
    }

    fn remember(&self, why: &dyn std::fmt::Display) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = why.to_string();
    }

    /// Logs what was lost since `before`, if anything.
    fn report(&self, before: ExportCounts) -> ExportCounts {
        let now = self.counts();
        let (refused, failed) = (now.refused - before.refused, now.failed - before.failed);
        let exports = now.metric_exports_failed - before.metric_exports_failed;
        let why = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if exports > 0 {
            tracing::warn!(metrics.exports_failed = exports, "metrics could not be exported {exports} times ({why})");
        }
        if refused + failed > 0 {
            tracing::warn!(
                spans.refused = refused,
                spans.failed = failed,
                "spans were lost: {refused} found the queue full, {failed} could not be exported ({why})"
            );
        }
        let (refused, failed) = (now.logs.refused - before.logs.refused, now.logs.failed - before.logs.failed);
        if refused + failed > 0 {
            tracing::warn!(
                logs.refused = refused,
                logs.failed = failed,
                "log events were not exported: {refused} found the queue full, {failed} could not be sent ({why})"
            );
        }
        now
    }

    /// Logs what the flush had no time for. The exporter may still hand some of it over before the process has ended.
    fn report_unsent(&self) {
        let counts = self.counts();
        let (spans, logs) = (counts.waiting(), counts.logs.waiting());
        if spans > 0 {
            tracing::warn!(spans.unsent = spans, "spans were still waiting when telemetry ended: {spans}");
        }
        if logs > 0 {
            tracing::warn!(logs.unsent = logs, "log events were still waiting when telemetry ended: {logs}");
        }
    }
}

/// Logs losses at intervals until it is stopped, and a last time then.
#[derive(Debug)]
pub(super) struct Reporter {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Reporter {
    pub(super) fn start(losses: Arc<Losses>, every: Duration) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("telemetry-losses".to_owned()).spawn(move || {
            // A line about lost log events must not be lost as one itself, or there would be one to tell of every minute.
            let _only_lines = Context::enter_telemetry_suppressed_scope();
            let mut before = ExportCounts::default();
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(every) {
                before = losses.report(before);
            }
            losses.report(before);
            losses.report_unsent();
        })?;
        Ok(Self { stop, thread })
    }

    pub(super) fn stop(self) {
        drop(self.stop);
        // A reporter that panicked has nothing left to say.
        let _ = self.thread.join();
    }
}

/// Admits spans to a batch processor while it has room, and tidies them on the way.
#[derive(Debug)]
pub(super) struct Gate<P> {
    inner: P,
    capacity: usize,
    losses: Arc<Losses>,
}

impl<P: SpanProcessor> Gate<P> {
    /// Stands before `inner`, whose queue holds `capacity` spans.
    pub(super) fn new(inner: P, capacity: usize, losses: Arc<Losses>) -> Self {
        Self { inner, capacity, losses }
    }
}

impl<P: SpanProcessor> SpanProcessor for Gate<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.losses.spans.let_in(self.capacity) {
            self.inner.on_end(tidy(span));
        }
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
pub(super) struct Counted<E> {
    inner: E,
    losses: Arc<Losses>,
}

impl<E: SpanExporter> Counted<E> {
    pub(super) fn new(inner: E, losses: Arc<Losses>) -> Self {
        Self { inner, losses }
    }
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.losses.spans.taken(spans);
        let result = self.inner.export(batch).await;
        match &result {
            Ok(()) => self.losses.spans.exported(spans),
            Err(error) => self.losses.spans_failed(spans, error),
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_that_ended_is_accounted_for() {
        let losses = Losses::default();
        let admitted = (0..5).filter(|_| losses.spans.let_in(3)).count();
        assert_eq!(admitted, 3);
        losses.spans.taken(3);
        losses.spans.exported(2);
        losses.spans_failed(1, &"connection refused");
        assert!(losses.spans.let_in(3), "a taken span makes room");
        assert_eq!(
            losses.counts(),
            ExportCounts { ended: 6, exported: 2, refused: 2, failed: 1, ..ExportCounts::default() }
        );
        assert_eq!(losses.counts().waiting(), 1);
    }
}
