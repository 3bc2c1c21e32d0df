//! Parts of a graph: what lies around one node, so that a large map can be read piece by piece.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Edge, Service, ServiceGraph};

use super::key;

/// The nodes that lead to the one with this key, and those that it leads to, in so many calls each way; `None` when there
/// is no such node.
pub(in crate::console) fn around(graph: &ServiceGraph, key: &str, depth: usize) -> Option<ServiceGraph> {
    let middle = key::find_node(graph, key)?.reference_id;
    let called = |node: usize| targets(graph, node);
    let callers = |node: usize| {
        let calls = move |service: &&Service| service.edges.iter().any(|edge| edge.target == node);
        graph.services.iter().filter(calls).map(|service| service.reference_id).collect()
    };
    let mut near = reach(middle, depth, called);
    near.extend(reach(middle, depth, callers));
    Some(keep(graph, &near))
}

fn targets(graph: &ServiceGraph, node: usize) -> Vec<usize> {
    graph.services.get(node).map(|service| service.edges.iter().map(|edge| edge.target).collect()).unwrap_or_default()
}

/// Everything that is at most `depth` steps away.
fn reach(from: usize, depth: usize, step: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut reached = BTreeSet::from([from]);
    let mut border = vec![from];
    for _ in 0..depth {
        border = border.into_iter().flat_map(&step).filter(|node| reached.insert(*node)).collect();
    }
    reached
}

/// The graph of these nodes alone.
fn keep(graph: &ServiceGraph, kept: &BTreeSet<usize>) -> ServiceGraph {
    let numbers: BTreeMap<usize, usize> = kept.iter().copied().zip(0..).collect();
    let renumbered = |edge: &Edge| Some(Edge { target: *numbers.get(&edge.target)?, ..edge.clone() });
    let services = graph.services.iter().filter_map(|service| {
        let reference_id = *numbers.get(&service.reference_id)?;
        Some(Service { reference_id, edges: service.edges.iter().filter_map(renumbered).collect(), ..service.clone() })
    });
    ServiceGraph { services: services.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::map::samples::graph;

    #[test]
    fn depth_counts_calls_both_ways() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "d"), ("x", "c"), ("a", "y")]);
        let check = |depth, expected: &[&str]| {
            let part = around(&graph, "c", depth).expect("there is a c");
            let names: Vec<_> = part.services.iter().map(|service| service.name.as_str()).collect();
            assert_eq!(names, expected, "depth {depth}");
            assert!(part.services.iter().zip(0..).all(|(service, number)| service.reference_id == number));
        };
        check(0, &["c"]);
        check(1, &["b", "c", "d", "x"]);
        check(2, &["a", "b", "c", "d", "x"]);
        assert_eq!(around(&graph, "nobody", 1), None);
    }

    #[test]
    fn cycles_end() {
        let graph = graph(&[("a", "b"), ("b", "a"), ("b", "b")]);
        let part = around(&graph, "a", 9).expect("there is an a");
        assert_eq!(part, graph);
    }
}
