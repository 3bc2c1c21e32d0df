//! Traces and logs of a service, from start-up to the last flush.
//!
//! `main` calls [`init`] before any runtime exists and [`Telemetry::shutdown`] after the runtime has ended: flushing inside it would wait
//! for itself. In between, [`middleware`] makes the server spans, [`crate::http_client`] the client spans, [`database`] the query spans, and
//! plain `tracing` spans nest inside them. Export runs on a thread of its own with a bounded queue: it never blocks nor fails a
//! request.

mod ids;
pub mod propagation;
pub mod sampler;

pub mod middleware;

pub mod database;

mod logs;

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::trace::{TraceContextExt, TracerProvider as _};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_otlp::SpanExporter as OtlpExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use self::ids::AdoptingIdGenerator;
use self::logs::JsonLines;
use self::propagation::{Formats, Propagation, xray_trace_id};
use self::sampler::SamplerChoice;
use crate::config::{ConfigError, Environment};

const SCOPE: &str = "shared";
const ANNOTATIONS: &str = "aws.xray.annotations";

/// The settings of traces and logs.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    service_name: String,
    service_version: String,
    exporter: Exporter,
    sampler: SamplerChoice,
    formats: Formats,
    log_level: String,
}

/// Where spans go, as `OTEL_TRACES_EXPORTER` says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exporter {
    Otlp,
    None,
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
        let exporter = match environment.get("OTEL_TRACES_EXPORTER").unwrap_or("otlp") {
            "otlp" => Exporter::Otlp,
            "none" => Exporter::None,
            other => return Err(ConfigError::invalid("OTEL_TRACES_EXPORTER", other, "otlp or none")),
        };
        let log_level = environment.get("LOGLEVEL").unwrap_or("info").to_ascii_lowercase();
        if EnvFilter::try_new(&log_level).is_err() {
            return Err(ConfigError::invalid("LOGLEVEL", log_level, "error, warn, info, debug or trace"));
        }
        Ok(Self {
            service_name: environment.get("OTEL_SERVICE_NAME").unwrap_or(service_name).to_owned(),
            service_version: service_version.to_owned(),
            exporter,
            sampler: SamplerChoice::from_environment(environment)?,
            formats: environment.parse_or(
                "OTEL_PROPAGATORS",
                Formats::default(),
                "a list of xray, tracecontext, baggage or none",
            )?,
            log_level,
        })
    }
}

/// Running telemetry; ends with [`Telemetry::shutdown`].
#[derive(Debug)]
#[must_use = "call shutdown after the runtime has ended, or the last spans are lost"]
pub struct Telemetry {
    provider: SdkTracerProvider,
}

/// Starts traces and logs for the whole process; call it once, before the runtime.
///
/// # Errors
/// When the exporter cannot be set up, or telemetry is already running.
pub fn init(config: &TelemetryConfig) -> anyhow::Result<Telemetry> {
    let resource = Resource::builder()
        .with_service_name(config.service_name.clone())
        .with_attribute(KeyValue::new("service.version", config.service_version.clone()))
        .build();
    let mut provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_id_generator(AdoptingIdGenerator::default())
        .with_sampler(config.sampler.clone());
    if config.exporter == Exporter::Otlp {
        provider = provider.with_batch_exporter(OtlpExporter::builder().with_http().build()?);
    }
    let provider = provider.build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer(SCOPE)).with_filter(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .event_format(JsonLines::new(&config.service_name))
        .with_filter(EnvFilter::try_new(&config.log_level)?);
    tracing_subscriber::registry().with(spans).with(lines).try_init()?;
    global::set_text_map_propagator(Propagation::new(config.formats));
    global::set_tracer_provider(provider.clone());
    Ok(Telemetry { provider })
}

impl Telemetry {
    /// Sends what is still waiting, within a few seconds, and ends telemetry. Call it outside the runtime.
    pub fn shutdown(self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!("the last spans may be lost: {error}");
        }
    }
}

/// Marks the trace at the active span with an annotation: a value that filters can search, under a key of letters, digits and underscores.
pub fn annotate(key: &'static str, value: impl Into<Value>) {
    let context = Context::current();
    let span = context.span();
    span.set_attribute(KeyValue::new(key, value));
    span.set_attribute(KeyValue::new(ANNOTATIONS, Value::Array(Array::String(vec![StringValue::from(key)]))));
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

/// The tracer of this crate's own spans.
pub(crate) fn tracer() -> BoxedTracer {
    global::tracer(SCOPE)
}
