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
