//! Links from a segment to other traces, for example from a queue's consumer to the producers.

use serde::Serialize;
use serde_json::{Map, Value};

use super::id::{SegmentId, TraceId};

/// One link to another trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Link {
    /// The trace that is linked to.
    pub trace_id: TraceId,
    /// The segment in that trace, when it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<SegmentId>,
    /// What the sender says about the link.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}
