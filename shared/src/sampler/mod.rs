//! Centralized sampling: X-Ray decides with its sampling rules which traces are recorded, and this sampler follows them.
//!
//! It does what the X-Ray SDKs and OpenTelemetry's X-Ray samplers of other languages do, and knows nothing of this crate: only
//! OpenTelemetry and the address of a daemon. `README.md` beside this file is the page for whoever takes only this part.
//!
//! From the decision outwards: `rules` says which rule is about a request, `reservoir` what the rule decides and counts, `targets`
//! holds the rules in force, `poll` keeps them up to date on a thread of its own, `client` speaks HTTP. A request meets one atomic load
//! of the rules and a few atomic additions; it never waits, neither for another request nor for the network.

mod client;
mod poll;
mod reservoir;
mod rules;
mod targets;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use self::reservoir::Window;
use self::rules::{Origin, Request};
use self::targets::{Decision, RuleSet};

pub use self::poll::Poller;

/// The span attribute that names the rule by which a trace was sampled.
pub const SAMPLING_RULE: &str = "aws.xray.sampling_rule";

/// Without rules: so many traces a second, and this share of the others.
const FALLBACK_PER_SECOND: u32 = 1;
const FALLBACK_RATE: f64 = 0.05;

/// What is sampled until the first rules have been served. Once they were, and were lost again for an hour, it is always [`Few`](Self::Few).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BeforeRules {
    /// One trace a second and 5 % of the others, as every X-Ray SDK does it.
    #[default]
    Few,
    /// Every trace: for a service that does not know yet whether anybody serves rules at all.
    All,
}

/// Samples by the rules of X-Ray, and as [`BeforeRules`] says while there are none. Clones share their state.
///
/// It decides about every span it is asked about: put it behind a parent-based sampler, so that a decision taken earlier wins.
#[derive(Clone, Debug)]
pub struct XraySampler {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    rules: Arc<ArcSwap<RuleSet>>,
    fallback: Window,
    before_rules: BeforeRules,
    origin: Origin,
}

impl XraySampler {
    /// Follows the rules served at `url`, such as `http://127.0.0.1:2000`, from now on; `resource` says which service asks. Until the
    /// first answer it is [`BeforeRules::Few`].
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(url: &str, resource: &Resource) -> std::io::Result<(Self, Poller)> {
        let sampler = Self::new(BeforeRules::Few, resource);
        let poller = sampler.follow(url)?;
        Ok((sampler, poller))
    }

    /// Samples as `before_rules` says, until it is told whom to [`follow`](Self::follow).
    pub fn new(before_rules: BeforeRules, resource: &Resource) -> Self {
        Self::with_rules(Arc::default(), before_rules, resource)
    }

    /// Starts to follow the rules served at `url`. The polls run until the [`Poller`] is stopped or dropped; nobody waits for them.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn follow(&self, url: &str) -> std::io::Result<Poller> {
        Poller::start(url, Arc::clone(&self.state.rules), self.state.before_rules)
    }

    fn with_rules(rules: Arc<ArcSwap<RuleSet>>, before_rules: BeforeRules, resource: &Resource) -> Self {
        let state = State { rules, fallback: Window::default(), before_rules, origin: Origin::of(resource) };
        Self { state: Arc::new(state) }
    }

    /// Whether to sample, and by which rule; `random` gives a number from 0 up to 1.
    fn decide(
        &self,
        kind: &SpanKind,
        attributes: &[KeyValue],
        now: u64,
        random: impl Fn() -> f64,
    ) -> (bool, Option<Decision>) {
        let State { rules, fallback, before_rules, origin } = self.state.as_ref();
        let rules = rules.load();
        match rules.decide(&Request::new(origin, kind, attributes), now, &random) {
            Some(decision) => (decision.sampled, Some(decision)),
            None if *before_rules == BeforeRules::All && !rules.is_served() => (true, None),
            None => (fallback.take(now, FALLBACK_PER_SECOND) || random() < FALLBACK_RATE, None),
        }
    }
}

impl ShouldSample for XraySampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _: TraceId,
        _: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let (sampled, decision) = self.decide(kind, attributes, epoch_seconds(), rand::random);
        let rule = decision.filter(|decision| decision.sampled).map(|decision| decision.rule_name);
        SamplingResult {
            decision: if sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
            attributes: rule.into_iter().map(|name| KeyValue::new(SAMPLING_RULE, Value::String(name))).collect(),
            trace_state: parent.map(|parent| parent.span().span_context().trace_state().clone()).unwrap_or_default(),
        }
    }
}

/// The whole seconds of the system clock; rules and quotas are in seconds.
fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(doctest)]
#[doc = include_str!("README.md")]
struct Readme;
