//! Heights within the columns of one part of the map: few crossings first, then as near to their neighbours as can be.
//!
//! `rust_sugiyama` finds an order within columns with few crossings; `stack` turns the order into heights. The crate's
//! own coordinates keep lines straight at the price of maps that are tall and mostly empty, and do not guarantee
//! distances.

#![expect(clippy::indexing_slicing, reason = "every index is a point of the component that sized the vector")]

use std::collections::BTreeMap;

use rust_sugiyama::configure::{Config, CrossingMinimization, RankingType};

use super::component::Vertex;
use super::stack::stack;

/// Beyond this many points the search for fewer crossings would take longer than the picture gains.
const TRANSPOSE_LIMIT: usize = 240;
const UNTANGLE_ROUNDS: usize = 12;

/// The height of each vertex's line: the order within columns by the crate, the heights by us.
pub(super) fn heights(vertices: &[Vertex], chains: &[Vec<usize>], gap: f64) -> Vec<f64> {
    let mut heights = order(vertices, chains);
    let joined = joined(vertices.len(), chains);
    untangle(vertices, &joined, &mut heights);
    let distance = |upper: usize, lower: usize| vertices[upper].below + vertices[lower].above + gap;
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
