//! Made-up traffic: traces of a system that does not exist, the same ones for the same seed.
//!
//! A [`Workload`] is an arithmetic one: trace number `n` is a function of topology, seed and `n`, so nothing is held in
//! memory, and any part of a million traces can be made again to check an answer against it. A [`Story`] is what
//! happened in one trace; it is told as segment documents, as the X-Ray SDKs would send them, or as OTLP spans, as
//! OpenTelemetry's would. Pure: no clock, no sockets.

mod layered;
mod mysfits;
mod plan;
mod segments;
mod spans;
mod story;
mod topology;

pub use self::spans::export_request;
pub use self::story::{Call, Callee, Story, Work};
pub use self::topology::{Topology, UnknownTopology};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::document::{Timestamp, Window};

/// Spreads neighbouring numbers over all seeds.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// So many traces, evenly spread over a window of time.
#[derive(Debug, Clone)]
pub struct Workload {
    topology: Topology,
    seed: u64,
    traces: u64,
    window: Window,
}

impl Workload {
    /// Describes the traffic; nothing is made before it is asked for.
    pub fn new(topology: Topology, seed: u64, traces: u64, window: Window) -> Self {
        Self { topology, seed, traces, window }
    }

    /// The services that the traffic goes through.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// How many traces there are.
    pub fn traces(&self) -> u64 {
        self.traces
    }

    /// When the traces start.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Trace `number`. They start one after another; numbers beyond [`Workload::traces`] start after the window.
    pub fn story(&self, number: u64) -> Story {
        let mut rng = StdRng::seed_from_u64(self.seed ^ number.wrapping_mul(SPREAD));
        let unique: u128 = rng.random();
        let plan = self.topology.plan(&mut rng);
        Story::tell(&plan, self.start_of(number), unique, &mut rng)
    }

    fn start_of(&self, number: u64) -> Timestamp {
        let length = self.window.end.since(self.window.start).as_micros();
        let passed = length * u128::from(number) / u128::from(self.traces.max(1));
        Timestamp::from_micros(self.window.start.micros() + i64::try_from(passed).unwrap_or(i64::MAX / 2))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::document::{Kind, Segment, parse};
    use crate::graph::service_graph;
    use crate::ingest::translate;
    use crate::store::Trace;

    fn hour() -> Window {
        let start = Timestamp::from_micros(1_767_225_600_000_000);
        Window { start, end: Timestamp::from_micros(start.micros() + 3_600_000_000) }
    }

    fn workload(topology: &str, traces: u64) -> Workload {
        Workload::new(topology.parse().unwrap(), 7, traces, hour())
    }

    fn traces(workload: &Workload) -> Vec<Trace> {
        let told = (0..workload.traces()).map(|number| workload.story(number));
        let segments = |story: &Story| story.documents().into_iter().map(|document| document.segment);
        told.map(|story| Trace::from_segments(story.trace_id, segments(&story).collect::<Vec<_>>())).collect()
    }

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let text = |seed| {
            let workload = Workload::new(Topology::Mysfits, seed, 10, hour());
            (0..10).flat_map(|number| workload.story(number).documents()).map(|d| d.to_json()).collect::<Vec<_>>()
        };
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn documents_are_whole_and_about_a_kilobyte() {
        let workload = workload("mysfits", 300);
        let documents: Vec<_> = (0..300).flat_map(|number| workload.story(number).documents()).collect();
        for document in &documents {
            assert_eq!(parse(document.to_json()), Ok(vec![document.clone()]));
            assert!(document.notes.is_empty() && document.segment.kind == Kind::Segment);
        }
        let bytes: usize = documents.iter().map(|document| document.to_json().len()).sum();
        assert!((800..1_500).contains(&(bytes / documents.len())), "{} bytes each", bytes / documents.len());
    }

    #[test]
    fn traces_start_in_the_window_and_parts_lie_within_their_parents() {
        let workload = workload("20", 200);
        for trace in traces(&workload) {
            assert!(workload.window().contains(trace.start_time()));
            assert!(trace.orphans().is_empty());
            for segment in trace.segments() {
                let inside =
                    |part: &Segment| segment.start_time <= part.start_time && part.end_time <= segment.end_time;
                assert!(segment.descendants().all(inside), "{segment:?}");
            }
        }
    }

    #[test]
    fn every_service_of_a_topology_is_on_the_map() {
        let check = |topology: &str, traces_told: u64, expected: usize| {
            let traces = traces(&workload(topology, traces_told));
            let graph = service_graph(traces.iter(), Window::ALL);
            let named = |name: &str| name.starts_with("service-") || name == "monolith" || name == "like service";
            let services: BTreeSet<_> =
                graph.services.iter().map(|service| service.name.clone()).filter(|name| named(name)).collect();
            assert_eq!(services.len(), expected, "{topology}");
        };
        check("mysfits", 50, 2);
        check("20", 400, 20);
        check("200", 4_000, 200);
    }

    #[test]
    fn spans_tell_the_same_story() {
        for topology in ["mysfits", "20"] {
            let workload = workload(topology, 40);
            let stories: Vec<_> = (0..40).map(|number| workload.story(number)).collect();
            let translation = translate(&export_request(&stories));
            assert!(translation.rejections.is_empty(), "{:?}", translation.rejections);
            let ids = |segments: Vec<&Segment>| segments.into_iter().map(|part| (part.id, part.start_time)).collect();
            let documents: Vec<_> = stories.iter().flat_map(Story::documents).collect();
            let told: BTreeSet<_> = ids(documents.iter().flat_map(|it| it.segment.descendants()).collect());
            let heard: BTreeSet<_> = ids(translation.documents.iter().map(|it| &it.segment).collect());
            assert_eq!(told, heard);
        }
    }
}
