//! A node of the service graph.

use crate::document::Timestamp;

use super::{Edge, Histogram, Statistics};

/// One node: a service, a client, or something that was only seen being called.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// The number of the node in this graph; edges refer to it.
    pub reference_id: usize,
    /// The canonical name. A client node carries the name of the service that it enters.
    pub name: String,
    /// Every name seen for the node, the canonical one first.
    pub names: Vec<String>,
    /// The type, for example `AWS::ECS::Fargate`, `client`, `remote` or `Database::SQL`; absent for a service without origin.
    pub service_type: Option<String>,
    /// The account, when a segment named it.
    pub account_id: Option<String>,
    /// Whether the node sent segments itself.
    pub state: State,
    /// True when some trace starts at this service.
    pub root: bool,
    /// When the node's first work in the window began.
    pub start_time: Timestamp,
    /// When its last work ended.
    pub end_time: Timestamp,
    /// Calls to other nodes, by target.
    pub edges: Vec<Edge>,
    /// The node's own counts and times; `None` for clients.
    pub statistics: Option<Statistics>,
    /// The tasks that sent its segments, as far as they are named: by the ends of their names, in order.
    pub tasks: Vec<String>,
    /// How long work lasted, including what went on after the response.
    pub duration_histogram: Histogram,
    /// How long responses took.
    pub response_time_histogram: Histogram,
}

/// Whether a node sent segments itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The service sent segments.
    Active,
    /// The node was only seen by its callers.
    Unknown,
}

impl State {
    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unknown => "unknown",
        }
    }
}
