//! Traces, metrics and logs of a service, from start-up to the last flush.
//!
//! [`run`] starts telemetry before any runtime exists and ends it after the runtime has ended: flushing inside it would wait
//! for itself. In between, [`middleware`] makes the server spans, [`crate::http_client`] the client spans, [`database`] the query spans, and
//! plain `tracing` spans nest inside them; all three are measured on the way, where metrics are asked for. Export runs on a thread of its own with a bounded queue: it never blocks nor fails a
//! request. Which traces are recorded is said by the caller where it has decided, and by `OTEL_TRACES_SAMPLER` where it has not.

mod ids;
pub mod propagation;
mod sampler;

pub mod database;
pub mod middleware;

pub(crate) mod metrics;

mod daemon;
mod exporter;
mod losses;
mod otlp;
mod segment;
mod span_end;

mod log_export;
pub mod log_level;
mod logs;
mod resource;

#[cfg(test)]
mod both_doors;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use opentelemetry::global;
use opentelemetry::trace::{SpanBuilder, TraceContextExt, Tracer as _, TracerProvider as _};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Metadata;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::exporter::{Exporter, Queue};
use self::ids::AdoptingIdGenerator;
use self::log_export::LogSettings;
use self::log_level::LogLevel;
use self::logs::JsonLines;
use self::losses::{Losses, Reporter};
use self::metrics::MetricsSettings;
use self::propagation::{Formats, Propagation, xray_trace_id};
use self::sampler::{Polls, SamplerChoice};
use self::span_end::ANNOTATIONS;
use crate::config::{ConfigError, Environment};
use crate::sampler::Poller;

pub use self::losses::{ExportCounts, LogCounts};

const SCOPE: &str = "shared";
const REPORT_EVERY: Duration = Duration::from_secs(60);
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);
/// What log events, and then metrics, get where spans have used up the deadline; metrics go last, so that they tell of the others.
const AT_LEAST: Duration = Duration::from_secs(1);

/// The settings of traces, metrics and logs.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    environment: Environment,
    service_name: String,
    service_version: String,
    exporter: Exporter,
    queue: Queue,
    sampler: SamplerChoice,
    formats: Formats,
    metrics: MetricsSettings,
    logs: LogSettings,
    log_level: LogLevel,
}

impl TelemetryConfig {
    /// Reads `OTEL_*`, `AWS_XRAY_DAEMON_ADDRESS` and `LOGLEVEL`; `OTEL_SERVICE_NAME` beats `service_name`.
    ///
    /// # Errors
    /// A [`ConfigError`] naming the variable that cannot be used.
    pub fn from_environment(
        environment: &Environment,
        service_name: &str,
        service_version: &str,
    ) -> Result<Self, ConfigError> {
        let formats = "a list of xray, tracecontext, baggage or none";
        Ok(Self {
            environment: environment.clone(),
            service_name: environment.get("OTEL_SERVICE_NAME").unwrap_or(service_name).to_owned(),
            service_version: service_version.to_owned(),
            exporter: Exporter::from_environment(environment)?,
            queue: Queue::of_spans(environment)?,
            sampler: SamplerChoice::from_environment(environment)?,
            formats: environment.parse_or("OTEL_PROPAGATORS", Formats::default(), formats)?,
            metrics: MetricsSettings::from_environment(environment)?,
            logs: LogSettings::from_environment(environment)?,
            log_level: LogLevel::from_environment(environment)?,
        })
    }
}

impl TelemetryConfig {
    /// Who sends all of this; may ask ECS, which takes a moment.
    fn resource(&self) -> Resource {
        resource::detect(&self.environment, &self.service_name, &self.service_version)
    }
}

/// Running telemetry; ends with [`Telemetry::shutdown`].
#[derive(Debug)]
#[must_use = "call shutdown after the runtime has ended, or the last spans are lost"]
pub struct Telemetry {
    spans: SdkTracerProvider,
    logs: Option<SdkLoggerProvider>,
    metrics: Option<SdkMeterProvider>,
    sampling: Option<Poller>,
    losses: Arc<Losses>,
    reporter: Reporter,
}

/// Runs a service on an actix system of its own, with telemetry from before its first line until its last span is sent.
///
/// # Errors
/// Those of `service`, and of [`init`].
pub fn run(config: &TelemetryConfig, service: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let telemetry = init(config)?;
    let served = actix_rt::System::new().block_on(service);
    telemetry.shutdown();
    served
}

/// Starts traces, metrics and logs for the whole process; call it once, before the runtime, or let [`run`] do it.
///
/// # Errors
/// When the exporter cannot be set up, or telemetry is already running.
pub fn init(config: &TelemetryConfig) -> anyhow::Result<Telemetry> {
    let losses = Arc::new(Losses::default());
    let resource = config.resource();
    let (provider, polls) = provider(config, &resource, &losses)?;
    let obeys_callers = config.sampler.obeys_callers();
    let logs = log_export::provider(&config.logs, &resource, &losses)?;
    let metrics = metrics::provider(&config.metrics, &resource, &losses)?;
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(SCOPE))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(is_ours));
    let (filter, make_changeable) = log_level::filter(config.log_level);
    let lines = tracing_subscriber::fmt::layer().event_format(JsonLines::new(&config.service_name));
    let events = lines.and_then(logs.as_ref().map(OpenTelemetryTracingBridge::new)).with_filter(filter);
    tracing_subscriber::registry().with(events).with(spans).try_init()?;
    make_changeable();
    global::set_text_map_propagator(Propagation::new(config.formats));
    global::set_tracer_provider(provider.clone());
    // There is no second one: the subscriber above would have been refused.
    let _ = TRACING.set(Tracing { tracer: provider.tracer(SCOPE), obeys_callers });
    metrics.clone().into_iter().for_each(global::set_meter_provider);
    let sampling = polls.map(Polls::start).transpose()?;
    let reporter = Reporter::start(Arc::clone(&losses), REPORT_EVERY)?;
    Ok(Telemetry { spans: provider, logs, metrics, sampling, losses, reporter })
}

/// The source of spans, and the polls that its sampler needs, if any.
fn provider(
    config: &TelemetryConfig,
    resource: &Resource,
    losses: &Arc<Losses>,
) -> anyhow::Result<(SdkTracerProvider, Option<Polls>)> {
    let processor = exporter::build(&config.exporter, config.queue, losses)?;
    let sampler = config.sampler.clone();
    let sampler = if processor.is_some() { sampler } else { sampler.for_nothing() };
    let (sampler, polls) = sampler.build(resource);
    let mut provider = SdkTracerProvider::builder()
        .with_resource(resource.clone())
        .with_id_generator(AdoptingIdGenerator::default())
        .with_sampler(sampler);
    if let Some(processor) = processor {
        provider = provider.with_span_processor(processor);
    }
    Ok((provider.build(), polls))
}

/// Which `tracing` spans are traced: those worth an info line, and none of the exporters' own, which would export themselves.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= tracing::Level::INFO && !metadata.target().starts_with("opentelemetry")
}

impl Telemetry {
    /// How many spans ended and events were logged, and what became of them.
    pub fn export_counts(&self) -> ExportCounts {
        self.losses.counts()
    }

    /// Sends what is waiting and what was measured now, and waits for it; call it outside the runtime.
    ///
    /// # Errors
    /// When an exporter fails or does not finish in a few seconds.
    pub fn flush(&self) -> anyhow::Result<()> {
        self.spans.force_flush()?;
        if let Some(logs) = &self.logs {
            logs.force_flush()?;
        }
        if let Some(metrics) = &self.metrics {
            metrics.force_flush()?;
        }
        Ok(())
    }

    /// Sends what is waiting and what was measured, within a few seconds, and ends telemetry; what found no time is counted and
    /// logged. Call it outside the runtime.
    pub fn shutdown(self) {
        if let Some(sampling) = self.sampling {
            sampling.stop();
        }
        let started = Instant::now();
        let spans = self.spans.shutdown_with_timeout(FLUSH_DEADLINE);
        let left = || FLUSH_DEADLINE.saturating_sub(started.elapsed()).max(AT_LEAST);
        let logs = self.logs.map_or(Ok(()), |logs| logs.shutdown_with_timeout(left()));
        let metrics = self.metrics.map_or(Ok(()), |metrics| metrics::shut_down(metrics, left()));
        self.reporter.stop();
        if let Err(error) = spans {
            tracing::warn!("the last spans may be lost: {error}");
        }
        if let Err(error) = logs {
            tracing::warn!("the last log events may not have been exported: {error}");
        }
        if let Err(error) = metrics {
            tracing::warn!("the last metrics may be lost: {error}");
        }
    }
}

/// Marks the trace at the active span with an annotation: a value that filters can search, under a key of letters, digits and underscores.
pub fn annotate(key: &'static str, value: impl Into<Value>) {
    Context::map_current(|context| {
        let span = context.span();
        if span.is_recording() {
            span.set_attribute(KeyValue::new(key, value));
            span.set_attribute(KeyValue::new(ANNOTATIONS, Value::Array(Array::String(vec![StringValue::from(key)]))));
        }
    });
}

/// The trace id of the active span in X-Ray's form, `1-` + 8 + `-` + 24 hex digits; `None` outside a trace.
pub fn current_trace_id() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        span.span_context().is_valid().then(|| xray_trace_id(span.span_context().trace_id()))
    })
}

/// Whether the active span is recorded, so that its trace will be found.
pub fn is_sampled() -> bool {
    Context::map_current(|context| context.span().span_context().is_sampled())
}

/// What the spans of this crate's own are made with.
#[derive(Debug)]
struct Tracing {
    /// The global one is made anew for whoever asks for it: a lock and five allocations a span.
    tracer: SdkTracer,
    /// Whether a caller's decision stands.
    obeys_callers: bool,
}

static TRACING: OnceLock<Tracing> = OnceLock::new();

/// A context with a new span of this crate's own below the one of `parent`. Where that one is known not to be recorded, its decision stands
/// for all that happens inside: then it is `parent` itself, and nobody asks for the span.
pub(crate) fn start(parent: &Context, span: impl FnOnce() -> SpanBuilder) -> Context {
    if is_passed_over(parent) {
        return parent.clone();
    }
    match TRACING.get() {
        Some(tracing) => parent.with_span(tracing.tracer.build_with_context(span(), parent)),
        None => parent.with_span(global::tracer(SCOPE).build_with_context(span(), parent)),
    }
}

/// Whether nothing below this is recorded. A span that has ended records nothing more, and may have been sampled all the same.
fn is_passed_over(parent: &Context) -> bool {
    let span = parent.span();
    let context = span.span_context();
    let is_ours = context.is_valid() && !context.is_remote();
    parent.is_telemetry_suppressed() || (is_ours && !context.is_sampled() && !span.is_recording())
}

/// Whether a span below `parent`, as it came from a caller, may be recorded, and so is worth describing.
pub(crate) fn may_be_recorded(parent: &Context) -> bool {
    let is_obeyed = TRACING.get().is_some_and(|tracing| tracing.obeys_callers);
    !(is_obeyed && sampler::decided(parent) == Some(false))
}
