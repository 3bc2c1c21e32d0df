//! What the map says: the lines in and under nodes, the labels on edges, and the titles of both.

use std::time::Duration;

use crate::console::compare::{Change, Kind};
use crate::console::{format, health};
use crate::graph::{Edge, EdgeKind, Service, State, Statistics};

use super::{display_name, is_client, text, type_words};

const NAME_SIZE: f64 = 13.0;
const TYPE_SIZE: f64 = 11.0;
const CAPTION_MAX: f64 = 168.0;
const DOT_NAME_SIZE: f64 = 11.0;
const DOT_NAME_MAX: f64 = 128.0;
/// Widths are rounded up to steps, so that a map stands still while its numbers change.
const STEP: f64 = 40.0;

/// What the numbers on the map mean.
#[derive(Clone, Copy)]
pub(in crate::console) enum Numbers {
    /// Average and requests per minute, over the time that the window covers.
    PerMinute(Duration),
    /// Average and number of requests: the map of a single trace.
    Count,
}

/// The lines under a node.
pub(super) struct Caption {
    pub(super) name: String,
    pub(super) kind: String,
    /// What is not as it should be, or not as it was, and its CSS class.
    pub(super) trouble: Option<(&'static str, String)>,
    width: f64,
}

impl Caption {
    /// Under a dot there is room for a name alone.
    pub(super) fn of_dot(name: &str) -> Self {
        let name = text::shorten(name, DOT_NAME_SIZE, DOT_NAME_MAX);
        let width = stepped(text::width(&name, DOT_NAME_SIZE));
        Self { name, kind: String::new(), trouble: None, width }
    }

    /// The nodes of a cluster, by what their names have in common.
    pub(super) fn of_cluster(service: &Service, count: usize) -> Self {
        let name = format!("{} ×{count}", display_name(service));
        Self { name: text::shorten(&name, NAME_SIZE, CAPTION_MAX), ..Self::new(service, false, None) }.measured()
    }

    /// The lines of one node. What changed takes the place of what is wrong.
    pub(super) fn new(service: &Service, several_clients: bool, change: Option<&Change>) -> Self {
        let (name, kind) = if is_client(service) {
            let of = if several_clients { format!("of {}", service.name) } else { String::new() };
            ("Clients".to_owned(), of)
        } else {
            (service.name.clone(), type_words(service).to_owned())
        };
        Self {
            name: text::shorten(&name, NAME_SIZE, CAPTION_MAX),
            kind: text::shorten(&kind, TYPE_SIZE, CAPTION_MAX),
            trouble: match change {
                Some(change) => Some((change.kind.class(), change.short())),
                None => service.statistics.as_ref().and_then(trouble),
            },
            width: 0.0,
        }
        .measured()
    }

    /// Width of the widest line.
    pub(super) fn width(&self) -> f64 {
        self.width
    }

    fn measured(self) -> Self {
        let trouble = self.trouble.as_ref().map_or(0.0, |(_, words)| text::width(words, TYPE_SIZE));
        let width = text::width(&self.name, NAME_SIZE).max(text::width(&self.kind, TYPE_SIZE)).max(trouble);
        Self { width: stepped(width), ..self }
    }
}

/// A width rounded up.
pub(super) fn stepped(width: f64) -> f64 {
    (width / STEP).ceil() * STEP
}

/// The worst outcome that occurred, with its share: `25 % error`.
fn trouble(statistics: &Statistics) -> Option<(&'static str, String)> {
    let worst = health::OUTCOMES.into_iter().skip(1).rev().find(|&outcome| health::count(statistics, outcome) > 0)?;
    let others = health::OUTCOMES
        .into_iter()
        .skip(1)
        .filter(|&outcome| health::count(statistics, outcome) > 0)
        .map(|outcome| {
            let share = format::percent(health::count(statistics, outcome), statistics.total_count());
            format!("{share} {}", health::word(outcome))
        })
        .collect::<Vec<_>>();
    Some((health::word(worst), others.join(" · ")))
}

/// What stands in a circle: average and volume, each with its class.
pub(super) fn inside(statistics: &Statistics, numbers: Numbers) -> [(&'static str, String); 2] {
    let average = statistics.average_response_time().map(format::duration).unwrap_or_default();
    let total = statistics.total_count();
    let volume = match numbers {
        Numbers::PerMinute(span) => format::rate(total, span),
        Numbers::Count => format::plural(total, "call"),
    };
    [("average", average), ("rate", volume)]
}

/// Everything about a node in one line.
pub(super) fn node_title(service: &Service, numbers: Numbers, cluster: Option<usize>) -> String {
    let what = if let Some(count) = cluster {
        format!("{count} nodes named {} ({})", service.name, type_words(service))
    } else if is_client(service) {
        format!("Clients of {}", service.name)
    } else {
        format!("{} ({})", service.name, type_words(service))
    };
    let seen = if service.state == State::Unknown && !is_client(service) { "; seen only by its callers" } else { "" };
    match service.statistics.filter(|statistics| statistics.total_count() > 0) {
        None => what,
        Some(statistics) => {
            let [(_, average), (_, volume)] = inside(&statistics, numbers);
            let trouble = trouble(&statistics).map(|(_, words)| format!(", {words}")).unwrap_or_default();
            format!("{what}: average {average}, {volume}{trouble}{seen}")
        }
    }
}

/// The text on an edge: how many calls, and how long they took on average for the caller; or that it is gone.
pub(super) fn label(edge: &Edge, change: Option<&Change>) -> String {
    if let Some(change) = change.filter(|change| change.kind == Kind::Gone) {
        return change.kind.word().to_owned();
    }
    match (edge.kind, edge.statistics.average_response_time()) {
        (EdgeKind::Link, _) => "link".to_owned(),
        (EdgeKind::Call, None) => "pending".to_owned(),
        (EdgeKind::Call, Some(average)) => {
            format!("{} · {}", format::count(edge.statistics.total_count()), format::duration(average))
        }
    }
}

/// Everything about an edge in one line.
pub(super) fn edge_title(caller: &Service, callee: &Service, edge: &Edge) -> String {
    let trouble = trouble(&edge.statistics).map(|(_, words)| format!(", {words}")).unwrap_or_default();
    let numbers = match edge.statistics.average_response_time() {
        Some(average) => {
            let calls = format::plural(edge.statistics.total_count(), "call");
            format!("{calls}, average {} for the caller", format::duration(average))
        }
        None => label(edge, None),
    };
    format!("{} → {}: {numbers}{trouble}", display_name(caller), display_name(callee))
}
