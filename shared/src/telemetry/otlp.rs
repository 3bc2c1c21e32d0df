//! Where OTLP goes: the standard variables that traces, metrics and logs share, over HTTP with protobuf only.

use std::time::Duration;

use crate::config::{ConfigError, Environment};

/// How long one export may take, with every repetition.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    const fn endpoint(self) -> &'static str {
        match self {
            Self::Traces => "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            Self::Metrics => "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            Self::Logs => "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        }
    }

    const fn protocol(self) -> &'static str {
        match self {
            Self::Traces => "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
            Self::Metrics => "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
            Self::Logs => "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }
}

/// The URL that a signal is posted to. The general endpoint gets the path appended, the signal's own is taken as it is.
pub(super) fn url(environment: &Environment, signal: Signal) -> Result<String, ConfigError> {
    for variable in [signal.protocol(), PROTOCOL] {
        if let Some(other) = environment.get(variable).filter(|protocol| *protocol != "http/protobuf") {
            return Err(ConfigError::invalid(variable, other, "http/protobuf, the only protocol we send"));
        }
    }
    let (variable, url) = match (environment.get(signal.endpoint()), environment.get(ENDPOINT)) {
        (Some(url), _) => (signal.endpoint(), url.to_owned()),
        (None, Some(base)) => (ENDPOINT, format!("{}{}", base.trim_end_matches('/'), signal.path())),
        (None, None) => (ENDPOINT, format!("http://localhost:4318{}", signal.path())),
    };
    let usable = reqwest::Url::parse(&url).is_ok_and(|url| url.scheme() == "http" && url.has_host());
    if usable { Ok(url) } else { Err(ConfigError::invalid_url(variable, &url, "an http:// URL")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_goes_to_its_own_endpoint_or_to_the_common_one() {
        fn check(signal: Signal, pairs: &[(&str, &str)], expected: Result<&str, &str>) {
            let url = url(&Environment::from_pairs(pairs.iter().copied()), signal);
            let url = url.map_err(|error| error.to_string());
            assert_eq!(url.as_deref().map_err(String::as_str), expected, "{pairs:?}");
        }
        use Signal::{Metrics, Traces};
        check(Traces, &[], Ok("http://localhost:4318/v1/traces"));
        check(Metrics, &[], Ok("http://localhost:4318/v1/metrics"));
        check(Traces, &[(ENDPOINT, "http://adot:4318/")], Ok("http://adot:4318/v1/traces"));
        check(Metrics, &[(ENDPOINT, "http://adot:4318")], Ok("http://adot:4318/v1/metrics"));
        let own = [(ENDPOINT, "http://a:1"), ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://b:2/in")];
        check(Metrics, &own, Ok("http://b:2/in"));
        check(Traces, &own, Ok("http://a:1/v1/traces"));
        check(
            Traces,
            &[(ENDPOINT, "adot:4318")],
            Err("OTEL_EXPORTER_OTLP_ENDPOINT is `adot:4318/v1/traces`, but must be an http:// URL"),
        );
        check(
            Traces,
            &[(ENDPOINT, "https://me:hunter2@adot:4318")],
            Err("OTEL_EXPORTER_OTLP_ENDPOINT is `https://…@adot:4318/v1/traces`, but must be an http:// URL"),
        );
        check(
            Metrics,
            &[(PROTOCOL, "grpc")],
            Err("OTEL_EXPORTER_OTLP_PROTOCOL is `grpc`, but must be http/protobuf, the only protocol we send"),
        );
        check(Traces, &[("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc")], Ok("http://localhost:4318/v1/traces"));
    }
}
