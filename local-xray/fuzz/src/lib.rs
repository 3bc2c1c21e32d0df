//! What must hold for documents from any way in.

use std::collections::BTreeMap;

use local_xray::document::{Document, Segment, TraceId, Window, parse, to_document};
use local_xray::graph::service_graph;
use local_xray::store::Trace;
use local_xray::summary::summarise;

/// Documents print as text that says the same, make traces that lose none of them, and can be drawn and summed up.
pub fn check(documents: Vec<Document>) {
    let mut traces: BTreeMap<TraceId, Vec<Segment>> = BTreeMap::new();
    for document in documents {
        check_print(&document);
        traces.entry(document.trace_id).or_default().push(document.segment);
    }
    let traces: Vec<Trace> = traces.into_iter().map(|(id, segments)| check_trace(id, &segments)).collect();
    service_graph(traces.iter(), Window::ALL);
    traces.iter().for_each(|trace| drop(summarise(trace)));
}

fn check_print(document: &Document) {
    let text = document.to_json();
    let mut again = parse(&text).unwrap_or_else(|rejection| panic!("{rejection}: {text}"));
    let again = again.pop().expect("one document went out");
    assert_eq!((again.trace_id, again.notes.len()), (document.trace_id, 0), "{:?}: {text}", again.notes);
    assert_eq!(again.to_json(), text);
}

/// A trace is the same whichever segment came first, and has room for each.
fn check_trace(id: TraceId, segments: &[Segment]) -> Trace {
    let trace = Trace::from_segments(id, segments.iter().cloned());
    let backwards = Trace::from_segments(id, segments.iter().rev().cloned());
    let assembled = |trace: &Trace| {
        let parts = trace.segments().iter().chain(trace.orphans());
        assert_eq!(parts.clone().flat_map(Segment::descendants).count(), trace.part_count());
        parts.map(|part| to_document(id, part)).collect::<Vec<_>>()
    };
    assert_eq!(assembled(&trace), assembled(&backwards));
    trace
}
