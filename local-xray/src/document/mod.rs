//! The segment document: what services send and what readers get back.
//!
//! [`parse()`] is lenient: what can be placed in a trace is taken, and members that mean nothing are noted. What comes
//! out again ([`Segment`] serialises to X-Ray's JSON) is exact: the same digits, the documented members, nothing made up.
//! One file a block, each field beside its rule. Everything here is pure: values in, values out.

mod annotation;
mod aws;
mod cause;
mod http;
mod id;
mod json;
mod link;
mod memory;
mod metadata;
mod parse;
mod path;
mod reader;
mod rejection;
mod service;
mod sql;
#[cfg(test)]
mod tests;
mod timestamp;
mod write;

use std::sync::Arc;
use std::time::Duration;

pub use self::annotation::{AnnotationValue, Annotations};
pub use self::aws::Aws;
pub use self::cause::{Cause, Exception, Exceptions, StackFrame};
pub use self::http::{Http, HttpRequest, HttpResponse};
pub use self::id::{InvalidId, SegmentId, TraceId};
pub use self::link::Link;
pub use self::metadata::Metadata;
pub use self::parse::{is_valid_name, parse};
pub use self::rejection::{ErrorCode, Note, Rejection};
pub use self::service::ServiceInfo;
pub use self::sql::Sql;
pub use self::timestamp::{Timestamp, Window};
pub use self::write::{pretty_document, to_document};

/// One accepted document: a segment or an independent subsegment, and the trace it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The trace.
    pub trace_id: TraceId,
    /// The segment or subsegment, with the subsegments embedded in it.
    pub segment: Segment,
    /// What was left out of it.
    pub notes: Vec<Note>,
}

/// Whether a piece of a trace is a segment or a subsegment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Work of one service for one request.
    Segment,
    /// A part of that work, embedded in a segment or sent on its own.
    Subsegment,
}

/// What a subsegment called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// An AWS service, through an AWS SDK.
    Aws,
    /// Any other service or database.
    Remote,
}

/// A segment or a subsegment; `kind` says which. Members that only one of them may have are empty on the other.
///
/// Copies share their blocks: a trace keeps each piece as it came, and shows it once more nested in its parent.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Segment or subsegment.
    pub kind: Kind,
    /// Unique within the trace.
    pub id: SegmentId,
    /// The subsegment (or segment) that this one was called from, or that it is part of.
    pub parent_id: Option<SegmentId>,
    /// The service's logical name, or what a subsegment called or did.
    pub name: String,
    /// When the work began.
    pub start_time: Timestamp,
    /// When it ended; absent while it is in progress.
    pub end_time: Option<Timestamp>,
    /// What a subsegment called. Values other than `aws` and `remote` mean internal work and count as absent.
    pub namespace: Option<Namespace>,
    /// The type of compute resource, for example `AWS::ECS::Fargate`.
    pub origin: Option<String>,
    /// The end user.
    pub user: Option<String>,
    /// The ARN of the traced resource.
    pub resource_arn: Option<String>,
    /// A client error (4xx).
    pub error: bool,
    /// Throttled (429).
    pub throttle: bool,
    /// A server error (5xx), or an exception.
    pub fault: bool,
    /// The exceptions.
    pub cause: Option<Arc<Cause>>,
    /// The HTTP exchange.
    pub http: Option<Arc<Http>>,
    /// Where a segment ran, or which AWS resource a subsegment called.
    pub aws: Option<Arc<Aws>>,
    /// The database query of a subsegment.
    pub sql: Option<Arc<Sql>>,
    /// The service's version and runtime.
    pub service: Option<Arc<ServiceInfo>>,
    /// Searchable values by key.
    pub annotations: Annotations,
    /// Any JSON by namespace; not searchable.
    pub metadata: Metadata,
    /// Links to other traces.
    pub links: Vec<Link>,
    /// Siblings that finished before this one began.
    pub precursor_ids: Vec<SegmentId>,
    /// True when the callee is traced too, written at the top of a subsegment as the Node.js SDK does.
    pub traced: bool,
    /// True for a segment that was made up from the subsegment that called it.
    pub inferred: bool,
    /// The parts of the work, by start time.
    pub subsegments: Vec<Segment>,
}

/// The one bucket that a completed piece of work counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// No flag is set.
    Ok,
    /// Client error other than throttling.
    Error,
    /// Throttled.
    Throttle,
    /// Server error; wins over every other flag.
    Fault,
}

impl Outcome {
    /// The bucket of work with these flags: fault before throttle before error before ok.
    pub fn of_flags(fault: bool, throttle: bool, error: bool) -> Self {
        match (fault, throttle, error) {
            (true, _, _) => Self::Fault,
            (_, true, _) => Self::Throttle,
            (_, _, true) => Self::Error,
            _ => Self::Ok,
        }
    }
}

impl Segment {
    /// Starts a segment or subsegment that is in progress and has nothing but its identity.
    pub fn new(kind: Kind, id: SegmentId, name: impl Into<String>, start_time: Timestamp) -> Self {
        Self {
            kind,
            id,
            parent_id: None,
            name: name.into(),
            start_time,
            end_time: None,
            namespace: None,
            origin: None,
            user: None,
            resource_arn: None,
            error: false,
            throttle: false,
            fault: false,
            cause: None,
            http: None,
            aws: None,
            sql: None,
            service: None,
            annotations: Annotations::new(),
            metadata: Metadata::default(),
            links: Vec::new(),
            precursor_ids: Vec::new(),
            traced: false,
            inferred: false,
            subsegments: Vec::new(),
        }
    }

    /// Says whether the work has not ended yet.
    pub fn is_in_progress(&self) -> bool {
        self.end_time.is_none()
    }

    /// The time until the response left: end minus start. `None` while in progress.
    pub fn response_time(&self) -> Option<Duration> {
        Some(self.end_time?.since(self.start_time))
    }

    /// The latest time that this piece of work or anything below it is known to have lasted to.
    pub fn last_activity(&self) -> Timestamp {
        self.descendants().map(|part| part.end_time.unwrap_or(part.start_time)).max().unwrap_or(self.start_time)
    }

    /// The earliest start of this piece of work and anything below it.
    pub fn first_activity(&self) -> Timestamp {
        self.descendants().map(|part| part.start_time).min().unwrap_or(self.start_time)
    }

    /// The bucket this work counts in: fault before throttle before error before ok.
    pub fn outcome(&self) -> Outcome {
        Outcome::of_flags(self.fault, self.throttle, self.error)
    }

    /// Says whether this subsegment called something outside its service.
    pub fn is_downstream_call(&self) -> bool {
        self.kind == Kind::Subsegment && (self.namespace.is_some() || self.sql.is_some())
    }

    /// Says whether this subsegment announced that its callee will send a segment of its own.
    pub fn expects_callee(&self) -> bool {
        let in_request = || self.http.as_ref()?.request.as_ref()?.traced;
        self.traced || in_request().unwrap_or(false)
    }

    /// This piece of work and everything below it, parents before children.
    pub fn descendants(&self) -> impl Iterator<Item = &Segment> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let next = open.pop()?;
            open.extend(next.subsegments.iter().rev());
            Some(next)
        })
    }
}
