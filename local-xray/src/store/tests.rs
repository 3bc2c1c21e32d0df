//! That what snapshots say of many traces is what the traces say one by one, whatever came when and went.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::journal::files::{self, Folder as _};
use super::journal::{FileNumber, Place};
use super::*;
use crate::digest::random::{documents, trace_id, windows};
use crate::document::{Document, Segment, Timestamp, Window};
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
    /// The file goes in which a trace began, and all before it.
    Goes(u8),
    /// Quiet traces leave memory.
    Settles,
    /// The store is closed, sometimes something is done to its files, and the store is opened again.
    IsOpened(Option<Harm>),
    /// Someone looks, so that sums are made.
    IsAsked(Window),
}

/// What can happen to the files of a store that is closed.
#[derive(Debug, Clone, Copy)]
enum Harm {
    /// The journal ends earlier, as after a loss of power, whatever the index says of it.
    LosesTheEnd(u8),
    LosesTheCheckpoint,
    LosesAFile,
    /// Some file of index or checkpoint ends earlier.
    IsCut(u8),
    /// A byte in some file of index or checkpoint is another one.
    IsWrong(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let harm = prop_oneof![
        any::<u8>().prop_map(Harm::LosesTheEnd),
        Just(Harm::LosesTheCheckpoint),
        Just(Harm::LosesAFile),
        any::<u8>().prop_map(Harm::IsCut),
        any::<u8>().prop_map(Harm::IsWrong),
    ];
    let other = prop_oneof![
        6 => Just(None),
        1 => (0..4_u8).prop_map(|number| Some(Step::Goes(number))),
        3 => Just(Some(Step::Settles)),
        1 => prop::option::weighted(0.3, harm).prop_map(|harm| Some(Step::IsOpened(harm))),
        2 => windows().prop_map(|window| Some(Step::IsAsked(window))),
    ];
    (documents(30), prop::collection::vec(other, 30)).prop_map(|(documents, others)| {
        let arrivals = documents.into_iter().map(|document| Some(Step::Arrives(Box::new(document))));
        arrivals.zip(others).flat_map(|(arrival, other)| [arrival, other]).flatten().collect()
    })
}

/// A store without a thread, on files in memory that outlive it.
struct Opened {
    files: [Arc<Memory>; 3],
    shape: Shape,
    owner: Owner,
}

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

impl Opened {
    fn new(file_bytes: u64) -> Self {
        let files = [0; 3].map(|_| Arc::<Memory>::default());
        let shape = Shape { file_bytes, file_age: Duration::MAX, durability: Durability::Process };
        Self { owner: Self::open(&files, shape), files, shape }
    }

    fn open([journal, index, checkpoints]: &[Arc<Memory>; 3], shape: Shape) -> Owner {
        let folders = Folders { journal: journal.clone(), index: index.clone(), checkpoints: checkpoints.clone() };
        let bounds = Bounds { max_bytes: u64::MAX, max_memory: u64::MAX, max_age: Duration::MAX };
        Owner::open(&folders, shape, bounds, Budget::new(1 << 20).with_live(3)).expect("files in memory can be read")
    }

    /// Takes a document in, and says up to where the journal holds it.
    fn arrives(&mut self, document: Document) -> Place {
        let (tell, _) = oneshot::channel();
        let (_, outcome) = self.owner.take(vec![Batch { arrivals: vec![document.into()], tell }], NOW);
        assert_eq!(outcome, Ok(()));
        self.end()
    }

    /// Where the journal ends on its disk.
    fn end(&self) -> Place {
        let [journal, ..] = &self.files;
        let Some(file) = journal.list().unwrap().into_iter().max() else {
            return Place { file: FileNumber(0), offset: 0 };
        };
        let length = journal.open(file).unwrap().len().unwrap();
        Place { file, offset: u32::try_from(length).expect("files of tests are small") }
    }

    fn is_opened(&mut self, harm: Option<Harm>) {
        harm.into_iter().for_each(|harm| self.harm(harm));
        self.owner = Self::open(&self.files, self.shape);
    }

    fn harm(&self, harm: Harm) {
        let [journal, index, checkpoints] = &self.files;
        let file = |folder: &Arc<Memory>, pick: u8| {
            let numbers = folder.list().unwrap();
            numbers.get(usize::from(pick) % numbers.len().max(1)).map(|number| folder.open(*number).unwrap())
        };
        let some = |pick: u8| if pick.is_multiple_of(4) { file(checkpoints, pick) } else { file(index, pick) };
        match harm {
            Harm::LosesTheEnd(pick) => {
                if let Some(last) = journal.list().unwrap().into_iter().max() {
                    let file = journal.open(last).unwrap();
                    file.truncate(file.len().unwrap() * u64::from(pick) / 256).unwrap();
                }
            }
            Harm::LosesTheCheckpoint => remove_all(checkpoints),
            Harm::LosesAFile => index.list().unwrap().first().into_iter().for_each(|it| index.remove(*it).unwrap()),
            Harm::IsCut(pick) => {
                if let Some(file) = some(pick) {
                    file.truncate(file.len().unwrap() * u64::from(pick) / 256).unwrap();
                }
            }
            Harm::IsWrong(pick) => {
                if let Some(file) = some(pick) {
                    let mut bytes = files::whole(&*file).unwrap();
                    let place = bytes.len() * usize::from(pick) / 256;
                    bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= 1);
                    file.write_all_at(&bytes, 0).unwrap();
                }
            }
        }
    }
}

fn remove_all(folder: &Arc<Memory>) {
    folder.list().unwrap().into_iter().for_each(|number| folder.remove(number).unwrap());
}

/// The traces that documents make.
fn traces_of(documents: &[(Document, Place)]) -> Vec<Trace> {
    let mut traces: BTreeMap<TraceId, Trace> = BTreeMap::new();
    for (document, _) in documents {
        let id = document.trace_id;
        traces.entry(id).or_insert_with(|| Trace::new(id)).merge(document.segment.clone());
    }
    traces.into_values().collect()
}

/// Goes through the steps with a store, and beside it with nothing but a list of documents, and up to where the journal
/// holds each. `check` sees both at every question, and at the end.
fn run(steps: Vec<Step>, file_bytes: u64, mut check: impl FnMut(&Snapshot, &[Trace], Window)) {
    let mut store = Opened::new(file_bytes);
    let mut documents: Vec<(Document, Place)> = Vec::new();
    let mut seen = Vec::new();
    for step in steps.into_iter().chain([Step::IsAsked(Window::ALL)]) {
        match step {
            Step::Arrives(document) => {
                let place = store.arrives(Document::clone(&document));
                documents.push((*document, place));
            }
            Step::Goes(number) => {
                let Some(last) = store.owner.began.get(&trace_id(number)).copied() else { continue };
                documents.retain(|(it, _)| store.owner.began.get(&it.trace_id).is_some_and(|file| *file > last));
                let [journal, ..] = &store.files;
                let mut numbers = journal.list().unwrap();
                numbers.retain(|number| *number <= last);
                numbers.into_iter().for_each(|number| _ = store.owner.let_go(number).unwrap());
            }
            Step::Settles => store.owner.settle(NOW).unwrap(),
            Step::IsOpened(harm) => {
                if harm.is_some() {
                    // Whoever still reads the harmed files is out of luck.
                    seen.clear();
                }
                store.is_opened(harm);
                let end = store.end();
                documents.retain(|(_, place)| *place <= end);
            }
            Step::IsAsked(window) => {
                let snapshot = Snapshot { published: Arc::new(store.owner.published()) };
                let known = traces_of(&documents);
                assert_eq!(snapshot.report().traces, known.len());
                assert_eq!(snapshot.report().unreadable, 0);
                check(&snapshot, &known, window);
                seen.push((snapshot, known, window));
            }
        }
    }
    // What a snapshot says does not change with the store.
    seen.iter().for_each(|(snapshot, known, window)| check(snapshot, known, *window));
}

/// Each document in a file of its own, some in one, or all.
fn file_sizes() -> impl Strategy<Value = u64> {
    prop::sample::select(vec![1, 1_000, u64::MAX])
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
    fn a_trace_is_the_same_wherever_its_documents_are(steps in steps(), file_bytes in file_sizes()) {
        run(steps, file_bytes, |snapshot, traces, _| {
            for expected in traces {
                let found = snapshot.trace(expected.id()).expect("a trace that arrived");
                assert_eq!((found.segments(), found.orphans()), (expected.segments(), expected.orphans()));
                assert_eq!((found.revision(), found.position()), (expected.revision(), expected.position()));
            }
        });
    }

    #[test]
    fn sums_of_minutes_are_the_graph_of_their_traces(steps in steps(), file_bytes in file_sizes()) {
        let all = filter("");
        run(steps, file_bytes, |snapshot, traces, window| {
            let expected = service_graph(active(traces, window), window);
            assert_eq!(snapshot.graph(window, &all), expected, "{window:?}");
        });
    }

    #[test]
    fn the_graph_of_an_expression_is_that_of_the_traces_it_holds_for(steps in steps(), file_bytes in file_sizes()) {
        let faulty = filter(r#"service() { fault } OR annotation.a = 1"#);
        run(steps, file_bytes, |snapshot, traces, window| {
            let matching = active(traces, window).into_iter();
            let matching = matching.filter(|trace| faulty.matches(&filter::TraceView::of(trace)));
            assert_eq!(snapshot.graph(window, &faulty), service_graph(matching, window), "{window:?}");
        });
    }

    #[test]
    fn series_add_the_same_work_up(steps in steps(), file_bytes in file_sizes(), seconds in prop::sample::select(vec![7_u64, 60, 120])) {
        let all = filter("");
        let period = Duration::from_secs(seconds);
        let node = parse_selector(r#"service("web")"#).expect("a selector");
        let until = |window: Window| Window { end: window.end.min(Timestamp::from_micros(600_000_000)), ..window };
        run(steps, file_bytes, |snapshot, traces, window| {
            let window = until(window);
            for selector in [None, Some(&node)] {
                let expected = series_of(traces, window, period, selector);
                assert_eq!(snapshot.series(window, period, &all, selector), expected, "{window:?}");
            }
        });
    }

    #[test]
    fn entries_come_newest_first_and_go_on_where_they_stopped(steps in steps(), file_bytes in file_sizes(), taken in 0..5_usize) {
        run(steps, file_bytes, |snapshot, traces, window| {
            let mut expected: Vec<_> = active(traces, window).into_iter().map(|trace| (trace.start_time(), trace.id())).collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            let places = |after| snapshot.entries(Range::Active, window, after).map(|entry| entry.position());
            let first: Vec<_> = places(None).take(taken).collect();
            let rest = first.last().into_iter().flat_map(|last| places(Some(*last)));
            let found: Vec<_> = first.iter().copied().chain(rest).map(|place| (place.start, place.id)).collect();
            assert!(found == expected || taken == 0, "{found:?} {expected:?}");
            let extent = Extent { traces: expected.len(), first: expected.last().map(|(start, _)| *start) };
            assert_eq!(snapshot.extent(window), extent, "{window:?}");
        });
    }
}
