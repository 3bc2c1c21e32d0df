//! The panel beside the map: the numbers of the selected node or edge, each a link to the traces behind it.

use crate::graph::{Edge, EdgeKind, Histogram, Service, ServiceGraph, State, Statistics};

use super::histogram::{Chart, chart, percentiles};
use super::link::Link;
use super::map::{Numbers, display_name, is_client, key, type_words};
use super::map_state::MapState;
use super::over_time::{OverTime, Scale, outcomes};
use super::periods::{Period, Periods};
use super::view::View;
use super::{format, health};

/// The selected node or edge.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) subtitle: String,
    /// How the numbers were taken, or why there are none.
    pub(super) note: &'static str,
    pub(super) close: String,
    /// Leads to the map around the node; only where there is a map of many traces.
    pub(super) focus: Option<String>,
    /// Leads to the page that explains it.
    pub(super) why: String,
    pub(super) traces: Link,
    pub(super) calls: Option<Counted>,
    pub(super) rate: Option<String>,
    pub(super) percentiles: Vec<(&'static str, String)>,
    pub(super) chart: Option<Chart>,
    /// `None` also where the page is not about a stretch of time.
    pub(super) over_time: Option<OverTime>,
    /// Calls to and from a node.
    pub(super) neighbours: Vec<Neighbour>,
}

/// Counts by outcome.
pub(super) struct Counted {
    pub(super) total: String,
    pub(super) total_href: String,
    pub(super) average: String,
    pub(super) shares: Vec<Share>,
}

/// One outcome.
pub(super) struct Share {
    pub(super) state: &'static str,
    pub(super) meaning: &'static str,
    pub(super) count: String,
    pub(super) percent: String,
    /// `None` when there is nothing to show.
    pub(super) href: Option<String>,
    /// Start and length of the share in a bar of 100.
    pub(super) x: String,
    pub(super) width: String,
}

/// An edge of the selected node.
pub(super) struct Neighbour {
    pub(super) direction: &'static str,
    pub(super) name: String,
    pub(super) href: String,
    pub(super) numbers: String,
}

/// Turns statistics into counts with links.
#[expect(clippy::cast_precision_loss, reason = "lengths for the eye")]
pub(super) fn counted(statistics: &Statistics, traces: &Link) -> Counted {
    let total = statistics.total_count();
    let mut x = 0.0;
    let shares = health::OUTCOMES
        .into_iter()
        .map(|outcome| {
            let count = health::count(statistics, outcome);
            let state = health::word(outcome);
            let width = if total == 0 { 0.0 } else { count as f64 / total as f64 * 100.0 };
            let share = Share {
                state,
                meaning: health::meaning(outcome),
                count: format::count(count),
                percent: format::percent(count, total),
                href: (count > 0).then(|| traces.clone().with("state", state).to_string()),
                x: format!("{x:.2}"),
                width: format!("{width:.2}"),
            };
            x += width;
            share
        })
        .collect();
    Counted {
        total: format::count(total),
        total_href: traces.to_string(),
        average: statistics.average_response_time().map_or_else(|| "–".to_owned(), format::duration),
        shares,
    }
}

impl Panel {
    /// The panel of the node or edge that the view selects; `None` without a selection. A selection that is not on
    /// the map gives a panel that says so.
    pub(super) fn of_selected(
        graph: &ServiceGraph,
        periods: Option<&Periods>,
        view: &View,
        here: &str,
        numbers: Numbers,
    ) -> Option<Self> {
        let panel = if let Some(key) = &view.node {
            key::find_node(graph, key).map(|service| Self::of_node(graph, service, view, here, numbers))
        } else {
            let key = view.edge.as_ref()?;
            key::find_edge(graph, key).map(|ends| Self::of_edge(ends, view, here, numbers))
        };
        let mut panel = panel.unwrap_or_else(|| Self::of_nothing(view, here));
        panel.focus = view.node.as_ref().filter(|_| periods.is_some()).map(|key| {
            let state = MapState { focus: Some(key.clone()), ..view.map.clone() };
            state.add_to(view.link(here)).with("node", key).to_string()
        });
        let asked = view.link("/why").with_some("node", view.node.as_deref()).with_some("edge", view.edge.as_deref());
        panel.why = asked.to_string();
        panel.over_time = periods.and_then(|periods| {
            let points: Vec<_> = periods.parts.iter().map(|period| (period.time, counted_in(period, view))).collect();
            outcomes(&points, Scale::Shares, &panel.traces)
        });
        Some(panel)
    }

    fn of_node(graph: &ServiceGraph, service: &Service, view: &View, here: &str, numbers: Numbers) -> Self {
        let key = key::node(service);
        let traces = &view.link("/traces").with("node", &key);
        let is_client = is_client(service);
        let note = match (is_client, service.state) {
            (true, _) => "Requests that arrive without a parent. The numbers are those of the calls it makes.",
            (false, State::Active) => "Measured by the service itself.",
            (false, State::Unknown) => "Sent no segments itself. Measured by its callers.",
        };
        Self {
            title: display_name(service).to_owned(),
            subtitle: if is_client { format!("of {}", service.name) } else { type_words(service).to_owned() },
            note,
            neighbours: neighbours(graph, service, view, here),
            ..Self::with_numbers(service.statistics, &service.response_time_histogram, traces, view, here, numbers)
        }
    }

    fn of_edge(ends: (&Service, &Service, &Edge), view: &View, here: &str, numbers: Numbers) -> Self {
        let (caller, callee, edge) = ends;
        let traces = &view.link("/traces").with("edge", &key::edge(caller, callee));
        let (histogram, note) = match edge.kind {
            EdgeKind::Call => (&edge.response_time_histogram, "Measured by the caller, network included."),
            EdgeKind::Link => {
                (&edge.received_event_age_histogram, "Asynchronous: how old messages were when received.")
            }
        };
        Self {
            title: format!("{} → {}", display_name(caller), display_name(callee)),
            subtitle: if edge.kind == EdgeKind::Link { "link" } else { "calls" }.to_owned(),
            note,
            ..Self::with_numbers(Some(edge.statistics), histogram, traces, view, here, numbers)
        }
    }

    fn with_numbers(
        statistics: Option<Statistics>,
        histogram: &Histogram,
        traces: &Link,
        view: &View,
        here: &str,
        numbers: Numbers,
    ) -> Self {
        let statistics = statistics.filter(|statistics| statistics.total_count() > 0);
        Self {
            calls: statistics.map(|statistics| counted(&statistics, traces)),
            rate: match (statistics, numbers) {
                (Some(statistics), Numbers::PerMinute(span)) => Some(format::rate(statistics.total_count(), span)),
                _ => None,
            },
            percentiles: percentiles(histogram),
            chart: chart(histogram, traces, None),
            traces: traces.clone(),
            ..Self::of_nothing(view, here)
        }
    }

    fn of_nothing(view: &View, here: &str) -> Self {
        Self {
            title: "Not on the map".to_owned(),
            subtitle: String::new(),
            note: "Nothing in this range and filter goes by that name. A longer range or another filter may show it.",
            close: view.link_on_map(here).to_string(),
            focus: None,
            why: String::new(),
            traces: view.link("/traces"),
            calls: None,
            rate: None,
            percentiles: Vec::new(),
            chart: None,
            over_time: None,
            neighbours: Vec::new(),
        }
    }
}

/// What was counted of the selected node or edge in one period.
fn counted_in(period: &Period, view: &View) -> Statistics {
    let node = view.node.as_ref().and_then(|key| key::find_node(&period.graph, key)?.statistics);
    let edge = view.edge.as_ref().and_then(|key| Some(key::find_edge(&period.graph, key)?.2.statistics));
    node.or(edge).unwrap_or_default()
}

fn neighbours(graph: &ServiceGraph, service: &Service, view: &View, here: &str) -> Vec<Neighbour> {
    let edges = graph.services.iter().flat_map(|caller| caller.edges.iter().map(move |edge| (caller, edge)));
    let mut found = Vec::new();
    for (caller, edge) in edges {
        let Some(callee) = graph.services.get(edge.target) else { continue };
        let (direction, other) = if caller.reference_id == service.reference_id {
            ("to", callee)
        } else if callee.reference_id == service.reference_id {
            ("from", caller)
        } else {
            continue;
        };
        let count = format::plural(edge.statistics.total_count(), "call");
        let average = edge.statistics.average_response_time().map(format::duration);
        found.push(Neighbour {
            direction,
            name: display_name(other).to_owned(),
            href: view.link_on_map(here).with("edge", &key::edge(caller, callee)).to_string(),
            numbers: average.map_or_else(|| count.clone(), |average| format!("{count} · {average}")),
        });
    }
    found.sort_by(|a, b| (a.direction, &a.name).cmp(&(b.direction, &b.name)));
    found
}
