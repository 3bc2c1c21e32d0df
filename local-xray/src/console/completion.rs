//! What could be typed into the bar: the words of the language, which every page brings along, and the names and values in
//! the newest traces, which the bar's script asks for when somebody begins to type.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, web};

use crate::document::Timestamp;
use crate::state::AppState;
use crate::store::{Entry, Range};

use super::attribute::Attribute;
use super::error::PageError;
use super::expression;
use super::view::View;

/// How many of the newest traces are looked through for names.
const TRACES_READ: usize = 500;
/// How many names of one kind are offered.
const MAX_NAMES: usize = 100;
/// How many values of one attribute are offered.
const MAX_VALUES: usize = 12;

/// The words of the language that can start a condition or join two.
pub(super) const WORDS: [&str; 33] = [
    "ok",
    "error",
    "fault",
    "throttle",
    "partial",
    "inferred",
    "responsetime",
    "duration",
    "http.status",
    "http.url",
    "http.method",
    "http.useragent",
    "http.clientip",
    "user",
    "account.id",
    "availabilityzone",
    "instance.id",
    "resource.arn",
    "annotation.",
    "service(\"",
    "service() { error }",
    "service() { fault }",
    "edge(\"",
    "group.name = \"",
    "rootcause.fault.service { ",
    "rootcause.error.service { ",
    "rootcause.responsetime.service { ",
    "rootcause.responsetime.entity { ",
    "AND ",
    "OR ",
    "CONTAINS \"",
    "BEGINSWITH \"",
    "ENDSWITH \"",
];

/// `/words.json`: names and values as the language writes them.
pub(super) async fn words(view: View, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    let names = web::block(move || {
        let window = view.window(Timestamp::now());
        let newest: Vec<Entry> =
            state.store.snapshot().entries(Range::Active, window, None).take(TRACES_READ).collect();
        let groups = view.groups.iter().map(|group| format!("group.name = {}", expression::quoted(group)));
        groups.chain(names(&newest)).collect::<Vec<_>>()
    });
    let names = names.await.map_err(|_| PageError::Internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .json(names))
}

/// The names in these traces, then the values of what has few.
pub(super) fn names(entries: &[Entry]) -> Vec<String> {
    let mut services = BTreeSet::new();
    let mut annotations = BTreeSet::new();
    let mut calls = BTreeSet::new();
    for digest in entries.iter().map(|entry| entry.digest().view()) {
        services.extend(digest.active_services().map(|service| service.name));
        annotations.extend(digest.words().annotations.iter().map(|(key, _)| *key));
        calls.extend(digest.calls());
    }
    let quoted = expression::quoted;
    let attributes = [Attribute::Method, Attribute::Status, Attribute::User, Attribute::Url].into_iter();
    let keys = annotations.iter().take(MAX_NAMES).map(|key| Attribute::Annotation((*key).to_owned()));
    let values: Vec<String> = attributes.chain(keys).flat_map(|attribute| conditions(&attribute, entries)).collect();
    let services = services.into_iter().take(MAX_NAMES).map(|name| format!("service({})", quoted(name)));
    let calls =
        calls.into_iter().take(MAX_NAMES).map(|(one, other)| format!("edge({}, {})", quoted(one), quoted(other)));
    let annotations = annotations.iter().take(MAX_NAMES).map(|key| expression::annotation(key));
    services.chain(calls).chain(annotations).chain(values).collect()
}

/// The commonest values of an attribute, each as a condition.
fn conditions(attribute: &Attribute, entries: &[Entry]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries {
        for value in attribute.values(&entry.digest().view()) {
            if let Some(condition) = attribute.condition(&value) {
                *seen.entry(condition).or_default() += 1;
            }
        }
    }
    let mut seen: Vec<(String, usize)> = seen.into_iter().collect();
    seen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    seen.into_iter().take(MAX_VALUES).map(|(condition, _)| condition).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples::{entries, like};
    use crate::filter;

    #[test]
    fn every_word_belongs_to_the_language() {
        for word in WORDS {
            let completed = match word {
                "AND " | "OR " => format!("ok {word}ok"),
                _ if word.ends_with("WITH \"") || word.starts_with("CONTAINS") => format!("user {word}a\""),
                "edge(\"" => format!("{word}a\", \"b\")"),
                _ if word.ends_with("(\"") => format!("{word}a\")"),
                _ if word.ends_with('"') => format!("{word}a\""),
                _ if word.ends_with("{ ") => format!("{word}last }}"),
                _ if word.ends_with('.') => format!("{word}key"),
                _ => word.to_owned(),
            };
            assert!(filter::parse(&completed).is_ok(), "{completed}");
        }
    }

    #[test]
    fn names_and_values_are_written_so_that_they_can_be_asked() {
        let names = names(&entries(vec![like()]));
        for name in &names {
            assert!(filter::parse(name).is_ok(), "{name}");
        }
        for wanted in [
            r#"service("like service")"#,
            r#"edge("monolith", "like service")"#,
            "annotation.chaos_fault",
            r#"annotation.chaos_fault = "not_found""#,
            "http.status = 404",
        ] {
            assert!(names.iter().any(|name| name == wanted), "{wanted}: {names:?}");
        }
    }
}
