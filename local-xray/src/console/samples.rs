//! Traces for the tests of the pages.

use std::sync::Arc;

use crate::document::{self, Kind, Segment, SegmentId, Timestamp};
use crate::store::{Entry, Trace};

/// The id of the sample traces.
pub(super) const TRACE_ID: &str = "1-67891233-abcdef012345678912345678";
/// A moment shortly after the sample traces.
pub(super) const NOW: Timestamp = Timestamp::from_micros(110_000_000);

/// A trace made of documents, each written as the members of its JSON object without `trace_id`.
pub(super) fn trace(documents: &[&str]) -> Trace {
    let mut trace = Trace::new(document::TraceId::parse(TRACE_ID).expect("the sample id is one"));
    for members in documents {
        let text = format!(r#"{{"trace_id": "{TRACE_ID}", {members}}}"#);
        for parsed in document::parse(text.as_bytes()).expect("the sample is a document") {
            trace.merge(parsed.segment);
        }
    }
    trace
}

/// A like that failed: the monolith asks the like service, which answers 404 with an exception; then the database.
pub(super) fn like() -> Trace {
    let monolith = r#""name": "monolith", "id": "0000000000000001", "start_time": 100, "end_time": 102.5, "error": true,
        "http": {"request": {"method": "post", "url": "http://127.0.0.1:8080/mysfits/7/like"}, "response": {"status": 404}},
        "annotations": {"mysfit_id": "7"}, "subsegments": [
        {"name": "like service", "id": "0000000000000002", "namespace": "remote", "start_time": 100.1, "end_time": 102,
         "error": true, "http": {"response": {"status": 404}}},
        {"name": "mysfits@sqlite", "id": "0000000000000003", "namespace": "remote", "start_time": 102.1, "end_time": 102.2,
         "sql": {"sanitized_query": "SELECT likes FROM mysfits WHERE id = ?", "database_type": "sqlite"}}]"#;
    let like = r#""name": "like service", "id": "0000000000000004", "parent_id": "0000000000000002",
        "start_time": 100.2, "end_time": 101.9, "error": true, "http": {"response": {"status": 404}},
        "annotations": {"chaos_fault": "not_found"}, "metadata": {"default": {"attempt": 1}},
        "aws": {"ecs": {"container": "likes-1"}},
        "cause": {"exceptions": [{"id": "00000000000000ee", "type": "ChaosFault", "message": "not found on purpose",
         "stack": [{"path": "chaos.rs", "line": 88, "label": "inject"}]}]}"#;
    trace(&[monolith, like])
}

/// The same with a start that nobody has ended.
pub(super) fn pending() -> Trace {
    trace(&[r#""name": "monolith", "id": "0000000000000001", "start_time": 100, "in_progress": true"#])
}

/// A trace in which every text that a sender chooses is `text`, including those that the intake would refuse.
pub(super) fn hostile(text: &str) -> Trace {
    let mut root = Segment::new(Kind::Segment, SegmentId::from_bytes([1; 8]), text, NOW.before(secs(5)));
    root.end_time = Some(NOW);
    root.fault = true;
    root.origin = Some(text.to_owned());
    root.user = Some(text.to_owned());
    root.annotations.insert(text.to_owned(), document::AnnotationValue::String(text.to_owned()));
    root.metadata = serde_json::Map::from_iter([(text.to_owned(), serde_json::json!({ text: text }))]).into();
    root.http = Some(Arc::new(document::Http {
        request: Some(document::HttpRequest {
            method: Some(text.to_owned()),
            url: Some(format!("http://host/{text}")),
            user_agent: Some(text.to_owned()),
            ..Default::default()
        }),
        response: None,
    }));
    root.cause = Some(Arc::new(document::Cause::Exceptions(document::Exceptions {
        message: Some(text.to_owned()),
        exceptions: vec![document::Exception {
            kind: Some(text.to_owned()),
            message: Some(text.to_owned()),
            stack: vec![document::StackFrame { path: Some(text.to_owned()), line: None, label: Some(text.to_owned()) }],
            ..Default::default()
        }],
        ..Default::default()
    })));
    let mut call = Segment::new(Kind::Subsegment, SegmentId::from_bytes([2; 8]), text, NOW.before(secs(4)));
    call.parent_id = Some(root.id);
    call.end_time = Some(NOW);
    call.sql = Some(Arc::new(document::Sql { sanitized_query: Some(text.to_owned()), ..Default::default() }));
    call.namespace = Some(document::Namespace::Remote);
    let mut trace = trace(&[]);
    trace.merge(root);
    trace.merge(call);
    trace
}

/// The traces of a page.
pub(super) fn entries(traces: Vec<Trace>) -> Vec<Entry> {
    traces.into_iter().map(|trace| Entry::of(Arc::new(trace))).collect()
}

fn secs(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}
