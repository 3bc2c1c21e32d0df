//! The `cause` block: the exceptions behind an error or a fault.

use serde::Serialize;

use super::reader::Reader;

/// Why a segment failed: the id of an exception recorded elsewhere in the trace, or the exceptions themselves.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cause {
    /// The id of an exception that another segment of the trace describes.
    Reference(String),
    /// The exceptions.
    Exceptions(Exceptions),
}

/// The exceptions of one segment and where the program ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Exceptions {
    /// The working directory at the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// Paths to libraries or modules in use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// A message without an exception; API Gateway sends causes like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The exceptions, outermost first as clients send them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

/// One exception.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Exception {
    /// 16 hex digits, unique in the trace; other segments refer to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The type of the exception.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// True when a downstream call raised it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<bool>,
    /// How many stack frames were left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<i64>,
    /// How many exceptions were left out between this one and its child.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<i64>,
    /// The id of the exception that caused this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The stack, innermost frame first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<StackFrame>,
}

/// One frame of a stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StackFrame {
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The line in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<i64>,
    /// The function or method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl Exceptions {
    pub(super) fn read(mut block: Reader<'_>) -> Self {
        let exceptions = Self {
            working_directory: block.text("working_directory"),
            paths: block.texts("paths"),
            message: block.text("message"),
            exceptions: block.blocks("exceptions", Exception::read),
        };
        block.finish();
        exceptions
    }
}

impl Exception {
    fn read(mut block: Reader<'_>) -> Self {
        let exception = Self {
            id: block.text("id"),
            message: block.text("message"),
            kind: block.text("type"),
            remote: block.flag("remote"),
            truncated: block.integer("truncated"),
            skipped: block.integer("skipped"),
            cause: block.text("cause"),
            stack: block.blocks("stack", StackFrame::read),
        };
        block.finish();
        exception
    }
}

impl StackFrame {
    fn read(mut block: Reader<'_>) -> Self {
        let frame = Self { path: block.text("path"), line: block.integer("line"), label: block.text("label") };
        block.finish();
        frame
    }
}
