//! The edges of the map: lines as wide as their traffic, with arrowheads and labels.

use crate::console::health;
use crate::graph::{Edge, EdgeKind, Service, Statistics};

use super::drawing::{Text, px};
use super::highlight::Highlight;
use super::layout::{EdgeSize, Layout, Point, Shape};
use super::options::Options;
use super::{key, path, text, words};

/// From these shares of the busiest line's magnitude on a line is a step wider.
const WIDER: [f64; 4] = [0.125, 0.375, 0.625, 0.875];
const LABEL_SIZE: f64 = 11.0;
const LABEL_HEIGHT: f64 = 20.0;

/// One edge.
pub(in crate::console) struct DrawnEdge {
    pub(in crate::console) class: String,
    pub(in crate::console) href: String,
    pub(in crate::console) title: String,
    pub(in crate::console) line: String,
    pub(in crate::console) arrow: String,
    pub(in crate::console) label: Option<Label>,
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

/// An edge with both its nodes.
pub(super) struct Call<'a> {
    pub(super) source: usize,
    pub(super) target: usize,
    pub(super) caller: &'a Service,
    pub(super) callee: &'a Service,
    pub(super) edge: &'a Edge,
}

impl Call<'_> {
    pub(super) fn key(&self) -> String {
        key::edge(self.caller, self.callee)
    }
}

/// The room that an edge needs for its label.
pub(super) fn size(call: &Call<'_>, label: Option<&String>) -> EdgeSize {
    let label = label.map_or((0.0, LABEL_HEIGHT / 2.0), |label| (label_width(label), LABEL_HEIGHT));
    EdgeSize { source: call.source, target: call.target, label }
}

/// Draws all edges.
pub(super) fn draw_edges(
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
