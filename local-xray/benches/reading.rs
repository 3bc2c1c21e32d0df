//! What it costs to condense a trace, to ask a digest, and to draw a graph from kept sums: `cargo bench -p local-xray`.
//!
//! The traces are those of the Mysfits, as `local-xray bench` makes them up.

use std::sync::Arc;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use local_xray::digest::Digest;
use local_xray::document::{Timestamp, Window};
use local_xray::filter::{self, Filter, GroupKey, Groups};
use local_xray::store::{Durability, Entry, Range, Snapshot, Store, StoreConfig, Trace};
use local_xray::workload::{Story, Topology, Workload};

/// When the last trace begins, in microseconds since the epoch.
const NOW: i64 = 1_800_000_000_000_000;

fn main() {
    divan::main();
}

struct NoGroups;

impl Groups for NoGroups {
    fn filter_expression(&self, _: GroupKey, _: &str) -> Option<String> {
        None
    }
}

fn filter(expression: &str) -> Filter {
    filter::compile(expression, &NoGroups).expect("the expression is one")
}

/// Traces of the Mysfits, spread over the hour before [`NOW`].
fn workload(traces: u64) -> Workload {
    let now = Timestamp::from_micros(NOW);
    let window = Window { start: now.before(Duration::from_secs(3_600)), end: now };
    Workload::new(Topology::Mysfits, 7, traces, window)
}

fn trace(story: &Story) -> Trace {
    let documents = story.documents();
    let id = documents.first().expect("a story has a root").trace_id;
    Trace::from_segments(id, documents.into_iter().map(|document| document.segment))
}

fn snapshot(traces: u64) -> Snapshot {
    let store = Store::open(&StoreConfig {
        folder: None,
        max_bytes: u64::MAX,
        max_memory: u64::MAX,
        max_age: Duration::MAX,
        durability: Durability::default(),
    })
    .expect("a store in memory");
    let workload = workload(traces);
    let documents = (0..traces).flat_map(|number| workload.story(number).documents()).map(Into::into).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(store.apply(documents)).expect("the store runs");
    store.snapshot()
}

/// The hour that cuts its first minute.
fn last_hour() -> Window {
    Window::last(Duration::from_secs(3_590), Timestamp::from_micros(NOW))
}

#[divan::bench]
fn condensing_a_thousand_traces(bencher: Bencher<'_, '_>) {
    let workload = workload(1_000);
    let traces: Vec<Trace> = (0..1_000).map(|number| trace(&workload.story(number))).collect();
    // The first look puts the pieces together, which is not what is measured.
    traces.iter().for_each(|trace| _ = black_box(trace.segments()));
    bencher
        .counter(ItemsCount::new(traces.len()))
        .bench_local(|| traces.iter().map(|trace| Digest::of(trace).as_bytes().len()).sum::<usize>());
}

/// The expressions of the lab, and the more expensive kinds.
const EXPRESSIONS: [&str; 5] = [
    r#"!http.useragent BEGINSWITH "ELB-HealthChecker""#,
    r#"http.url ENDSWITH "/like" AND (responsetime > 2 OR error OR fault)"#,
    r#"annotation.chaos_fault = "slow""#,
    r#"service("like service") { responsetime > 2 }"#,
    r#"edge("monolith", "like service") { fault }"#,
];

#[divan::bench(args = EXPRESSIONS)]
fn asking_ten_thousand_digests(bencher: Bencher<'_, '_>, expression: &str) {
    let filter = filter(expression);
    let workload = workload(10_000);
    let entries: Vec<Entry> = (0..10_000).map(|number| Entry::of(Arc::new(trace(&workload.story(number))))).collect();
    entries.iter().for_each(|entry| _ = black_box(entry.digest()));
    bencher
        .counter(ItemsCount::new(entries.len()))
        .bench_local(|| entries.iter().filter(|entry| entry.matches(black_box(&filter))).count());
}

#[divan::bench(args = [10_000, 100_000], sample_count = 20)]
fn graph_of_the_last_hour(bencher: Bencher<'_, '_>, traces: u64) {
    let (snapshot, all) = (snapshot(traces), filter(""));
    snapshot.graph(last_hour(), &all);
    bencher.bench_local(|| snapshot.graph(black_box(last_hour()), &all));
}

#[divan::bench(args = [10_000, 100_000], sample_count = 3, sample_size = 1)]
fn graph_of_the_last_hour_with_a_filter(bencher: Bencher<'_, '_>, traces: u64) {
    let (snapshot, slow) = (snapshot(traces), filter("responsetime > 2"));
    snapshot.graph(last_hour(), &slow);
    bencher.bench_local(|| snapshot.graph(black_box(last_hour()), &slow));
}

#[divan::bench(args = [10_000, 100_000], sample_count = 20)]
fn first_page_of_the_lab(bencher: Bencher<'_, '_>, traces: u64) {
    let (snapshot, filter) = (snapshot(traces), filter(EXPRESSIONS[1]));
    bencher.bench_local(|| {
        let entries = snapshot.entries(Range::Active, last_hour(), None);
        entries.filter(|entry| entry.matches(&filter)).take(101).count()
    });
}
