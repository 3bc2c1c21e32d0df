//! Names of nodes and edges in URLs. Keys are only ever compared with the keys of the nodes at hand, never taken apart
//! without the names that they may be made of.

use crate::graph::{Edge, Service, ServiceGraph, ServiceRef};

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

/// Says whether this is the key of a node of these names.
pub(in crate::console) fn is_node(key: &str, service: ServiceRef<'_>) -> bool {
    after(key, service) == Some("")
}

/// Says whether this is the key of an edge between nodes of these names.
pub(in crate::console) fn is_edge(key: &str, caller: ServiceRef<'_>, callee: ServiceRef<'_>) -> bool {
    let callee_key = after(key, caller).and_then(|rest| rest.strip_prefix('>'));
    callee_key.is_some_and(|key| is_node(key, callee))
}

/// What follows the key of a node.
fn after<'k>(key: &'k str, service: ServiceRef<'_>) -> Option<&'k str> {
    let rest = key.strip_prefix(service.name)?;
    match service.service_type {
        None => Some(rest),
        Some(service_type) => rest.strip_prefix('!')?.strip_prefix(service_type),
    }
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
