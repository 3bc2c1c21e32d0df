//! JSON on its way into a document: read once, taken apart at once.
//!
//! Unlike `serde_json::Value`, objects are lists of members in the order in which they came, and texts without escapes stay where
//! they are in the input. That is less than half the work, and most of it is never needed as anything else.

use std::borrow::Cow;
use std::fmt;
use std::mem;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Number, Value};

/// Any JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Flag(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Members<'a>),
}

/// The members of an object. A name may come twice; the last one counts, as everywhere in JSON's world.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

impl Json<'_> {
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_seconds(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The same, independent of the input.
    pub(super) fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Flag(flag) => Json::Flag(flag),
            Self::Number(number) => Json::Number(number),
            Self::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Json::List(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(members) => Json::Object(owned(members)),
        }
    }

    /// Brings the members of all objects into one order, each name once.
    fn tidy(&mut self) {
        match self {
            Self::List(items) => items.iter_mut().for_each(Self::tidy),
            Self::Object(members) => tidy(members),
            Self::Null | Self::Flag(_) | Self::Number(_) | Self::Text(_) => {}
        }
    }
}

/// The value of a member.
pub(super) fn find<'m, 'a>(members: &'m Members<'a>, name: &str) -> Option<&'m Json<'a>> {
    members.iter().find_map(|(it, value)| (it == name).then_some(value))
}

/// The members, independent of the input.
pub(super) fn owned(members: Members<'_>) -> Members<'static> {
    members.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned())).collect()
}

/// Brings members, and those below them, into the order of their names, each name once: then objects are equal when they
/// say the same.
pub(super) fn tidy(members: &mut Members<'_>) {
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    // The last one of a name counts.
    members.dedup_by(|next, kept| {
        let is_again = next.0 == kept.0;
        if is_again {
            mem::swap(next, kept);
        }
        is_again
    });
    members.iter_mut().for_each(|(_, value)| value.tidy());
}

/// Prints JSON again, to quote it.
impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// For the parts that a document keeps as they came.
impl From<Json<'_>> for Value {
    fn from(json: Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Flag(flag) => Self::Bool(flag),
            Json::Number(number) => Self::Number(number),
            Json::Text(text) => Self::String(text.into_owned()),
            Json::List(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Json::Object(members) => Self::Object(map(members)),
        }
    }
}

/// The members by name.
pub(super) fn map(members: Members<'_>) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.into_owned(), Value::from(value))).collect()
}

impl From<Value> for Json<'static> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Flag(flag),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(object) => Self::Object(members(object)),
        }
    }
}

/// The members of a map.
pub(super) fn members(map: Map<String, Value>) -> Members<'static> {
    map.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => write(members, serializer),
        }
    }
}

/// Writes members as the object that they make.
pub(super) fn write<S: Serializer>(members: &Members<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json<'de>, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = object.next_entry()? {
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

/// The name of a member.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AnyName)
    }
}

struct AnyName;

impl<'de> Visitor<'de> for AnyName {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_serde_json_reads_it() {
        let check = |text: &str| {
            let read = serde_json::from_str::<Json<'_>>(text).map(Value::from).map_err(|error| error.to_string());
            let expected = serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
            assert_eq!(read, expected, "{text}");
        };
        check(r#"{"a": [1, -1, 1.5, 18446744073709551615, 1e400, true, null, "b\u00e4\n\"", {"c\\d": {}}]}"#);
        check(r#"{"a": 1, "a": 2}"#);
        check(r#"{"a": [1, -1, 1.5, true, null, "b\u00e4\n\"", {"c\\d": {}}], "b": "ä"}"#);
        check(r#"{"a": 1"#);
        check("[1,]");
        check("\"a\" 2");
        check(&"[".repeat(200));
        check("");
    }

    #[test]
    fn json_is_written_as_serde_json_writes_it() {
        let check = |text: &str, tidied: &str| {
            let mut json: Json<'_> = serde_json::from_str(text).unwrap();
            assert_eq!(json.clone().into_owned(), json);
            assert_eq!(json.to_string(), text);
            json.tidy();
            assert_eq!(json.to_string(), tidied);
            assert_eq!(json, Json::from(serde_json::from_str::<Value>(text).unwrap()));
        };
        check(
            r#"["\"ä\n",-1,1.5,18446744073709551615,true,null,{}]"#,
            r#"["\"ä\n",-1,1.5,18446744073709551615,true,null,{}]"#,
        );
        check(r#"{"b":1,"a":[{"d":1,"c":2}]}"#, r#"{"a":[{"c":2,"d":1}],"b":1}"#);
        check(r#"{"a":1,"b":2,"a":{"x":1},"a":3}"#, r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn texts_without_escapes_stay_where_they_are() {
        let Json::Object(members) = serde_json::from_str(r#"{"a": "b", "c": "\n"}"#).unwrap() else {
            panic!("an object")
        };
        let borrowed = |text: &Json<'_>| matches!(text, Json::Text(Cow::Borrowed(_)));
        assert_eq!(members.iter().map(|(_, value)| borrowed(value)).collect::<Vec<_>>(), [true, false]);
    }
}
