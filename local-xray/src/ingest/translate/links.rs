//! Links to other traces.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Link as SpanLink;
use serde_json::{Map, Value, json};

use crate::document::Link;

use super::attributes::Attributes;
use super::identity::{hex, linked_ids};

/// The links of a span, and as JSON those that lead nowhere, because their ids are none.
pub(super) fn links(span: &Span) -> (Vec<Link>, Vec<Value>) {
    let mut links = Vec::new();
    let mut broken = Vec::new();
    for link in &span.links {
        match linked_ids(&link.trace_id, &link.span_id) {
            Some((trace_id, id)) => links.push(Link { trace_id, id, attributes: attributes(link) }),
            None => broken.push(json!({
                "trace_id": hex(&link.trace_id), "span_id": hex(&link.span_id), "attributes": attributes(link),
            })),
        }
    }
    (links, broken)
}

fn attributes(link: &SpanLink) -> Map<String, Value> {
    let mut attributes = Attributes::new(&link.attributes).into_map();
    if !link.trace_state.is_empty() {
        attributes.insert("otel.trace_state".to_owned(), link.trace_state.as_str().into());
    }
    if link.dropped_attributes_count > 0 {
        attributes.insert("otel.dropped_attributes_count".to_owned(), link.dropped_attributes_count.into());
    }
    attributes
}
