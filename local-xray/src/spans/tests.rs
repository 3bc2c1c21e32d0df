//! Spans by example, and the promise that they leave nothing out.

use super::*;
use crate::document::{Window, parse};
use crate::graph::{Service, service_graph};
use crate::ingest::translate::translate;

const TRACE: &str = "1-69550001-000000000000000000000001";

fn trace_of(documents: &[Value]) -> Trace {
    let documents = documents.iter().flat_map(|document| parse(document.to_string()).unwrap());
    Trace::from_segments(TRACE.parse().unwrap(), documents.map(|document| document.segment))
}

fn documents_of(trace: &Trace) -> Vec<Value> {
    spans(trace).into_iter().map(|span| span.document).collect()
}

fn lab() -> Vec<Value> {
    let documents: Vec<Value> = serde_json::from_str(include_str!("../../testdata/lab.json")).unwrap();
    documents.into_iter().filter(|document| document["trace_id"] == TRACE).collect()
}

#[test]
fn a_call_is_a_span_of_its_own() {
    let spans = documents_of(&trace_of(&lab()));
    let ids: Vec<&Value> = spans.iter().map(|span| &span["spanId"]).collect();
    assert_eq!(ids, ["00000000000000a0", "00000000000000a1", "00000000000000b0", "00000000000000b1"]);
    let expected = json!({
        "traceId": "69550001000000000000000000000001", "spanId": "00000000000000a1", "parentSpanId": "00000000000000a0",
        "resource": { "attributes": { "service.name": "like service" } },
        "name": "monolith", "kind": "CLIENT", "status": { "code": "UNSET" },
        "startTimeUnixNano": 1_767_225_612_000_000_000_i64, "endTimeUnixNano": 1_767_225_613_000_000_000_i64,
        "durationNano": 1_000_000_000,
        "attributes": { "http.request.method": "POST", "url.full": "http://monolith.local/", "aws.xray.http.request.traced": true,
            "http.response.status_code": 200, "peer.service": "monolith" },
    });
    assert_eq!(spans[1], expected);
}

/// A document with every member that X-Ray's format has; each value occurs nowhere else.
fn everything() -> Value {
    json!({
        "trace_id": TRACE, "id": "00000000000000a0", "parent_id": "00000000000000f0", "name": "name-1",
        "start_time": 1_767_225_610.25, "end_time": 1_767_225_613.5, "origin": "AWS::Lambda", "user": "user-1",
        "resource_arn": "arn-1", "error": true, "throttle": true, "fault": true, "traced": true,
        "cause": { "working_directory": "dir-1", "paths": ["path-1"], "message": "message-1", "exceptions": [{
            "id": "00000000000000e0", "message": "message-2", "type": "type-1", "remote": true, "truncated": 101,
            "skipped": 102, "cause": "00000000000000e1",
            "stack": [{ "path": "path-2", "line": 103, "label": "label-1" }] }] },
        "http": {
            "request": { "method": "method-1", "url": "url-1", "user_agent": "agent-1", "client_ip": "ip-1",
                "x_forwarded_for": true, "traced": true },
            "response": { "status": 104, "content_length": 105 } },
        "aws": { "account_id": "account-1", "ecs": { "container": "container-1" },
            "xray": { "sdk": "sdk-1", "sampling_rule_name": "rule-1" }, "unheard_of": { "list": [106] } },
        "service": { "version": "version-1", "runtime": "runtime-1", "runtime_version": "version-2",
            "compiler": "compiler-1", "compiler_version": "version-3" },
        "annotations": { "key-1": "value-1", "key_2": 107.5, "key_3": true },
        "metadata": { "default": { "key-4": ["value-2"], "otel.scope.name": "scope-1", "otel.resource.key-5": "value-3",
            "otel.status.message": "message-3" }, "space-1": { "key-6": "value-4" }, "space-2": "value-5" },
        "links": [{ "trace_id": "1-69550002-000000000000000000000002", "id": "00000000000000c0",
            "attributes": { "key-7": "value-6" } }],
        "precursor_ids": ["00000000000000d0"],
        "subsegments": [{ "id": "00000000000000a1", "name": "name-2", "namespace": "remote",
            "start_time": 1_767_225_611.75, "in_progress": true, "cause": "00000000000000e2",
            "sql": { "connection_string": "string-1", "url": "url-2", "sanitized_query": "query-1",
                "database_type": "database-1", "database_version": "version-4", "driver_version": "version-5",
                "user": "user-2", "preparation": "preparation-1" } }],
    })
}

/// The values of a document as its spans write them.
fn values(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| self::values(member, values)),
        Value::Array(items) => items.iter().for_each(|item| self::values(item, values)),
        Value::String(text) => values.push(text.clone()),
        Value::Number(number) => values.push(number.to_string().replace("1767225", "")),
        Value::Bool(_) | Value::Null => {}
    }
}

#[test]
fn every_member_of_a_document_is_told() {
    let spans = json!(documents_of(&trace_of(&[everything()]))).to_string();
    let mut wanted = Vec::new();
    values(&everything(), &mut wanted);
    for value in wanted {
        let as_w3c = value.strip_prefix("1-").map(|id| id.replace('-', ""));
        let nanos = value.contains('.').then(|| value.replace('.', ""));
        let ways = [Some(value.clone()), as_w3c, nanos];
        assert!(ways.iter().flatten().any(|way| spans.contains(way)), "{value} is missing: {spans}");
    }
    for flag in ["error", "throttle", "fault", "traced", "inprogress", "http.request.x_forwarded_for"] {
        assert!(spans.contains(&format!(r#""aws.xray.{flag}":true"#)), "{flag} is missing: {spans}");
    }
}

/// The spans of one trace as an export request in OTLP.
fn exported(spans: &[Value]) -> Value {
    let attributes = |members: &Value| -> Value {
        let value = |value: &Value| match value {
            Value::Number(number) => json!({ "intValue": number.to_string() }),
            Value::Bool(flag) => json!({ "boolValue": flag }),
            Value::Array(items) => {
                json!({ "arrayValue": { "values": items.iter().map(|item| json!({ "stringValue": item })).collect::<Vec<_>>() } })
            }
            text => json!({ "stringValue": text }),
        };
        members.as_object().unwrap().iter().map(|(key, of)| json!({ "key": key, "value": value(of) })).collect()
    };
    let resource_spans = spans.iter().map(|span| {
        let mut sent = span.clone();
        sent["attributes"] = attributes(&span["attributes"]);
        sent["kind"] = match span["kind"].as_str() {
            Some("SERVER") => 2.into(),
            Some("CLIENT") => 3.into(),
            _ => 1.into(),
        };
        sent["status"] = json!({});
        for time in ["startTimeUnixNano", "endTimeUnixNano"] {
            sent[time] = span[time].to_string().into();
        }
        let members = sent.as_object_mut().unwrap();
        members.retain(|key, _| !["resource", "durationNano"].contains(&key.as_str()));
        json!({ "resource": { "attributes": attributes(&span["resource"]["attributes"]) }, "scopeSpans": [{ "spans": [sent] }] })
    });
    json!({ "resourceSpans": resource_spans.collect::<Vec<_>>() })
}

#[test]
fn spans_that_are_sent_again_draw_the_same_map() {
    let map = |trace: &Trace| -> Vec<Service> { service_graph([trace], Window::ALL).services };
    let trace = trace_of(&lab());
    let translation = translate(&serde_json::from_value(exported(&documents_of(&trace))).unwrap());
    assert_eq!(translation.rejections, []);
    let again = translation.documents.into_iter().map(|document| document.segment);
    assert_eq!(map(&Trace::from_segments(trace.id(), again)), map(&trace));
}
