//! Where nodes stood a moment ago, so that those that stayed stand still when a page refreshes itself.
//!
//! The page says where its nodes stand, and `live.js` says it back when it asks again; nothing is kept here. A page that
//! is loaded anew has the best layout that its graph can have.

#![expect(clippy::indexing_slicing, reason = "every index is a node or edge of the layout that sized the vector")]

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::layout::{Area, EdgeSize, Layout, NodeSize, Point, Route, Shape};

/// More text than this is not read.
const LONGEST: usize = 16 * 1024;
/// Nodes of larger maps move when they must: their places would take longer to send than they are worth.
const MOST_NODES: usize = 200;
/// Distance between things that have to make room.
const GAP: f64 = 8.0;

/// The places of a map.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::console) struct Places {
    area: Option<Area>,
    of_nodes: HashMap<u32, Point>,
}

impl Places {
    /// The places of a layout, by the keys of its nodes.
    pub(super) fn of(layout: &Layout, keys: &[String]) -> Self {
        if keys.len() > MOST_NODES {
            return Self::default();
        }
        let nodes = keys.iter().map(|key| id(key)).zip(layout.nodes.iter().copied());
        Self { area: Some(layout.area), of_nodes: nodes.collect() }
    }

    /// Reads what a page said; anything else is read as no places at all.
    pub(in crate::console) fn parse(text: &str) -> Self {
        Self::parsed(text).filter(|_| text.len() <= LONGEST).unwrap_or_default()
    }

    fn parsed(text: &str) -> Option<Self> {
        let mut items = text.split(';').map(|item| item.split(',').collect::<Vec<_>>());
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.abs() < 1e6);
        let [left, top, right, bottom] = *items.next()? else { return None };
        let area = Area { left: number(left)?, top: number(top)?, right: number(right)?, bottom: number(bottom)? };
        let place = |item: Vec<&str>| {
            let [id, x, y] = *item else { return None };
            Some((u32::from_str_radix(id, 16).ok()?, Point { x: number(x)?, y: number(y)? }))
        };
        Some(Self { area: Some(area), of_nodes: items.map(place).collect::<Option<_>>()? })
    }

    /// The layout with the nodes that have a place at that place. New ones stand beside what they are joined to, as in
    /// the layout, and make room.
    pub(super) fn keep(
        &self,
        layout: Layout,
        keys: &[String],
        (nodes, edges): (&[NodeSize], &[EdgeSize]),
        shape: &Shape,
    ) -> Layout {
        let known: Vec<Option<Point>> = keys.iter().map(|key| self.of_nodes.get(&id(key)).copied()).collect();
        let Some(area) = self.area.filter(|_| known.iter().any(Option::is_some)) else { return layout };
        let moves: Vec<Option<Point>> =
            known.iter().zip(&layout.nodes).map(|(known, at)| known.map(|known| difference(known, *at))).collect();
        let mut given = moves.iter().flatten();
        let first = given.next().copied().unwrap_or_default();
        let kept = if given.all(|other| is_near(first, *other)) {
            layout.moved(first)
        } else {
            rearranged(&layout, &moves, nodes, edges, shape)
        };
        let whole = kept.area.joined(area);
        Layout { area: whole, ..kept }
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(area) = self.area else { return Ok(()) };
        write!(f, "{:.1},{:.1},{:.1},{:.1}", area.left, area.top, area.right, area.bottom)?;
        let mut nodes: Vec<_> = self.of_nodes.iter().collect();
        nodes.sort_by_key(|(id, _)| **id);
        nodes.into_iter().try_for_each(|(id, at)| write!(f, ";{id:x},{:.1},{:.1}", at.x, at.y))
    }
}

/// A short name for a key, the same as long as the program runs.
fn id(key: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    // The lower half is as good as the whole.
    (hasher.finish() & u64::from(u32::MAX)).try_into().unwrap_or_default()
}

fn difference(to: Point, from: Point) -> Point {
    Point { x: to.x - from.x, y: to.y - from.y }
}

fn is_near(a: Point, b: Point) -> bool {
    (a.x - b.x).abs() < 0.5 && (a.y - b.y).abs() < 0.5
}

/// Every node that has to stand somewhere else is moved there; the others follow what they are joined to.
fn rearranged(
    layout: &Layout,
    moves: &[Option<Point>],
    nodes: &[NodeSize],
    edges: &[EdgeSize],
    shape: &Shape,
) -> Layout {
    let boxes = |node: usize, at: Point| {
        let half = nodes[node].caption_width.max(2.0 * shape.radius) / 2.0;
        let bottom = at.y + shape.radius + shape.caption_height;
        Area { left: at.x - half, top: at.y - shape.radius, right: at.x + half, bottom }
    };
    let mut places: Vec<Point> =
        layout.nodes.iter().zip(moves).map(|(at, by)| at.moved(by.unwrap_or_default())).collect();
    let mut taken: Vec<Area> = Vec::new();
    for node in (0..places.len()).filter(|&node| moves[node].is_some()) {
        taken.push(boxes(node, places[node]));
    }
    for node in (0..places.len()).filter(|&node| moves[node].is_none()) {
        let joined = edges.iter().filter_map(|edge| match (edge.source == node, edge.target == node) {
            (true, _) => Some(edge.target),
            (_, true) => Some(edge.source),
            _ => None,
        });
        let by = joined.filter_map(|other| moves[other]).next().unwrap_or_default();
        places[node] = free(&mut taken, layout.nodes[node].moved(by), |at| boxes(node, at));
    }
    let by = |node: usize| difference(places[node], layout.nodes[node]);
    let mut routes = Vec::new();
    for (edge, route) in edges.iter().zip(&layout.edges) {
        let (source, target) = (by(edge.source), by(edge.target));
        routes.push(if is_near(source, target) {
            route.moved(source)
        } else {
            direct(edge, places[edge.source], places[edge.target], &mut taken)
        });
    }
    let mut area = taken.into_iter().reduce(Area::joined).unwrap_or(layout.area);
    for point in routes.iter().flat_map(|route| &route.bends) {
        area = area.joined(Area { left: point.x, top: point.y, right: point.x, bottom: point.y });
    }
    // What a node that calls itself needs above it.
    area.top -= shape.loop_height * f64::from(u8::from(edges.iter().any(|edge| edge.source == edge.target)));
    Layout { nodes: places, edges: routes, area }
}

/// The first place from the wanted one downwards that touches nothing.
fn free(taken: &mut Vec<Area>, wanted: Point, area: impl Fn(Point) -> Area) -> Point {
    let mut at = wanted;
    while let Some(other) = taken.iter().find(|other| other.touches(area(at))) {
        at.y += (other.bottom + GAP - area(at).top).max(GAP);
    }
    taken.push(area(at));
    at
}

/// The way of an edge whose ends have moved apart: by its label, halfway, where there is room.
fn direct(edge: &EdgeSize, from: Point, to: Point, taken: &mut Vec<Area>) -> Route {
    let (width, height) = edge.label;
    let middle = Point { x: (from.x + to.x) / 2.0, y: (from.y + to.y) / 2.0 };
    let label = free(taken, middle, |at| Area {
        left: at.x - width / 2.0,
        top: at.y - height / 2.0,
        right: at.x + width / 2.0,
        bottom: at.y + height / 2.0,
    });
    let reversed = from.x > to.x;
    let side = |way: f64| Point { x: label.x + way * (width / 2.0 + 4.0), y: label.y };
    let bends = if reversed { [side(1.0), side(-1.0)] } else { [side(-1.0), side(1.0)] };
    Route { bends: bends.into(), label, reversed }
}

#[cfg(test)]
mod tests {
    use super::super::layout::{ROOMY, layout};
    use super::*;
    use proptest::prelude::*;

    const CAPTION: NodeSize = NodeSize { caption_width: 120.0 };

    fn sizes(ends: &[(usize, usize)]) -> Vec<EdgeSize> {
        ends.iter().map(|&(source, target)| EdgeSize { source, target, label: (80.0, 20.0) }).collect()
    }

    fn keys(nodes: usize) -> Vec<String> {
        (0..nodes).map(|node| format!("node {node}")).collect()
    }

    #[test]
    fn places_read_back() {
        let drawn = layout(&[CAPTION; 3], &sizes(&[(0, 1), (1, 2)]), &ROOMY);
        let places = Places::of(&drawn, &keys(3));
        assert_eq!(Places::parse(&places.to_string()), places);
        let empty = Places::default();
        for odd in ["", "x", "1,2,3", "1,2,3,4;5", "1,2,3,4;zz,1,1", "1,2,3,NaN", "1,2,3,1e9", &"1,".repeat(20_000)] {
            assert_eq!(Places::parse(odd), empty, "{odd:.20}");
        }
    }

    #[test]
    fn the_same_graph_stays_as_it_is() {
        let edges = sizes(&[(0, 1), (1, 2), (2, 1)]);
        let drawn = layout(&[CAPTION; 3], &edges, &ROOMY);
        let places = Places::of(&drawn, &keys(3));
        assert_eq!(places.keep(drawn.clone(), &keys(3), (&[CAPTION; 3], &edges), &ROOMY), drawn);
        let others = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(places.keep(drawn.clone(), &others, (&[CAPTION; 3], &edges), &ROOMY), drawn, "all of them are new");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn nodes_that_stayed_stand_still_and_new_ones_find_room(
            before in 1_usize..8,
            more in 0_usize..5,
            ends in proptest::collection::btree_set((0_usize..12, 0_usize..12), 0..20),
            later in proptest::collection::btree_set((0_usize..12, 0_usize..12), 0..8),
        ) {
            let within = |nodes: usize, ends: &[(usize, usize)]| {
                sizes(&ends.iter().copied().filter(|&(a, b)| a < nodes && b < nodes).collect::<Vec<_>>())
            };
            let (first, all) = (ends.iter().copied().collect::<Vec<_>>(), ends.union(&later).copied().collect::<Vec<_>>());
            let old = layout(&vec![CAPTION; before], &within(before, &first), &ROOMY);
            let nodes = before + more;
            let edges = within(nodes, &all);
            let places = Places::parse(&Places::of(&old, &keys(before)).to_string());
            let captions = vec![CAPTION; nodes];
            let fresh = layout(&captions, &edges, &ROOMY);
            let kept = places.keep(fresh, &keys(nodes), (&captions, &edges), &ROOMY);
            for node in 0..before {
                prop_assert!(is_near(kept.nodes[node], old.nodes[node]), "node {node} moved");
            }
            for (a, one) in kept.nodes.iter().enumerate() {
                for other in kept.nodes.iter().skip(a + 1) {
                    let is_apart = (one.x - other.x).abs() > 119.0 || (one.y - other.y).abs() > 2.0 * ROOMY.radius;
                    prop_assert!(is_apart, "{one:?} {other:?}");
                }
                prop_assert!(kept.area.left <= one.x && one.x <= kept.area.right);
                prop_assert!(kept.area.top <= one.y && one.y <= kept.area.bottom);
            }
        }
    }
}
