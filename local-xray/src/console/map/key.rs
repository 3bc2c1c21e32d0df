//! Names of nodes and edges in URLs. Keys are only ever compared with the keys of the nodes at hand, never taken apart.

use crate::graph::{Edge, Service, ServiceGraph};

/// The key of a node: its name, and its type where it has one. Names and types together identify a node.
pub(in crate::console) fn node(service: &Service) -> String {
    match &service.service_type {
        None => service.name.clone(),
        Some(service_type) => format!("{}!{service_type}", service.name),
    }
}

/// The key of the edge between two nodes.
pub(in crate::console) fn edge(caller: &Service, callee: &Service) -> String {
    format!("{}>{}", node(caller), node(callee))
}

/// Finds the node with a key.
pub(in crate::console) fn find_node<'a>(graph: &'a ServiceGraph, key: &str) -> Option<&'a Service> {
    graph.services.iter().find(|service| node(service) == key)
}

/// Finds the edge with a key: caller, callee and the edge itself.
pub(in crate::console) fn find_edge<'a>(
    graph: &'a ServiceGraph,
    key: &str,
) -> Option<(&'a Service, &'a Service, &'a Edge)> {
    graph.services.iter().find_map(|caller| {
        caller.edges.iter().find_map(|call| {
            let callee = graph.services.get(call.target)?;
            (edge(caller, callee) == key).then_some((caller, callee, call))
        })
    })
}
