//! Edges as SVG paths: where they leave and enter a node, the curve between, and the arrowhead.

#![expect(clippy::indexing_slicing, reason = "every index is a node or edge of the layout that sized the vector")]

use super::layout::{Layout, Point, Shape};

/// Distance between a node's ring and the edges that touch it.
const CLEARANCE: f64 = 6.0;
const ARROW_LENGTH: f64 = 9.0;
const ARROW_HALF_WIDTH: f64 = 4.0;
/// Neighbouring edges at one side of a node keep this angle, as long as all fit.
const PORT_ANGLE: f64 = 0.5;
const WIDEST_FAN: f64 = 1.7;

/// The two shapes of an edge.
#[derive(Debug, Default, Clone)]
pub(super) struct EdgePath {
    /// The line.
    pub(super) line: String,
    /// The arrowhead, a filled triangle.
    pub(super) arrow: String,
}

/// Draws all edges of a layout; `ends` holds (source, target) of each.
pub(super) fn paths(layout: &Layout, ends: &[(usize, usize)], shape: &Shape) -> Vec<EdgePath> {
    let ports = ports(layout, ends);
    ends.iter()
        .enumerate()
        .map(|(edge, &(source, target))| {
            if source == target {
                return self_call(layout.nodes[source], shape);
            }
            let [leaves, enters] = ports[edge];
            let ends = [(layout.nodes[source], leaves), (layout.nodes[target], enters)];
            curve(ends, &layout.edges[edge].bends, shape.radius + CLEARANCE)
        })
        .collect()
}

/// For each edge the angles (0 = right, clockwise) at which it leaves its source and enters its target. Edges at the
/// same side of a node are spread in the order of where they lead, so that they do not cross at once.
fn ports(layout: &Layout, ends: &[(usize, usize)]) -> Vec<[f64; 2]> {
    let mut ports = vec![[0.0; 2]; ends.len()];
    for node in 0..layout.nodes.len() {
        for right in [false, true] {
            // (edge, which end, height of the next point)
            let mut side: Vec<(usize, usize, f64)> = Vec::new();
            for (edge, &(source, target)) in ends.iter().enumerate().filter(|(_, (source, target))| source != target) {
                let route = &layout.edges[edge];
                if source == node && route.reversed != right {
                    side.push((edge, 0, route.bends.first().map_or(layout.nodes[target].y, |bend| bend.y)));
                }
                if target == node && route.reversed == right {
                    side.push((edge, 1, route.bends.last().map_or(layout.nodes[source].y, |bend| bend.y)));
                }
            }
            side.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
            for (edge, end, angle) in spread(&side) {
                ports[edge][end] = if right { angle } else { std::f64::consts::PI - angle };
            }
        }
    }
    ports
}

fn spread(side: &[(usize, usize, f64)]) -> impl Iterator<Item = (usize, usize, f64)> {
    let gaps = u32::try_from(side.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let step = PORT_ANGLE.min(WIDEST_FAN / f64::from(gaps.max(1)));
    let first = -step * f64::from(gaps) / 2.0;
    (0_u32..).zip(side).map(move |(index, &(edge, end, _))| (edge, end, first + step * f64::from(index)))
}

fn around(centre: Point, radius: f64, angle: f64) -> Point {
    Point { x: centre.x + radius * angle.cos(), y: centre.y + radius * angle.sin() }
}

/// From one node and angle to another, at this distance from their centres.
fn curve([(source, leaves), (target, enters)]: [(Point, f64); 2], bends: &[Point], distance: f64) -> EdgePath {
    let start = around(source, distance, leaves);
    let tip = around(target, distance, enters);
    let end = around(target, distance + ARROW_LENGTH - 1.0, enters);
    let mut line = format!("M{:.1} {:.1}", start.x, start.y);
    let mut from = start;
    for &to in bends.iter().chain([&end]) {
        let reach = (to.x - from.x).abs() / 2.0;
        let forward = (to.x - from.x).signum() * reach;
        let (first, last) = (Point { x: from.x + forward, y: from.y }, Point { x: to.x - forward, y: to.y });
        line.push_str(&if (to.y - from.y).abs() < 0.05 && (first.y - last.y).abs() < 0.05 {
            format!(" L{:.1} {:.1}", to.x, to.y)
        } else {
            format!(" C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}", first.x, first.y, last.x, last.y, to.x, to.y)
        });
        from = to;
    }
    EdgePath { line, arrow: arrow(tip, enters) }
}

/// A loop over the top of the node.
fn self_call(node: Point, shape: &Shape) -> EdgePath {
    let distance = shape.radius + CLEARANCE;
    let (leaves, enters) = (-2.05, -1.09);
    let start = around(node, distance, leaves);
    let end = around(node, distance + ARROW_LENGTH - 1.0, enters);
    let reach = shape.loop_height - 6.0;
    let (first, last) = (around(start, reach, leaves), around(end, reach - ARROW_LENGTH, enters));
    let line = format!(
        "M{:.1} {:.1} C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
        start.x, start.y, first.x, first.y, last.x, last.y, end.x, end.y
    );
    EdgePath { line, arrow: arrow(around(node, distance, enters), enters) }
}

/// A triangle that points from outside at `tip`, coming along `angle`.
fn arrow(tip: Point, angle: f64) -> String {
    let base = around(tip, ARROW_LENGTH, angle);
    let aside = angle + std::f64::consts::FRAC_PI_2;
    let (a, b) = (around(base, ARROW_HALF_WIDTH, aside), around(base, -ARROW_HALF_WIDTH, aside));
    format!("M{:.1} {:.1} L{:.1} {:.1} L{:.1} {:.1}Z", tip.x, tip.y, a.x, a.y, b.x, b.y)
}

#[cfg(test)]
mod tests {
    use super::super::layout::{EdgeSize, NodeSize, ROOMY, layout};
    use super::*;

    fn drawn(nodes: usize, ends: &[(usize, usize)]) -> (Layout, Vec<EdgePath>) {
        let sizes: Vec<_> =
            ends.iter().map(|&(source, target)| EdgeSize { source, target, label: (80.0, 20.0) }).collect();
        let layout = layout(&vec![NodeSize { caption_width: 100.0 }; nodes], &sizes, &ROOMY);
        let paths = paths(&layout, ends, &ROOMY);
        (layout, paths)
    }

    #[test]
    fn a_straight_call_is_a_straight_line() {
        let (_, paths) = drawn(2, &[(0, 1)]);
        assert!(!paths[0].line.contains('C'), "{}", paths[0].line);
    }

    #[test]
    fn a_call_and_its_call_back_touch_nodes_at_different_places() {
        let ends = [(0, 1), (1, 0)];
        let (layout, _) = drawn(2, &ends);
        let ports = ports(&layout, &ends);
        assert!((ports[0][0] - ports[1][1]).abs() >= PORT_ANGLE - 1e-9, "{ports:?}");
    }

    #[test]
    fn a_self_call_starts_and_ends_above_its_node() {
        let (layout, paths) = drawn(1, &[(0, 0)]);
        assert!(paths[0].line.starts_with('M') && paths[0].line.contains('C'));
        assert!(layout.nodes[0].y >= ROOMY.radius + ROOMY.loop_height - 0.01, "room above the circle");
    }
}
