//! One last look at a span that has ended, before it waits for export.
//!
//! The SDK appends attributes without looking for their key, so a span that sets one twice carries both, and receivers disagree about
//! which one counts. Here the last value wins, and the lists of annotation keys become one list.

use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SpanData;

/// The span attribute that lists which attributes are X-Ray annotations.
pub(super) const ANNOTATIONS: &str = "aws.xray.annotations";

/// Leaves each attribute key once.
pub(super) fn tidy(mut span: SpanData) -> SpanData {
    if !has_a_key_twice(&span.attributes) {
        return span;
    }
    let mut tidied: Vec<KeyValue> = Vec::with_capacity(span.attributes.len());
    for attribute in span.attributes {
        match tidied.iter_mut().find(|earlier| earlier.key == attribute.key) {
            Some(earlier) if attribute.key.as_str() == ANNOTATIONS => merge(&mut earlier.value, &attribute.value),
            Some(earlier) => earlier.value = attribute.value,
            None => tidied.push(attribute),
        }
    }
    span.attributes = tidied;
    span
}

/// A span has a dozen attributes: looking at each pair is cheaper than a set.
fn has_a_key_twice(attributes: &[KeyValue]) -> bool {
    let mut rest = attributes;
    while let [first, others @ ..] = rest {
        if others.iter().any(|other| other.key == first.key) {
            return true;
        }
        rest = others;
    }
    false
}

fn merge(earlier: &mut Value, later: &Value) {
    let mut keys = annotation_keys(earlier);
    for key in annotation_keys(later) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    *earlier = Value::Array(Array::String(keys));
}

/// The keys that a value of [`ANNOTATIONS`] lists; other kinds of value list none.
pub(super) fn annotation_keys(value: &Value) -> Vec<StringValue> {
    match value {
        Value::Array(Array::String(keys)) => keys.clone(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::segment::span_named;

    #[test]
    fn the_last_value_of_a_key_wins_and_annotation_lists_are_joined() {
        let list = |keys: &[&'static str]| {
            Value::Array(Array::String(keys.iter().map(|key| StringValue::from(*key)).collect()))
        };
        let mut span = span_named("GET /");
        span.attributes = vec![
            KeyValue::new("chaos_fault", "slow"),
            KeyValue::new(ANNOTATIONS, list(&["chaos_fault"])),
            KeyValue::new("mysfit_id", "a"),
            KeyValue::new(ANNOTATIONS, list(&["mysfit_id", "chaos_fault"])),
            KeyValue::new("chaos_fault", "not_found"),
        ];
        let expected = [
            KeyValue::new("chaos_fault", "not_found"),
            KeyValue::new(ANNOTATIONS, list(&["chaos_fault", "mysfit_id"])),
            KeyValue::new("mysfit_id", "a"),
        ];
        assert_eq!(tidy(span).attributes, expected);
    }
}
