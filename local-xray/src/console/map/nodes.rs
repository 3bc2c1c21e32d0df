//! The nodes of the map: circles with rings and numbers, or dots, and the lines below them.

use crate::graph::{Service, State};

use super::drawing::{Text, px};
use super::highlight::Highlight;
use super::layout::{DENSE, Point, Shape};
use super::options::Options;
use super::ring::{Arc, arcs};
use super::words::{self, Caption};
use super::{Icon, display_name};

/// The width of a ring, as a share of the circle.
const RING: f64 = 1.0 / 7.0;

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

/// Where an icon goes.
pub(in crate::console) struct IconPlace {
    pub(in crate::console) symbol: &'static str,
    pub(in crate::console) x: String,
    pub(in crate::console) y: String,
    pub(in crate::console) size: u8,
}

/// Draws one node.
pub(super) fn draw_node(
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
    !find.is_empty() && display_name(service).to_lowercase().contains(&find.to_lowercase())
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
