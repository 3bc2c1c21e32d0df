//! Asks a trace. Knows nothing of text: whatever the tree can say has one answer for every trace.

use crate::digest::{Digest, DigestView};
use crate::graph::ServiceRef;

use super::answer::Answer;
use super::ast::{Condition, EdgePattern, Fact, NodePattern, NumberOperator, Test, TextOperator};
use super::keyword::Kind;
use super::subject::{Evidence, Subject, Value};
use super::view::TraceView;

/// An expression that is ready to be asked: every group in it has been replaced by its own expression.
#[derive(Debug, Clone)]
pub struct Filter(Condition);

impl Filter {
    pub(super) fn new(resolved: Condition) -> Self {
        Self(resolved)
    }

    /// Says whether the expression is empty and so holds for every trace.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Condition::All(conditions) if conditions.is_empty())
    }

    /// Says whether the expression holds for a trace, by its documents.
    pub fn matches(&self, trace: &TraceView<'_>) -> bool {
        holds(&self.0, trace, trace) == Answer::Yes
    }

    /// Says whether the expression holds for a trace, as far as its digest can tell.
    pub fn ask(&self, digest: &Digest) -> Answer {
        self.ask_opened(&digest.view())
    }

    /// The same for a caller who has opened the digest.
    pub(crate) fn ask_opened(&self, digest: &DigestView<'_>) -> Answer {
        holds(&self.0, digest, digest)
    }
}

/// Says whether a condition holds for its subject, which at the top level is the trace itself.
fn holds(condition: &Condition, subject: &dyn Subject, trace: &dyn Evidence) -> Answer {
    let answer = |condition: &Condition| holds(condition, subject, trace);
    match condition {
        Condition::All(conditions) => Answer::all(conditions.iter().map(answer)),
        Condition::Any(conditions) => Answer::any(conditions.iter().map(answer)),
        Condition::Not(condition) => answer(condition).negated(),
        Condition::Compare(fact, test) => compare(fact, test, subject),
        Condition::Service(pattern, inside) => service(pattern, inside.as_deref(), trace),
        Condition::Edge(pattern, inside) => edge(pattern, inside.as_deref(), trace),
        Condition::RootCause(list, inside) => trace.any_cause(*list, &mut |element| holds(inside, element, trace)),
        Condition::RootCauseJson(patterns) => Answer::all(patterns.iter().map(|pattern| trace.has_cause(pattern))),
        Condition::Group(_) => unreachable!("a filter is made of conditions whose groups are resolved"),
    }
}

fn compare(fact: &Fact, test: &Test, subject: &dyn Subject) -> Answer {
    match fact {
        Fact::Keyword(keyword) => {
            let caseless = keyword.definition().kind == Kind::CaselessText;
            subject.values(*keyword).any(|value| test.accepts(value, caseless))
        }
        Fact::Annotation(key) => subject.annotations(key).any(|value| test.accepts(value, false)),
    }
}

/// Without a condition inside, the node has to be there; with one, some segment of it has to fulfil it.
fn service(pattern: &NodePattern, inside: Option<&Condition>, trace: &dyn Evidence) -> Answer {
    trace.any_node(&|node| pattern.matches(node), &mut |work| match (inside, work) {
        (None, _) => Answer::Yes,
        (Some(inside), Some(work)) => holds(inside, work, trace),
        (Some(_), None) => Answer::No,
    })
}

/// Without a condition inside, there has to be a call; with one, some call has to fulfil it.
fn edge(pattern: &EdgePattern, inside: Option<&Condition>, trace: &dyn Evidence) -> Answer {
    let is_meant = |source: ServiceRef<'_>, target: ServiceRef<'_>| {
        pattern.source.matches(source) && pattern.target.matches(target)
    };
    trace.any_call(&is_meant, &mut |call| inside.map_or(Answer::Yes, |inside| holds(inside, call, trace)))
}

impl NodePattern {
    pub(super) fn matches(&self, id: ServiceRef<'_>) -> bool {
        let is = |wanted: &Option<String>, value: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| value.is_some_and(|value| wanted == value))
        };
        let has_type = |wanted: &String| id.service_type.is_some_and(|kind| folded(kind) == folded(wanted));
        is(&self.name, Some(id.name))
            && is(&self.account_id, id.account_id)
            && self.service_type.as_ref().is_none_or(has_type)
    }
}

impl Test {
    fn accepts(&self, value: Value<'_>, caseless: bool) -> bool {
        match (self, value) {
            (Self::IsSet, _) => true,
            (Self::Truth(wanted), Value::Truth(value)) => *wanted == value,
            (Self::Number(operator, wanted), Value::Number(value)) => operator.holds(value, *wanted),
            (Self::Text(operator, wanted), Value::Text(value)) if caseless => {
                operator.holds(&folded(value), &folded(wanted))
            }
            (Self::Text(operator, wanted), Value::Text(value)) => operator.holds(value, wanted),
            // A value of another type fulfils nothing.
            _ => false,
        }
    }
}

/// A type or a method in the one spelling that all are compared in. Canaries are documented as `Client::Synthetic` and
/// as `client::Synthetics`.
fn folded(text: &str) -> String {
    match text.to_lowercase() {
        canary if canary == "client::synthetics" => "client::synthetic".to_owned(),
        lower => lower,
    }
}

#[expect(
    clippy::float_cmp,
    reason = "both sides are the nearest float to a written decimal, so equal decimals are equal"
)]
impl NumberOperator {
    fn holds(self, value: f64, wanted: f64) -> bool {
        match self {
            Self::Equal => value == wanted,
            Self::NotEqual => value != wanted,
            Self::Less => value < wanted,
            Self::LessOrEqual => value <= wanted,
            Self::Greater => value > wanted,
            Self::GreaterOrEqual => value >= wanted,
        }
    }
}

impl TextOperator {
    fn holds(self, value: &str, wanted: &str) -> bool {
        match self {
            Self::Equal => value == wanted,
            Self::NotEqual => value != wanted,
            Self::Contains => value.contains(wanted),
            Self::BeginsWith => value.starts_with(wanted),
            Self::EndsWith => value.ends_with(wanted),
        }
    }
}
