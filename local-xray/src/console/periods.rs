//! The time that is looked at, cut into periods, each with the graph of the work that began in it: one pass over the
//! traces answers every question of how something went over time.

use std::time::Duration;

use crate::cores::on_all_cores;
use crate::document::{Timestamp, Window};
use crate::filter::Filter;
use crate::graph::ServiceGraph;
use crate::store::{Entry, Snapshot, graph_of};

/// A chart has at most so many periods: more could not be told apart, nor hit.
const MOST: i64 = 30;
/// Lengths of periods, in seconds. From the second on they are whole minutes, whose sums the store keeps.
const LENGTHS: [i64; 10] = [10, 60, 120, 300, 900, 1_800, 3_600, 21_600, 86_400, 604_800];
const MICROS: i64 = 1_000_000;

/// Periods of one length, without gaps, the earliest first.
#[derive(Debug, Default)]
pub(super) struct Periods {
    pub(super) parts: Vec<Period>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Period {
    pub(super) time: Window,
    pub(super) graph: ServiceGraph,
}

impl Periods {
    /// All work of the time that `graph` covers, `everything` being the empty expression.
    pub(super) fn of_all(snapshot: &Snapshot, everything: &Filter, graph: &ServiceGraph, window: Window) -> Self {
        let part = |time: &Window| Period { time: *time, graph: snapshot.graph(time.common(window), everything) };
        let times = cut(covered(graph, window));
        let parts = on_all_cores(&times, 2, |times| times.iter().map(part).collect::<Vec<_>>());
        Self { parts: parts.into_iter().flatten().collect() }
    }

    /// The work of these traces, whose graph is `graph`.
    pub(super) fn of(entries: &[Entry], graph: &ServiceGraph, window: Window) -> Self {
        let times = cut(covered(graph, window));
        let mut active: Vec<Vec<&Entry>> = vec![Vec::new(); times.len()];
        for entry in entries {
            let first = entry.position().start;
            let last = later(first, entry.digest().view().brief().duration());
            let from = times.partition_point(|time| time.end <= first);
            let below = times.partition_point(|time| time.start <= last);
            active.get_mut(from..below.max(from)).into_iter().flatten().for_each(|entries| entries.push(entry));
        }
        let part =
            |(time, entries): (Window, Vec<&Entry>)| Period { time, graph: graph_of(entries, time.common(window)) };
        Self { parts: times.into_iter().zip(active).map(part).collect() }
    }
}

/// The part of the window that has work.
fn covered(graph: &ServiceGraph, window: Window) -> Window {
    let start = graph.services.iter().map(|service| service.start_time).min();
    let end = graph.services.iter().map(|service| service.end_time).max();
    match (start, end) {
        (Some(start), Some(end)) => {
            Window { start, end: Timestamp::from_micros(end.micros().saturating_add(1)) }.common(window)
        }
        _ => Window { start: window.start, end: window.start },
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(time.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

/// Cuts a window at whole multiples of the shortest length that makes few enough periods.
pub(super) fn cut(window: Window) -> Vec<Window> {
    if window.start >= window.end {
        return Vec::new();
    }
    let count = |length: i64| {
        let first = window.start.micros().div_euclid(length * MICROS);
        let last = (window.end.micros() - 1).div_euclid(length * MICROS);
        (first, last - first + 1)
    };
    let fits = |length: &i64| count(*length).1 <= MOST;
    let years = || std::iter::successors(LENGTHS.last().copied(), |length| Some(length * 2)).find(fits);
    let length = LENGTHS.into_iter().find(fits).or_else(years).unwrap_or(1);
    let (first, many) = count(length);
    let at = |number: i64| Timestamp::from_micros(number.saturating_mul(length * MICROS));
    (first..first + many).map(|number| Window { start: at(number), end: at(number + 1) }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::console::samples::{entries, like};
    use crate::store::Entry;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * MICROS)
    }

    #[test]
    fn periods_begin_at_round_times_and_are_few() {
        let check = |start, end, first, length, count| {
            let cut = cut(Window { start: at(start), end: at(end) });
            assert_eq!(cut.first().map(|time| time.start), Some(at(first)), "{start} to {end}");
            assert_eq!(cut.first().map(|time| time.end), Some(at(first + length)), "{start} to {end}");
            assert_eq!(cut.len(), count, "{start} to {end}");
            assert!(cut.windows(2).all(|pair| pair[0].end == pair[1].start));
        };
        check(1_003, 1_011, 1_000, 10, 2);
        check(1_000, 1_300, 1_000, 10, 30);
        check(1_003, 1_303, 960, 60, 6);
        check(0, 3_600, 0, 120, 30);
        check(0, 4_294_967_295, 0, 154_828_800, 28);
        assert!(cut(Window { start: at(5), end: at(5) }).is_empty());
    }

    #[test]
    fn work_counts_in_the_period_that_it_began_in() {
        let trace = like();
        let entries: Vec<Entry> = entries(vec![trace.clone()]);
        let graph = crate::graph::service_graph([&trace], Window::ALL);
        let periods = Periods::of(&entries, &graph, Window::ALL);
        assert_eq!(periods.parts.len(), 1);
        assert_eq!(periods.parts[0].graph, graph);
        assert_eq!(periods.parts[0].time, Window { start: at(100), end: at(110) });
        let none = Periods::of(&[Entry::of(Arc::new(trace))], &ServiceGraph::default(), Window::ALL);
        assert!(none.parts.is_empty());
    }
}
