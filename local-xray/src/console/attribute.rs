//! What traces can be grouped and compared by. An attribute of a trace has one value, several, or none, and for each of
//! them the language has a condition that holds for exactly the traces that have it: whatever is counted can be looked at.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::digest::{DigestView, KeptText, KeptValue, PlacedCause, Words};
use crate::store::Entry;

use super::expression::{self, quoted};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attribute {
    Url,
    Method,
    Status,
    User,
    Service,
    UserAgent,
    ClientIp,
    FaultCause,
    ErrorCause,
    SlowCause,
    Annotation(String),
}

/// Those that every trace may have, with their words in the URL and on the page.
const FIXED: [(Attribute, &str, &str); 10] = [
    (Attribute::Url, "url", "URL"),
    (Attribute::Method, "method", "Method"),
    (Attribute::Status, "status", "Status"),
    (Attribute::User, "user", "User"),
    (Attribute::Service, "service", "Service"),
    (Attribute::UserAgent, "agent", "User agent"),
    (Attribute::ClientIp, "client", "Client address"),
    (Attribute::FaultCause, "fault", "Cause of fault"),
    (Attribute::ErrorCause, "error", "Cause of error"),
    (Attribute::SlowCause, "slow", "Cause of time"),
];
/// Begins the word of an annotation.
const ANNOTATION: &str = "annotation.";

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value<'d> {
    Text(&'d str),
    /// The bits of a float.
    Number(u64),
    Truth(bool),
    /// The services from the entry down to the culprit.
    Chain(Vec<&'d str>),
    /// There is one, too long to be told apart from others.
    Long,
    Missing,
}

impl Attribute {
    /// The attributes that are not annotations.
    pub(super) fn fixed() -> impl Iterator<Item = Self> {
        FIXED.into_iter().map(|(attribute, ..)| attribute)
    }

    /// Reads the word in the URL.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let fixed = FIXED.into_iter().find(|(_, known, _)| *known == word).map(|(attribute, ..)| attribute);
        let annotation = || word.strip_prefix(ANNOTATION).filter(|key| !key.is_empty());
        fixed.or_else(|| annotation().map(|key| Self::Annotation(key.to_owned())))
    }

    /// The word in the URL.
    pub(super) fn word(&self) -> Cow<'static, str> {
        match self {
            Self::Annotation(key) => format!("{ANNOTATION}{key}").into(),
            _ => FIXED.iter().find(|(known, ..)| known == self).map_or("", |(_, word, _)| word).into(),
        }
    }

    /// The word on the page.
    pub(super) fn label(&self) -> Cow<'_, str> {
        match self {
            Self::Annotation(key) => key.as_str().into(),
            _ => FIXED.iter().find(|(known, ..)| known == self).map_or("", |(.., label)| label).into(),
        }
    }

    /// The values that a trace has, each once.
    pub(super) fn values<'d>(&self, view: &DigestView<'d>) -> Vec<Value<'d>> {
        let mut values = Vec::new();
        self.read(view, &mut values);
        values
    }

    /// Adds the values that a trace has to an empty list, each once.
    pub(super) fn read<'d>(&self, view: &DigestView<'d>, values: &mut Vec<Value<'d>>) {
        let causes = || &view.cast().causes;
        let chain = |cause: &PlacedCause| Value::Chain(view.passed(cause).map(|(service, _)| service.name).collect());
        match self {
            Self::Url => add(values, view.words().url.map(kept)),
            Self::Method => add(values, view.words().method.map(kept)),
            Self::UserAgent => add(values, view.words().user_agent.map(kept)),
            Self::ClientIp => add(values, view.words().client_ip.map(kept)),
            Self::Status => {
                let status = view.brief().root.and_then(|root| root.status);
                add(values, status.map(|status| number(status.into())));
            }
            Self::User => add(values, view.words().users.iter().copied().map(kept)),
            Self::Service => add(values, view.active_services().map(|service| Value::Text(service.name))),
            Self::Annotation(key) => annotation_values(view.words(), key, values),
            Self::FaultCause => add(values, causes().fault.as_ref().map(chain)),
            Self::ErrorCause => add(values, causes().error.as_ref().map(chain)),
            Self::SlowCause => add(values, causes().response_time.as_ref().map(chain)),
        }
    }

    /// The expression that holds for exactly the traces with this value; `None` where the language cannot say it.
    pub(super) fn condition(&self, value: &Value<'_>) -> Option<String> {
        let keyword = match self {
            Self::Url => "http.url".to_owned(),
            Self::Method => "http.method".to_owned(),
            Self::Status => "http.status".to_owned(),
            Self::User => "user".to_owned(),
            Self::UserAgent => "http.useragent".to_owned(),
            Self::ClientIp => "http.clientip".to_owned(),
            Self::Annotation(key) => expression::annotation(key),
            Self::Service => match value {
                Value::Text(name) => return Some(format!("service({})", quoted(name))),
                _ => return None,
            },
            Self::FaultCause => return caused("fault", value),
            Self::ErrorCause => return caused("error", value),
            Self::SlowCause => return caused("responsetime", value),
        };
        match value {
            Value::Text(text) => Some(format!("{keyword} = {}", quoted(text))),
            Value::Number(bits) => Some(format!("{keyword} = {}", f64::from_bits(*bits))),
            Value::Truth(truth) => Some(format!("{keyword} = {truth}")),
            Value::Missing => Some(format!("!{keyword}")),
            Value::Chain(_) | Value::Long => None,
        }
    }
}

/// Every service of the chain at its place, and no further one.
fn caused(kind: &str, value: &Value<'_>) -> Option<String> {
    let Value::Chain(names) = value else { return None };
    let at = |(index, name): (usize, &&str)| {
        let last = if index + 1 == names.len() { " AND last" } else { "" };
        format!("rootcause.{kind}.service {{ index = {index} AND name = {}{last} }}", quoted(name))
    };
    Some(names.iter().enumerate().map(at).collect::<Vec<_>>().join(" AND "))
}

impl Value<'_> {
    /// The value as the page shows it.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Text("") => "(empty)".to_owned(),
            Self::Text(text) => (*text).to_owned(),
            Self::Number(bits) => f64::from_bits(*bits).to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::Chain(names) => names.join(" → "),
            Self::Long => "(too long to list)".to_owned(),
            Self::Missing => "(none)".to_owned(),
        }
    }
}

fn kept(text: KeptText<'_>) -> Value<'_> {
    text.0.map_or(Value::Long, Value::Text)
}

fn kept_value(value: KeptValue<'_>) -> Value<'_> {
    match value {
        KeptValue::Text(text) => kept(text),
        KeptValue::Number(value) => number(value),
        KeptValue::Truth(truth) => Value::Truth(truth),
    }
}

fn number(value: f64) -> Value<'static> {
    Value::Number(value.to_bits())
}

/// Adds the values of an annotation to an empty list, each once.
pub(super) fn annotation_values<'d>(words: &Words<'d>, key: &str, values: &mut Vec<Value<'d>>) {
    let annotations = words.annotations.iter().filter(|(known, _)| *known == key);
    add(values, annotations.map(|(_, value)| kept_value(*value)));
}

fn add<'d>(values: &mut Vec<Value<'d>>, new: impl IntoIterator<Item = Value<'d>>) {
    for value in new {
        if !values.contains(&value) {
            values.push(value);
        }
    }
}

/// The keys of the annotations in these traces, in the order of the alphabet.
pub(super) fn annotation_keys<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for entry in entries {
        for (key, _) in &entry.digest().view().words().annotations {
            if !keys.contains(*key) {
                keys.insert((*key).to_owned());
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples::{entries, hostile, like, pending};
    use crate::filter;
    use crate::limits::Limits;
    use crate::settings::GroupTable;

    fn all() -> Vec<Attribute> {
        Attribute::fixed()
            .chain(["mysfit_id", "chaos_fault", "<b> \"quoted\""].map(|key| Attribute::Annotation(key.to_owned())))
            .collect()
    }

    fn values_or_none<'d>(attribute: &Attribute, view: &DigestView<'d>) -> Vec<Value<'d>> {
        let values = attribute.values(view);
        if values.is_empty() { vec![Value::Missing] } else { values }
    }

    #[test]
    fn every_word_reads_back() {
        for attribute in all() {
            assert_eq!(Attribute::parse(&attribute.word()), Some(attribute.clone()));
            assert!(!attribute.label().is_empty());
        }
        assert_eq!(Attribute::parse("annotation."), None);
        assert_eq!(Attribute::parse("colour"), None);
    }

    #[test]
    fn a_condition_holds_for_exactly_the_traces_with_the_value() {
        let entries = entries(vec![like(), pending(), hostile("<b> \"quoted\"")]);
        let groups = GroupTable::new(Limits::default());
        for attribute in all() {
            for entry in &entries {
                let view = entry.digest().view();
                for value in values_or_none(&attribute, &view) {
                    let Some(condition) = attribute.condition(&value) else {
                        assert!(matches!(value, Value::Missing), "{attribute:?} {value:?}");
                        continue;
                    };
                    let filter =
                        filter::compile(&condition, &groups).unwrap_or_else(|error| panic!("{condition}: {error}"));
                    for other in &entries {
                        let has = values_or_none(&attribute, &other.digest().view()).contains(&value);
                        assert_eq!(other.matches(&filter), has, "{condition}");
                    }
                }
            }
        }
    }

    #[test]
    fn values_are_told_as_people_write_them() {
        let trace = entries(vec![like()]).remove(0);
        let values = |attribute: &Attribute| -> Vec<String> {
            values_or_none(attribute, &trace.digest().view()).iter().map(Value::label).collect()
        };
        assert_eq!(values(&Attribute::Status), ["404"]);
        assert_eq!(values(&Attribute::Service), ["monolith", "like service"]);
        assert_eq!(values(&Attribute::Annotation("chaos_fault".to_owned())), ["not_found"]);
        assert_eq!(values(&Attribute::ErrorCause), ["monolith → like service"]);
        assert_eq!(values(&Attribute::User), ["(none)"]);
    }
}
