//! One test for each quirk of the translator.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{Array, KeyValue, StringValue, Value as Attribute};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use serde_json::json;

use super::*;
use crate::telemetry::span_end::ANNOTATIONS;

/// A sampled internal span with a parent, a second long.
pub(in super::super) fn span_named(name: impl Into<Cow<'static, str>>) -> SpanData {
    let start_time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_hex("5759e988bd862e3fe1be46a994272793").unwrap(),
            SpanId::from_hex("53995c3f42cd8ad8").unwrap(),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: SpanId::from_hex("00f067aa0ba902b7").unwrap(),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: name.into(),
        start_time,
        end_time: start_time + Duration::from_secs(1),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: opentelemetry::InstrumentationScope::default(),
    }
}

fn span(kind: SpanKind, attributes: &[(&'static str, &str)]) -> SpanData {
    let mut span = span_named("a span");
    span.span_kind = kind;
    span.attributes = attributes.iter().map(|(key, value)| KeyValue::new(*key, (*value).to_owned())).collect();
    span
}

fn served(status: i64) -> SpanData {
    let mut span = span(SpanKind::Server, &[("http.request.method", "GET"), ("url.full", "http://site/mysfits")]);
    span.attributes.push(KeyValue::new("http.response.status_code", status));
    span
}

fn exception(message: &'static str) -> Event {
    let attributes =
        vec![KeyValue::new("exception.type", "internal"), KeyValue::new("exception.message", message.to_owned())];
    Event::new("exception", SystemTime::UNIX_EPOCH, attributes, 0)
}

fn document_of(span: SpanData) -> Value {
    let mut translation = Translation::default();
    let resource = Resource::builder_empty()
        .with_attributes([KeyValue::new("service.name", "monolith"), KeyValue::new("service.version", "1.2.3")])
        .build();
    translation.set_resource(&resource);
    translation.document(span).expect("the span is lost")
}

#[test]
fn a_status_is_an_error_a_throttle_or_a_fault() {
    fn check(status: i64, expected: [bool; 3]) {
        let document = document_of(served(status));
        let flags = ["error", "throttle", "fault"].map(|flag| document[flag] == true);
        assert_eq!(flags, expected, "{status}");
        assert_eq!(document["http"]["response"]["status"], status);
    }
    check(200, [false, false, false]);
    check(302, [false, false, false]);
    check(404, [true, false, false]);
    check(429, [true, true, false]);
    check(499, [true, false, false]);
    check(500, [false, false, true]);
    check(503, [false, false, true]);
}

#[test]
fn an_http_call_is_no_database() {
    let call = [
        ("http.request.method", "POST"),
        ("url.full", "http://like:8081/mysfits/a/like"),
        ("server.address", "like"),
        ("peer.service", "like service"),
    ];
    let document = document_of(span(SpanKind::Client, &call));
    assert_eq!(document.get("sql"), None);
    assert_eq!(document["namespace"], "remote");
    assert_eq!(document["name"], "like service");
    assert_eq!(document["type"], "subsegment");
    assert_eq!(document["http"]["request"]["url"], "http://like:8081/mysfits/a/like");
}

#[test]
fn a_database_call_is_named_after_its_database() {
    fn check(attributes: &[(&'static str, &str)], name: &str, url: Option<&str>) {
        let document = document_of(span(SpanKind::Client, attributes));
        assert_eq!(document["name"], name);
        assert_eq!(document["namespace"], "remote");
        assert_eq!(document["sql"]["sanitized_query"], "SELECT 1");
        assert_eq!(document["sql"].get("url").and_then(Value::as_str), url);
    }
    let statement = ("db.query.text", "SELECT 1");
    let ours = [statement, ("db.system.name", "sqlite"), ("db.namespace", "x"), ("peer.service", "mysfits@sqlite")];
    check(&ours, "mysfits@sqlite", Some("sqlite:x"));
    check(&[statement, ("db.system.name", "sqlite"), ("db.namespace", "mysfits")], "mysfits", Some("sqlite:mysfits"));
    let old = [statement, ("db.system", "postgresql"), ("db.name", "mysfits"), ("server.address", "db")];
    check(&old, "mysfits@db", Some("postgresql://db/mysfits"));
}

#[test]
fn a_root_span_of_any_kind_is_kept_as_a_segment() {
    fn check(kind: SpanKind, namespace: Option<&str>) {
        let mut root = span(kind, &[]);
        root.name = "nightly {count}".into();
        root.parent_span_id = SpanId::INVALID;
        let document = document_of(root);
        assert_eq!(document.get("type"), None);
        assert_eq!(document["name"], "nightly count");
        assert_eq!(document["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!(document.get("namespace").and_then(Value::as_str), namespace);
    }
    check(SpanKind::Internal, None);
    check(SpanKind::Producer, None);
    check(SpanKind::Client, Some("remote"));
}

#[test]
fn a_message_from_elsewhere_starts_a_segment_of_the_service_that_works_on_it() {
    let received = |is_from_elsewhere| {
        let mut span = span(SpanKind::Consumer, &[("messaging.system", "kafka"), ("peer.service", "likes queue")]);
        span.parent_span_is_remote = is_from_elsewhere;
        document_of(span)
    };
    let segment = received(true);
    assert_eq!((segment.get("type"), segment.get("namespace")), (None, None));
    assert_eq!(segment["name"], "monolith");
    assert_eq!(segment["parent_id"], "00f067aa0ba902b7");
    assert_eq!(segment["metadata"]["default"]["peer.service"], "likes queue");
    let subsegment = received(false);
    assert_eq!(subsegment["name"], "likes queue");
    assert_eq!(subsegment["namespace"], "remote");
}

#[test]
fn a_server_span_has_the_name_of_its_service() {
    let mut root = served(200);
    root.parent_span_id = SpanId::INVALID;
    root.name = "GET /mysfits/{id}".into();
    let document = document_of(root);
    assert_eq!(document["name"], "monolith");
    assert_eq!(document["metadata"]["default"]["otel.span.name"], "GET /mysfits/{id}");
}

#[test]
fn a_trace_id_without_a_time_is_kept() {
    let mut span = span_named("work");
    let random = TraceId::from_hex("ffffffff77b34da6a3ce929d0e0e4736").unwrap();
    span.span_context = SpanContext::new(
        random,
        SpanId::from_hex("53995c3f42cd8ad8").unwrap(),
        TraceFlags::SAMPLED,
        false,
        TraceState::NONE,
    );
    assert_eq!(document_of(span)["trace_id"], "1-ffffffff-77b34da6a3ce929d0e0e4736");
}

#[test]
fn a_name_or_url_that_x_ray_refuses_does_not_lose_the_span() {
    let mut odd = span_named("POST /mysfits/{id}/like?*");
    assert_eq!(document_of(odd.clone())["name"], "POST /mysfits/id/like");
    odd.name = "?*".into();
    assert_eq!(document_of(odd.clone())["name"], "span");
    odd.name = "ü".repeat(150).into();
    assert_eq!(document_of(odd)["name"].as_str().unwrap().len(), 200);
    let long = format!("http://site/{}", "x".repeat(900));
    let document = document_of(span(SpanKind::Server, &[("url.full", &long), ("user_agent.original", &long)]));
    assert_eq!(document["http"]["request"]["url"].as_str().unwrap().len(), 250);
    assert_eq!(document["http"]["request"]["user_agent"].as_str().unwrap().len(), 250);
    let parts = [("server.address", "site"), ("url.path", long.as_str()), ("url.query", long.as_str())];
    assert!(document_of(span(SpanKind::Server, &parts))["http"]["request"]["url"].is_string());
}

#[test]
fn a_clock_set_back_does_not_lose_the_span() {
    let mut span = span_named("work");
    span.end_time = span.start_time - Duration::from_secs(1);
    let document = document_of(span);
    assert_eq!(document["end_time"], document["start_time"]);
}

#[test]
fn an_exception_is_the_cause_of_a_failure_and_metadata_of_a_success() {
    let mut failed = served(500);
    failed.events.events = vec![exception("the database is gone")];
    let document = document_of(failed);
    assert_eq!(document["cause"]["exceptions"][0]["message"], "the database is gone");
    assert_eq!(document["cause"]["exceptions"][0]["type"], "internal");

    let mut survived = served(200);
    survived.events.events = vec![exception("tried again")];
    let document = document_of(survived);
    assert_eq!(document.get("cause"), None);
    assert_eq!(document["metadata"]["default"]["exception.message"], "tried again");
}

#[test]
fn listed_attributes_become_annotations_and_the_others_metadata() {
    let keys = ["mysfit_id", "chaos_fault"].map(StringValue::from).to_vec();
    let mut span = served(200);
    span.attributes.extend([
        KeyValue::new("mysfit_id", "a"),
        KeyValue::new("chaos_fault", "slow"),
        KeyValue::new("app.detail", 7),
        KeyValue::new(ANNOTATIONS, Attribute::Array(Array::String(keys))),
    ]);
    let document = document_of(span);
    assert_eq!(document["annotations"], json!({"mysfit_id": "a", "chaos_fault": "slow"}));
    let metadata = &document["metadata"]["default"];
    assert_eq!(metadata["app.detail"], 7);
    assert_eq!(metadata["otel.resource.service.version"], "1.2.3");
    assert_eq!(metadata.get(ANNOTATIONS), None);
    assert_eq!(metadata.get("service.name"), None, "{metadata}");
}

#[test]
fn the_resource_is_told_on_segments_only() {
    let document = document_of(span(SpanKind::Internal, &[("app.detail", "x")]));
    assert_eq!(document["metadata"], json!({"default": {"app.detail": "x"}}));
    assert_eq!(document.get("aws"), None);
    assert_eq!(document_of(served(200))["aws"]["xray"]["sdk"], "opentelemetry for rust");
}

#[test]
fn a_segment_names_the_rule_that_sampled_it() {
    let rule = (crate::sampler::SAMPLING_RULE, "checkout");
    let segment = document_of(span(SpanKind::Server, &[rule]));
    assert_eq!(segment["aws"]["xray"]["sampling_rule_name"], "checkout");
    assert_eq!(segment["aws"]["xray"]["sdk"], "opentelemetry for rust");
    assert_eq!(segment["metadata"]["default"].get(rule.0), None);
    // No sampler is asked about a part of a segment, but nobody's attribute is lost.
    let part = document_of(span(SpanKind::Internal, &[rule]));
    assert_eq!(part["metadata"]["default"][rule.0], "checkout");
    assert_eq!(part.get("aws"), None);
}

#[test]
fn a_segment_says_how_long_its_answer_was() {
    let mut span = served(200);
    span.attributes.push(KeyValue::new("http.response.body.size", 12));
    assert_eq!(document_of(span)["http"]["response"], json!({"status": 200, "content_length": 12}));
}

#[test]
fn a_service_with_a_version_is_not_on_elastic_beanstalk() {
    let document = document_of(served(200));
    assert_eq!(document["service"]["version"], "1.2.3");
    assert_eq!(document.pointer("/aws/elastic_beanstalk"), None);
}

#[test]
fn the_client_address_says_whether_a_proxy_told_it() {
    let request = ("http.request.method", "GET");
    let direct = document_of(span(SpanKind::Server, &[request, ("network.peer.address", "203.0.113.7")]));
    assert_eq!(direct["http"]["request"]["client_ip"], "203.0.113.7");
    assert_eq!(direct["http"]["request"].get("x_forwarded_for"), None);
    let behind = [request, ("network.peer.address", "10.0.0.1"), ("client.address", "203.0.113.7")];
    let behind = document_of(span(SpanKind::Server, &behind));
    assert_eq!(behind["http"]["request"]["client_ip"], "203.0.113.7");
    assert_eq!(behind["http"]["request"]["x_forwarded_for"], true);
}

#[test]
fn trimming_keeps_what_names_the_failure() {
    let frames: Vec<Value> = (0..50).map(|line| json!({"path": "a.rs", "line": line, "label": "f"})).collect();
    let mut document = json!({
        "id": "53995c3f42cd8ad8", "fault": true, "sql": {"sanitized_query": "ü".repeat(900)},
        "cause": {"exceptions": [{"id": "1", "message": "x".repeat(5_000), "stack": frames}]},
        "metadata": {"default": {"big": "x".repeat(70_000)}},
    });
    trim(&mut document, 77_000);
    let exception = &document["cause"]["exceptions"][0];
    assert_eq!(exception["stack"].as_array().unwrap().len(), 10);
    assert_eq!(exception["truncated"], 40);
    assert_eq!(exception["message"].as_str().unwrap().chars().count(), 1_001);
    assert_eq!(document["sql"]["sanitized_query"].as_str().unwrap().chars().count(), 501);
    assert!(document["metadata"]["default"]["truncated"].as_str().unwrap().contains("77000"));
    assert_eq!(document["fault"], true);
}
