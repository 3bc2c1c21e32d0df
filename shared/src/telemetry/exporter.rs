//! Where spans go, as `OTEL_TRACES_EXPORTER` says, and the queue before it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry_otlp::{Protocol, SpanExporter as OtlpExporter, WithExportConfig};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanExporter};

use super::daemon::{DaemonAddress, Sink};
use super::losses::{Counted, Gate, Losses};
use super::otlp::{self, Signal};
use super::segment::SegmentExporter;
use crate::config::{ConfigError, Environment};

/// An exporter and what it needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exporter {
    /// OTLP over HTTP to this URL.
    Otlp(String),
    /// Segment documents over UDP.
    Xray(DaemonAddress),
    /// Segment documents on standard output.
    Console,
    /// Nowhere.
    None,
}

impl Exporter {
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        if environment.switch("OTEL_SDK_DISABLED", false)? {
            return Ok(Self::None);
        }
        match environment.get("OTEL_TRACES_EXPORTER").unwrap_or("otlp") {
            "otlp" => otlp::url(environment, Signal::Traces).map(Self::Otlp),
            "xray" => DaemonAddress::from_environment(environment).map(Self::Xray),
            "console" => Ok(Self::Console),
            "none" => Ok(Self::None),
            other => Err(ConfigError::invalid("OTEL_TRACES_EXPORTER", other, "one of otlp, xray, console, none")),
        }
    }
}

/// How spans or log events wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queue {
    /// How many may wait.
    pub(super) capacity: usize,
    /// How many leave together.
    pub(super) batch: usize,
    /// How long one waits for company.
    pub(super) delay: Duration,
}

impl Queue {
    /// Reads the `OTEL_BSP_*` variables.
    pub(super) fn of_spans(environment: &Environment) -> Result<Self, ConfigError> {
        let names = ["OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_SCHEDULE_DELAY"];
        Self::read(environment, names, 5_000)
    }

    /// Reads the `OTEL_BLRP_*` variables.
    pub(super) fn of_logs(environment: &Environment) -> Result<Self, ConfigError> {
        let names = ["OTEL_BLRP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "OTEL_BLRP_SCHEDULE_DELAY"];
        Self::read(environment, names, 1_000)
    }

    fn read(environment: &Environment, names: [&'static str; 3], delay: u64) -> Result<Self, ConfigError> {
        let [of_capacity, of_batch, of_delay] = names;
        let wanted = "a positive whole number";
        let number = |variable, default| {
            let value: usize = environment.parse_or(variable, default, wanted)?;
            if value == 0 { Err(ConfigError::invalid(variable, "0", wanted)) } else { Ok(value) }
        };
        let capacity = number(of_capacity, 2048)?;
        let batch = number(of_batch, 512)?.min(capacity);
        let delay = environment.parse_or(of_delay, delay, "a number of milliseconds")?;
        Ok(Self { capacity, batch, delay: Duration::from_millis(delay) })
    }

    fn before<E: SpanExporter + Send + Sync + 'static>(self, exporter: E, losses: Arc<Losses>) -> Processor {
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(self.capacity)
            .with_max_export_batch_size(self.batch)
            .with_scheduled_delay(self.delay)
            .build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        Gate::new(batches, self.capacity, losses)
    }
}

/// The processor of every exporter.
pub(super) type Processor = Gate<BatchSpanProcessor>;

/// Sets up the exporter behind its queue; `None` where spans go nowhere.
///
/// # Errors
/// When a client cannot be set up.
pub(super) fn build(exporter: &Exporter, queue: Queue, losses: &Arc<Losses>) -> anyhow::Result<Option<Processor>> {
    let losses = Arc::clone(losses);
    let segments = |sink| queue.before(SegmentExporter::new(sink, Arc::clone(&losses)), Arc::clone(&losses));
    Ok(match exporter {
        Exporter::Otlp(url) => {
            let builder = OtlpExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
            let otlp = builder.with_endpoint(url).with_timeout(otlp::TIMEOUT).build();
            let otlp = otlp.context("cannot export spans over OTLP")?;
            Some(queue.before(Counted::new(otlp, Arc::clone(&losses)), losses))
        }
        Exporter::Xray(address) => Some(segments(Sink::daemon(address))),
        Exporter::Console => Some(segments(Sink::Stdout)),
        Exporter::None => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exporter_is_chosen_by_name_and_refused_by_name() {
        fn check(pairs: &[(&str, &str)], expected: Result<Exporter, &str>) {
            let chosen = Exporter::from_environment(&Environment::from_pairs(pairs.iter().copied()));
            assert_eq!(chosen.map_err(|error| error.to_string()), expected.map_err(str::to_owned), "{pairs:?}");
        }
        let otlp = |url: &str| Ok(Exporter::Otlp(url.to_owned()));
        check(&[], otlp("http://localhost:4318/v1/traces"));
        check(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://adot:4318/")], otlp("http://adot:4318/v1/traces"));
        let xray = ("OTEL_TRACES_EXPORTER", "xray");
        check(&[xray], Ok(Exporter::Xray(DaemonAddress::default())));
        check(
            &[xray, ("AWS_XRAY_DAEMON_ADDRESS", "nonsense")],
            Err("AWS_XRAY_DAEMON_ADDRESS is `nonsense`, but must be host:port, or tcp:host:port udp:host:port"),
        );
        check(&[("OTEL_TRACES_EXPORTER", "console")], Ok(Exporter::Console));
        check(&[("OTEL_TRACES_EXPORTER", "none")], Ok(Exporter::None));
        check(&[("OTEL_SDK_DISABLED", "true"), xray], Ok(Exporter::None));
        check(
            &[("OTEL_TRACES_EXPORTER", "zipkin")],
            Err("OTEL_TRACES_EXPORTER is `zipkin`, but must be one of otlp, xray, console, none"),
        );
    }

    #[test]
    fn the_queue_follows_the_standard_variables() {
        let environment = Environment::from_pairs([
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512"),
        ]);
        let expected = Queue { capacity: 100, batch: 100, delay: Duration::from_millis(200) };
        assert_eq!(Queue::of_spans(&environment), Ok(expected));
        assert!(Queue::of_spans(&Environment::from_pairs([("OTEL_BSP_MAX_QUEUE_SIZE", "0")])).is_err());
        let of_logs = Queue { capacity: 2048, batch: 512, delay: Duration::from_secs(1) };
        assert_eq!(Queue::of_logs(&environment), Ok(of_logs));
    }
}
