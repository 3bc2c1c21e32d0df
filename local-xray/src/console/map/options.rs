//! How a map is to be drawn.

use std::collections::BTreeMap;

use crate::console::compare::{Change, Changes};
use crate::console::link::Link;
use crate::graph::Service;

use super::cluster;
use super::places::Places;
use super::words::Numbers;

/// How the map is to be drawn.
pub(in crate::console) struct Options<'a> {
    pub(in crate::console) numbers: Numbers,
    /// The page that shows the map; nodes and edges link to it with themselves selected.
    pub(in crate::console) here: Link,
    /// The key of the selected node or edge.
    pub(in crate::console) selected: Option<&'a str>,
    /// Part of the names that are looked for; empty for none.
    pub(in crate::console) find: &'a str,
    /// What changed since the period before, where that is compared.
    pub(in crate::console) changes: Option<&'a Changes>,
    /// Nodes that stand for several: their keys, and for how many.
    pub(in crate::console) clusters: BTreeMap<usize, (String, usize)>,
    /// Where nodes stood a moment ago.
    pub(in crate::console) places: Places,
}

impl<'a> Options<'a> {
    /// A map as it is.
    pub(in crate::console) fn new(numbers: Numbers, here: Link, selected: Option<&'a str>) -> Self {
        Self { numbers, here, selected, find: "", changes: None, clusters: BTreeMap::new(), places: Places::default() }
    }

    pub(super) fn key(&self, service: &Service) -> String {
        cluster::key_of(service, &self.clusters)
    }

    pub(super) fn change(&self, key: &str) -> Option<&Change> {
        self.changes?.get(key)
    }

    pub(super) fn cluster(&self, service: &Service) -> Option<&(String, usize)> {
        self.clusters.get(&service.reference_id)
    }
}
