//! Columns of the map: which node stands how far to the right.
//!
//! Edges point right, so cycles have to be broken first: a depth-first walk from the entries turns around every edge
//! that leads back to a node on the current path. The walk follows the given order, so the same nodes and edges
//! always give the same columns.

#![expect(clippy::indexing_slicing, reason = "every index is a node or edge of the graph that sized the vector")]

/// Where the nodes stand and which edges run from right to left.
#[derive(Debug, PartialEq)]
pub(super) struct Layers {
    /// Column of each node, from 0 at the left.
    pub(super) of_node: Vec<usize>,
    /// For each edge, whether it is drawn backwards (its target stands left of its source).
    pub(super) reversed: Vec<bool>,
}

/// Assigns columns to `nodes` nodes joined by `edges` (source, target). Self-calls are ignored.
pub(super) fn assign(nodes: usize, edges: &[(usize, usize)]) -> Layers {
    let mut walk = Walk::new(nodes, edges);
    for start in entries_first(nodes, edges) {
        walk.visit(start, edges);
    }
    let Walk { finished, reversed, .. } = walk;

    let forward = |edge: usize| {
        let (source, target) = edges[edge];
        if reversed[edge] { (target, source) } else { (source, target) }
    };
    let mut incoming = vec![Vec::new(); nodes];
    let mut outgoing = vec![Vec::new(); nodes];
    for edge in (0..edges.len()).filter(|&edge| edges[edge].0 != edges[edge].1) {
        let (source, target) = forward(edge);
        incoming[target].push(source);
        outgoing[source].push(target);
    }
    // The order of finishing, backwards, has every source before its targets.
    let mut of_node = vec![0; nodes];
    for &node in finished.iter().rev() {
        of_node[node] = incoming[node].iter().map(|&source| of_node[source] + 1).max().unwrap_or(0);
    }
    // Nodes that nothing calls move next to what they call: a client stands beside its service.
    for node in (0..nodes).filter(|&node| incoming[node].is_empty()) {
        of_node[node] = outgoing[node].iter().map(|&target| of_node[target] - 1).min().unwrap_or(0);
    }
    Layers { of_node, reversed }
}

/// Nodes without callers, then all others (some of them are reachable only from within a cycle).
fn entries_first(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut called = vec![false; nodes];
    for &(source, target) in edges.iter().filter(|(source, target)| source != target) {
        debug_assert!(source < nodes, "an edge starts at a node of the graph");
        called[target] = true;
    }
    let (others, entries): (Vec<usize>, Vec<usize>) = (0..nodes).partition(|&node| called[node]);
    entries.into_iter().chain(others).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Unseen,
    OnPath,
    Finished,
}

struct Walk {
    outgoing: Vec<Vec<usize>>,
    progress: Vec<Progress>,
    finished: Vec<usize>,
    reversed: Vec<bool>,
}

impl Walk {
    fn new(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let mut outgoing = vec![Vec::new(); nodes];
        for (edge, &(source, _)) in edges.iter().enumerate() {
            outgoing[source].push(edge);
        }
        Self {
            outgoing,
            progress: vec![Progress::Unseen; nodes],
            finished: Vec::with_capacity(nodes),
            reversed: vec![false; edges.len()],
        }
    }

    /// Walks everything reachable from `start` that is still unseen, without recursion: a chain of calls may be long.
    fn visit(&mut self, start: usize, edges: &[(usize, usize)]) {
        if self.progress[start] != Progress::Unseen {
            return;
        }
        let mut path = vec![(start, 0)];
        self.progress[start] = Progress::OnPath;
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            let Some(&edge) = self.outgoing[node].get(*next) else {
                self.progress[node] = Progress::Finished;
                self.finished.push(node);
                path.pop();
                continue;
            };
            *next += 1;
            let target = edges[edge].1;
            match self.progress[target] {
                Progress::Unseen => {
                    self.progress[target] = Progress::OnPath;
                    path.push((target, 0));
                }
                Progress::OnPath if target != node => self.reversed[edge] = true,
                Progress::OnPath | Progress::Finished => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(nodes: usize, edges: &[(usize, usize)], columns: &[usize], reversed: &[usize]) {
        let layers = assign(nodes, edges);
        assert_eq!(layers.of_node, columns, "columns of {edges:?}");
        let turned: Vec<usize> = (0..edges.len()).filter(|&edge| layers.reversed[edge]).collect();
        assert_eq!(turned, reversed, "reversed edges of {edges:?}");
    }

    #[test]
    fn columns_follow_the_calls() {
        check(0, &[], &[], &[]);
        check(1, &[], &[0], &[]);
        check(3, &[(0, 1), (1, 2)], &[0, 1, 2], &[]);
        check(4, &[(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)], &[0, 1, 1, 2], &[]);
    }

    #[test]
    fn a_call_back_is_drawn_backwards() {
        check(3, &[(0, 1), (1, 2), (2, 1)], &[0, 1, 2], &[2]);
        check(2, &[(0, 1), (1, 0)], &[0, 1], &[1]);
    }

    #[test]
    fn a_self_call_moves_nothing() {
        check(2, &[(0, 1), (1, 1)], &[0, 1], &[]);
        check(1, &[(0, 0)], &[0], &[]);
    }

    #[test]
    fn a_second_client_stands_beside_the_service_it_calls() {
        check(4, &[(0, 1), (1, 2), (3, 2)], &[0, 1, 2, 1], &[]);
    }
}
