//! Two graphs against each other: what is new, gone, slower or faster, and what fails more or less often than in the
//! period before.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::graph::{Edge, EdgeKind, Histogram, Service, ServiceGraph, State, Statistics};

use super::format;
use super::map::{display_name, key};
use super::over_time::failing_share;

/// Averages and shares of fewer calls than this say little.
const LEAST_CALLS: u64 = 5;
/// An average has changed when one is so many times the other,
const FACTOR: f64 = 1.25;
/// and they differ by at least so much.
const LEAST_TIME: Duration = Duration::from_millis(1);
/// A share of failures has changed when it differs by so many percent of all calls.
const LEAST_SHARE: f64 = 2.0;

/// What happened to a node or an edge, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    FailingMore,
    Slower,
    Gone,
    New,
    FailingLess,
    Faster,
}

impl Kind {
    /// The word for it; also the end of a CSS class.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::FailingMore => "failing more",
            Self::Slower => "slower",
            Self::Gone => "gone",
            Self::New => "new",
            Self::FailingLess => "failing less",
            Self::Faster => "faster",
        }
    }

    /// The CSS class of what it happened to.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::FailingMore | Self::Slower => "worse",
            Self::Gone => "gone",
            Self::New => "new",
            Self::FailingLess | Self::Faster => "better",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) kind: Kind,
    /// `38 ms → 210 ms on average`; empty for what is new or gone.
    pub(super) words: String,
    /// The name of the node, or of both ends of the edge.
    pub(super) name: String,
    pub(super) is_edge: bool,
}

impl Change {
    /// `slower 40 ms → 210 ms`: what there is room for under a node.
    pub(super) fn short(&self) -> String {
        format!("{} {}", self.kind.word(), self.words.trim_end_matches(" on average").trim_end_matches(" failing"))
            .trim_end()
            .to_owned()
    }
}

/// All changes, by the key of the node or edge; the gravest where there are several.
pub(super) type Changes = BTreeMap<String, Change>;

/// Compares two graphs.
pub(super) fn changes(before: &ServiceGraph, now: &ServiceGraph) -> Changes {
    let (then, today) = (items(before), items(now));
    let mut changes = Changes::new();
    for (key, item) in &today {
        let change = match then.get(key) {
            None => Some((Kind::New, String::new())),
            Some(earlier) => change(&earlier.statistics, &item.statistics),
        };
        changes.extend(change.map(|(kind, words)| (key.clone(), item.changed(kind, words))));
    }
    for (key, item) in then.iter().filter(|(key, _)| !today.contains_key(*key)) {
        changes.insert(key.clone(), item.changed(Kind::Gone, String::new()));
    }
    changes
}

/// A node or an edge.
struct Item {
    name: String,
    is_edge: bool,
    statistics: Statistics,
}

impl Item {
    fn changed(&self, kind: Kind, words: String) -> Change {
        Change { kind, words, name: self.name.clone(), is_edge: self.is_edge }
    }
}

fn items(graph: &ServiceGraph) -> BTreeMap<String, Item> {
    let mut items = BTreeMap::new();
    for service in &graph.services {
        let statistics = service.statistics.unwrap_or_default();
        let name = display_name(service).to_owned();
        items.insert(key::node(service), Item { name, is_edge: false, statistics });
        for edge in &service.edges {
            let Some(callee) = graph.services.get(edge.target) else { continue };
            let name = format!("{} → {}", display_name(service), display_name(callee));
            items.insert(key::edge(service, callee), Item { name, is_edge: true, statistics: edge.statistics });
        }
    }
    items
}

/// What has changed; failures before times.
fn change(before: &Statistics, now: &Statistics) -> Option<(Kind, String)> {
    if before.total_count() < LEAST_CALLS || now.total_count() < LEAST_CALLS {
        return None;
    }
    let (share, shares) = (failing_share(before)?, failing_share(now)?);
    let (time, times) = (before.average_response_time()?, now.average_response_time()?);
    let is_longer = |short: Duration, long: Duration| {
        long >= short + LEAST_TIME && long.as_secs_f64() >= short.as_secs_f64() * FACTOR
    };
    let of_shares = || format!("{share:.0} % → {shares:.0} % failing");
    let of_times = || format!("{} → {} on average", format::duration(time), format::duration(times));
    if shares - share >= LEAST_SHARE {
        Some((Kind::FailingMore, of_shares()))
    } else if is_longer(time, times) {
        Some((Kind::Slower, of_times()))
    } else if share - shares >= LEAST_SHARE {
        Some((Kind::FailingLess, of_shares()))
    } else if is_longer(times, time) {
        Some((Kind::Faster, of_times()))
    } else {
        None
    }
}

/// The graph of now with the nodes and edges of before that are gone, without numbers.
pub(super) fn with_gone(before: &ServiceGraph, now: &ServiceGraph) -> ServiceGraph {
    let mut services = now.services.clone();
    let mut numbers: BTreeMap<String, usize> =
        services.iter().map(|service| (key::node(service), service.reference_id)).collect();
    for service in &before.services {
        numbers.entry(key::node(service)).or_insert_with(|| {
            let reference_id = services.len();
            services.push(ghost(service, reference_id));
            reference_id
        });
    }
    for service in &before.services {
        let Some(source) = numbers.get(&key::node(service)).and_then(|&number| services.get_mut(number)) else {
            continue;
        };
        for edge in &service.edges {
            let callee = before.services.get(edge.target);
            let Some(&target) = callee.and_then(|callee| numbers.get(&key::node(callee))) else { continue };
            if !source.edges.iter().any(|known| known.target == target) {
                source.edges.push(ghost_edge(target, edge.kind, service));
            }
        }
    }
    ServiceGraph { services }
}

fn ghost(service: &Service, reference_id: usize) -> Service {
    Service {
        reference_id,
        edges: Vec::new(),
        state: State::Active,
        statistics: None,
        tasks: Vec::new(),
        duration_histogram: Histogram::default(),
        response_time_histogram: Histogram::default(),
        ..service.clone()
    }
}

fn ghost_edge(target: usize, kind: EdgeKind, caller: &Service) -> Edge {
    Edge {
        target,
        start_time: caller.start_time,
        end_time: caller.end_time,
        kind,
        statistics: Statistics::default(),
        response_time_histogram: Histogram::default(),
        received_event_age_histogram: Histogram::default(),
        aliases: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::map::samples::graph;

    fn statistics(ok_count: u64, fault_count: u64, average: u64) -> Statistics {
        let total_response_time = Duration::from_millis(average) * u32::try_from(ok_count + fault_count).unwrap();
        Statistics { ok_count, fault_count, total_response_time, ..Statistics::default() }
    }

    #[test]
    fn changes_need_to_matter() {
        let check = |before: (u64, u64, u64), now: (u64, u64, u64), expected: Option<(Kind, &str)>| {
            let numbers = |(ok, fault, average)| statistics(ok, fault, average);
            let change = change(&numbers(before), &numbers(now));
            assert_eq!(change.as_ref().map(|(kind, words)| (*kind, words.as_str())), expected, "{before:?} {now:?}");
        };
        check((10, 0, 40), (10, 0, 40), None);
        check((10, 0, 40), (10, 0, 210), Some((Kind::Slower, "40 ms → 210 ms on average")));
        check((10, 0, 210), (10, 0, 40), Some((Kind::Faster, "210 ms → 40 ms on average")));
        check((10, 0, 40), (10, 0, 49), None);
        check((4, 0, 40), (10, 0, 210), None);
        check((10, 0, 40), (6, 4, 210), Some((Kind::FailingMore, "0 % → 40 % failing")));
        check((5, 5, 40), (10, 0, 40), Some((Kind::FailingLess, "50 % → 0 % failing")));
        check((99, 1, 40), (98, 2, 40), None);
        check((10, 0, 0), (10, 0, 0), None);
    }

    #[test]
    fn what_came_and_went_is_told_by_name() {
        let (before, now) = (graph(&[("a", "b"), ("b", "c")]), graph(&[("a", "b"), ("a", "d")]));
        let found: Vec<_> =
            changes(&before, &now).into_iter().map(|(key, change)| (key, change.kind, change.name)).collect();
        let change = |key: &str, kind, name: &str| (key.to_owned(), kind, name.to_owned());
        assert_eq!(
            found,
            [
                change("a>d", Kind::New, "a → d"),
                change("b>c", Kind::Gone, "b → c"),
                change("c", Kind::Gone, "c"),
                change("d", Kind::New, "d"),
            ]
        );
        assert!(changes(&now, &now).is_empty());
    }

    #[test]
    fn what_is_gone_is_still_drawn() {
        let whole = with_gone(&graph(&[("a", "b"), ("b", "c")]), &graph(&[("a", "b"), ("a", "d")]));
        let lines: Vec<_> = whole
            .services
            .iter()
            .flat_map(|service| service.edges.iter().map(move |edge| (service, edge)))
            .map(|(service, edge)| format!("{} {}", service.name, whole.services[edge.target].name))
            .collect();
        assert_eq!(lines, ["a b", "a d", "b c"]);
        assert_eq!(whole.services.iter().find(|service| service.name == "c").unwrap().statistics, None);
    }
}
