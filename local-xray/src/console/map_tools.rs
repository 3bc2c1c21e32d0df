//! What stands above the map: the search, what the map is drawn around, clusters, and the comparison with the period before.

use crate::graph::ServiceGraph;

use super::compare::{Change, Changes, Kind};
use super::format;
use super::link::Link;
use super::map::cluster::CROWDED;
use super::map::{display_name, is_client, is_found, key};
use super::map_state::MapState;
use super::seen::Seen;
use super::view::View;

/// So many names are offered to the search, and so many changes are listed.
const OFFERED: usize = 200;
const LISTED: usize = 50;

/// The tools.
pub(super) struct MapTools {
    pub(super) find: String,
    /// What the form of the search carries along.
    pub(super) kept: Vec<(&'static str, String)>,
    /// Names to choose from.
    pub(super) names: Vec<String>,
    /// `3 nodes`, of the names that are looked for.
    pub(super) found: Option<String>,
    /// The same page without looking for a name.
    pub(super) forget: String,
    pub(super) focus: Option<Focus>,
    /// Leads to every node by itself, or back to clusters; only where there is a difference.
    pub(super) clusters: Option<Toggle>,
    /// Closes the open cluster.
    pub(super) close: Option<String>,
    /// Compares with the period before, or no longer; where there is one.
    pub(super) compare: Option<Toggle>,
}

/// The node that the map is drawn around.
pub(super) struct Focus {
    pub(super) name: String,
    pub(super) depths: Vec<Depth>,
    /// The whole map.
    pub(super) leave: String,
}

/// A number of calls to choose.
pub(super) struct Depth {
    pub(super) calls: usize,
    pub(super) href: String,
    pub(super) is_current: bool,
}

/// Something that is on or off.
pub(super) struct Toggle {
    pub(super) is_on: bool,
    pub(super) other: String,
}

impl MapTools {
    pub(super) fn new(view: &View, path: &'static str, seen: &Seen, graph: &ServiceGraph, has_clusters: bool) -> Self {
        let with = |state: MapState| View { map: state, ..view.clone() }.link_with_all(path).to_string();
        let state = &view.map;
        let unfound = View { map: MapState { find: String::new(), ..state.clone() }, node: None, ..view.clone() };
        let found = graph.services.iter().filter(|service| is_found(service, &state.find)).count() as u64;
        let mut names: Vec<String> =
            graph.services.iter().filter(|service| !is_client(service)).map(|service| service.name.clone()).collect();
        names.sort();
        names.dedup();
        names.truncate(OFFERED);
        let has_before = seen.window.start.micros() > 0;
        Self {
            find: state.find.clone(),
            kept: unfound.link_with_all(path).into_parameters(),
            names,
            found: (!state.find.is_empty()).then(|| format::plural(found, "node")),
            forget: unfound.link_with_all(path).to_string(),
            focus: focus(view, path, graph),
            clusters: (has_clusters || !state.is_clustered && graph.services.len() > CROWDED).then(|| Toggle {
                is_on: state.is_clustered,
                other: with(MapState { is_clustered: !state.is_clustered, open: None, ..state.clone() }),
            }),
            close: state.open.is_some().then(|| with(MapState { open: None, ..state.clone() })),
            compare: has_before.then(|| Toggle {
                is_on: state.compares,
                other: with(MapState { compares: !state.compares, ..state.clone() }),
            }),
        }
    }
}

fn focus(view: &View, path: &str, graph: &ServiceGraph) -> Option<Focus> {
    let key = view.map.focus.as_ref()?;
    let with = |state: MapState| View { map: state, ..view.clone() }.link_with_all(path).to_string();
    let depth = |calls| Depth {
        calls,
        href: with(MapState { depth: calls, ..view.map.clone() }),
        is_current: calls == view.map.depth,
    };
    Some(Focus {
        name: key::find_node(graph, key).map_or(key.as_str(), display_name).to_owned(),
        depths: MapState::depths().map(depth).into(),
        leave: with(MapState { focus: None, depth: MapState::default().depth, ..view.map.clone() }),
    })
}

/// The list of what changed.
pub(super) struct Comparison {
    /// When the period before was.
    pub(super) when: String,
    /// `4 changes`, or why there are none.
    pub(super) words: String,
    pub(super) rows: Vec<ChangeRow>,
    /// How many changes there was no room for.
    pub(super) unlisted: usize,
}

/// One change.
pub(super) struct ChangeRow {
    pub(super) kind: &'static str,
    pub(super) class: &'static str,
    pub(super) name: String,
    pub(super) words: String,
    /// Selects the node or edge.
    pub(super) select: String,
    /// Its traces before and now, where there are any.
    pub(super) before: Option<String>,
    pub(super) now: Option<String>,
}

impl Comparison {
    pub(super) fn new(changes: Option<&Changes>, seen: &Seen, view: &View, path: &str) -> Option<Self> {
        let (window, before) = seen.before.as_ref()?;
        let mut sorted: Vec<(&String, &Change)> = changes.into_iter().flatten().collect();
        sorted.sort_by_key(|(key, change)| (change.kind, change.is_edge, *key));
        let words = match sorted.len() {
            _ if before.services.is_empty() => "Nothing happened then, so there is nothing to compare with.".to_owned(),
            0 => "Nothing came or went, and nothing got notably slower or failed notably more.".to_owned(),
            count => format::plural(count as u64, "change"),
        };
        let row = |(key, change): &(&String, &Change)| {
            let selects = if change.is_edge { "edge" } else { "node" };
            let then = || View { time: Some(*window), ..view.clone() }.link("/traces");
            let link = |traces: Link| traces.with(selects, key).to_string();
            ChangeRow {
                kind: change.kind.word(),
                class: change.kind.class(),
                name: change.name.clone(),
                words: change.words.clone(),
                select: view.link_on_map(path).with(selects, key).to_string(),
                before: (change.kind != Kind::New).then(|| link(then())),
                now: (change.kind != Kind::Gone).then(|| link(view.link("/traces"))),
            }
        };
        Some(Self {
            when: format::span(*window),
            words,
            rows: sorted.iter().take(LISTED).map(row).collect(),
            unlisted: sorted.len().saturating_sub(LISTED),
        })
    }
}
