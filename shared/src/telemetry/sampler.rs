//! Who decides whether a trace is recorded: the caller where it has, our own rule where it has not.
//!
//! The SDK's parent-based sampler takes "undecided" for "no". This one hands such requests to the root sampler, and obeys a decision
//! that came without a parent span.
//!
//! Without a choice it is `parentbased_always_on` until the first sampling rules are served at `AWS_XRAY_DAEMON_ADDRESS`, and `xray` from
//! then on: on a laptop a missing trace is worse than one too many, and whoever serves rules wants them followed. `xray` itself keeps one
//! trace a second and a twentieth of the others before its first answer, as every X-Ray SDK does. See [`crate::sampler`].

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use super::daemon::DaemonAddress;
use super::propagation::{Incoming, Sampled};
use crate::config::{ConfigError, Environment};
use crate::sampler::{BeforeRules, Poller, XraySampler};

const VARIABLE: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
const WANTED: &str = "one of parentbased_always_on, parentbased_always_off, parentbased_traceidratio, always_on, always_off, traceidratio, xray";

/// The sampler that `OTEL_TRACES_SAMPLER` names.
#[derive(Clone, Debug)]
pub(super) struct SamplerChoice {
    root: Root,
    parent_based: bool,
}

#[derive(Clone, Debug)]
enum Root {
    Standard(Sampler),
    Xray { address: DaemonAddress, before_rules: BeforeRules },
}

impl SamplerChoice {
    /// Reads `OTEL_TRACES_SAMPLER` (unset: every trace until rules are served, then by the rules), and what it needs of `OTEL_TRACES_SAMPLER_ARG` and `AWS_XRAY_DAEMON_ADDRESS`.
    ///
    /// # Errors
    /// When the sampler is unknown, its ratio is not between 0 and 1, or its daemon has no address.
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let xray = |before_rules| {
            let address = DaemonAddress::from_environment(environment)?;
            Ok(Self { root: Root::Xray { address, before_rules }, parent_based: true })
        };
        let name = match environment.get(VARIABLE) {
            None => return xray(BeforeRules::All),
            Some("xray") => return xray(BeforeRules::Few),
            Some(name) => name,
        };
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
        Ok(Self { root: Root::Standard(root), parent_based })
    }

    /// Whether a caller's decision stands.
    pub(super) fn obeys_callers(&self) -> bool {
        self.parent_based
    }

    /// This choice where spans go nowhere: nobody is asked for rules that nobody has asked for.
    pub(super) fn for_nothing(self) -> Self {
        match self.root {
            Root::Xray { before_rules: BeforeRules::All, .. } => {
                Self { root: Root::Standard(Sampler::AlwaysOn), ..self }
            }
            Root::Xray { .. } | Root::Standard(_) => self,
        }
    }

    /// The sampler itself, for the service that `resource` describes, and with `xray` the polls that it needs.
    pub(super) fn build(&self, resource: &Resource) -> (DecidedFirst, Option<Polls>) {
        let (root, polls): (Box<dyn ShouldSample>, _) = match &self.root {
            Root::Standard(sampler) => (Box::new(sampler.clone()), None),
            Root::Xray { address, before_rules } => {
                let sampler = XraySampler::new(*before_rules, resource);
                let polls = Polls { sampler: sampler.clone(), url: format!("http://{}", address.tcp()) };
                (Box::new(sampler), Some(polls))
            }
        };
        (DecidedFirst { root, parent_based: self.parent_based }, polls)
    }
}

/// Polls to come. They wait for the log, because the first thing they may have to say is that nobody answers.
#[derive(Debug)]
pub(super) struct Polls {
    sampler: XraySampler,
    url: String,
}

impl Polls {
    /// Begins to ask for rules.
    ///
    /// # Errors
    /// When the operating system gives no thread to ask on.
    pub(super) fn start(self) -> std::io::Result<Poller> {
        self.sampler.follow(&self.url)
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

/// Obeys a decision that stands already, where that is wanted, and leaves the others to the root sampler.
#[derive(Clone, Debug)]
pub(super) struct DecidedFirst {
    root: Box<dyn ShouldSample>,
    parent_based: bool,
}

impl ShouldSample for DecidedFirst {
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
pub(super) fn decided(parent: &Context) -> Option<bool> {
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

    fn sampler(name: &str) -> DecidedFirst {
        let choice = SamplerChoice::from_environment(&Environment::from_pairs([(VARIABLE, name)])).unwrap();
        choice.build(&Resource::builder_empty().build()).0
    }

    fn incoming(sampled: Sampled) -> Context {
        Context::new().with_value(Incoming { root: Some(TRACE), sampled, extras: String::new() })
    }

    fn with_parent(context: &Context, remote: bool, sampled: bool) -> Context {
        let flags = TraceFlags::default().with_sampled(sampled);
        let parent = SpanContext::new(TRACE, SpanId::from_bytes([1; 8]), flags, remote, TraceState::NONE);
        context.with_remote_span_context(parent)
    }

    /// A port that nobody listens on any more.
    fn nobody() -> DaemonAddress {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string().parse().unwrap()
    }

    #[test]
    fn the_caller_decides_and_we_do_where_it_has_not() {
        fn check(sampler: &DecidedFirst, parent: &Context, expected: &SamplingDecision) {
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
        // Its own decision differs from one request to the next, so only the caller's can come out every time.
        let xray = SamplerChoice {
            root: Root::Xray { address: nobody(), before_rules: BeforeRules::Few },
            parent_based: true,
        };
        let (xray, polls) = xray.build(&Resource::builder_empty().build());
        let poller = polls.unwrap().start().unwrap();
        for _ in 0..100 {
            check(&xray, &incoming(Sampled::No), &Drop);
            check(&xray, &incoming(Sampled::Yes), &RecordAndSample);
            check(&xray, &with_parent(&Context::new(), true, true), &RecordAndSample);
        }
        poller.stop();
        let unserved = SamplerChoice {
            root: Root::Xray { address: nobody(), before_rules: BeforeRules::All },
            parent_based: true,
        };
        let (unserved, polls) = unserved.build(&Resource::builder_empty().build());
        let unserved_poller = polls.unwrap().start().unwrap();
        for _ in 0..100 {
            check(&unserved, &Context::new(), &RecordAndSample);
            check(&unserved, &incoming(Sampled::No), &Drop);
        }
        unserved_poller.stop();
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
        check(
            &[(VARIABLE, "xray"), ("AWS_XRAY_DAEMON_ADDRESS", "x")],
            "AWS_XRAY_DAEMON_ADDRESS is `x`, but must be host:port",
        );
    }
}
