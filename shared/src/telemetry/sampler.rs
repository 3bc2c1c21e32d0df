//! Who decides whether a trace is recorded: the caller where it has, our own rule where it has not.
//!
//! The SDK's parent-based sampler takes "undecided" for "no". This one hands such requests to the root sampler, and obeys a decision
//! that came without a parent span. Centralized sampling can take the place of [`SamplerChoice`]'s root rule.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use super::propagation::{Incoming, Sampled};
use crate::config::{ConfigError, Environment};

const VARIABLE: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
const WANTED: &str = "one of parentbased_always_on, parentbased_always_off, parentbased_traceidratio, always_on, always_off, traceidratio";

/// The sampler that `OTEL_TRACES_SAMPLER` names.
#[derive(Clone, Debug)]
pub struct SamplerChoice {
    root: Sampler,
    parent_based: bool,
}

impl Default for SamplerChoice {
    /// `parentbased_always_on`.
    fn default() -> Self {
        Self { root: Sampler::AlwaysOn, parent_based: true }
    }
}

impl SamplerChoice {
    /// Reads `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.
    ///
    /// # Errors
    /// When the sampler is unknown or its ratio is not between 0 and 1.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let Some(name) = environment.get(VARIABLE) else { return Ok(Self::default()) };
        let (rule, parent_based) = match name.strip_prefix("parentbased_") {
            Some(rule) => (rule, true),
            None => (name, false),
        };
        let root = match rule {
            "always_on" => Sampler::AlwaysOn,
            "always_off" => Sampler::AlwaysOff,
            "traceidratio" => Sampler::TraceIdRatioBased(ratio(environment)?),
            _ => return Err(ConfigError::invalid(VARIABLE, name, WANTED)),
        };
        Ok(Self { root, parent_based })
    }
}

fn ratio(environment: &Environment) -> Result<f64, ConfigError> {
    let wanted = "a ratio between 0 and 1";
    let ratio = environment.parse_or(ARGUMENT, 1.0, wanted)?;
    if (0.0..=1.0).contains(&ratio) {
        Ok(ratio)
    } else {
        Err(ConfigError::invalid(ARGUMENT, ratio.to_string(), wanted))
    }
}

impl ShouldSample for SamplerChoice {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        match parent.filter(|_| self.parent_based).and_then(decided) {
            Some(sampled) => {
                let trace_state = parent.map(|cx| cx.span().span_context().trace_state().clone()).unwrap_or_default();
                let decision = if sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
                SamplingResult { decision, attributes: Vec::new(), trace_state }
            }
            None => self.root.should_sample(parent, trace_id, name, kind, attributes, links),
        }
    }
}

/// The decision that already stands for this trace, if any.
fn decided(parent: &Context) -> Option<bool> {
    let span = parent.span();
    let span = span.span_context();
    let local = span.is_valid() && !span.is_remote();
    match parent.get::<Incoming>() {
        Some(incoming) if !local => match incoming.sampled {
            Sampled::Yes => Some(true),
            Sampled::No => Some(false),
            Sampled::Asked | Sampled::Missing => None,
        },
        _ => span.is_valid().then(|| span.is_sampled()),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};

    use super::*;

    const TRACE: TraceId = TraceId::from_bytes([7; 16]);

    fn sampler(name: &str) -> SamplerChoice {
        SamplerChoice::from_environment(&Environment::from_pairs([(VARIABLE, name)])).unwrap()
    }

    fn incoming(sampled: Sampled) -> Context {
        Context::new().with_value(Incoming { root: Some(TRACE), sampled, extras: String::new() })
    }

    fn with_parent(context: &Context, remote: bool, sampled: bool) -> Context {
        let flags = TraceFlags::default().with_sampled(sampled);
        let parent = SpanContext::new(TRACE, SpanId::from_bytes([1; 8]), flags, remote, TraceState::NONE);
        context.with_remote_span_context(parent)
    }

    #[test]
    fn the_caller_decides_and_we_do_where_it_has_not() {
        fn check(sampler: &SamplerChoice, parent: &Context, expected: &SamplingDecision) {
            let result = sampler.should_sample(Some(parent), TRACE, "GET /", &SpanKind::Server, &[], &[]);
            assert_eq!(&result.decision, expected, "{sampler:?} {parent:?}");
        }
        use SamplingDecision::{Drop, RecordAndSample};
        let (on, off) = (sampler("parentbased_always_on"), sampler("parentbased_always_off"));
        check(&on, &Context::new(), &RecordAndSample);
        check(&off, &Context::new(), &Drop);
        check(&on, &incoming(Sampled::No), &Drop);
        check(&off, &incoming(Sampled::Yes), &RecordAndSample);
        for undecided in [Sampled::Asked, Sampled::Missing] {
            check(&on, &incoming(undecided), &RecordAndSample);
            check(&off, &incoming(undecided), &Drop);
            check(&on, &with_parent(&incoming(undecided), true, false), &RecordAndSample);
            // Inside the process the decision stands, whatever the caller had left open.
            check(&on, &with_parent(&incoming(undecided), false, false), &Drop);
            check(&off, &with_parent(&incoming(undecided), false, true), &RecordAndSample);
        }
        check(&off, &with_parent(&Context::new(), true, true), &RecordAndSample);
        check(&sampler("always_on"), &incoming(Sampled::No), &RecordAndSample);
        check(&sampler("always_off"), &with_parent(&Context::new(), true, true), &Drop);
    }

    #[test]
    fn an_unknown_sampler_or_ratio_is_refused_by_name() {
        fn check(pairs: &[(&str, &str)], expected: &str) {
            let error = SamplerChoice::from_environment(&Environment::from_pairs(pairs.iter().copied())).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
        check(&[(VARIABLE, "jaeger_remote")], "OTEL_TRACES_SAMPLER is `jaeger_remote`, but must be one of ");
        check(&[(VARIABLE, "traceidratio"), (ARGUMENT, "2")], "OTEL_TRACES_SAMPLER_ARG is `2`, but must be a ratio");
        check(&[(VARIABLE, "traceidratio"), (ARGUMENT, "x")], "OTEL_TRACES_SAMPLER_ARG is `x`, but must be a ratio");
    }
}
