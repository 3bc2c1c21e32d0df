//! That a digest says what its trace says, survives its bytes, and stays small.

use std::sync::Arc;

use proptest::prelude::*;

use super::random::{documents, traces, windows};
use super::*;
use crate::document::parse;
use crate::graph::{Calls, service_graph};
use crate::store::{Entry, graph_of};
use crate::summary::{Missing, summarise};

/// Two likes of the lab: the monolith, the like service, the database.
const LAB: &str = include_str!("../../testdata/lab.json");

fn lab() -> Vec<Trace> {
    let values: Vec<serde_json::Value> = serde_json::from_str(LAB).expect("the lab's documents are a list");
    let documents = values.iter().flat_map(|value| parse(value.to_string()).expect("a document"));
    let mut traces: Vec<Trace> = Vec::new();
    for document in documents {
        match traces.iter_mut().find(|trace| trace.id() == document.trace_id) {
            Some(trace) => _ = trace.merge(document.segment),
            None => traces.push(Trace::from_segments(document.trace_id, [document.segment])),
        }
    }
    traces
}

#[test]
fn a_trace_of_the_lab_fits_a_few_hundred_bytes() {
    for trace in lab() {
        let bytes = Digest::of(&trace).as_bytes().len();
        assert!(bytes <= 600, "{} parts in {bytes} bytes", trace.part_count());
    }
}

#[test]
fn long_texts_stay_in_the_documents() {
    let long = "x".repeat(10_000);
    let members = format!(
        r#""name": "shop", "start_time": 1, "end_time": 2, "user": "{long}", "annotations": {{"a": "{long}"}},
           "http": {{"request": {{"url": "{long}"}}}}"#
    );
    let document =
        parse(format!(r#"{{"trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "53995c3f42cd8ad8", {members}}}"#));
    let document = document.expect("a document").remove(0);
    let digest = Digest::of(&Trace::from_segments(document.trace_id, [document.segment]));
    assert!(digest.as_bytes().len() < 200, "{} bytes", digest.as_bytes().len());
    let view = digest.view();
    assert_eq!(view.words().users, [KeptText(None)]);
    assert_eq!(view.words().url, Some(KeptText(None)));
}

proptest! {
    #[test]
    fn digests_count_what_their_traces_do(documents in documents(30), window in windows()) {
        let entries: Vec<Entry> = traces(&documents).into_iter().map(|trace| Entry::of(Arc::new(trace))).collect();
        let expected = service_graph(&traces(&documents), window);
        prop_assert_eq!(graph_of(&entries, window), expected);
    }

    #[test]
    fn it_says_of_a_trace_what_the_summary_says(documents in documents(15)) {
        for trace in traces(&documents) {
            let (digest, summary) = (Digest::of(&trace), summarise(&trace));
            let view = digest.view();
            let (brief, words) = (view.brief(), view.words());
            prop_assert_eq!((brief.start(), brief.duration()), (summary.start_time, summary.duration));
            prop_assert_eq!((brief.missing, brief.missing.is_some()), (Missing::of(&trace, &Calls::of(&trace)), summary.is_partial));
            prop_assert_eq!(brief.has_throttle, summary.has_throttle);
            prop_assert_eq!(words.users.len(), summary.users.len());
            prop_assert_eq!(words.annotations.len(), summary.annotations.values().map(Vec::len).sum::<usize>());
        }
    }

    #[test]
    fn root_causes_lead_through_the_services_that_the_summary_names(documents in documents(15)) {
        for trace in traces(&documents) {
            let (digest, summary) = (Digest::of(&trace), summarise(&trace));
            let view = digest.view();
            let causes = &view.cast().causes;
            for (kept, told) in [
                (&causes.fault, summary.fault_root_causes),
                (&causes.error, summary.error_root_causes),
                (&causes.response_time, summary.response_time_root_causes),
            ] {
                let kept = kept.as_ref().map(|cause| {
                    view.passed(cause).map(|(service, inferred)| (service.to_id(), inferred)).collect::<Vec<_>>()
                });
                let told = told.into_iter().next().map(|cause| {
                    cause.services.into_iter().map(|one| (one.service, one.inferred)).collect::<Vec<_>>()
                });
                prop_assert_eq!(kept, told);
            }
        }
    }

    #[test]
    fn a_digest_survives_its_bytes(documents in documents(15)) {
        for trace in traces(&documents) {
            let digest = Digest::of(&trace);
            let (_, cut) = digest.as_bytes().split_last().expect("a digest has bytes");
            prop_assert_eq!(Digest::from_bytes(cut), None);
            prop_assert_eq!(Digest::from_bytes(digest.as_bytes()), Some(digest));
        }
    }

    #[test]
    fn rubbish_is_no_digest_or_reads_like_one(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(digest) = Digest::from_bytes(&bytes) {
            let entries = digest.view().counts_in(crate::document::Window::ALL).count();
            prop_assert!(entries <= bytes.len());
        }
    }
}
