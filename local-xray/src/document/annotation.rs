//! Annotation values: the scalars that filters can search.

use std::fmt;

use litemap::LiteMap;
use serde::Serialize;
use serde_json::{Number, Value};

/// Annotations by key. There are a few, so they stand in a list: a tree would take as much for one as for eleven.
pub type Annotations = LiteMap<String, AnnotationValue>;

/// The value of one annotation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum AnnotationValue {
    /// A text.
    String(String),
    /// A number, with the digits it came with.
    Number(Number),
    /// A truth value.
    Boolean(bool),
}

impl AnnotationValue {
    /// Takes a scalar; `None` for null, lists and objects, which X-Ray does not index.
    pub fn from_json(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::String(text)),
            Value::Number(number) => Some(Self::Number(number)),
            Value::Bool(flag) => Some(Self::Boolean(flag)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl fmt::Display for AnnotationValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Boolean(flag) => write!(f, "{flag}"),
        }
    }
}
