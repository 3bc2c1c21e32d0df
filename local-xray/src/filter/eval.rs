//! Asks a trace. Knows nothing of text: whatever the tree can say has one answer for every trace.

use crate::document::AnnotationValue;
use crate::graph::ServiceId;

use super::ast::{Condition, EdgePattern, Fact, NodePattern, NumberOperator, Test, TextOperator};
use super::cause;
use super::keyword::{Keyword, Kind};
use super::segment::{Call, NodeSegment};
use super::view::TraceView;

/// An expression that is ready to be asked: every group in it has been replaced by its own expression.
#[derive(Debug, Clone)]
pub struct Filter(Condition);

impl Filter {
    pub(super) fn new(resolved: Condition) -> Self {
        Self(resolved)
    }

    /// Says whether the expression holds for a trace.
    pub fn matches(&self, trace: &TraceView<'_>) -> bool {
        holds(&self.0, trace, trace)
    }
}

/// Something that a condition can be about.
pub(super) trait Subject {
    /// The values that a simple keyword has here.
    fn values(&self, keyword: Keyword) -> Vec<Value<'_>>;

    /// The values of the annotations with this key.
    fn annotations(&self, key: &str) -> Vec<Value<'_>>;
}

/// One value of a keyword or an annotation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'v> {
    Truth(bool),
    Number(f64),
    Text(&'v str),
}

impl<'v> Value<'v> {
    pub(super) fn texts(texts: impl IntoIterator<Item = &'v str>) -> Vec<Self> {
        texts.into_iter().map(Self::Text).collect()
    }
}

impl<'v> From<&'v AnnotationValue> for Value<'v> {
    fn from(value: &'v AnnotationValue) -> Self {
        match value {
            AnnotationValue::String(text) => Self::Text(text),
            AnnotationValue::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            AnnotationValue::Boolean(truth) => Self::Truth(*truth),
        }
    }
}

/// Says whether a condition holds for its subject, which at the top level is the trace itself.
pub(super) fn holds(condition: &Condition, subject: &dyn Subject, trace: &TraceView<'_>) -> bool {
    match condition {
        Condition::All(conditions) => conditions.iter().all(|condition| holds(condition, subject, trace)),
        Condition::Any(conditions) => conditions.iter().any(|condition| holds(condition, subject, trace)),
        Condition::Not(condition) => !holds(condition, subject, trace),
        Condition::Compare(fact, test) => compare(fact, test, subject),
        Condition::Service(pattern, inside) => service(pattern, inside.as_deref(), trace),
        Condition::Edge(pattern, inside) => edge(pattern, inside.as_deref(), trace),
        Condition::RootCause(list, inside) => cause::any_element(*list, inside, trace),
        Condition::RootCauseJson(patterns) => patterns.iter().all(|pattern| cause::is_found(pattern, trace.summary())),
        Condition::Group(_) => unreachable!("a filter is made of conditions whose groups are resolved"),
    }
}

fn compare(fact: &Fact, test: &Test, subject: &dyn Subject) -> bool {
    match fact {
        Fact::Keyword(keyword) => {
            let caseless = keyword.definition().kind == Kind::CaselessText;
            subject.values(*keyword).iter().any(|value| test.accepts(*value, caseless))
        }
        Fact::Annotation(key) => subject.annotations(key).iter().any(|value| test.accepts(*value, false)),
    }
}

/// Without a condition inside, the node has to be there; with one, some segment of it has to fulfil it.
fn service(pattern: &NodePattern, inside: Option<&Condition>, trace: &TraceView<'_>) -> bool {
    let mut nodes = trace.work().nodes.iter().filter(|node| pattern.matches(&node.id));
    let Some(inside) = inside else { return nodes.next().is_some() };
    nodes.any(|node| {
        let segments = node.segments.iter().map(|segment| NodeSegment { node: &node.id, segment });
        segments.into_iter().any(|segment| holds(inside, &segment, trace))
    })
}

/// Without a condition inside, there has to be a call; with one, some call has to fulfil it.
fn edge(pattern: &EdgePattern, inside: Option<&Condition>, trace: &TraceView<'_>) -> bool {
    let edges = trace.work().edges.iter();
    let mut calls = edges
        .filter(|edge| pattern.source.matches(&edge.source) && pattern.target.matches(&edge.target))
        .flat_map(|edge| &edge.calls);
    calls.any(|call| inside.is_none_or(|inside| holds(inside, &Call(call), trace)))
}

impl NodePattern {
    pub(super) fn matches(&self, id: &ServiceId) -> bool {
        let is = |wanted: &Option<String>, value: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| value.is_some_and(|value| wanted == value))
        };
        let has_type = |wanted: &String| id.service_type.as_deref().is_some_and(|kind| folded(kind) == folded(wanted));
        is(&self.name, Some(&id.name))
            && is(&self.account_id, id.account_id.as_deref())
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
