//! What an expression asks, as a tree without text. `print` turns it back into text.

use std::fmt;

use super::error::Span;
use super::keyword::Keyword;
use super::root_cause::CausePattern;

/// A parsed filter expression. Prints as canonical text: parsing that again gives an equal expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression(pub(super) Condition);

/// A condition on whatever the scope it stands in is about.
///
/// Built by [`Condition::all`], [`Condition::any`] and [`Condition::negated`], which keep one form for one meaning:
/// no list of one, no list directly inside a list of the same kind, no double negation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// Every condition holds. The empty list is the empty expression, which holds for every trace.
    All(Vec<Condition>),
    /// At least one condition holds.
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// Some value of the fact passes the test.
    Compare(Fact, Test),
    Service(NodePattern, Option<Box<Condition>>),
    Edge(EdgePattern, Option<Box<Condition>>),
    Group(GroupReference),
    /// Some element of this list of some root cause fulfils the condition.
    RootCause(CauseList, Box<Condition>),
    /// Each pattern is found among the trace's root causes.
    RootCauseJson(Vec<CausePattern>),
}

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    Keyword(Keyword),
    /// The annotations with this key; upper and lower case differ.
    Annotation(String),
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    IsSet,
    Truth(bool),
    Number(NumberOperator, f64),
    Text(TextOperator, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberOperator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextOperator {
    Equal,
    NotEqual,
    Contains,
    BeginsWith,
    EndsWith,
}

/// Which nodes are meant; what is absent may be anything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct NodePattern {
    pub(super) name: Option<String>,
    pub(super) service_type: Option<String>,
    pub(super) account_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct EdgePattern {
    pub(super) source: NodePattern,
    pub(super) target: NodePattern,
}

/// A group, whose own expression takes the place of the reference before anything is evaluated.
#[derive(Debug, Clone)]
pub(super) struct GroupReference {
    pub(super) by: GroupKey,
    pub(super) value: String,
    /// Where it was written, for an error when no group answers to it.
    pub(super) span: Span,
}

/// Two references are the same wherever they were written.
impl PartialEq for GroupReference {
    fn eq(&self, other: &Self) -> bool {
        self.by == other.by && self.value == other.value
    }
}

/// How a group is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKey {
    /// By its name.
    Name,
    /// By its ARN.
    Arn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CauseKind {
    Fault,
    Error,
    ResponseTime,
}

/// One of the lists that a root cause holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CauseList {
    pub(super) kind: CauseKind,
    pub(super) element: CauseElement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CauseElement {
    /// The services from the entry point to the culprit.
    Service,
    /// The entities on the way, those of the first service first.
    Entity,
    /// The exceptions of those entities. Only faults and errors have any.
    Exception,
}

impl Condition {
    pub(super) fn all(conditions: Vec<Self>) -> Self {
        let flat = conditions.into_iter().flat_map(|condition| match condition {
            Self::All(inner) => inner,
            other => vec![other],
        });
        only(flat.collect()).unwrap_or_else(Self::All)
    }

    pub(super) fn any(conditions: Vec<Self>) -> Self {
        let flat = conditions.into_iter().flat_map(|condition| match condition {
            Self::Any(inner) => inner,
            other => vec![other],
        });
        only(flat.collect()).unwrap_or_else(Self::Any)
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }
}

/// The only condition of a list of one; otherwise the list.
fn only(mut conditions: Vec<Condition>) -> Result<Condition, Vec<Condition>> {
    match conditions.pop() {
        Some(condition) if conditions.is_empty() => Ok(condition),
        last => {
            conditions.extend(last);
            Err(conditions)
        }
    }
}

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "group.name",
            Self::Arn => "group.arn",
        })
    }
}
