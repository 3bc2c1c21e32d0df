//! What a trace counts for the node or the edge that was picked on the map: the same numbers as in the map of the trace
//! alone, without drawing it.

use std::cmp::Ordering;

use crate::console::map::key;
use crate::digest::DigestView;
use crate::document::Window;
use crate::graph::{Count, Histogram, Key, Measured, Statistics};
use crate::store::{Entry, graph_of};

/// What was picked.
#[derive(Clone, Copy)]
pub(super) enum Pick<'k> {
    /// The key of a node.
    Node(&'k str),
    /// The key of an edge.
    Edge(&'k str),
}

impl Pick<'_> {
    /// The numbers of it in one trace; `None` when it has no part in that.
    pub(super) fn counted_in(
        self,
        entry: &Entry,
        digest: &DigestView<'_>,
        window: Window,
    ) -> Option<(Statistics, Histogram)> {
        // Links join nodes of traces; that is the business of graphs.
        if digest.links_in(window).next().is_some() {
            return self.found_in_graph(entry, window);
        }
        match self {
            Self::Node(wanted) => {
                let mut least = Least::default();
                digest.counts_in(window).for_each(|count| add_to_nodes(&mut least, wanted, count));
                least.into_numbers()
            }
            Self::Edge(wanted) => {
                let mut least = Least::default();
                for count in digest.counts_in(window) {
                    let (caller, callee, piece) = match count {
                        Count::Entry { callee, piece } => (callee.client(), callee, piece),
                        Count::Call { caller, callee, piece } => (caller, callee, piece),
                        Count::Segment { .. } | Count::Inferred { .. } => continue,
                    };
                    if key::is_edge(wanted, caller.known_as(), callee.known_as()) {
                        least.add((caller, callee), Some(&piece));
                    }
                }
                least.into_numbers()
            }
        }
    }

    fn found_in_graph(self, entry: &Entry, window: Window) -> Option<(Statistics, Histogram)> {
        let graph = graph_of([entry], window);
        match self {
            Self::Node(wanted) => {
                let service = key::find_node(&graph, wanted)?;
                Some((service.statistics.unwrap_or_default(), service.response_time_histogram.clone()))
            }
            Self::Edge(wanted) => {
                let (_, _, edge) = key::find_edge(&graph, wanted)?;
                Some((edge.statistics, edge.response_time_histogram.clone()))
            }
        }
    }
}

/// A node is there when something was counted at it or at an edge from or to it.
fn add_to_nodes<'d>(least: &mut Least<Key<'d>>, wanted: &str, count: Count<'d, Measured>) {
    let mut add = |node: Key<'d>, piece: Option<&Measured>| {
        if key::is_node(wanted, node.known_as()) {
            least.add(node, piece);
        }
    };
    match count {
        Count::Segment { node, piece, .. } | Count::Inferred { node, piece } => add(node, Some(&piece)),
        Count::Entry { callee, .. } => {
            add(callee.client(), None);
            add(callee, None);
        }
        Count::Call { caller, callee, .. } => {
            add(caller, None);
            add(callee, None);
        }
    }
}

/// The numbers of the least of several nodes or edges with one key: accounts are not in keys, and the map finds the first.
struct Least<K>(Option<(K, Statistics, Histogram)>);

impl<K> Default for Least<K> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Ord> Least<K> {
    /// Takes note of one with the key that is wanted, and counts a piece of its work.
    fn add(&mut self, key: K, piece: Option<&Measured>) {
        let order = self.0.as_ref().map_or(Ordering::Less, |(known, ..)| key.cmp(known));
        match order {
            Ordering::Less => self.0 = Some((key, Statistics::default(), Histogram::default())),
            Ordering::Equal => {}
            Ordering::Greater => return,
        }
        if let (Some((_, statistics, times)), Some(piece)) = (&mut self.0, piece) {
            statistics.add(piece);
            piece.response_time().into_iter().for_each(|time| times.add(time));
        }
    }

    fn into_numbers(self) -> Option<(Statistics, Histogram)> {
        self.0.map(|(_, statistics, times)| (statistics, times))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::digest::random::{documents, traces, windows};

    proptest! {
        #[test]
        fn a_pick_counts_what_the_map_of_the_trace_says(documents in documents(20), window in windows()) {
            let traces = traces(&documents);
            let whole = crate::graph::service_graph(&traces, window);
            let nodes: Vec<String> = whole.services.iter().map(key::node).collect();
            let edges = whole.services.iter().flat_map(|caller| {
                caller.edges.iter().map(|call| key::edge(caller, &whole.services[call.target]))
            });
            let edges: Vec<String> = edges.collect();
            let picks = nodes.iter().map(|key| Pick::Node(key)).chain(edges.iter().map(|key| Pick::Edge(key)));
            let picks: Vec<Pick<'_>> = picks.collect();
            for entry in traces.into_iter().map(|trace| Entry::of(Arc::new(trace))) {
                for pick in &picks {
                    let counted = pick.counted_in(&entry, &entry.digest().view(), window);
                    prop_assert_eq!(counted, pick.found_in_graph(&entry, window));
                }
            }
        }
    }
}
