//! Which nodes and edges stay bright: the selected one and its neighbours.

use std::collections::BTreeSet;

/// What is near the selection.
pub(super) struct Highlight<'a> {
    /// `None` when nothing on the map is selected.
    selected: Option<&'a str>,
    near: BTreeSet<&'a str>,
}

impl<'a> Highlight<'a> {
    /// Goes by the keys of all nodes, and of each edge with both its ends: caller, callee, edge.
    pub(super) fn new(
        mut nodes: impl Iterator<Item = String>,
        edges: &'a [(String, String, String)],
        selected: Option<&'a str>,
    ) -> Self {
        let is_here = |key: &str| edges.iter().any(|(_, _, edge)| edge == key);
        let selected = selected.filter(|key| nodes.any(|node| node == *key) || is_here(key));
        let mut near = BTreeSet::new();
        for (caller, callee, edge) in edges {
            let keys = [caller.as_str(), callee.as_str(), edge.as_str()];
            if selected.is_some_and(|selected| keys.contains(&selected)) {
                near.extend(keys);
            }
        }
        Self { selected, near }
    }

    /// The CSS classes of a node or edge.
    pub(super) fn class(&self, base: &str, key: &str) -> String {
        match self.selected {
            Some(selected) if selected == key => format!("{base} selected"),
            Some(_) if !self.near.contains(key) => format!("{base} aside"),
            _ => base.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_and_its_neighbours_stay_bright() {
        let edge = |a: &str, b: &str| (a.to_owned(), b.to_owned(), format!("{a}>{b}"));
        let edges = [edge("a", "b"), edge("b", "c"), edge("c", "d")];
        let check = |selected: Option<&str>, key: &str, expected: &str| {
            let nodes = ["a", "b", "c", "d"].map(str::to_owned).into_iter();
            assert_eq!(Highlight::new(nodes, &edges, selected).class("node", key), expected, "{selected:?} {key}");
        };
        check(None, "a", "node");
        check(Some("b"), "b", "node selected");
        check(Some("b"), "c", "node");
        check(Some("b"), "d", "node aside");
        check(Some("b>c"), "b", "node");
        check(Some("b>c"), "a", "node aside");
        check(Some("nobody"), "a", "node");
    }
}
