//! What conditions are asked about: a trace as a whole, and the pieces of work in it. A trace can be asked by its documents
//! ([`TraceView`](super::TraceView)), which know everything, or by its digest, which says where it does not.

use crate::document::AnnotationValue;
use crate::graph::ServiceRef;

use super::answer::Answer;
use super::ast::CauseList;
use super::keyword::Keyword;
use super::root_cause::CausePattern;

/// Something that a condition can be about.
pub(super) trait Subject {
    /// The values that a simple keyword has here.
    fn values(&self, keyword: Keyword) -> Values<'_>;

    /// The values of the annotations with this key.
    fn annotations(&self, key: &str) -> Values<'_>;
}

/// A whole trace.
pub(super) trait Evidence: Subject {
    /// Asks about the nodes that are meant: `None` says that there is such a node, then comes each piece of its work.
    fn any_node(&self, is_meant: IsNode<'_>, ask: &mut dyn FnMut(Option<&dyn Subject>) -> Answer) -> Answer;

    /// Asks about each call between nodes that are meant.
    fn any_call(&self, is_meant: IsEdge<'_>, ask: &mut dyn FnMut(&dyn Subject) -> Answer) -> Answer;

    /// Asks about each element of this list of root causes.
    fn any_cause(&self, list: CauseList, ask: &mut dyn FnMut(&dyn Subject) -> Answer) -> Answer;

    /// Whether some root cause is like the pattern.
    fn has_cause(&self, pattern: &CausePattern) -> Answer;
}

/// Says whether a node is meant.
pub(super) type IsNode<'f> = &'f dyn Fn(ServiceRef<'_>) -> bool;
/// Says whether an edge is meant, by the node that called and the one that was called.
pub(super) type IsEdge<'f> = &'f dyn Fn(ServiceRef<'_>, ServiceRef<'_>) -> bool;

/// The values of a keyword or an annotation, as far as they are known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values<'v> {
    known: Vec<Value<'v>>,
    /// The known ones are the subject's own; otherwise they belong to something around it.
    are_certain: bool,
    /// There are no others.
    are_all: bool,
}

/// One value of a keyword or an annotation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'v> {
    Truth(bool),
    Number(f64),
    Text(&'v str),
}

impl<'v> Values<'v> {
    /// These and no others.
    pub(super) fn exactly(values: impl IntoIterator<Item = Value<'v>>) -> Self {
        Self { known: values.into_iter().collect(), are_certain: true, are_all: true }
    }

    pub(super) fn texts(texts: impl IntoIterator<Item = &'v str>) -> Self {
        Self::exactly(texts.into_iter().map(Value::Text))
    }

    pub(super) fn truth(truth: bool) -> Self {
        Self::exactly([Value::Truth(truth)])
    }

    pub(super) fn none() -> Self {
        Self::exactly([])
    }

    /// Only the documents know.
    pub(super) fn left_out() -> Self {
        Self { are_all: false, ..Self::none() }
    }

    /// Each value, `None` for one that was left out.
    pub(super) fn kept(values: impl IntoIterator<Item = Option<Value<'v>>>) -> Self {
        let mut all = Self::none();
        for value in values {
            all.are_all &= value.is_some();
            all.known.extend(value);
        }
        all
    }

    /// Some of these, if any.
    pub(super) fn among(self) -> Self {
        Self { are_certain: false, ..self }
    }

    /// Whether some value is accepted.
    pub(super) fn any(&self, accepts: impl FnMut(Value<'v>) -> bool) -> Answer {
        match self.known.iter().copied().any(accepts) {
            true if self.are_certain => Answer::Yes,
            false if self.are_all => Answer::No,
            _ => Answer::ReadDocuments,
        }
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
