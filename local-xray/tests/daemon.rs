//! The genuine X-Ray daemon's requests, replayed as they were captured.
//!
//! `testdata/daemon/requests.json` is what daemon 3.3.5 sent to a local X-Ray in between: 60 segments in a batch of 50 and
//! a rest, with a document that is none among them; the sampling polls of an SDK through its proxy; and, a minute later, its
//! counters. Each is signed with made-up keys. Left out: `Host` and `Content-Length`, which belong to the connection.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

mod support;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use support::{Xray, send, with_xray};

#[derive(Deserialize)]
struct Captured {
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// The captured requests to one path, in their order.
fn captured(path: &str) -> Vec<Captured> {
    let all: Vec<Captured> = serde_json::from_str(include_str!("../testdata/daemon/requests.json")).unwrap();
    let found: Vec<_> = all.into_iter().filter(|request| request.path == path).collect();
    assert!(!found.is_empty(), "nothing was captured for {path}");
    found
}

/// Sends the captured requests to one path and returns the answers, which must be successes.
async fn replay(xray: &Xray, path: &str) -> Vec<Value> {
    let mut answers = Vec::new();
    for Captured { path, headers, body } in captured(path) {
        let mut request = xray.client.post(xray.url(&path)).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = send(request).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answers.push(answer.body);
    }
    answers
}

/// The documents in the captured batches.
fn documents_sent() -> Vec<Value> {
    let batch = |request: &Captured| -> Vec<Value> {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let texts = body["TraceSegmentDocuments"].as_array().unwrap();
        texts.iter().map(|text| serde_json::from_str(text.as_str().unwrap()).unwrap()).collect()
    };
    let batches: Vec<_> = captured("/TraceSegments").iter().map(batch).collect();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [50, 11]);
    batches.concat()
}

#[test]
fn batches_are_taken_and_the_bad_document_is_named() {
    with_xray(async |xray| {
        let answers = replay(&xray, "/TraceSegments").await;
        assert_eq!(answers[0], json!({ "UnprocessedTraceSegments": [] }));
        let refused = &answers[1]["UnprocessedTraceSegments"];
        assert_eq!(
            (refused[0]["Id"].as_str(), refused[0]["ErrorCode"].as_str()),
            (Some("bad"), Some("InvalidTraceId"))
        );
        assert_eq!(refused.as_array().unwrap().len(), 1);
        for document in documents_sent().iter().filter(|document| document["id"] != "bad") {
            let stored = xray.documents(document["trace_id"].as_str().unwrap()).await;
            assert_eq!((stored.len(), &stored[0]["id"]), (1, &document["id"]));
        }
    });
}

#[test]
fn sampling_polls_come_through_its_proxy() {
    with_xray(async |xray| {
        let rules = &replay(&xray, "/GetSamplingRules").await[0];
        assert_eq!(rules["SamplingRuleRecords"][0]["SamplingRule"]["RuleName"], "Default");
        let targets = &replay(&xray, "/SamplingTargets").await[0];
        assert_eq!(targets["SamplingTargetDocuments"][0]["RuleName"], "Default");
        assert!(targets["LastRuleModification"].is_number());
    });
}

#[test]
fn its_counters_are_taken() {
    with_xray(async |xray| {
        assert_eq!(replay(&xray, "/TelemetryRecords").await, [json!({})]);
    });
}
