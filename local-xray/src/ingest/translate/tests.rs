//! The rules of the translation as tables, and the promises that hold for every span.

#![expect(clippy::needless_pass_by_value, reason = "nested fixtures read better without borrows")]

mod blocks;
mod identity;
mod promises;
mod shape;

use serde_json::{Map, Value, json};

use super::*;

const TRACE: &str = "4efaaf4d1e8720b39541901950019ee5";
const SPAN: &str = "00f067aa0ba902b7";
const PARENT: &str = "53995c3f42cd8ad8";

const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// A span of the kind with a parent; `members` are added to the OTLP/JSON form, `attributes` as plain JSON.
fn span_with(kind: i32, attributes: Value, members: Value) -> Value {
    let mut span = json!({
        "traceId": TRACE, "spanId": SPAN, "parentSpanId": PARENT, "kind": kind, "name": "work",
        "startTimeUnixNano": "1767225600000000000", "endTimeUnixNano": "1767225600250000000",
        "attributes": otlp_attributes(attributes),
    });
    let Value::Object(members) = members else { panic!("members are an object") };
    span.as_object_mut().unwrap().extend(members);
    span
}

fn span(kind: i32, attributes: Value) -> Value {
    span_with(kind, attributes, json!({}))
}

/// A span that starts its trace.
fn root(kind: i32, attributes: Value) -> Value {
    span_with(kind, attributes, json!({ "parentSpanId": "" }))
}

fn otlp_attributes(attributes: Value) -> Value {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    attributes.into_iter().map(|(key, value)| json!({ "key": key, "value": otlp_value(value) })).collect()
}

fn otlp_value(value: Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(flag) => json!({ "boolValue": flag }),
        Value::Number(number) if number.is_i64() => json!({ "intValue": number.to_string() }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::String(text) => json!({ "stringValue": text }),
        Value::Array(items) => {
            json!({ "arrayValue": { "values": items.into_iter().map(otlp_value).collect::<Vec<_>>() } })
        }
        object @ Value::Object(_) => json!({ "kvlistValue": { "values": otlp_attributes(object) } }),
    }
}

fn request(resource: Value, spans: Value) -> ExportTraceServiceRequest {
    let resource = json!({ "attributes": otlp_attributes(resource) });
    serde_json::from_value(json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": spans }] }] }))
        .unwrap()
}

/// The documents of one span of the service `shop`, as JSON.
fn documents_of(span: Value) -> Vec<Value> {
    documents_from(json!({ "service.name": "shop" }), span)
}

fn documents_from(resource: Value, span: Value) -> Vec<Value> {
    let translation = translate(&request(resource, json!([span])));
    assert_eq!(translation.rejections, []);
    translation.documents.iter().map(|document| serde_json::from_str(&document.to_json()).unwrap()).collect()
}

/// The only document of a span.
fn document_of(span: Value) -> Value {
    match documents_of(span).as_slice() {
        [only] => only.clone(),
        several => panic!("{} documents", several.len()),
    }
}

/// The namespace `default` of a document's metadata, without what every document has.
fn default_metadata(document: &Value) -> Map<String, Value> {
    let mut metadata = document["metadata"]["default"].as_object().cloned().unwrap_or_default();
    metadata.retain(|key, _| !key.starts_with("otel.resource.") && key != "otel.span.name");
    metadata
}
