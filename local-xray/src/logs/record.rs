//! One log line as a value, and as the JSON that it is kept in.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::document::{SegmentId, Timestamp, TraceId};

use super::Level;

/// What a service wrote, with the ids of the work that it was done for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRecord {
    /// When it was written; where its sender does not say, when it was first seen.
    pub time: Timestamp,
    /// How grave it is.
    #[serde(default, skip_serializing_if = "is_unset")]
    pub level: Level,
    /// The service's name, as on the map; empty when its sender does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// The trace that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "id")]
    pub trace_id: Option<TraceId>,
    /// The segment or subsegment that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "id")]
    pub span_id: Option<SegmentId>,
    /// The message: a text, usually.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub body: Value,
    /// What the line says besides, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// Where it comes from: the process, the part of it that wrote the line, and how the line was sent.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub source: Map<String, Value>,
}

impl LogRecord {
    /// The message as text.
    pub fn message(&self) -> String {
        if self.body.is_null() { String::new() } else { text_of(&self.body) }
    }

    /// The value of a field as text, wherever the line has it.
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields.get(name).or_else(|| self.source.get(name)).map(text_of)
    }

    /// The line as JSON, without a line break in it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads back what [`Self::to_json`] wrote.
    pub fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}

/// A text as it is, anything else as JSON.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_unset(level: &Level) -> bool {
    *level == Level::Unset
}

fn id<'de, D: Deserializer<'de>, T: std::str::FromStr>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| serde::de::Error::custom("not an id of the expected form"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn full() -> LogRecord {
        LogRecord {
            time: Timestamp::from_micros(1_767_225_600_123_456),
            level: Level::Warn,
            service: "like service".to_owned(),
            trace_id: TraceId::parse("1-69550001-000000000000000000000001"),
            span_id: SegmentId::parse("00000000000000a0"),
            body: json!("two\nlines"),
            fields: Map::from_iter([("status".to_owned(), json!(404)), ("path".to_owned(), json!("/a\"b"))]),
            source: Map::from_iter([("host.name".to_owned(), json!("h"))]),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bare = LogRecord {
            level: Level::Unset,
            service: String::new(),
            trace_id: None,
            span_id: None,
            body: Value::Null,
            fields: Map::new(),
            source: Map::new(),
            ..full()
        };
        for record in [full(), bare.clone()] {
            let json = record.to_json();
            assert_eq!(LogRecord::parse(json.as_bytes()), Some(record), "{json}");
            assert!(!json.contains('\n'), "{json}");
        }
        assert_eq!(bare.to_json(), r#"{"time":1767225600.123456}"#);
    }

    #[test]
    fn what_is_no_line_is_not_taken_for_one() {
        for json in ["", "{}", "[]", r#"{"time":-1}"#, r#"{"time":1,"level":"loud"}"#, r#"{"time":1,"trace_id":"x"}"#] {
            assert_eq!(LogRecord::parse(json.as_bytes()), None, "{json}");
        }
    }

    #[test]
    fn fields_are_found_on_the_line_first() {
        let mut record = full();
        record.source.insert("status".to_owned(), json!("ok"));
        assert_eq!(record.field("status").as_deref(), Some("404"));
        assert_eq!(record.field("host.name").as_deref(), Some("h"));
        assert_eq!(record.field("nothing"), None);
        assert_eq!(record.message(), "two\nlines");
    }
}
