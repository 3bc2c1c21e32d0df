//! The map as ready-to-print SVG parts: texts, paths and coordinates, in drawing order.

use std::cmp::Reverse;

use crate::graph::{Service, ServiceGraph};

use super::cluster::CROWDED;
use super::edges::{self, Call, DrawnEdge};
use super::highlight::Highlight;
use super::layout::{DENSE, EdgeSize, NodeSize, ROOMY, TALL, layout};
use super::nodes::{self, DrawnNode};
use super::options::Options;
use super::words::{self, Caption};
use super::{Places, display_name, is_client, key};

const MARGIN: f64 = 24.0;
/// The size at which a map is shown when there is room.
const SCALE: f64 = 1.15;
/// A tall map scrolls at this size, instead of shrinking until nothing can be read.
const TALL_SCALE: f64 = 0.7;
/// With more edges than this their labels are left to hovering and to the panel.
const LABELLED_EDGES: usize = 60;

/// A whole map.
pub(in crate::console) struct Drawing {
    /// Whether the map is shown at its own size and scrolls.
    pub(in crate::console) is_tall: bool,
    /// Whether nodes are dots.
    pub(in crate::console) is_dense: bool,
    /// Whether some nodes are pointed out, because their names are looked for.
    pub(in crate::console) is_finding: bool,
    /// Where the nodes stand, to be said back when the page asks again.
    pub(in crate::console) places: String,
    pub(in crate::console) view_box: String,
    pub(in crate::console) width: String,
    pub(in crate::console) height: String,
    pub(in crate::console) nodes: Vec<DrawnNode>,
    pub(in crate::console) edges: Vec<DrawnEdge>,
}

/// A line of text and its place; the text's middle for captions and labels.
pub(in crate::console) struct Text {
    pub(in crate::console) x: String,
    pub(in crate::console) y: String,
    pub(in crate::console) class: &'static str,
    pub(in crate::console) text: String,
}

impl Drawing {
    /// Draws a graph. The same graph gives the same drawing, whatever the order of its nodes.
    pub(in crate::console) fn new(graph: &ServiceGraph, options: &Options<'_>) -> Self {
        let services = in_reading_order(graph);
        let position = |reference: usize| services.iter().position(|service| service.reference_id == reference);
        let calls: Vec<Call<'_>> = services
            .iter()
            .enumerate()
            .flat_map(|(source, service)| service.edges.iter().map(move |edge| (source, *service, edge)))
            .filter_map(|(source, service, edge)| {
                let target = position(edge.target)?;
                Some(Call { source, target, caller: service, callee: services.get(target)?, edge })
            })
            .collect();
        let clients = services.iter().filter(|service| is_client(service)).count();
        let is_dense = services.len() > CROWDED;
        let shape = if is_dense { DENSE } else { ROOMY };
        let caption = |service: &&Service| match options.cluster(service) {
            _ if is_dense => Caption::of_dot(display_name(service)),
            Some((_, count)) => Caption::of_cluster(service, *count),
            None => Caption::new(service, clients > 1, options.change(&key::node(service))),
        };
        let captions: Vec<Caption> = services.iter().map(caption).collect();
        let has_labels = calls.len() <= LABELLED_EDGES && !is_dense;
        let label = |call: &Call<'_>| has_labels.then(|| words::label(call.edge, options.change(&call.key())));
        let labels: Vec<Option<String>> = calls.iter().map(label).collect();
        let sizes: Vec<NodeSize> = captions.iter().map(|caption| NodeSize { caption_width: caption.width() }).collect();
        let edge_sizes: Vec<EdgeSize> =
            calls.iter().zip(&labels).map(|(call, label)| edges::size(call, label.as_ref())).collect();
        let node_keys: Vec<String> = services.iter().map(|service| options.key(service)).collect();
        let layout = layout(&sizes, &edge_sizes, &shape);
        let layout = options.places.keep(layout, &node_keys, (&sizes, &edge_sizes), &shape);
        let area = layout.area;
        let keys: Vec<(String, String, String)> =
            calls.iter().map(|call| (options.key(call.caller), options.key(call.callee), call.key())).collect();
        let highlight = Highlight::new(node_keys.iter().cloned(), &keys, options.selected);
        let is_tall = area.height() > TALL;
        let scale = if is_tall { TALL_SCALE } else { SCALE };
        Self {
            is_tall,
            is_dense,
            is_finding: !options.find.is_empty(),
            places: Places::of(&layout, &node_keys).to_string(),
            view_box: format!(
                "{:.0} {:.0} {:.0} {:.0}",
                area.left - MARGIN,
                area.top - MARGIN,
                area.width() + 2.0 * MARGIN,
                area.height() + 2.0 * MARGIN
            ),
            width: format!("{:.0}", (area.width() + 2.0 * MARGIN) * scale),
            height: format!("{:.0}", (area.height() + 2.0 * MARGIN) * scale),
            nodes: services
                .iter()
                .zip(captions)
                .zip(&layout.nodes)
                .map(|((service, caption), &at)| nodes::draw_node(service, caption, (at, &shape), options, &highlight))
                .collect(),
            edges: edges::draw_edges(&calls, labels, &edge_sizes, (&layout, &shape), options, &highlight),
        }
    }
}

/// Sorts nodes so that the walk over the graph begins at the entry that calls the most others; names break ties.
fn in_reading_order(graph: &ServiceGraph) -> Vec<&Service> {
    let mut services: Vec<&Service> = graph.services.iter().collect();
    let reach = |service: &Service| {
        let entered = service.edges.first().and_then(|edge| graph.services.get(edge.target));
        if is_client(service) { entered.map_or(0, |entered| entered.edges.len()) } else { service.edges.len() }
    };
    services.sort_by_cached_key(|service| (Reverse(reach(service)), key::node(service)));
    services
}

pub(super) fn px(length: f64) -> String {
    format!("{length:.1}")
}
