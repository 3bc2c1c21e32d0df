//! What holds for every span: nothing is dropped, nothing panics, and documents are legal.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;

use super::*;
use crate::document::is_valid_name;

/// Every member of the wire format holds a text or number that occurs nowhere else; each must be found in the documents.
#[test]
fn every_field_of_a_request_has_a_home() {
    let one = |key: &str, value: Value| otlp_attributes(json!({ key: value }));
    let sent = json!({ "resourceSpans": [{
        "schemaUrl": "mark-01",
        "resource": { "attributes": one("mark-02", json!("mark-03")), "droppedAttributesCount": 90_004,
            "entityRefs": [{ "schemaUrl": "mark-05", "type": "mark-06", "idKeys": ["mark-07"], "descriptionKeys": ["mark-08"] }] },
        "scopeSpans": [{
            "schemaUrl": "mark-09",
            "scope": { "name": "mark-10", "version": "mark-11", "attributes": one("mark-12", json!("mark-13")),
                "droppedAttributesCount": 90_014 },
            "spans": [{
                "traceId": "aaaaaaaa000000000000000000000015", "spanId": "0000000000000016", "parentSpanId": "0000000000000017",
                "traceState": "mark-18", "name": "mark-19", "kind": SERVER,
                "startTimeUnixNano": "90020000000000", "endTimeUnixNano": "90021000000000",
                "attributes": one("mark-22", json!({ "mark-23": ["mark-24", 90_025, true, 0.90026, null] })),
                "droppedAttributesCount": 90_027, "droppedEventsCount": 90_028, "droppedLinksCount": 90_029,
                "events": [{ "name": "mark-30", "timeUnixNano": "9003100000000000000",
                    "attributes": one("mark-32", json!("mark-33")), "droppedAttributesCount": 90_034 }],
                "links": [{ "traceId": "aaaaaaaa000000000000000000000035", "spanId": "0000000000000036", "traceState": "mark-37",
                    "attributes": one("mark-38", json!("mark-39")), "droppedAttributesCount": 90_040 }],
                "status": { "code": 1, "message": "mark-41" },
            }],
        }],
    }]});
    let request: ExportTraceServiceRequest = serde_json::from_value(sent).unwrap();
    let text: String = translate(&request).documents.iter().map(Document::to_json).collect();
    for number in 1..=41 {
        let forms = [
            format!("mark-{number:02}"),
            format!("900{number:02}"),
            format!("00000{number}\""),
            format!("0.900{number:02}"),
        ];
        assert!(forms.iter().any(|form| text.contains(form)), "{number} is lost in {text}");
    }
    for word in ["true", "null", "\"OK\""] {
        assert!(text.contains(word), "{word} is lost");
    }
}

/// An exception's attributes, too, are all found again.
#[test]
fn every_attribute_of_an_exception_has_a_home() {
    let stack = "mark-4\n  something that is no frame";
    let attributes = json!({ "exception.type": "mark-1", "exception.message": "mark-2", "own": "mark-3",
        "exception.stacktrace": stack });
    let event =
        json!({ "name": "exception", "attributes": otlp_attributes(attributes), "droppedAttributesCount": 90_005 });
    let text = document_of(span_with(SERVER, json!({}), json!({ "events": [event] }))).to_string();
    for mark in ["mark-1", "mark-2", "mark-3", "mark-4", "90005"] {
        assert!(text.contains(mark), "{mark} is lost in {text}");
    }
}

/// Keys that some rule looks at, and one that none does.
const KEYS: [&str; 38] = [
    "aws.span.kind",
    "aws.local.service",
    "aws.remote.service",
    "peer.service",
    "aws.service",
    "db.system",
    "db.system.name",
    "db.name",
    "db.namespace",
    "db.connection_string",
    "db.statement",
    "rpc.system",
    "rpc.service",
    "rpc.method",
    "messaging.system",
    "messaging.destination.name",
    "http.method",
    "http.url",
    "url.full",
    "http.host",
    "http.target",
    "url.path",
    "server.address",
    "server.port",
    "http.status_code",
    "http.response.status_code",
    "client.address",
    "aws.xray.annotations",
    "annotation.a",
    "aws.xray.metadata.a",
    "aws.dynamodb.table_names",
    "exception.type",
    "exception.stacktrace",
    "exception.message",
    "cloud.platform",
    "aws.log.group.arns",
    "service.instance.id",
    "other",
];

fn value() -> impl Strategy<Value = AnyValue> {
    let text = prop_oneof![
        ".{0,20}",
        "LOCAL_ROOT|aws-api|mysql|postgresql|redis|aws_ecs|\\{\\}",
        "[a-z:/@?;=.&]{0,30}",
        "(at a\\(b:1\\)\n|[0-9]: a\n|at b:1:2\n){0,3}",
    ];
    let leaf = prop_oneof![
        text.prop_map(Any::StringValue),
        any::<i64>().prop_map(Any::IntValue),
        (399_i64..601).prop_map(Any::IntValue),
        any::<f64>().prop_map(Any::DoubleValue),
        any::<bool>().prop_map(Any::BoolValue),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(Any::BytesValue),
    ];
    let list = prop::collection::vec(prop::sample::select(&KEYS[..]), 0..3).prop_map(|keys| {
        let values = keys.into_iter().map(|key| AnyValue { value: Some(Any::StringValue(key.to_owned())) }).collect();
        Any::ArrayValue(ArrayValue { values })
    });
    prop::option::of(prop_oneof![5 => leaf, 1 => list]).prop_map(|value| AnyValue { value })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let pair = (prop::sample::select(&KEYS[..]), prop::option::of(value()));
    prop::collection::vec(
        pair.prop_map(|(key, value)| KeyValue { key: key.to_owned(), value, ..KeyValue::default() }),
        0..12,
    )
}

fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => prop::collection::vec(any::<u8>(), length),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => Just(vec![0; length]),
    ]
}

fn any_span() -> impl Strategy<Value = Span> {
    let event = (attributes(), prop_oneof![Just("exception"), Just("message")]).prop_map(|(attributes, name)| Event {
        attributes,
        name: name.to_owned(),
        ..Event::default()
    });
    let link = (id(16), id(8), attributes()).prop_map(|(trace_id, span_id, attributes)| Link {
        trace_id,
        span_id,
        attributes,
        ..Link::default()
    });
    let status =
        prop::option::of((-1..4, ".{0,5}")).prop_map(|status| status.map(|(code, message)| Status { code, message }));
    let identity = (id(16), id(8), id(8), any::<u32>(), any::<u64>(), any::<u64>());
    let rest =
        (".{0,20}", -1..7, attributes(), prop::collection::vec(event, 0..3), prop::collection::vec(link, 0..3), status);
    (identity, rest).prop_map(|(identity, (name, kind, attributes, events, links, status))| {
        let (trace_id, span_id, parent_span_id, flags, start_time_unix_nano, end_time_unix_nano) = identity;
        Span {
            trace_id,
            span_id,
            parent_span_id,
            flags,
            name,
            kind,
            start_time_unix_nano,
            end_time_unix_nano,
            attributes,
            events,
            links,
            status,
            ..Span::default()
        }
    })
}

proptest! {
    #[test]
    fn every_span_is_translated_or_refused(spans in prop::collection::vec(any_span(), 1..4), resource in attributes()) {
        let count = spans.len();
        let resource = opentelemetry_proto::tonic::resource::v1::Resource { attributes: resource, ..Default::default() };
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }],
        };
        let translation = translate(&request);
        prop_assert_eq!(&translation, &translate(&request), "the same spans give the same documents");
        let calls = translation.documents.len() + translation.rejections.len() - count;
        prop_assert!(calls <= count, "at most one document more for each span");
        for document in &translation.documents {
            prop_assert!(is_valid_name(&document.segment.name), "{:?}", document.segment.name);
            let read_back = crate::document::parse(document.to_json());
            prop_assert!(read_back.is_ok(), "{:?} of {}", read_back, document.to_json());
        }
    }
}
