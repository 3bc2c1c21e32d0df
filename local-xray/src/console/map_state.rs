//! What the reader does with the map: looks around one node, looks for a name, opens a cluster, compares.

use super::error::PageError;
use super::link::Link;

/// How many calls away from the node in focus.
const DEPTHS: [usize; 4] = [1, 2, 3, 5];

/// The state of the map beyond what every page has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MapState {
    /// The key of the node that the map is drawn around.
    pub(super) focus: Option<String>,
    /// How many calls around it are drawn.
    pub(super) depth: usize,
    /// Part of the names that are looked for; empty for none.
    pub(super) find: String,
    /// The key of the cluster whose members are drawn.
    pub(super) open: Option<String>,
    /// Whether a crowded map is drawn in clusters.
    pub(super) is_clustered: bool,
    /// Whether the period before is compared.
    pub(super) compares: bool,
}

impl Default for MapState {
    fn default() -> Self {
        Self { focus: None, depth: DEPTHS[0], find: String::new(), open: None, is_clustered: true, compares: false }
    }
}

impl MapState {
    /// The depths on offer.
    pub(super) fn depths() -> [usize; 4] {
        DEPTHS
    }

    /// Reads the state from the values of a query.
    pub(super) fn parse<'q>(value: impl Fn(&str) -> Option<&'q str>) -> Result<Self, PageError> {
        Ok(Self {
            focus: value("focus").map(str::to_owned),
            depth: value("depth").map_or(Ok(DEPTHS[0]), parse_depth)?,
            find: value("find").unwrap_or_default().trim().to_owned(),
            open: value("open").map(str::to_owned),
            is_clustered: value("clusters") != Some("off"),
            compares: value("compare") == Some("before"),
        })
    }

    /// Adds the state to a link.
    pub(super) fn add_to(&self, link: Link) -> Link {
        let depth = (self.depth != DEPTHS[0]).then(|| self.depth.to_string());
        link.with_some("focus", self.focus.as_deref())
            .with_some("depth", depth.as_deref())
            .with("find", &self.find)
            .with_some("open", self.open.as_deref())
            .with_some("clusters", (!self.is_clustered).then_some("off"))
            .with_some("compare", self.compares.then_some("before"))
    }
}

fn parse_depth(text: &str) -> Result<usize, PageError> {
    let depth = text.parse().ok().filter(|depth| DEPTHS.contains(depth));
    depth.ok_or_else(|| PageError::bad_request("The depth of a focus is 1, 2, 3 or 5 calls."))
}
