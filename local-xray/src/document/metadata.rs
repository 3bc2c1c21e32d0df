//! Metadata: any JSON by namespace, which nothing searches.
//!
//! It is often most of a document and hardly ever looked at, so it is kept as text: one allocation, shared by all copies of
//! its segment, where a tree has one for each name, each text and each object.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::json::{self, Json, Members};

/// The metadata of one segment or subsegment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(Option<Arc<str>>);

impl Metadata {
    pub(super) fn new(mut members: Members<'_>) -> Self {
        if members.is_empty() {
            return Self::default();
        }
        json::tidy(&mut members);
        Self(Some(Json::Object(members).to_string().into()))
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Everything, by namespace.
    pub fn to_map(&self) -> Map<String, Value> {
        self.0.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// The text of a member of a namespace, unless it holds what JSON has to escape.
    pub fn plain_text(&self, namespace: &str, member: &str) -> Option<&str> {
        // Nearly always the name is not there at all, and then nothing has to be read.
        let text = self.0.as_deref().filter(|text| text.contains(member))?;
        let Json::Object(namespaces) = serde_json::from_str(text).ok()? else { return None };
        let Json::Object(members) = json::find(&namespaces, namespace)? else { return None };
        match json::find(members, member)? {
            Json::Text(Cow::Borrowed(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.as_deref().map_or(0, str::len)
    }
}

impl From<Map<String, Value>> for Metadata {
    fn from(map: Map<String, Value>) -> Self {
        Self::new(json::members(map))
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.as_deref().unwrap_or("{}");
        serde_json::from_str::<Json<'_>>(text).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_comes_out_as_it_went_in() {
        let check = |value: Value, member: (&str, &str), text: Option<&str>| {
            let Value::Object(map) = value.clone() else { panic!("an object") };
            let metadata = Metadata::from(map.clone());
            assert_eq!(metadata.to_map(), map);
            assert_eq!(serde_json::to_value(&metadata).unwrap(), value);
            assert_eq!(metadata.is_empty(), map.is_empty());
            assert_eq!(metadata.plain_text(member.0, member.1), text, "{value}");
        };
        check(json!({}), ("default", "a"), None);
        check(json!({ "default": { "a": "b", "n": 0.1, "l": [null, true] }, "x": 1 }), ("default", "a"), Some("b"));
        check(json!({ "default": { "a": 1 } }), ("default", "a"), None);
        check(json!({ "default": { "b": "a" } }), ("default", "a"), None);
        check(json!({ "default": { "a": "\n" } }), ("default", "a"), None);
        check(json!({ "a": "default" }), ("default", "a"), None);
    }
}
