//! An edge of the service graph.

use crate::document::Timestamp;

use super::{Histogram, Statistics};

/// Calls from one node to another, as the caller saw them.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The `reference_id` of the node that was called.
    pub target: usize,
    /// The start of the calling node's span of time.
    pub start_time: Timestamp,
    /// The end of the calling node's span of time.
    pub end_time: Timestamp,
    /// Call or asynchronous link.
    pub kind: EdgeKind,
    /// Counts and times; empty for links.
    pub statistics: Statistics,
    /// How long the calls took.
    pub response_time_histogram: Histogram,
    /// How old messages were when they were received; only for links.
    pub received_event_age_histogram: Histogram,
    /// Other names of the target; X-Ray leaves this empty.
    pub aliases: Vec<Alias>,
}

/// How the work of two nodes is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// The caller waited for, or at least recorded, the call.
    Call,
    /// The target took up work from a queue, in a trace of its own.
    Link,
}

/// Another name of an edge's target.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// The canonical name.
    pub name: String,
    /// All names.
    pub names: Vec<String>,
    /// The type.
    pub service_type: Option<String>,
}
