//! Metadata: the home of everything that no block has a member for.
//!
//! Attributes keep their keys in the namespace `default`; what OpenTelemetry keeps beside attributes stands there under
//! `otel.` keys. A text attribute `aws.xray.metadata.<namespace>` that holds a JSON object becomes a namespace.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use super::cause::{Failure, is_exception};
use super::identity::nanos;
use super::resource::Resource;

const DEFAULT: &str = "default";
const NAMESPACE_PREFIX: &str = "aws.xray.metadata.";

/// Parts of a span whose place depends on what the blocks made of the others.
pub(super) struct Leftovers<'a> {
    pub(super) attributes: Attributes,
    pub(super) failure: &'a Failure,
    pub(super) broken_links: Vec<Value>,
    /// The span's name, unless the segment is called so.
    pub(super) span_name: Option<&'a str>,
}

/// Puts the leftovers of a span together.
pub(super) fn of_span(span: &Span, leftovers: Leftovers<'_>, scope: &Map<String, Value>) -> Map<String, Value> {
    let (mut default, mut namespaces) = (Map::new(), Map::new());
    for (key, value) in leftovers.attributes.into_map() {
        match namespace(&key, &value) {
            Some((namespace, members)) => {
                namespaces.insert(namespace, members.into());
            }
            None => {
                default.insert(key, value);
            }
        }
    }
    let mut remark =
        |key: &str, value: Option<Value>| default.extend(value.map(|value| (format!("otel.{key}"), value)));
    remark("span.name", leftovers.span_name.filter(|name| !name.is_empty()).map(Value::from));
    remark("trace_state", Some(span.trace_state.as_str()).filter(|state| !state.is_empty()).map(Value::from));
    remark("events", Some(events(span, leftovers.failure)).filter(|events| !events.is_empty()).map(Value::from));
    remark("links", Some(leftovers.broken_links).filter(|links| !links.is_empty()).map(Value::from));
    remark("dropped_attributes_count", count(span.dropped_attributes_count));
    remark("dropped_events_count", count(span.dropped_events_count));
    remark("dropped_links_count", count(span.dropped_links_count));
    if let Some(status) = &span.status {
        let message =
            Some(status.message.as_str()).filter(|text| !text.is_empty() && !leftovers.failure.holds_status_message);
        remark("status.message", message.map(Value::from));
        remark("status.code", (status.code == StatusCode::Ok as i32).then(|| "OK".into()));
    }
    default.extend(scope.clone());
    put(&mut namespaces, default);
    namespaces
}

/// Everything that is known about the sender.
pub(super) fn of_resource(resource: &Resource) -> Map<String, Value> {
    let attributes = resource.attributes.iter().map(|(key, value)| (format!("otel.resource.{key}"), value.clone()));
    let mut namespaces = Map::new();
    put(&mut namespaces, attributes.chain(resource.remarks.clone()).collect());
    namespaces
}

/// Adds the sender to what a span left over.
pub(super) fn with_resource(mut metadata: Map<String, Value>, resource: &Resource) -> Map<String, Value> {
    let mut of_resource = of_resource(resource);
    match (metadata.get_mut(DEFAULT), of_resource.remove(DEFAULT)) {
        (Some(Value::Object(default)), Some(Value::Object(more))) => default.extend(more),
        (_, Some(more)) => {
            metadata.insert(DEFAULT.to_owned(), more);
        }
        (_, None) => {}
    }
    metadata
}

fn namespace(key: &str, value: &Value) -> Option<(String, Map<String, Value>)> {
    let namespace = key.strip_prefix(NAMESPACE_PREFIX).filter(|name| !name.is_empty() && *name != DEFAULT)?;
    let members = serde_json::from_str(value.as_str()?).ok()?;
    Some((namespace.to_owned(), members))
}

fn put(namespaces: &mut Map<String, Value>, default: Map<String, Value>) {
    if !default.is_empty() {
        namespaces.insert(DEFAULT.to_owned(), default.into());
    }
}

fn count(dropped: u32) -> Option<Value> {
    (dropped > 0).then(|| dropped.into())
}

/// Every event with what the `cause` block does not say about it; of an exception, always its time.
fn events(span: &Span, failure: &Failure) -> Vec<Value> {
    let mut events = Vec::new();
    for (index, event) in span.events.iter().enumerate() {
        let attributes = if is_exception(event) {
            failure.rest.iter().find(|(of, _)| *of == index).map(|(_, rest)| rest.clone()).unwrap_or_default()
        } else {
            Attributes::new(&event.attributes)
        };
        let mut members = Map::new();
        members.insert("name".to_owned(), event.name.as_str().into());
        members.insert("time_unix_nano".to_owned(), nanos(event.time_unix_nano));
        let attributes = attributes.into_map();
        if !attributes.is_empty() {
            members.insert("attributes".to_owned(), attributes.into());
        }
        if event.dropped_attributes_count > 0 {
            members.insert("dropped_attributes_count".to_owned(), json!(event.dropped_attributes_count));
        }
        events.push(members.into());
    }
    events
}
