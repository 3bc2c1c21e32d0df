//! Nodes and edges in the order in which the map shows them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::service::{Edge as WireEdge, Service, Statistics};
use crate::cli::words::printable;

/// The graph with indices instead of reference ids; the same input in another order gives the same map.
pub(super) struct Map {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

pub(super) struct Node {
    pub(super) name: String,
    pub(super) kind: Option<String>,
    pub(super) state: Option<String>,
    pub(super) is_client: bool,
    pub(super) calls_itself: bool,
    pub(super) numbers: Numbers,
}

pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) is_link: bool,
    pub(super) numbers: Numbers,
}

/// Counts by outcome; the outcomes add up to the total.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Numbers {
    pub(super) total: u64,
    pub(super) error: u64,
    pub(super) throttle: u64,
    pub(super) fault: u64,
    /// Mean response time in seconds; none without requests.
    pub(super) average: Option<f64>,
}

impl Map {
    pub(super) fn new(services: &[Service]) -> Self {
        let mut ordered: Vec<&Service> = services.iter().collect();
        ordered.sort_by_cached_key(|service| order(service));
        let mut nodes: Vec<Node> = ordered.iter().map(|service| Node::new(service)).collect();
        let mut index: BTreeMap<i64, usize> = BTreeMap::new();
        for (position, service) in ordered.iter().enumerate() {
            index.entry(service.reference_id).or_insert(position);
        }
        let mut edges = Vec::new();
        for (from, service) in ordered.iter().enumerate() {
            for edge in &service.edges {
                let to = *index.entry(edge.reference_id).or_insert_with(|| {
                    nodes.push(Node::absent(edge.reference_id));
                    nodes.len() - 1
                });
                edges.push(Edge::new(from, to, edge));
            }
        }
        for edge in edges.iter().filter(|edge| edge.from == edge.to) {
            if let Some(node) = nodes.get_mut(edge.from) {
                node.calls_itself = true;
            }
        }
        edges.sort_by_key(|edge| (edge.from, edge.to));
        Self { nodes, edges }
    }
}

/// Clients first, then the services they enter, then other services, then what is only known from its callers; busier
/// clients before others, so that a cycle is entered where most requests enter it.
fn order(service: &Service) -> (u8, Reverse<u64>, String, Option<String>, i64) {
    let rank = match (is_client(service), service.root, service.state.as_deref()) {
        (true, ..) => 0,
        (_, Some(true), _) => 1,
        (_, _, Some("active")) => 2,
        _ => 3,
    };
    let calls = |edge: &WireEdge| edge.summary_statistics.as_ref().map_or(0, |statistics| statistics.total_count);
    let busy = if rank == 0 { service.edges.iter().map(calls).sum() } else { 0 };
    (rank, Reverse(busy), service.name.clone(), service.kind.clone(), service.reference_id)
}

fn is_client(service: &Service) -> bool {
    service.kind.as_deref().is_some_and(|kind| kind == "client" || kind.to_ascii_lowercase().starts_with("client::"))
}

impl Node {
    fn new(service: &Service) -> Self {
        let is_client = is_client(service);
        let plain_client = service.kind.as_deref() == Some("client");
        Self {
            name: if is_client { "Clients".to_owned() } else { printable(&service.name) },
            kind: service.kind.as_deref().filter(|kind| !plain_client && !kind.is_empty()).map(printable),
            state: service.state.as_deref().filter(|_| !is_client).map(printable),
            is_client,
            calls_itself: false,
            numbers: Numbers::new(service.summary_statistics.as_ref()),
        }
    }

    /// Stands for a node that an edge names and the answer lacks.
    fn absent(reference_id: i64) -> Self {
        Self {
            name: format!("node {reference_id}"),
            kind: None,
            state: Some("not in the answer".to_owned()),
            is_client: false,
            calls_itself: false,
            numbers: Numbers::default(),
        }
    }
}

impl Edge {
    fn new(from: usize, to: usize, edge: &WireEdge) -> Self {
        Self {
            from,
            to,
            is_link: edge.edge_type.as_deref() == Some("link"),
            numbers: Numbers::new(edge.summary_statistics.as_ref()),
        }
    }
}

impl Numbers {
    #[expect(clippy::cast_precision_loss, reason = "a mean of more than 2^52 requests may round")]
    fn new(statistics: Option<&Statistics>) -> Self {
        let Some(statistics) = statistics else { return Self::default() };
        let total = statistics.total_count;
        Self {
            total,
            error: statistics.error_statistics.other_count,
            throttle: statistics.error_statistics.throttle_count,
            fault: statistics.fault_statistics.total_count,
            average: (total > 0).then(|| statistics.total_response_time / total as f64),
        }
    }
}
