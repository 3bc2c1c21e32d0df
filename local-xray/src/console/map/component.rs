//! One connected part of the map, in columns.
//!
//! Nodes stand in columns (`layers`). An edge becomes a chain of points, one per column it crosses, and its label
//! is a point of its own with a size: labels therefore take part in the ordering of columns (`order`) and cannot land on
//! a node, an edge's bend or one another.

#![expect(
    clippy::indexing_slicing,
    reason = "every index is a node, edge or point of the component that sized the vector"
)]

use std::collections::BTreeMap;

use super::layers;
use super::layout::{Area, EdgeSize, Layout, NodeSize, Point, Route, Shape};
use super::order::heights;

/// A connected part of the graph, as indices into the whole.
pub(super) struct Component {
    pub(super) nodes: Vec<usize>,
    pub(super) edges: Vec<usize>,
}

/// A point of the layered drawing: a node, a label, or a bend of an edge that passes through a column.
pub(super) struct Vertex {
    pub(super) column: usize,
    width: f64,
    /// Space taken above and below the line through the point.
    pub(super) above: f64,
    pub(super) below: f64,
}

impl Component {
    /// Lays the part out by itself; its points are in the order of its nodes and edges.
    pub(super) fn layout(&self, nodes: &[NodeSize], edges: &[EdgeSize], shape: &Shape) -> Layout {
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
                width: nodes[self.nodes[node]].caption_width.max(2.0 * shape.radius),
                above: shape.radius + if ends.contains(&(node, node)) { shape.loop_height } else { 0.0 },
                below: shape.radius + shape.caption_height,
            })
            .collect();
        let chains: Vec<Vec<usize>> =
            edges.iter().zip(&layers.reversed).map(|(edge, &reversed)| chain(edge, reversed, &mut vertices)).collect();

        let heights = heights(&vertices, &chains, shape.node_gap);
        let columns = columns(&vertices, shape.column_gap);
        let place = |vertex: usize| Point { x: columns[vertices[vertex].column], y: heights[vertex] };
        let routes = edges
            .iter()
            .zip(&chains)
            .zip(&layers.reversed)
            .map(|((edge, chain), &reversed)| route(edge, chain, reversed, &vertices, &place, shape))
            .collect();
        let bottom = vertices.iter().enumerate().map(|(at, vertex)| heights[at] + vertex.below).fold(0.0, f64::max);
        let right = vertices.iter().map(|vertex| columns[vertex.column] + vertex.width / 2.0).fold(0.0, f64::max);
        Layout {
            nodes: (0..self.nodes.len()).map(place).collect(),
            edges: routes,
            area: Area { left: 0.0, top: 0.0, right, bottom },
        }
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
    shape: &Shape,
) -> Route {
    let node = place(edge.source);
    if chain.is_empty() {
        let label = Point { x: node.x, y: node.y - shape.radius - shape.loop_height + edge.label.1 / 2.0 };
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
fn columns(vertices: &[Vertex], gap: f64) -> Vec<f64> {
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
            edge += width + gap;
            middle
        })
        .collect()
}
