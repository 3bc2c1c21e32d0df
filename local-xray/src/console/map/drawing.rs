//! The map as ready-to-print SVG parts: texts, paths and coordinates, in drawing order.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::console::compare::{Change, Changes};
use crate::console::health;
use crate::console::link::Link;
use crate::graph::{Edge, EdgeKind, Service, ServiceGraph, State, Statistics};

use super::cluster::{self, CROWDED};
use super::highlight::Highlight;
use super::layout::{DENSE, EdgeSize, Layout, NodeSize, Point, ROOMY, Shape, TALL, layout};
use super::ring::{Arc, arcs};
use super::words::{self, Caption, Numbers};
use super::{Icon, is_client, key, path, text};

/// The width of a ring, as a share of the circle.
const RING: f64 = 1.0 / 7.0;
/// From these shares of the busiest line's magnitude on a line is a step wider.
const WIDER: [f64; 4] = [0.125, 0.375, 0.625, 0.875];
const LABEL_SIZE: f64 = 11.0;
const LABEL_HEIGHT: f64 = 20.0;
const MARGIN: f64 = 24.0;
/// The size at which a map is shown when there is room.
const SCALE: f64 = 1.15;
/// A tall map scrolls at this size, instead of shrinking until nothing can be read.
const TALL_SCALE: f64 = 0.7;
/// With more edges than this their labels are left to hovering and to the panel.
const LABELLED_EDGES: usize = 60;

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
}

impl<'a> Options<'a> {
    /// A map as it is.
    pub(in crate::console) fn new(numbers: Numbers, here: Link, selected: Option<&'a str>) -> Self {
        Self { numbers, here, selected, find: "", changes: None, clusters: BTreeMap::new() }
    }

    fn key(&self, service: &Service) -> String {
        cluster::key_of(service, &self.clusters)
    }

    fn change(&self, key: &str) -> Option<&Change> {
        self.changes?.get(key)
    }

    fn cluster(&self, service: &Service) -> Option<&(String, usize)> {
        self.clusters.get(&service.reference_id)
    }
}

/// A whole map.
pub(in crate::console) struct Drawing {
    /// Whether the map is shown at its own size and scrolls.
    pub(in crate::console) is_tall: bool,
    /// Whether nodes are dots.
    pub(in crate::console) is_dense: bool,
    /// Whether some nodes are pointed out, because their names are looked for.
    pub(in crate::console) is_finding: bool,
    pub(in crate::console) view_box: String,
    pub(in crate::console) width: String,
    pub(in crate::console) height: String,
    pub(in crate::console) nodes: Vec<DrawnNode>,
    pub(in crate::console) edges: Vec<DrawnEdge>,
}

/// One node.
pub(in crate::console) struct DrawnNode {
    /// CSS classes.
    pub(in crate::console) class: String,
    pub(in crate::console) href: String,
    /// Everything about the node in one line, for hovering and for screen readers.
    pub(in crate::console) title: String,
    pub(in crate::console) centre: Text,
    pub(in crate::console) halo: f64,
    pub(in crate::console) disc: f64,
    pub(in crate::console) arcs: Vec<Arc>,
    pub(in crate::console) icon: IconPlace,
    /// Average and rate inside the circle.
    pub(in crate::console) inside: Vec<Text>,
    /// Name, type and trouble below it.
    pub(in crate::console) caption: Vec<Text>,
}

/// One edge.
pub(in crate::console) struct DrawnEdge {
    pub(in crate::console) class: String,
    pub(in crate::console) href: String,
    pub(in crate::console) title: String,
    pub(in crate::console) line: String,
    pub(in crate::console) arrow: String,
    pub(in crate::console) label: Option<Label>,
}

/// A line of text and its place; the text's middle for captions and labels.
pub(in crate::console) struct Text {
    pub(in crate::console) x: String,
    pub(in crate::console) y: String,
    pub(in crate::console) class: &'static str,
    pub(in crate::console) text: String,
}

/// Where an icon goes.
pub(in crate::console) struct IconPlace {
    pub(in crate::console) symbol: &'static str,
    pub(in crate::console) x: String,
    pub(in crate::console) y: String,
    pub(in crate::console) size: u8,
}

/// The label of an edge: a box on the line, with a bar of shares when not everything went well.
pub(in crate::console) struct Label {
    pub(in crate::console) x: String,
    pub(in crate::console) y: String,
    pub(in crate::console) width: String,
    pub(in crate::console) text: Text,
    pub(in crate::console) bar: Vec<BarPart>,
}

/// One part of a bar of shares.
pub(in crate::console) struct BarPart {
    pub(in crate::console) x: String,
    pub(in crate::console) y: String,
    pub(in crate::console) width: String,
    pub(in crate::console) state: &'static str,
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
            _ if is_dense => Caption::of_dot(super::display_name(service)),
            Some((_, count)) => Caption::of_cluster(service, *count),
            None => Caption::new(service, clients > 1, options.change(&key::node(service))),
        };
        let captions: Vec<Caption> = services.iter().map(caption).collect();
        let has_labels = calls.len() <= LABELLED_EDGES && !is_dense;
        let label = |call: &Call<'_>| has_labels.then(|| words::label(call.edge, options.change(&call.key())));
        let labels: Vec<Option<String>> = calls.iter().map(label).collect();
        let sizes: Vec<NodeSize> = captions.iter().map(|caption| NodeSize { caption_width: caption.width() }).collect();
        let edge_sizes: Vec<EdgeSize> = calls
            .iter()
            .zip(&labels)
            .map(|(call, label)| EdgeSize {
                source: call.source,
                target: call.target,
                label: label.as_ref().map_or((0.0, LABEL_HEIGHT / 2.0), |label| (label_width(label), LABEL_HEIGHT)),
            })
            .collect();
        let layout = layout(&sizes, &edge_sizes, &shape);
        let keys: Vec<(String, String, String)> =
            calls.iter().map(|call| (options.key(call.caller), options.key(call.callee), call.key())).collect();
        let highlight = Highlight::new(services.iter().map(|service| options.key(service)), &keys, options.selected);
        let is_tall = layout.height > TALL;
        let scale = if is_tall { TALL_SCALE } else { SCALE };
        Self {
            is_tall,
            is_dense,
            is_finding: !options.find.is_empty(),
            view_box: format!(
                "{:.0} {:.0} {:.0} {:.0}",
                -MARGIN,
                -MARGIN,
                layout.width + 2.0 * MARGIN,
                layout.height + 2.0 * MARGIN
            ),
            width: format!("{:.0}", (layout.width + 2.0 * MARGIN) * scale),
            height: format!("{:.0}", (layout.height + 2.0 * MARGIN) * scale),
            nodes: services
                .iter()
                .zip(captions)
                .zip(&layout.nodes)
                .map(|((service, caption), &at)| draw_node(service, caption, (at, &shape), options, &highlight))
                .collect(),
            edges: draw_edges(&calls, labels, &edge_sizes, (&layout, &shape), options, &highlight),
        }
    }
}

/// An edge with both its nodes.
struct Call<'a> {
    source: usize,
    target: usize,
    caller: &'a Service,
    callee: &'a Service,
    edge: &'a Edge,
}

impl Call<'_> {
    fn key(&self) -> String {
        key::edge(self.caller, self.callee)
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

fn draw_node(
    service: &Service,
    caption: Caption,
    (at, shape): (Point, &Shape),
    options: &Options<'_>,
    highlight: &Highlight<'_>,
) -> DrawnNode {
    let icon = Icon::of(service);
    let key = options.key(service);
    let cluster = options.cluster(service);
    let is_dot = *shape == DENSE;
    let radius = shape.radius;
    let statistics = service.statistics.filter(|statistics| statistics.total_count() > 0);
    let line = |dy: f64, class, text| Text { x: px(at.x), y: px(at.y + dy), class, text };
    let numbers = statistics.iter().filter(|_| !is_dot);
    let inside = numbers.flat_map(|statistics| words::inside(statistics, options.numbers)).zip([6.0, 22.0]);
    let below = radius + if is_dot { 14.0 } else { 20.0 };
    let mut lines = vec![line(below, "name", caption.name)];
    if !caption.kind.is_empty() {
        lines.push(line(below + 15.0, "type", caption.kind));
    }
    if let Some((state, words)) = caption.trouble {
        lines.push(line(below + 30.0, trouble_class(state), words));
    }
    let (size, drop) = match (is_dot, statistics) {
        (true, _) => (12, 6.0),
        (false, Some(_)) => (16, 28.0),
        (false, None) => (36, 18.0),
    };
    let title = words::node_title(service, options.numbers, cluster.map(|(_, count)| *count));
    let changed = options.change(&key).map(|change| format!("; {}", change.short())).unwrap_or_default();
    DrawnNode {
        class: node_class(service, &key, options, highlight),
        href: match cluster {
            Some((key, _)) => options.here.clone().with("open", key).without("node").without("edge").to_string(),
            None => options.here.clone().with("node", &key).without("edge").to_string(),
        },
        title: title + &changed,
        centre: line(0.0, "", String::new()),
        halo: radius + 4.5,
        disc: radius - 0.5,
        arcs: statistics.map(|statistics| arcs(&statistics, at, radius, radius - radius * RING)).unwrap_or_default(),
        icon: IconPlace { symbol: icon.symbol(), x: px(at.x - f64::from(size) / 2.0), y: px(at.y - drop), size },
        inside: inside.map(|((class, words), dy)| line(dy, class, words)).collect(),
        caption: lines,
    }
}

fn node_class(service: &Service, key: &str, options: &Options<'_>, highlight: &Highlight<'_>) -> String {
    let icon = Icon::of(service);
    let mut class = format!("node {}", icon.symbol());
    if service.state == State::Unknown && icon != Icon::Client {
        class.push_str(" unseen");
    }
    if options.cluster(service).is_some() {
        class.push_str(" cluster");
    }
    if let Some(change) = options.change(key) {
        class.push_str(" is-");
        class.push_str(change.kind.class());
    }
    if is_found(service, options.find) {
        class.push_str(" found");
    }
    highlight.class(&class, key)
}

/// Says whether a node's name is looked for.
pub(in crate::console) fn is_found(service: &Service, find: &str) -> bool {
    !find.is_empty() && super::display_name(service).to_lowercase().contains(&find.to_lowercase())
}

fn trouble_class(state: &str) -> &'static str {
    match state {
        "error" => "trouble error",
        "throttle" => "trouble throttle",
        "worse" => "trouble fault",
        "better" => "trouble ok",
        "new" | "gone" => "trouble",
        _ => "trouble fault",
    }
}

fn draw_edges(
    calls: &[Call<'_>],
    labels: Vec<Option<String>>,
    sizes: &[EdgeSize],
    (layout, shape): (&Layout, &Shape),
    options: &Options<'_>,
    highlight: &Highlight<'_>,
) -> Vec<DrawnEdge> {
    let most = calls.iter().map(|call| call.edge.statistics.total_count()).max().unwrap_or_default();
    let ends: Vec<(usize, usize)> = sizes.iter().map(|size| (size.source, size.target)).collect();
    let paths = path::paths(layout, &ends, shape);
    calls
        .iter()
        .zip(labels)
        .zip(sizes.iter().zip(&layout.edges).zip(paths))
        .map(|((call, label), ((size, route), path))| {
            let key = call.key();
            let kind = if call.edge.kind == EdgeKind::Link { " link" } else { "" };
            let change = options.change(&key).map(|change| format!(" is-{}", change.kind.class())).unwrap_or_default();
            let class = format!("edge w{}{kind}{change}", width(call.edge.statistics.total_count(), most));
            // What a line to or from a cluster stands for is seen when the cluster is open.
            let cluster = options.cluster(call.callee).or_else(|| options.cluster(call.caller));
            let plain = || options.here.clone().with("edge", &key).without("node");
            let opened = |(key, _): &(String, usize)| options.here.clone().with("open", key).without("edge");
            DrawnEdge {
                class: highlight.class(&class, &key),
                href: cluster.map_or_else(plain, opened).to_string(),
                title: words::edge_title(call.caller, call.callee, call.edge),
                line: path.line,
                arrow: path.arrow,
                label: label.map(|label| draw_label(label, route.label, size.label.0, &call.edge.statistics)),
            }
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a share for the eye")]
fn draw_label(words: String, at: Point, width: f64, statistics: &Statistics) -> Label {
    let total = statistics.total_count();
    let mut bar = Vec::new();
    if total > statistics.ok_count {
        let room = width - 14.0;
        let mut x = at.x - room / 2.0;
        for outcome in health::OUTCOMES {
            let part = health::count(statistics, outcome) as f64 / total as f64 * room;
            if part > 0.0 {
                let place = BarPart { x: px(x), y: px(at.y + 5.5), width: px(part), state: health::word(outcome) };
                bar.push(place);
                x += part;
            }
        }
    }
    let baseline = if bar.is_empty() { 4.0 } else { 2.0 };
    Label {
        x: px(at.x - width / 2.0),
        y: px(at.y - LABEL_HEIGHT / 2.0),
        width: px(width),
        text: Text { x: px(at.x), y: px(at.y + baseline), class: "label", text: words },
        bar,
    }
}

/// The width of a label's box, in steps, so that a map stands still while its numbers change.
fn label_width(label: &str) -> f64 {
    words::stepped(text::width(label, LABEL_SIZE) + 14.0)
}

/// Which width a line has: with the order of magnitude of its traffic, from 1 to 5.
fn width(count: u64, most: u64) -> u8 {
    let share = (count as f64).ln_1p() / (most.max(1) as f64).ln_1p();
    1 + WIDER.into_iter().filter(|step| share >= *step).map(|_| 1).sum::<u8>()
}

fn px(length: f64) -> String {
    format!("{length:.1}")
}
