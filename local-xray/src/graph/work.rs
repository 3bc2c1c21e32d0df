//! One trace as nodes and edges with the work behind each: for questions that numbers cannot answer.

use std::collections::BTreeMap;

use crate::document::Segment;
use crate::store::Trace;

use super::ServiceId;
use super::calls::{Calls, Count};
use super::identity::Key;

/// The nodes and edges that one trace has in a service graph.
#[derive(Debug, Clone, Default)]
pub struct TraceWork<'a> {
    /// The nodes, clients included.
    pub nodes: Vec<NodeWork<'a>>,
    /// The calls between them.
    pub edges: Vec<EdgeWork<'a>>,
}

/// One node and its own work.
#[derive(Debug, Clone)]
pub struct NodeWork<'a> {
    /// Which node.
    pub id: ServiceId,
    /// The segments of a service, or the calls that stand for an inferred node's; none for a client.
    pub segments: Vec<&'a Segment>,
}

/// One edge and the calls it stands for.
#[derive(Debug, Clone)]
pub struct EdgeWork<'a> {
    /// The node that called.
    pub source: ServiceId,
    /// The node that was called.
    pub target: ServiceId,
    /// The calls as the caller recorded them; the segment that answered, where the caller recorded nothing.
    pub calls: Vec<&'a Segment>,
}

/// The nodes and edges of one trace, each with the work that a service graph counts there.
pub fn trace_work(trace: &Trace) -> TraceWork<'_> {
    let calls = Calls::of(trace);
    let mut nodes: BTreeMap<Key<'_>, Vec<&Segment>> = BTreeMap::new();
    let mut edges: BTreeMap<(Key<'_>, Key<'_>), Vec<&Segment>> = BTreeMap::new();
    for count in calls.parts().flat_map(|part| calls.counts_of(part)) {
        match count {
            Count::Segment { node, piece, .. } | Count::Inferred { node, piece } => {
                nodes.entry(node).or_default().push(piece);
            }
            Count::Entry { callee, piece } => {
                nodes.entry(callee.client()).or_default();
                edges.entry((callee.client(), callee)).or_default().push(piece);
            }
            Count::Call { caller, callee, piece } => {
                nodes.entry(caller.clone()).or_default();
                edges.entry((caller, callee)).or_default().push(piece);
            }
        }
    }
    let nodes = nodes.into_iter().map(|(key, segments)| NodeWork { id: key.to_service_id(), segments });
    let edges = edges.into_iter().map(|((source, target), calls)| EdgeWork {
        source: source.to_service_id(),
        target: target.to_service_id(),
        calls,
    });
    TraceWork { nodes: nodes.collect(), edges: edges.collect() }
}
