//! The map as ready-to-print SVG parts: texts, paths and coordinates, in drawing order.

use std::cmp::Reverse;

use crate::console::health;
use crate::console::link::Link;
use crate::graph::{Edge, EdgeKind, Service, ServiceGraph, State, Statistics};

use super::layout::{EdgeSize, Layout, NodeSize, Point, RADIUS, TALL, layout};
use super::ring::{Arc, arcs};
use super::words::{self, Caption, Numbers};
use super::{Icon, is_client, key, path, text};

const RING: f64 = 6.0;
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
}

/// A whole map.
pub(in crate::console) struct Drawing {
    /// Whether the map is shown at its own size and scrolls.
    pub(in crate::console) is_tall: bool,
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
        let captions: Vec<Caption> = services.iter().map(|service| Caption::new(service, clients > 1)).collect();
        let has_labels = calls.len() <= LABELLED_EDGES;
        let label = |call: &Call<'_>| has_labels.then(|| words::label(call.edge));
        let labels: Vec<Option<String>> = calls.iter().map(label).collect();
        let sizes: Vec<NodeSize> = captions.iter().map(|caption| NodeSize { caption_width: caption.width() }).collect();
        let edge_sizes: Vec<EdgeSize> = calls
            .iter()
            .zip(&labels)
            .map(|(call, label)| EdgeSize {
                source: call.source,
                target: call.target,
                label: label
                    .as_ref()
                    .map_or((0.0, LABEL_HEIGHT / 2.0), |label| (text::width(label, LABEL_SIZE) + 14.0, LABEL_HEIGHT)),
            })
            .collect();
        let layout = layout(&sizes, &edge_sizes);
        let focus = Focus::new(&services, &calls, options.selected);
        let is_tall = layout.height > TALL;
        let scale = if is_tall { TALL_SCALE } else { SCALE };
        Self {
            is_tall,
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
                .map(|((service, caption), &at)| draw_node(service, caption, at, options, &focus))
                .collect(),
            edges: draw_edges(&calls, labels, &edge_sizes, &layout, options, &focus),
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

/// Which nodes and edges stay bright: the selected one and its neighbours.
struct Focus<'a> {
    selected: Option<&'a str>,
    near: Vec<String>,
}

impl<'a> Focus<'a> {
    fn new(services: &[&Service], calls: &[Call<'_>], selected: Option<&'a str>) -> Self {
        let exists = services.iter().any(|service| Some(key::node(service).as_str()) == selected)
            || calls.iter().any(|call| Some(call.key().as_str()) == selected);
        let Some(selected) = selected.filter(|_| exists) else { return Self { selected: None, near: Vec::new() } };
        let mut near = Vec::new();
        for call in calls {
            let (caller, callee, edge) = (key::node(call.caller), key::node(call.callee), call.key());
            if [caller.as_str(), callee.as_str(), edge.as_str()].contains(&selected) {
                near.extend([caller, callee, edge]);
            }
        }
        Self { selected: Some(selected), near }
    }

    fn class(&self, base: &str, key: &str) -> String {
        match self.selected {
            Some(selected) if selected == key => format!("{base} selected"),
            Some(_) if !self.near.iter().any(|near| near == key) => format!("{base} aside"),
            _ => base.to_owned(),
        }
    }
}

fn draw_node(service: &Service, caption: Caption, at: Point, options: &Options<'_>, focus: &Focus<'_>) -> DrawnNode {
    let icon = Icon::of(service);
    let key = key::node(service);
    let statistics = service.statistics.filter(|statistics| statistics.total_count() > 0);
    let mut base = format!("node {}", icon.symbol());
    if service.state == State::Unknown && icon != Icon::Client {
        base.push_str(" unseen");
    }
    let line = |dy: f64, class, text| Text { x: px(at.x), y: px(at.y + dy), class, text };
    let inside = statistics.iter().flat_map(|statistics| words::inside(statistics, options.numbers)).zip([6.0, 22.0]);
    let below = RADIUS + 20.0;
    let mut lines = vec![line(below, "name", caption.name)];
    if !caption.kind.is_empty() {
        lines.push(line(below + 15.0, "type", caption.kind));
    }
    if let Some((state, words)) = caption.trouble {
        lines.push(line(below + 30.0, trouble_class(state), words));
    }
    let (size, drop) = if statistics.is_some() { (16, 28.0) } else { (36, 18.0) };
    DrawnNode {
        class: focus.class(&base, &key),
        href: options.here.clone().with("node", &key).without("edge").to_string(),
        title: words::node_title(service, options.numbers),
        centre: line(0.0, "", String::new()),
        halo: RADIUS + 4.5,
        disc: RADIUS - 0.5,
        arcs: statistics.map(|statistics| arcs(&statistics, at, RADIUS, RADIUS - RING)).unwrap_or_default(),
        icon: IconPlace { symbol: icon.symbol(), x: px(at.x - f64::from(size) / 2.0), y: px(at.y - drop), size },
        inside: inside.map(|((class, words), dy)| line(dy, class, words)).collect(),
        caption: lines,
    }
}

fn trouble_class(state: &str) -> &'static str {
    match state {
        "error" => "trouble error",
        "throttle" => "trouble throttle",
        _ => "trouble fault",
    }
}

fn draw_edges(
    calls: &[Call<'_>],
    labels: Vec<Option<String>>,
    sizes: &[EdgeSize],
    layout: &Layout,
    options: &Options<'_>,
    focus: &Focus<'_>,
) -> Vec<DrawnEdge> {
    let ends: Vec<(usize, usize)> = sizes.iter().map(|size| (size.source, size.target)).collect();
    let paths = path::paths(layout, &ends);
    calls
        .iter()
        .zip(labels)
        .zip(sizes.iter().zip(&layout.edges).zip(paths))
        .map(|((call, label), ((size, route), path))| {
            let key = call.key();
            let base = if call.edge.kind == EdgeKind::Link { "edge link" } else { "edge" };
            DrawnEdge {
                class: focus.class(base, &key),
                href: options.here.clone().with("edge", &key).without("node").to_string(),
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

fn px(length: f64) -> String {
    format!("{length:.1}")
}
