//! Positions on the map: pure geometry, the same for the same graph.
//!
//! Each connected part is drawn by itself (`component`); here the parts are told apart and put side by side in rows.

#![expect(clippy::indexing_slicing, reason = "every index is a node or edge of the map that sized the vector")]

use std::collections::BTreeMap;

use super::component::Component;

/// How much room everything takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    /// Radius of a node's circle including its ring.
    pub(super) radius: f64,
    /// Height kept free above a node that calls itself.
    pub(super) loop_height: f64,
    /// Height of the text under a node.
    pub(super) caption_height: f64,
    pub(super) node_gap: f64,
    pub(super) column_gap: f64,
}

/// Circles with numbers inside.
pub(super) const ROOMY: Shape =
    Shape { radius: 42.0, loop_height: 58.0, caption_height: 62.0, node_gap: 22.0, column_gap: 56.0 };
/// Dots with names, for maps of many nodes.
pub(super) const DENSE: Shape =
    Shape { radius: 14.0, loop_height: 24.0, caption_height: 18.0, node_gap: 8.0, column_gap: 64.0 };

const COMPONENT_GAP: f64 = 48.0;
/// Components share a row until it is this wide.
const ROW_WIDTH: f64 = 1200.0;
/// A map higher than this scrolls.
pub(super) const TALL: f64 = 1400.0;
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
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// Centre of each node's circle.
    pub(super) nodes: Vec<Point>,
    pub(super) edges: Vec<Route>,
    /// What all of it takes.
    pub(super) area: Area,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
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
pub(super) fn layout(nodes: &[NodeSize], edges: &[EdgeSize], shape: &Shape) -> Layout {
    let mut whole = Layout {
        nodes: vec![Point::default(); nodes.len()],
        edges: vec![Route::default(); edges.len()],
        area: Area::default(),
    };
    let mut components = components(nodes.len(), edges);
    components.sort_by_key(|component| std::cmp::Reverse(component.nodes.len()));
    let mut pen = Point::default();
    let mut row_height: f64 = 0.0;
    for component in components {
        let drawn = component.layout(nodes, edges, shape);
        let Area { right: width, bottom: height, .. } = drawn.area;
        if pen.x > 0.0 && pen.x + width > ROW_WIDTH {
            pen = Point { x: 0.0, y: pen.y + row_height + COMPONENT_GAP };
            row_height = 0.0;
        }
        let drawn = drawn.moved(pen);
        for (&node, position) in component.nodes.iter().zip(drawn.nodes) {
            whole.nodes[node] = position;
        }
        for (&edge, route) in component.edges.iter().zip(drawn.edges) {
            whole.edges[edge] = route;
        }
        whole.area = whole.area.joined(drawn.area);
        row_height = row_height.max(height);
        pen.x += width + COMPONENT_GAP;
    }
    whole
}

impl Point {
    pub(super) fn moved(self, by: Self) -> Self {
        Self { x: self.x + by.x, y: self.y + by.y }
    }
}

impl Route {
    pub(super) fn moved(&self, by: Point) -> Self {
        let bends = self.bends.iter().map(|bend| bend.moved(by)).collect();
        Self { bends, label: self.label.moved(by), reversed: self.reversed }
    }
}

impl Layout {
    pub(super) fn moved(self, by: Point) -> Self {
        Self {
            nodes: self.nodes.into_iter().map(|node| node.moved(by)).collect(),
            edges: self.edges.iter().map(|route| route.moved(by)).collect(),
            area: self.area.moved(by),
        }
    }
}

impl Area {
    pub(super) fn moved(self, by: Point) -> Self {
        Self { left: self.left + by.x, top: self.top + by.y, right: self.right + by.x, bottom: self.bottom + by.y }
    }

    /// The smallest area that holds both.
    pub(super) fn joined(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    pub(super) fn touches(self, other: Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    pub(super) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(self) -> f64 {
        self.bottom - self.top
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CAPTION: NodeSize = NodeSize { caption_width: 120.0 };

    fn edges(ends: &[(usize, usize)]) -> Vec<EdgeSize> {
        ends.iter().map(|&(source, target)| EdgeSize { source, target, label: (90.0, 20.0) }).collect()
    }

    /// Boxes (left, top, right, bottom) that must not touch: nodes with their captions, and labels.
    fn boxes(layout: &Layout, sizes: &[EdgeSize], shape: &Shape) -> Vec<(f64, f64, f64, f64)> {
        let nodes = layout.nodes.iter().map(|at| {
            let half = (CAPTION.caption_width / 2.0).max(shape.radius);
            (at.x - half, at.y - shape.radius, at.x + half, at.y + shape.radius + shape.caption_height)
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
        assert_eq!(layout(&[], &[], &ROOMY), Layout::default());
    }

    #[test]
    fn a_chain_is_a_straight_line() {
        let drawn = layout(&[CAPTION; 3], &edges(&[(0, 1), (1, 2)]), &ROOMY);
        assert!(drawn.nodes.windows(2).all(|pair| pair[0].x < pair[1].x && (pair[0].y - pair[1].y).abs() < 0.5));
    }

    #[test]
    fn a_call_and_its_call_back_take_two_ways() {
        let drawn = layout(&[CAPTION; 3], &edges(&[(0, 1), (1, 2), (2, 1)]), &ROOMY);
        assert!(drawn.edges[2].reversed);
        assert!((drawn.edges[1].label.y - drawn.edges[2].label.y).abs() >= 20.0);
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        // A client and a service call the same service, as health checks and likes do.
        let ends = [(0, 1), (1, 2), (2, 1), (3, 2), (1, 4)];
        let drawn = layout(&[CAPTION; 5], &edges(&ends), &ROOMY);
        let above = |a: f64, b: f64| a < b;
        let (caller, client) = (drawn.nodes[1].y, drawn.nodes[3].y);
        let (call, check) = (drawn.edges[1].label.y, drawn.edges[3].label.y);
        assert_eq!(above(caller, client), above(call, check));
    }

    #[test]
    fn two_hundred_nodes_keep_their_distance() {
        let ends: Vec<(usize, usize)> = (1..200).map(|node| ((node - 1) / 3, node)).collect();
        let sizes = edges(&ends);
        for shape in [ROOMY, DENSE] {
            assert_apart(&boxes(&layout(&[CAPTION; 200], &sizes, &shape), &sizes, &shape));
        }
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
            let drawn = layout(&captions, &sizes, &ROOMY);
            assert_apart(&boxes(&drawn, &sizes, &ROOMY));
            prop_assert_eq!(drawn, layout(&captions, &sizes, &ROOMY));
        }
    }
}
