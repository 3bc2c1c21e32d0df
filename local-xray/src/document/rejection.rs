//! What was wrong with a document: X-Ray's error code, the JSON path of the culprit, and words for a person.

use std::fmt;

/// Why a document was refused, by the code that X-Ray uses for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The bytes are not JSON, not an object, or contradict themselves.
    InvalidSegment,
    /// `trace_id` is absent from a segment or an independent subsegment.
    MissingTraceId,
    /// `trace_id` does not have the 35-character form.
    InvalidTraceId,
    /// `id` is absent.
    MissingId,
    /// `id` is not 16 hex digits.
    InvalidId,
    /// An independent subsegment names no parent.
    MissingParentId,
    /// `parent_id` is not 16 hex digits.
    InvalidParentId,
    /// `name` is absent, empty, too long, or has a character outside X-Ray's set.
    InvalidName,
    /// `start_time` is absent.
    MissingStartTime,
    /// `start_time` is not a time.
    InvalidStartTime,
    /// Neither `end_time` nor `in_progress` is there.
    MissingEndTime,
    /// `end_time` is not a time.
    InvalidEndTime,
    /// The document is larger than its door lets in.
    DocumentTooLarge,
    /// The datagram has no valid header line, or nothing after it.
    InvalidDatagram,
    /// An OTLP message or span cannot be read.
    InvalidSpan,
    /// An OTLP message with log records cannot be read.
    InvalidLogRecord,
    /// Spans came in a datagram that says they were not sampled.
    NotSampled,
    /// The request around the documents cannot be read, or holds too many of them.
    InvalidRequest,
    /// The intake queue was full, so that the document had to be dropped.
    QueueFull,
    /// The document could not be written down.
    NotStored,
}

impl ErrorCode {
    /// The code as it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidSegment => "InvalidSegment",
            Self::MissingTraceId => "MissingTraceId",
            Self::InvalidTraceId => "InvalidTraceId",
            Self::MissingId => "MissingId",
            Self::InvalidId => "InvalidId",
            Self::MissingParentId => "MissingParentId",
            Self::InvalidParentId => "InvalidParentId",
            Self::InvalidName => "InvalidName",
            Self::MissingStartTime => "MissingStartTime",
            Self::InvalidStartTime => "InvalidStartTime",
            Self::MissingEndTime => "MissingEndTime",
            Self::InvalidEndTime => "InvalidEndTime",
            Self::DocumentTooLarge => "DocumentTooLarge",
            Self::InvalidDatagram => "InvalidDatagram",
            Self::InvalidSpan => "InvalidSpan",
            Self::InvalidLogRecord => "InvalidLogRecord",
            Self::NotSampled => "NotSampled",
            Self::InvalidRequest => "InvalidRequest",
            Self::QueueFull => "QueueFull",
            Self::NotStored => "NotStored",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One refused document: nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at {path}")]
pub struct Rejection {
    /// X-Ray's code for the problem.
    pub code: ErrorCode,
    /// Where in the document the culprit is, for example `$.subsegments[0].name`.
    pub path: String,
    /// What is wrong there and, where it helps, what was expected.
    pub reason: String,
    /// The `id` of the refused document, as it was sent, when it could be read.
    pub id: Option<String>,
    /// The `trace_id` of the refused document, as it was sent, when it could be read.
    pub trace_id: Option<String>,
}

impl Rejection {
    /// Starts a rejection that knows no ids.
    pub fn new(code: ErrorCode, path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { code, path: path.into(), reason: reason.into(), id: None, trace_id: None }
    }
}

/// A member of an accepted document that was left out, because it has no meaning in X-Ray's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where the member was, for example `$.annotations.basket`.
    pub path: String,
    /// Why it was left out.
    pub reason: &'static str,
}
