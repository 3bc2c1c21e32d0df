//! What is taken, what is refused and where, and that every documented member comes out as it went in.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

/// A complete segment with further members, or with members removed (null).
fn segment(members: &Value) -> Value {
    let mut document =
        json!({ "trace_id": TRACE, "id": "70de5b6f19ff9a0a", "name": "shop", "start_time": 1.5, "end_time": 2.5 });
    for (key, value) in members.as_object().unwrap() {
        document[key] = value.clone();
    }
    document
}

fn parse_one(document: &Value) -> Document {
    parse(document.to_string()).unwrap_or_else(|rejection| panic!("{rejection}: {document}")).remove(0)
}

#[test]
fn what_cannot_be_placed_is_refused_by_code_and_path() {
    let check = |json: &str, code: ErrorCode, path: &str| {
        let rejection = parse(json).unwrap_err();
        assert_eq!((rejection.code, rejection.path.as_str()), (code, path), "{json}: {rejection}");
        assert!(!rejection.reason.is_empty());
    };
    let with = |members: Value, code: ErrorCode, path: &str| check(&segment(&members).to_string(), code, path);
    check("", ErrorCode::InvalidSegment, "$");
    check("nonsense", ErrorCode::InvalidSegment, "$");
    check("1", ErrorCode::InvalidSegment, "$");
    check("[]", ErrorCode::MissingId, "$");
    check("[1]", ErrorCode::InvalidSegment, "$[0]");
    check("{}", ErrorCode::MissingTraceId, "$.trace_id");
    with(json!({ "trace_id": null }), ErrorCode::MissingTraceId, "$.trace_id");
    with(json!({ "trace_id": "1-x" }), ErrorCode::InvalidTraceId, "$.trace_id");
    with(json!({ "trace_id": 1 }), ErrorCode::InvalidTraceId, "$.trace_id");
    with(json!({ "id": null }), ErrorCode::MissingId, "$.id");
    with(json!({ "id": "70de5b6f19ff9a0" }), ErrorCode::InvalidId, "$.id");
    with(json!({ "parent_id": "x" }), ErrorCode::InvalidParentId, "$.parent_id");
    with(json!({ "type": "subsegment" }), ErrorCode::MissingParentId, "$.parent_id");
    with(json!({ "name": null }), ErrorCode::InvalidName, "$.name");
    with(json!({ "name": "" }), ErrorCode::InvalidName, "$.name");
    with(json!({ "name": "a<b" }), ErrorCode::InvalidName, "$.name");
    with(json!({ "name": "x".repeat(201) }), ErrorCode::InvalidName, "$.name");
    with(json!({ "start_time": null }), ErrorCode::MissingStartTime, "$.start_time");
    with(json!({ "start_time": "soon" }), ErrorCode::InvalidStartTime, "$.start_time");
    with(json!({ "end_time": null }), ErrorCode::MissingEndTime, "$.end_time");
    with(json!({ "end_time": null, "in_progress": false }), ErrorCode::MissingEndTime, "$.end_time");
    with(json!({ "end_time": -1 }), ErrorCode::InvalidEndTime, "$.end_time");
    with(json!({ "subsegments": [1] }), ErrorCode::InvalidSegment, "$.subsegments[0]");
    let nested = json!({ "subsegments": [{ "id": "70de5b6f19ff9a0b", "name": "a", "start_time": 1, "end_time": 2,
        "subsegments": [{ "id": "70de5b6f19ff9a0c", "name": "?", "start_time": 1, "end_time": 2 }] }] });
    with(nested, ErrorCode::InvalidName, "$.subsegments[0].subsegments[0].name");
    let list = json!([segment(&json!({})), segment(&json!({ "name": "" }))]);
    check(&list.to_string(), ErrorCode::InvalidName, "$[1].name");
}

#[test]
fn a_rejection_carries_the_ids_of_the_outermost_document() {
    let rejection = parse(segment(&json!({ "name": "" })).to_string()).unwrap_err();
    assert_eq!((rejection.id.as_deref(), rejection.trace_id.as_deref()), (Some("70de5b6f19ff9a0a"), Some(TRACE)));
}

#[test]
fn names_have_the_characters_that_x_ray_allows() {
    for name in ["shop", "Straße 7", "名前", r"_.:/%&#=+\-@", "mysfits@sqlite", ":memory:", &"x".repeat(200)] {
        assert!(is_valid_name(name), "{name}");
    }
    for name in ["", "what?", "a;b", "<script>", "a\u{0}b", "(x)"] {
        assert!(!is_valid_name(name), "{name}");
    }
}

#[test]
fn what_means_nothing_is_left_out_and_noted() {
    let check = |members: Value, expected: &[&str]| {
        let paths: Vec<String> = parse_one(&segment(&members)).notes.into_iter().map(|note| note.path).collect();
        assert_eq!(paths, expected, "{members}");
    };
    check(json!({}), &[]);
    check(json!({ "type": "", "namespace": "", "user": "", "parent_id": "", "http": null }), &[]);
    check(json!({ "type": "event" }), &["$.type"]);
    check(json!({ "colour": "red" }), &["$.colour"]);
    check(json!({ "inferred": true }), &["$.inferred"]);
    check(json!({ "inferred": false }), &[]);
    check(json!({ "http": { "request": { "verb": "GET" } } }), &["$.http.request.verb"]);
    check(json!({ "http": { "response": { "status": "fine" } } }), &["$.http.response.status"]);
    check(json!({ "precursor_ids": ["x"], "namespace": "local" }), &["$.precursor_ids[0]"]);
    check(json!({ "http": 1, "aws": [], "error": "no" }), &["$.http", "$.aws", "$.error"]);
    check(json!({ "annotations": { "list": [1], "none": null } }), &["$.annotations.list", "$.annotations.none"]);
    check(json!({ "links": [{ "trace_id": "x" }, 1] }), &["$.links[0].trace_id", "$.links[1]"]);
    check(
        json!({ "cause": { "exceptions": [{ "stack": [{ "line": "a" }] }] } }),
        &["$.cause.exceptions[0].stack[0].line"],
    );
    check(
        json!({ "subsegments": [{ "id": "70de5b6f19ff9a0b", "name": "a", "start_time": 1, "end_time": 2, "x": 1 }] }),
        &["$.subsegments[0].x"],
    );
}

#[test]
fn flags_follow_the_status_only_when_the_sender_is_silent() {
    let check = |members: Value, expected: (bool, bool, bool)| {
        let segment = parse_one(&segment(&members)).segment;
        assert_eq!((segment.error, segment.throttle, segment.fault), expected, "{members}");
    };
    let status = |status: i64| json!({ "http": { "response": { "status": status } } });
    check(json!({}), (false, false, false));
    check(status(200), (false, false, false));
    check(status(399), (false, false, false));
    check(status(404), (true, false, false));
    check(status(429), (true, true, false));
    check(status(499), (true, false, false));
    check(status(500), (false, false, true));
    check(status(600), (false, false, false));
    check(json!({ "error": false, "http": { "response": { "status": 503 } } }), (false, false, false));
    check(json!({ "fault": true, "http": { "response": { "status": 429 } } }), (false, false, true));
}

/// Every member of the documented format, with the values that a sender would give it.
fn every_member() -> Value {
    let stack = json!([{ "path": "a.py", "line": 7, "label": "f" }]);
    json!({
        "trace_id": TRACE, "id": "70de5b6f19ff9a0a", "parent_id": "70de5b6f19ff9a00", "name": "shop",
        "start_time": 1_478_293_361.271_234, "end_time": 1_478_293_361.449_001,
        "origin": "AWS::ECS::Fargate", "user": "mia", "resource_arn": "arn:aws:x", "fault": true, "error": true,
        "throttle": true,
        "service": { "version": "1", "runtime": "rustc", "runtime_version": "1.9", "compiler": "c", "compiler_version": "2" },
        "http": {
            "request": { "method": "GET", "url": "http://a/", "user_agent": "b", "client_ip": "c", "x_forwarded_for": true },
            "response": { "status": 200, "content_length": -1 },
        },
        "aws": { "account_id": "1", "ecs": { "container": "x" }, "anything": [1, { "else": null }] },
        "cause": {
            "working_directory": "/app", "paths": ["lib"], "message": "m",
            "exceptions": [{ "id": "0000000000000001", "message": "m", "type": "T", "remote": true, "truncated": 1,
                "skipped": 2, "cause": "0000000000000002", "stack": stack }],
        },
        "annotations": { "text": "a", "number": 1.5, "flag": false },
        "metadata": { "default": { "any": [1, null, { "json": true }] } },
        "links": [{ "trace_id": TRACE, "id": "70de5b6f19ff9a0f", "attributes": { "a": 1 } }],
        "subsegments": [{
            "id": "70de5b6f19ff9a0b", "name": "db", "namespace": "remote", "start_time": 1_478_293_361.3, "in_progress": true,
            "precursor_ids": ["70de5b6f19ff9a0c"], "traced": true, "cause": "0000000000000001",
            "http": { "request": { "traced": true } },
            "sql": { "connection_string": "a", "url": "b", "sanitized_query": "c", "database_type": "d",
                "database_version": "e", "driver_version": "f", "user": "g", "preparation": "call" },
        }],
    })
}

/// The members that X-Ray documents or its SDKs send, by their path. What lies below `aws`, `annotations`, `metadata`
/// and the attributes of a link is free.
const MEMBERS: &[&str] = &[
    "trace_id",
    "id",
    "parent_id",
    "name",
    "start_time",
    "end_time",
    "origin",
    "user",
    "resource_arn",
    "error",
    "throttle",
    "fault",
    "service.version",
    "service.runtime",
    "service.runtime_version",
    "service.compiler",
    "service.compiler_version",
    "http.request.method",
    "http.request.url",
    "http.request.user_agent",
    "http.request.client_ip",
    "http.request.x_forwarded_for",
    "http.response.status",
    "http.response.content_length",
    "aws.account_id",
    "cause.working_directory",
    "cause.paths.0",
    "cause.message",
    "cause.exceptions.0.id",
    "cause.exceptions.0.message",
    "cause.exceptions.0.type",
    "cause.exceptions.0.remote",
    "cause.exceptions.0.truncated",
    "cause.exceptions.0.skipped",
    "cause.exceptions.0.cause",
    "cause.exceptions.0.stack.0.path",
    "cause.exceptions.0.stack.0.line",
    "cause.exceptions.0.stack.0.label",
    "annotations.text",
    "metadata.default",
    "links.0.trace_id",
    "links.0.id",
    "links.0.attributes",
    "subsegments.0.id",
    "subsegments.0.name",
    "subsegments.0.namespace",
    "subsegments.0.start_time",
    "subsegments.0.in_progress",
    "subsegments.0.precursor_ids.0",
    "subsegments.0.traced",
    "subsegments.0.cause",
    "subsegments.0.http.request.traced",
    "subsegments.0.sql.connection_string",
    "subsegments.0.sql.url",
    "subsegments.0.sql.sanitized_query",
    "subsegments.0.sql.database_type",
    "subsegments.0.sql.database_version",
    "subsegments.0.sql.driver_version",
    "subsegments.0.sql.user",
    "subsegments.0.sql.preparation",
];

#[test]
fn every_documented_member_comes_out_as_it_went_in() {
    let document = parse_one(&every_member());
    assert_eq!(document.notes, []);
    let written: Value = serde_json::from_str(&document.to_json()).unwrap();
    for path in MEMBERS {
        let pointer = format!("/{}", path.replace('.', "/"));
        let sent = every_member().pointer(&pointer).cloned();
        assert!(sent.is_some(), "{path} is not in the sample");
        assert_eq!(written.pointer(&pointer), sent.as_ref(), "{path} has no home");
    }
    assert_eq!(written, every_member());
}

/// An independent subsegment has three members of its own, and keeps them.
#[test]
fn an_independent_subsegment_comes_out_as_it_went_in() {
    let mut subsegment = every_member()["subsegments"][0].take();
    subsegment["type"] = "subsegment".into();
    subsegment["trace_id"] = TRACE.into();
    subsegment["parent_id"] = "70de5b6f19ff9a0a".into();
    let document = parse_one(&subsegment);
    assert_eq!(document.notes, []);
    assert_eq!(serde_json::from_str::<Value>(&document.to_json()).unwrap(), subsegment);
}

#[test]
fn what_comes_out_is_taken_again() {
    let document = parse_one(&every_member());
    assert_eq!(parse(document.to_json()).unwrap(), [document]);
}

#[test]
fn embedded_subsegments_may_repeat_what_their_place_says() {
    let document =
        segment(&json!({ "subsegments": [{ "type": "subsegment", "trace_id": TRACE, "parent_id": "70de5b6f19ff9a0a",
        "id": "70de5b6f19ff9a0b", "name": "a", "start_time": 1, "end_time": 2, "in_progress": false }] }));
    let document = parse_one(&document);
    assert_eq!(document.notes, []);
    assert_eq!(document.segment.subsegments[0].parent_id, Some(document.segment.id));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z]{0,6}".prop_map(Value::from),
        Just(TRACE.into()),
        Just("70de5b6f19ff9a0a".into()),
        Just("subsegment".into()),
    ];
    let members =
        "(id|name|trace_id|start_time|end_time|subsegments|http|request|cause|exceptions|stack|annotations|links)";
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(members, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(bytes);
    }

    #[test]
    fn no_json_panics_and_no_member_costs_the_document(key in "[a-z_]{1,14}", value in any_json()) {
        let _ = parse(value.to_string());
        let decides = ["id", "trace_id", "parent_id", "name", "start_time", "end_time", "subsegments", "type"];
        prop_assume!(!decides.contains(&key.as_str()));
        let document = parse(segment(&json!({ key: value })).to_string()).unwrap().remove(0);
        let again = parse(document.to_json()).unwrap().remove(0);
        prop_assert_eq!(again.segment, document.segment);
    }

    #[test]
    fn no_known_member_costs_the_document(
        key in prop::sample::select(vec!["http", "aws", "sql", "cause", "service", "annotations", "metadata", "links",
            "precursor_ids", "error", "fault", "throttle", "namespace", "origin", "user", "resource_arn", "traced"]),
        value in any_json(),
    ) {
        let document = parse(segment(&json!({ key: value })).to_string()).unwrap().remove(0);
        // Members that were left out stay out: what is written is read without notes.
        let again = parse(document.to_json()).unwrap().remove(0);
        prop_assert_eq!(again.notes, []);
    }
}
