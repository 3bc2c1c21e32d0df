//! Which node stands in which column, and in which order: a layered layout, small enough to be read.
//!
//! Calls that close a cycle are set aside first; the rest decides the columns (longest path from the left), so that every
//! remaining call leads to the right. A call that skips columns passes through them as an item of its own. Items are then
//! put in order by the mean position of their neighbours.

use super::model::{Edge, Map};

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// The box of a node.
    Node(usize),
    /// The line of a call that leads past this column.
    Pass,
}

/// Columns of items, and the lines between them, by item index.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) items: Vec<Item>,
    /// Items of each column from top to bottom.
    pub(super) columns: Vec<Vec<usize>>,
    /// Lines from an item to one in the next column.
    pub(super) hops: Vec<(usize, usize)>,
    /// Calls that lead back to the same column or further left.
    pub(super) back: Vec<(usize, usize)>,
}

impl Layout {
    pub(super) fn new(map: &Map) -> Self {
        let (forward, back) = split_cycles(map);
        let column_of = assign_columns(map, &forward);
        let mut layout = Self {
            items: (0..map.nodes.len()).map(Item::Node).collect(),
            columns: vec![Vec::new(); column_of.iter().max().map_or(0, |last| last + 1)],
            hops: Vec::new(),
            back,
        };
        for (node, column) in column_of.iter().enumerate() {
            layout.put(node, *column);
        }
        for (from, to) in forward {
            let between = column_at(&column_of, from) + 1..column_at(&column_of, to);
            let last = between.fold(from, |previous, column| {
                let pass = layout.items.len();
                layout.items.push(Item::Pass);
                layout.put(pass, column);
                layout.hops.push((previous, pass));
                pass
            });
            layout.hops.push((last, to));
        }
        layout.put_in_order();
        layout
    }

    fn put(&mut self, item: usize, column: usize) {
        if let Some(items) = self.columns.get_mut(column) {
            items.push(item);
        }
    }

    /// Moves each item towards its neighbours on the left, then on the right, then on the left again.
    fn put_in_order(&mut self) {
        let reversed: Vec<(usize, usize)> = self.hops.iter().map(|(from, to)| (*to, *from)).collect();
        for column in 1..self.columns.len() {
            self.sort_column(column, column - 1, &reversed);
        }
        for column in (0..self.columns.len().saturating_sub(1)).rev() {
            let hops = self.hops.clone();
            self.sort_column(column, column + 1, &hops);
        }
        for column in 1..self.columns.len() {
            self.sort_column(column, column - 1, &reversed);
        }
    }

    /// Sorts a column by the mean position of what `hops` joins to it in another column; ties keep their order.
    fn sort_column(&mut self, column: usize, other: usize, hops: &[(usize, usize)]) {
        let (Some(items), Some(others)) = (self.columns.get(column), self.columns.get(other)) else { return };
        let mut keyed: Vec<(f64, usize)> = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let neighbours = hops.iter().filter(|(from, _)| from == item);
            let at: Vec<usize> =
                neighbours.filter_map(|(_, to)| others.iter().position(|neighbour| neighbour == to)).collect();
            keyed.push((mean(&at).unwrap_or(to_float(position)), *item));
        }
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(items) = self.columns.get_mut(column) {
            *items = keyed.into_iter().map(|(_, item)| item).collect();
        }
    }
}

type Calls = Vec<(usize, usize)>;

/// Walks depth first from the clients and parts the calls into those that lead on and those that close a cycle.
fn split_cycles(map: &Map) -> (Calls, Calls) {
    let mut walk = Walk { map, state: vec![Visit::New; map.nodes.len()], forward: Vec::new(), back: Vec::new() };
    let called = |node: usize| map.edges.iter().any(|edge| edge.to == node && edge.from != node);
    let sources = (0..map.nodes.len()).filter(|node| !called(*node));
    for node in sources.chain(0..map.nodes.len()) {
        walk.visit(node);
    }
    (walk.forward, walk.back)
}

struct Walk<'a> {
    map: &'a Map,
    state: Vec<Visit>,
    forward: Calls,
    back: Calls,
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    Done,
}

impl Walk<'_> {
    /// Recursion is bounded by the number of nodes that are drawn at all.
    fn visit(&mut self, node: usize) {
        if self.state.get(node) != Some(&Visit::New) {
            return;
        }
        self.mark(node, Visit::Open);
        let map = self.map;
        for Edge { to, .. } in map.edges.iter().filter(|edge| edge.from == node && edge.to != node) {
            let call = (node, *to);
            if self.forward.contains(&call) || self.back.contains(&call) {
                continue; // a call and a link between the same nodes share one line
            }
            if self.state.get(*to) == Some(&Visit::Open) {
                self.back.push(call);
            } else {
                self.forward.push(call);
                self.visit(*to);
            }
        }
        self.mark(node, Visit::Done);
    }

    fn mark(&mut self, node: usize, visit: Visit) {
        if let Some(state) = self.state.get_mut(node) {
            *state = visit;
        }
    }
}

/// The length of the longest way to each node; where there are clients, only they stand in the first column.
fn assign_columns(map: &Map, forward: &[(usize, usize)]) -> Vec<usize> {
    let any_client = map.nodes.iter().any(|node| node.is_client);
    let mut columns: Vec<usize> = map.nodes.iter().map(|node| usize::from(any_client && !node.is_client)).collect();
    for _ in 0..map.nodes.len() {
        for (from, to) in forward {
            let reached = column_at(&columns, *from) + 1;
            if let Some(column) = columns.get_mut(*to) {
                *column = reached.max(*column);
            }
        }
    }
    columns
}

fn column_at(columns: &[usize], node: usize) -> usize {
    columns.get(node).copied().unwrap_or(0)
}

fn mean(positions: &[usize]) -> Option<f64> {
    (!positions.is_empty()).then(|| to_float(positions.iter().sum()) / to_float(positions.len()))
}

#[expect(clippy::cast_precision_loss, reason = "positions within a picture are small")]
fn to_float(position: usize) -> f64 {
    position as f64
}
