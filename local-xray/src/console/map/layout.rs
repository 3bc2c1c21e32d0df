//! Positions on the map: pure geometry, the same for the same graph.
//!
//! Nodes stand in columns (`layers`). An edge becomes a chain of points, one per column it crosses, and its label
//! is a point of its own with a size: labels therefore take part in the ordering of columns and cannot land on
//! a node, an edge's bend or one another. `rust_sugiyama` finds an order within columns with few crossings; `stack`
//! turns the order into heights. The crate's own coordinates keep lines straight at the price of maps that are tall and
//! mostly empty, and do not guarantee distances.

#![expect(
    clippy::indexing_slicing,
    reason = "every index is a node, edge or point of the component that sized the vector"
)]

use std::collections::BTreeMap;

use rust_sugiyama::configure::{Config, CrossingMinimization, RankingType};

use super::layers;
use super::stack::stack;

/// Radius of a node's circle including its ring.
pub(super) const RADIUS: f64 = 42.0;
/// Height kept free above a node that calls itself.
pub(super) const LOOP_HEIGHT: f64 = 58.0;
/// Height of the text under a node.
const CAPTION_HEIGHT: f64 = 62.0;
const NODE_GAP: f64 = 22.0;
const COLUMN_GAP: f64 = 56.0;
const COMPONENT_GAP: f64 = 48.0;
/// Components share a row until it is this wide.
const ROW_WIDTH: f64 = 1200.0;
/// A map higher than this scrolls.
pub(super) const TALL: f64 = 1400.0;
/// Beyond this many points the search for fewer crossings would take longer than the picture gains.
const TRANSPOSE_LIMIT: usize = 240;
const UNTANGLE_ROUNDS: usize = 12;

/// What the layout needs to know of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeSize {
    /// Width of the text under the circle.
    pub(super) caption_width: f64,
}

/// What the layout needs to know of an edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct EdgeSize {
    pub(super) source: usize,
    pub(super) target: usize,
    /// Size of the label's box; of no width for an edge without a label.
    pub(super) label: (f64, f64),
}

/// A position in pixels, y downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// The finished geometry.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// Centre of each node's circle.
    pub(super) nodes: Vec<Point>,
    pub(super) edges: Vec<Route>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The way of an edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Route {
    /// Points between the two nodes, in the direction of the call; empty for a self-call.
    pub(super) bends: Vec<Point>,
    /// Centre of the label.
    pub(super) label: Point,
    /// Whether the call runs from right to left.
    pub(super) reversed: bool,
}

/// Lays out the whole map: each connected component by itself, then side by side in rows.
pub(super) fn layout(nodes: &[NodeSize], edges: &[EdgeSize]) -> Layout {
    let mut whole = Layout {
        nodes: vec![Point::default(); nodes.len()],
        edges: vec![Route::default(); edges.len()],
        width: 0.0,
        height: 0.0,
    };
    let mut components = components(nodes.len(), edges);
    components.sort_by_key(|component| std::cmp::Reverse(component.nodes.len()));
    let mut pen = Point::default();
    let mut row_height: f64 = 0.0;
    for component in components {
        let drawn = component.layout(nodes, edges);
        if pen.x > 0.0 && pen.x + drawn.width > ROW_WIDTH {
            pen = Point { x: 0.0, y: pen.y + row_height + COMPONENT_GAP };
            row_height = 0.0;
        }
        for (&node, position) in component.nodes.iter().zip(&drawn.nodes) {
            whole.nodes[node] = shifted(*position, pen);
        }
        for (&edge, route) in component.edges.iter().zip(drawn.edges) {
            let bends = route.bends.iter().map(|&bend| shifted(bend, pen)).collect();
            whole.edges[edge] = Route { bends, label: shifted(route.label, pen), reversed: route.reversed };
        }
        whole.width = whole.width.max(pen.x + drawn.width);
        whole.height = whole.height.max(pen.y + drawn.height);
        row_height = row_height.max(drawn.height);
        pen.x += drawn.width + COMPONENT_GAP;
    }
    whole
}

fn shifted(point: Point, by: Point) -> Point {
    Point { x: point.x + by.x, y: point.y + by.y }
}

/// A connected part of the graph, as indices into the whole.
struct Component {
    nodes: Vec<usize>,
    edges: Vec<usize>,
}

fn components(nodes: usize, edges: &[EdgeSize]) -> Vec<Component> {
    let mut label: Vec<usize> = (0..nodes).collect();
    fn root(label: &[usize], mut node: usize) -> usize {
        while label[node] != node {
            node = label[node];
        }
        node
    }
    for edge in edges {
        let (a, b) = (root(&label, edge.source), root(&label, edge.target));
        label[a.max(b)] = a.min(b);
    }
    let mut found: BTreeMap<usize, Component> = BTreeMap::new();
    for node in 0..nodes {
        let component =
            found.entry(root(&label, node)).or_insert_with(|| Component { nodes: Vec::new(), edges: Vec::new() });
        component.nodes.push(node);
    }
    for (index, edge) in edges.iter().enumerate() {
        if let Some(component) = found.get_mut(&root(&label, edge.source)) {
            component.edges.push(index);
        }
    }
    found.into_values().collect()
}

/// A point of the layered drawing: a node, a label, or a bend of an edge that passes through a column.
struct Vertex {
    column: usize,
    width: f64,
    /// Space taken above and below the line through the point.
    above: f64,
    below: f64,
}

impl Component {
    fn layout(&self, nodes: &[NodeSize], edges: &[EdgeSize]) -> Layout {
        let local: BTreeMap<usize, usize> =
            self.nodes.iter().enumerate().map(|(local, &global)| (global, local)).collect();
        let edges: Vec<EdgeSize> = self
            .edges
            .iter()
            .map(|&edge| EdgeSize {
                source: local[&edges[edge].source],
                target: local[&edges[edge].target],
                label: edges[edge].label,
            })
            .collect();
        let ends: Vec<(usize, usize)> = edges.iter().map(|edge| (edge.source, edge.target)).collect();
        let layers = layers::assign(self.nodes.len(), &ends);

        let mut vertices: Vec<Vertex> = (0..self.nodes.len())
            .map(|node| Vertex {
                column: 2 * layers.of_node[node],
                width: nodes[self.nodes[node]].caption_width.max(2.0 * RADIUS),
                above: RADIUS + if ends.contains(&(node, node)) { LOOP_HEIGHT } else { 0.0 },
                below: RADIUS + CAPTION_HEIGHT,
            })
            .collect();
        let chains: Vec<Vec<usize>> =
            edges.iter().zip(&layers.reversed).map(|(edge, &reversed)| chain(edge, reversed, &mut vertices)).collect();

        let heights = heights(&vertices, &chains);
        let columns = columns(&vertices);
        let place = |vertex: usize| Point { x: columns[vertices[vertex].column], y: heights[vertex] };
        let routes = edges
            .iter()
            .zip(&chains)
            .zip(&layers.reversed)
            .map(|((edge, chain), &reversed)| route(edge, chain, reversed, &vertices, &place))
            .collect();
        let bottom = vertices.iter().enumerate().map(|(at, vertex)| heights[at] + vertex.below).fold(0.0, f64::max);
        let right = vertices.iter().map(|vertex| columns[vertex.column] + vertex.width / 2.0).fold(0.0, f64::max);
        Layout { nodes: (0..self.nodes.len()).map(place).collect(), edges: routes, width: right, height: bottom }
    }
}

/// Adds the label and the bends of an edge as vertices; returns the chain from its left to its right node.
fn chain(edge: &EdgeSize, reversed: bool, vertices: &mut Vec<Vertex>) -> Vec<usize> {
    if edge.source == edge.target {
        return Vec::new();
    }
    let (left, right) = if reversed { (edge.target, edge.source) } else { (edge.source, edge.target) };
    let (first, last) = (vertices[left].column, vertices[right].column);
    let label_column = first + 1 + 2 * ((last - first) / 4);
    let mut chain = vec![left];
    // Without a label the columns between nodes stay empty.
    let step = if edge.label.0 > 0.0 { 1 } else { 2 };
    for column in (first + step..last).step_by(step) {
        let (width, height) = if column == label_column { edge.label } else { (0.0, 14.0) };
        chain.push(vertices.len());
        vertices.push(Vertex { column, width, above: height / 2.0, below: height / 2.0 });
    }
    chain.push(right);
    chain
}

fn route(
    edge: &EdgeSize,
    chain: &[usize],
    reversed: bool,
    vertices: &[Vertex],
    place: &dyn Fn(usize) -> Point,
) -> Route {
    let node = place(edge.source);
    if chain.is_empty() {
        let label = Point { x: node.x, y: node.y - RADIUS - LOOP_HEIGHT + edge.label.1 / 2.0 };
        return Route { bends: Vec::new(), label, reversed };
    }
    let mut bends = Vec::new();
    let mut label = node;
    for &vertex in chain.get(1..chain.len() - 1).unwrap_or_default() {
        let at = place(vertex);
        let half = vertices[vertex].width / 2.0;
        if half > 0.0 {
            label = at;
        }
        bends.extend([Point { x: at.x - half - 4.0, y: at.y }, Point { x: at.x + half + 4.0, y: at.y }]);
    }
    if reversed {
        bends.reverse();
    }
    Route { bends, label, reversed }
}

/// The middle of each column: as wide as its widest vertex, with a gap between.
fn columns(vertices: &[Vertex]) -> Vec<f64> {
    let count = vertices.iter().map(|vertex| vertex.column + 1).max().unwrap_or(0);
    let mut widths = vec![0.0_f64; count];
    for vertex in vertices {
        widths[vertex.column] = widths[vertex.column].max(vertex.width);
    }
    let mut edge = 0.0;
    widths
        .into_iter()
        .map(|width| {
            let middle = edge + width / 2.0;
            edge += width + COLUMN_GAP;
            middle
        })
        .collect()
}

/// The height of each vertex's line: the order within columns by the crate, the heights by us.
fn heights(vertices: &[Vertex], chains: &[Vec<usize>]) -> Vec<f64> {
    let mut heights = order(vertices, chains);
    let joined = joined(vertices.len(), chains);
    untangle(vertices, &joined, &mut heights);
    let distance = |upper: usize, lower: usize| vertices[upper].below + vertices[lower].above + NODE_GAP;
    stack(&in_columns(vertices, &heights), &joined, &distance, &mut heights);
    let top = vertices.iter().zip(&heights).map(|(vertex, y)| y - vertex.above).fold(f64::INFINITY, f64::min);
    heights.iter().map(|y| y - top).collect()
}

/// Provisional heights that put every column in an order with few crossings. Their distances mean nothing.
fn order(vertices: &[Vertex], chains: &[Vec<usize>]) -> Vec<f64> {
    let sizes: Vec<(u32, (f64, f64))> = (0_u32..).zip(vertices).map(|(id, _)| (id, (1.0, 1.0))).collect();
    let id = |vertex: usize| sizes[vertex].0;
    let edges: Vec<(u32, u32)> =
        chains.iter().flat_map(|chain| chain.windows(2).map(|pair| (id(pair[0]), id(pair[1])))).collect();
    let config = Config {
        dummy_vertices: false,
        ranking_type: RankingType::Up,
        c_minimization: CrossingMinimization::Barycenter,
        transpose: vertices.len() <= TRANSPOSE_LIMIT,
        ..Config::default()
    };
    let mut heights = vec![0.0; vertices.len()];
    for (positions, _, _) in rust_sugiyama::from_vertices_and_edges(&sizes, &edges, &config) {
        for (vertex, (across, _)) in positions {
            heights[vertex] = across;
        }
    }
    heights
}

/// For each vertex, those that it shares a piece of line with.
fn joined(vertices: usize, chains: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut joined = vec![Vec::new(); vertices];
    for pair in chains.iter().flat_map(|chain| chain.windows(2)) {
        joined[pair[0]].push(pair[1]);
        joined[pair[1]].push(pair[0]);
    }
    joined
}

/// The vertices by column, each column from top to bottom.
fn in_columns(vertices: &[Vertex], heights: &[f64]) -> Vec<Vec<usize>> {
    let mut columns: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, vertex) in vertices.iter().enumerate() {
        columns.entry(vertex.column).or_default().push(index);
    }
    for column in columns.values_mut() {
        column.sort_by(|&a, &b| heights[a].total_cmp(&heights[b]).then(a.cmp(&b)));
    }
    columns.into_values().collect()
}

/// Swaps neighbours in a column of labels as long as that saves crossings: the crate's heuristic leaves some behind.
fn untangle(vertices: &[Vertex], joined: &[Vec<usize>], heights: &mut [f64]) {
    for _ in 0..UNTANGLE_ROUNDS {
        let mut changed = false;
        let of_labels = |column: &Vec<usize>| column.iter().all(|&vertex| vertices[vertex].column % 2 == 1);
        for mut column in in_columns(vertices, heights).into_iter().filter(of_labels) {
            for at in 1..column.len() {
                let (upper, lower) = (column[at - 1], column[at]);
                // Of two lines to the same column, those that end the other way round cross.
                let crossings = |first: usize, second: usize| {
                    let ends = joined[first].iter().flat_map(|&a| joined[second].iter().map(move |&b| (a, b)));
                    ends.filter(|&(a, b)| vertices[a].column == vertices[b].column && heights[a] > heights[b] + 0.5)
                        .count()
                };
                if crossings(upper, lower) > crossings(lower, upper) {
                    heights.swap(upper, lower);
                    column.swap(at - 1, at);
                    changed = true;
                }
            }
        }
        if !changed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CAPTION: NodeSize = NodeSize { caption_width: 120.0 };

    fn edges(ends: &[(usize, usize)]) -> Vec<EdgeSize> {
        ends.iter().map(|&(source, target)| EdgeSize { source, target, label: (90.0, 20.0) }).collect()
    }

    /// Boxes (left, top, right, bottom) that must not touch: nodes with their captions, and labels.
    fn boxes(layout: &Layout, sizes: &[EdgeSize]) -> Vec<(f64, f64, f64, f64)> {
        let nodes = layout.nodes.iter().map(|at| {
            let half = (CAPTION.caption_width / 2.0).max(RADIUS);
            (at.x - half, at.y - RADIUS, at.x + half, at.y + RADIUS + CAPTION_HEIGHT)
        });
        let labels = layout.edges.iter().zip(sizes).map(|(route, size)| {
            let (w, h) = (size.label.0 / 2.0, size.label.1 / 2.0);
            (route.label.x - w, route.label.y - h, route.label.x + w, route.label.y + h)
        });
        nodes.chain(labels).collect()
    }

    fn assert_apart(boxes: &[(f64, f64, f64, f64)]) {
        for (i, a) in boxes.iter().enumerate() {
            for b in boxes.iter().skip(i + 1) {
                let overlap = a.0 < b.2 - 0.01 && b.0 < a.2 - 0.01 && a.1 < b.3 - 0.01 && b.1 < a.3 - 0.01;
                assert!(!overlap, "{a:?} and {b:?} overlap");
            }
        }
    }

    #[test]
    fn an_empty_map_has_no_size() {
        assert_eq!(layout(&[], &[]), Layout::default());
    }

    #[test]
    fn a_chain_is_a_straight_line() {
        let drawn = layout(&[CAPTION; 3], &edges(&[(0, 1), (1, 2)]));
        assert!(drawn.nodes.windows(2).all(|pair| pair[0].x < pair[1].x && (pair[0].y - pair[1].y).abs() < 0.5));
    }

    #[test]
    fn a_call_and_its_call_back_take_two_ways() {
        let drawn = layout(&[CAPTION; 3], &edges(&[(0, 1), (1, 2), (2, 1)]));
        assert!(drawn.edges[2].reversed);
        assert!((drawn.edges[1].label.y - drawn.edges[2].label.y).abs() >= 20.0);
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        // A client and a service call the same service, as health checks and likes do.
        let ends = [(0, 1), (1, 2), (2, 1), (3, 2), (1, 4)];
        let drawn = layout(&[CAPTION; 5], &edges(&ends));
        let above = |a: f64, b: f64| a < b;
        let (caller, client) = (drawn.nodes[1].y, drawn.nodes[3].y);
        let (call, check) = (drawn.edges[1].label.y, drawn.edges[3].label.y);
        assert_eq!(above(caller, client), above(call, check));
    }

    #[test]
    fn two_hundred_nodes_keep_their_distance() {
        let ends: Vec<(usize, usize)> = (1..200).map(|node| ((node - 1) / 3, node)).collect();
        let sizes = edges(&ends);
        assert_apart(&boxes(&layout(&[CAPTION; 200], &sizes), &sizes));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn nothing_overlaps_and_the_same_graph_gives_the_same_map(
            nodes in 1_usize..14,
            ends in proptest::collection::btree_set((0_usize..14, 0_usize..14), 0..24),
        ) {
            let ends: Vec<_> = ends.into_iter().filter(|&(a, b)| a < nodes && b < nodes).collect();
            let sizes = edges(&ends);
            let captions = vec![CAPTION; nodes];
            let drawn = layout(&captions, &sizes);
            assert_apart(&boxes(&drawn, &sizes));
            prop_assert_eq!(drawn, layout(&captions, &sizes));
        }
    }
}
