//! That what snapshots say of many traces is what the traces say one by one, whatever came when and went.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::digest::random::{documents, trace_id, windows};
use crate::document::{Segment, Window};
use crate::filter::{self, Filter, GroupKey, Groups, Selector, parse_selector};
use crate::graph::{Measured, Point, Series, service_graph, trace_work};

struct NoGroups;

impl Groups for NoGroups {
    fn filter_expression(&self, _: GroupKey, _: &str) -> Option<String> {
        None
    }
}

fn filter(expression: &str) -> Filter {
    filter::compile(expression, &NoGroups).unwrap_or_else(|error| panic!("{error}"))
}

/// What happens to a store.
#[derive(Debug, Clone)]
enum Step {
    Arrives(Box<Document>),
    Goes(u8),
    /// Someone looks, so that sums are made.
    IsAsked(Window),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let steps = |documents: Vec<Document>| {
        let arrivals = documents.into_iter().map(|document| {
            let other = prop_oneof![
                4 => Just(None),
                1 => (0..4_u8).prop_map(|number| Some(Step::Goes(number))),
                2 => windows().prop_map(|window| Some(Step::IsAsked(window))),
            ];
            other.prop_map(move |other| {
                Vec::from_iter([Step::Arrives(Box::new(document.clone()))].into_iter().chain(other))
            })
        });
        arrivals.collect::<Vec<_>>().prop_map(|steps| steps.concat())
    };
    documents(30).prop_flat_map(steps)
}

/// Goes through the steps with a store, and beside it with nothing but a list of traces. `check` sees both at every
/// question, and at the end.
fn run(steps: Vec<Step>, mut check: impl FnMut(&Snapshot, &[Trace], Window)) {
    let mut state = State::new();
    let mut traces: BTreeMap<TraceId, Trace> = BTreeMap::new();
    let mut seen = Vec::new();
    for step in steps.into_iter().chain([Step::IsAsked(Window::ALL)]) {
        match step {
            Step::Arrives(document) => {
                let id = document.trace_id;
                traces.entry(id).or_insert_with(|| Trace::new(id)).merge(document.segment.clone());
                state.apply(*document);
            }
            Step::Goes(number) => {
                state.forget(trace_id(number));
                traces.remove(&trace_id(number));
            }
            Step::IsAsked(window) => {
                let snapshot = Snapshot {
                    published: Arc::new(Published { state: state.clone(), report: StoreReport::default() }),
                };
                let known: Vec<Trace> = traces.values().cloned().collect();
                check(&snapshot, &known, window);
                seen.push((snapshot, known, window));
            }
        }
    }
    // What a snapshot says does not change with the store.
    seen.iter().for_each(|(snapshot, known, window)| check(snapshot, known, *window));
}

fn active(traces: &[Trace], window: Window) -> Vec<&Trace> {
    traces.iter().filter(|trace| window.overlaps(trace.start_time(), trace.end_time())).collect()
}

fn series_of(traces: &[Trace], window: Window, period: Duration, selector: Option<&Selector>) -> Vec<Point> {
    let mut series = Series::new(window, period);
    for trace in traces {
        let work = trace_work(trace);
        let nodes = work.nodes.into_iter();
        let nodes = nodes.filter(|node| selector.is_some_and(|selector| selector.selects_node(node.id.as_ref())));
        let edges = work.edges.into_iter();
        let edges = edges.filter(|edge| {
            selector.is_none_or(|selector| selector.selects_edge(edge.source.as_ref(), edge.target.as_ref()))
        });
        let pieces: Vec<&Segment> =
            nodes.flat_map(|node| node.segments).chain(edges.flat_map(|edge| edge.calls)).collect();
        pieces.into_iter().for_each(|piece| series.add(&Measured::of(piece)));
    }
    series.into_points()
}

proptest! {
    #[test]
    fn sums_of_minutes_are_the_graph_of_their_traces(steps in steps()) {
        let all = filter("");
        run(steps, |snapshot, traces, window| {
            let expected = service_graph(active(traces, window), window);
            assert_eq!(snapshot.graph(window, &all), expected, "{window:?}");
        });
    }

    #[test]
    fn the_graph_of_an_expression_is_that_of_the_traces_it_holds_for(steps in steps()) {
        let faulty = filter(r#"service() { fault } OR annotation.a = 1"#);
        run(steps, |snapshot, traces, window| {
            let matching = active(traces, window).into_iter();
            let matching = matching.filter(|trace| faulty.matches(&filter::TraceView::of(trace)));
            assert_eq!(snapshot.graph(window, &faulty), service_graph(matching, window), "{window:?}");
        });
    }

    #[test]
    fn series_add_the_same_work_up(steps in steps(), seconds in prop::sample::select(vec![7_u64, 60, 120])) {
        let all = filter("");
        let period = Duration::from_secs(seconds);
        let node = parse_selector(r#"service("web")"#).expect("a selector");
        let until = |window: Window| Window { end: window.end.min(crate::document::Timestamp::from_micros(600_000_000)), ..window };
        run(steps, |snapshot, traces, window| {
            let window = until(window);
            for selector in [None, Some(&node)] {
                let expected = series_of(traces, window, period, selector);
                assert_eq!(snapshot.series(window, period, &all, selector), expected, "{window:?}");
            }
        });
    }

    #[test]
    fn entries_come_newest_first_and_go_on_where_they_stopped(steps in steps(), taken in 0..5_usize) {
        run(steps, |snapshot, traces, window| {
            let mut expected: Vec<_> = active(traces, window).into_iter().map(|trace| (trace.start_time(), trace.id())).collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            let places = |after| snapshot.entries(Range::Active, window, after).map(|entry| entry.position());
            let first: Vec<_> = places(None).take(taken).collect();
            let rest = first.last().into_iter().flat_map(|last| places(Some(*last)));
            let found: Vec<_> = first.iter().copied().chain(rest).map(|place| (place.start, place.id)).collect();
            assert!(found == expected || taken == 0, "{found:?} {expected:?}");
        });
    }
}
