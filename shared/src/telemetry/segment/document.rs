//! What a translated document must look like for X-Ray to read it as it was meant.

use opentelemetry::trace::SpanKind;
use opentelemetry::{Array, Key, Value as Attribute};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::span::{database_system, text};
use super::whereabouts;
use crate::sampler::SAMPLING_RULE;

const TOLD_ELSEWHERE: [&str; 5] = ["peer.service", "aws.service", "db.service", "db.name", "db.namespace"];
const KEPT_FRAMES: usize = 10;
const KEPT_TEXT: usize = 1_000;

/// What the span said and the document no longer tells.
#[derive(Debug)]
pub(super) struct Facts {
    span_name: String,
    is_database: bool,
    call: Call,
    peer_address: Option<String>,
    response_bytes: Option<i64>,
    sampling_rule: Option<String>,
    attributes: Vec<Key>,
}

impl Facts {
    pub(super) fn of(span: &SpanData) -> Self {
        let has_client = text(span, "client.address").is_some();
        let peer = text(span, "network.peer.address").filter(|_| span.span_kind == SpanKind::Server && !has_client);
        Self {
            span_name: span.name.to_string(),
            is_database: database_system(span).is_some(),
            call: Call::of(span),
            peer_address: peer.map(|address| address.into_owned()),
            response_bytes: integer(span, "http.response.body.size"),
            sampling_rule: text(span, SAMPLING_RULE).map(|rule| rule.into_owned()),
            attributes: span.attributes.iter().map(|attribute| attribute.key.clone()).collect(),
        }
    }

    fn has_attribute(&self, key: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.as_str() == key)
    }
}

/// Who sends all documents, and what each segment tells of it.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) resource: Resource,
    metadata: Map<String, Value>,
}

impl Origin {
    pub(super) fn new(resource: &Resource) -> Self {
        let metadata =
            resource.iter().map(|(key, value)| (format!("otel.resource.{key}"), json_value(value))).collect();
        Self { resource: resource.clone(), metadata }
    }

    fn has_attribute(&self, key: &str) -> bool {
        self.resource.iter().any(|(attribute, _)| attribute.as_str() == key)
    }
}

/// Corrects a translated document.
pub(super) fn mend(document: &mut Value, facts: &Facts, origin: &Origin) {
    let Some(fields) = document.as_object_mut() else { return };
    if !facts.is_database {
        // Any call with a `server.address` gets an `sql` block, and would be drawn as a database.
        fields.remove("sql");
    }
    let is_segment = !is_subsegment(fields);
    if let Some(aws) = fields.get_mut("aws").and_then(Value::as_object_mut) {
        whereabouts::mend(aws, &origin.resource, is_segment);
    }
    facts.call.fill(fields);
    if let Some(address) = &facts.peer_address {
        let request = fields.get_mut("http").and_then(|http| http.get_mut("request")).and_then(Value::as_object_mut);
        if let Some(request) = request {
            request.entry("client_ip").or_insert_with(|| address.clone().into());
        }
    }
    if let Some(bytes) = facts.response_bytes {
        // The translator takes it for the size of a message, of which it wants to know the direction.
        let response = fields.get_mut("http").and_then(|http| http.get_mut("response")).and_then(Value::as_object_mut);
        if let Some(response) = response {
            response.insert("content_length".to_owned(), bytes.into());
        }
    }
    if !is_segment {
        // Its segment says which SDK it was.
        fields.get_mut("aws").and_then(Value::as_object_mut).map(|aws| aws.remove("xray"));
    } else if let Some(rule) = &facts.sampling_rule {
        name_sampling_rule(fields, rule);
    }
    if fields.get("aws").and_then(Value::as_object).is_some_and(Map::is_empty) {
        fields.remove("aws");
    }
    file_metadata(fields, facts, origin);
}

fn integer(span: &SpanData, key: &str) -> Option<i64> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key.as_str() == key)?;
    match attribute.value {
        Attribute::I64(value) => Some(value),
        _ => None,
    }
}

fn is_subsegment(fields: &Map<String, Value>) -> bool {
    fields.contains_key("type")
}

/// The translator knows the rule as any other attribute; the X-Ray SDKs write it beside their own name.
fn name_sampling_rule(fields: &mut Map<String, Value>, rule: &str) {
    let aws = fields.entry("aws").or_insert_with(|| json!({})).as_object_mut();
    let xray = aws.and_then(|aws| aws.entry("xray").or_insert_with(|| json!({})).as_object_mut());
    if let Some(xray) = xray {
        xray.insert("sampling_rule_name".to_owned(), rule.into());
    }
}

pub(super) fn resource_text(resource: &Resource, key: &'static str) -> Option<String> {
    resource.get(&key.into()).map(|value| value.as_str().into_owned())
}

/// Metadata lives in namespaces: the span's in `default`, the resource's there too, under `otel.resource.`, on segments only.
fn file_metadata(fields: &mut Map<String, Value>, facts: &Facts, origin: &Origin) {
    let mut filed = match fields.remove("metadata") {
        Some(Value::Object(translated)) => translated,
        _ => Map::new(),
    };
    let only_of_resource = |key: &str| !facts.has_attribute(key) && origin.has_attribute(key);
    let is_segment = !is_subsegment(fields);
    let told_elsewhere = |key: &str, value: &Value| {
        TOLD_ELSEWHERE.contains(&key)
            || facts.call.tells(key, fields)
            || (key == "rpc.service" && fields.get("name") == Some(value))
            || (key == SAMPLING_RULE && is_segment)
    };
    filed.retain(|key, value| !only_of_resource(key) && !told_elsewhere(key, value));
    filed.extend(facts.call.untold(is_segment));
    if fields.get("name").and_then(Value::as_str) != Some(facts.span_name.as_str()) {
        // A document is named after a service; what the span was called would be lost.
        filed.insert("otel.span.name".to_owned(), facts.span_name.clone().into());
    }
    if is_segment {
        filed.extend(origin.metadata.clone());
    }
    if !filed.is_empty() {
        // Not by `json!`, which would write the whole of it anew.
        fields.insert("metadata".to_owned(), Map::from_iter([("default".to_owned(), filed.into())]).into());
    }
}

fn json_value(value: &Attribute) -> Value {
    match value {
        Attribute::Bool(value) => (*value).into(),
        Attribute::I64(value) => (*value).into(),
        Attribute::F64(value) => (*value).into(),
        Attribute::Array(Array::Bool(values)) => values.clone().into(),
        Attribute::Array(Array::I64(values)) => values.clone().into(),
        Attribute::Array(Array::F64(values)) => values.clone().into(),
        Attribute::Array(Array::String(values)) => values.iter().map(|value| Value::from(value.as_str())).collect(),
        other => other.as_str().into(),
    }
}

/// What tells where a document belongs, how long it took and how it went; every one of these is short.
const ESSENTIAL: [&str; 14] = [
    "id",
    "trace_id",
    "parent_id",
    "type",
    "name",
    "namespace",
    "origin",
    "start_time",
    "end_time",
    "error",
    "fault",
    "throttle",
    "http",
    "aws",
];

/// Leaves the essential, and says so: for a document that is too large even without its metadata, such as one with a thousand exceptions.
pub(in super::super) fn strip(document: &mut Value, bytes: usize) {
    if let Some(fields) = document.as_object_mut() {
        fields.retain(|key, _| ESSENTIAL.contains(&key.as_str()));
        let note = format!("all but the essential was left out: the document had {bytes} bytes");
        fields.insert("metadata".to_owned(), json!({ "default": { "truncated": note } }));
    }
}

/// Leaves out what makes a document too large for a datagram, and says so in it: metadata, deep stacks, long texts.
pub(in super::super) fn trim(document: &mut Value, bytes: usize) {
    let exceptions = document.pointer_mut("/cause/exceptions").and_then(Value::as_array_mut);
    for exception in exceptions.into_iter().flatten().filter_map(Value::as_object_mut) {
        exception.get_mut("message").map(shorten);
        let Some(stack) = exception.get_mut("stack").and_then(Value::as_array_mut) else { continue };
        let left_out = stack.len().saturating_sub(KEPT_FRAMES);
        stack.truncate(KEPT_FRAMES);
        if left_out > 0 {
            exception.insert("truncated".to_owned(), left_out.into());
        }
    }
    document.pointer_mut("/sql/sanitized_query").map(shorten);
    if let Some(fields) = document.as_object_mut() {
        let note = format!("metadata and long texts were left out: the document had {bytes} bytes");
        fields.insert("metadata".to_owned(), json!({ "default": { "truncated": note } }));
    }
}

fn shorten(value: &mut Value) {
    if let Value::String(text) = value
        && text.len() > KEPT_TEXT
    {
        let end = (0..=KEPT_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
}
