//! Attributes as JSON, taken out one by one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::{Map, Number, Value};

/// The attributes that nobody has taken yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Attributes(Map<String, Value>);

impl Attributes {
    pub(super) fn new(pairs: &[KeyValue]) -> Self {
        Self(pairs.iter().map(|pair| (pair.key.clone(), value(pair.value.as_ref()))).collect())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The first of these attributes that holds a text or a number, as text. It stays where it is.
    pub(super) fn text(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| as_text(self.0.get(*key)?))
    }

    /// Takes the first of these attributes that holds a text or a number. The others are alternative spellings: they
    /// go with it where they say the same, and stay where they do not.
    pub(super) fn take_text(&mut self, keys: &[&str]) -> Option<String> {
        let text = self.text(keys)?;
        for key in keys {
            self.drop_if(key, |value| as_text(value).as_deref() == Some(&text));
        }
        Some(text)
    }

    /// Takes the first of these attributes that holds a whole number, with its equal alternatives.
    pub(super) fn take_integer(&mut self, keys: &[&str]) -> Option<i64> {
        let number = keys.iter().find_map(|key| as_integer(self.0.get(*key)?))?;
        for key in keys {
            self.drop_if(key, |value| as_integer(value) == Some(number));
        }
        Some(number)
    }

    /// Takes an attribute whatever it holds.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    /// Takes a list of texts, or a single text as a list of one; anything else stays.
    pub(super) fn take_texts(&mut self, key: &str) -> Option<Vec<String>> {
        let texts = match self.0.get(key)? {
            Value::String(text) => vec![text.clone()],
            Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            _ => return None,
        };
        self.0.remove(key);
        Some(texts)
    }

    /// Removes an attribute whose content has found a place elsewhere.
    pub(super) fn drop_if(&mut self, key: &str, is_said: impl FnOnce(&Value) -> bool) {
        if self.0.get(key).is_some_and(is_said) {
            self.0.remove(key);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// What is left.
    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

/// Text and numbers as text; empty texts count as absent.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The JSON form of a value: bytes in Base64, numbers that JSON does not know as their names.
pub(super) fn value(value: Option<&AnyValue>) -> Value {
    match value.and_then(|value| value.value.as_ref()) {
        None => Value::Null,
        Some(Any::StringValue(text)) => Value::String(text.clone()),
        Some(Any::BoolValue(flag)) => Value::Bool(*flag),
        Some(Any::IntValue(number)) => Value::from(*number),
        Some(Any::DoubleValue(number)) => {
            Number::from_f64(*number).map_or_else(|| Value::String(number.to_string()), Value::Number)
        }
        Some(Any::ArrayValue(array)) => array.values.iter().map(|item| self::value(Some(item))).collect(),
        Some(Any::KvlistValue(list)) => Value::Object(Attributes::new(&list.values).0),
        Some(Any::BytesValue(bytes)) => Value::String(BASE64.encode(bytes)),
        Some(Any::StringValueStrindex(index)) => Value::from(*index),
    }
}
