//! Numbers about a service: how many requests, how long, how many at once, what the database's connections do, what export loses.
//!
//! Names, units and buckets are those of OpenTelemetry's semantic conventions. Every attribute comes from a small set that we choose: a route and
//! never a path, a known method or `_OTHER`, the upstream's configured address and never the `Host` of a caller, so that no visitor
//! can make a time series. Totals are cumulative: an export that fails costs resolution, and no count.
//!
//! Nothing is measured unless `OTEL_METRICS_EXPORTER` asks for it. Neither a local X-Ray nor the X-Ray daemon keeps metrics, and
//! behind ADOT's usual configuration each series is a CloudWatch metric with a price, so the standard's default, `otlp`, would
//! either knock at a closed door every minute or cost money that nobody meant to spend.

pub(crate) mod database;
pub(crate) mod http;

mod export;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::global;
use opentelemetry::metrics::Meter;
use opentelemetry_otlp::{MetricExporter, Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};

use self::export::{Console, Counted};
use super::losses::Losses;
use super::otlp::{self, Signal};
use crate::config::{ConfigError, Environment};

const EXPORTER: &str = "OTEL_METRICS_EXPORTER";
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";

/// Buckets in seconds that the conventions advise for HTTP.
const HTTP_SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Buckets in seconds that the conventions advise for databases.
const DATABASE_SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Where metrics go, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MetricsSettings {
    target: Target,
    interval: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// OTLP over HTTP to this URL.
    Otlp(String),
    /// A line of OTLP's JSON on standard output for each export.
    Console,
    /// Nowhere: nothing is measured.
    None,
}

impl MetricsSettings {
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let target = match environment.get(EXPORTER).unwrap_or("none") {
            _ if environment.switch("OTEL_SDK_DISABLED", false)? => Target::None,
            "otlp" => Target::Otlp(otlp::url(environment, Signal::Metrics)?),
            "console" => Target::Console,
            "none" => Target::None,
            other => return Err(ConfigError::invalid(EXPORTER, other, "one of otlp, console, none")),
        };
        let wanted = "a positive number of milliseconds";
        let interval = environment.parse_or(INTERVAL, 60_000, wanted)?;
        if interval == 0 {
            return Err(ConfigError::invalid(INTERVAL, "0", wanted));
        }
        Ok(Self { target, interval: Duration::from_millis(interval) })
    }
}

/// The source of instruments, exporting on a thread of its own; `None` where nothing is measured.
///
/// # Errors
/// When the exporter cannot be set up.
pub(super) fn provider(
    settings: &MetricsSettings,
    resource: &Resource,
    losses: &Arc<Losses>,
) -> anyhow::Result<Option<SdkMeterProvider>> {
    let provider = match &settings.target {
        Target::Otlp(url) => {
            let builder = MetricExporter::builder().with_http().with_protocol(Protocol::HttpBinary);
            let otlp = builder.with_endpoint(url).with_timeout(otlp::TIMEOUT).build();
            reading(settings, otlp.context("cannot export metrics over OTLP")?, resource, losses)
        }
        Target::Console => reading(settings, Console, resource, losses),
        Target::None => return Ok(None),
    };
    export::observe(&provider, losses);
    Ok(Some(provider))
}

fn reading(
    settings: &MetricsSettings,
    exporter: impl PushMetricExporter,
    resource: &Resource,
    losses: &Arc<Losses>,
) -> SdkMeterProvider {
    let exporter = Counted::new(exporter, Arc::clone(losses));
    let reader = PeriodicReader::builder(exporter).with_interval(settings.interval).build();
    SdkMeterProvider::builder().with_resource(resource.clone()).with_reader(reader).build()
}

/// Exports a last time and ends. The SDK waits five seconds whatever it is told, so the waiting is done here.
pub(super) fn shut_down(provider: SdkMeterProvider, deadline: Duration) -> anyhow::Result<()> {
    let (sender, ended) = mpsc::channel();
    let thread = std::thread::Builder::new().name("metrics-shutdown".to_owned());
    thread.spawn(move || {
        // Nobody may be waiting any more.
        let _ = sender.send(provider.shutdown());
    })?;
    Ok(ended.recv_timeout(deadline).context("no answer in time")??)
}

/// The meter of this crate's own instruments; one that counts nothing where metrics are off.
fn meter() -> Meter {
    global::meter(super::SCOPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_asked_for_and_their_settings_refused_by_name() {
        fn check(pairs: &[(&str, &str)], expected: Result<(Target, u64), &str>) {
            let settings = MetricsSettings::from_environment(&Environment::from_pairs(pairs.iter().copied()));
            let expected = expected
                .map(|(target, seconds)| MetricsSettings { target, interval: Duration::from_secs(seconds) })
                .map_err(str::to_owned);
            assert_eq!(settings.map_err(|error| error.to_string()), expected, "{pairs:?}");
        }
        let otlp = (EXPORTER, "otlp");
        let url = "http://localhost:4318/v1/metrics".to_owned();
        check(&[], Ok((Target::None, 60)));
        check(&[otlp], Ok((Target::Otlp(url.clone()), 60)));
        check(&[otlp, (INTERVAL, "5000")], Ok((Target::Otlp(url), 5)));
        check(&[(EXPORTER, "console")], Ok((Target::Console, 60)));
        check(&[otlp, ("OTEL_SDK_DISABLED", "true")], Ok((Target::None, 60)));
        check(
            &[(EXPORTER, "prometheus")],
            Err("OTEL_METRICS_EXPORTER is `prometheus`, but must be one of otlp, console, none"),
        );
        check(
            &[(INTERVAL, "0")],
            Err("OTEL_METRIC_EXPORT_INTERVAL is `0`, but must be a positive number of milliseconds"),
        );
    }
}
