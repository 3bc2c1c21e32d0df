//! What a span must look like for the translator to keep it and to read it right.

use std::borrow::Cow;
use std::sync::LazyLock;

use opentelemetry::trace::{Event, SpanId, SpanKind, Status};
use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use regex::Regex;

use crate::telemetry::span_end::{ANNOTATIONS, annotation_keys};

const MAX_NAME_BYTES: usize = 200;
const MAX_TEXT_BYTES: usize = 250;
/// The attributes that name a document.
pub(super) const NAMES: [&str; 4] = ["peer.service", "aws.service", "rpc.service", "db.service"];
pub(super) const DATABASE_NAME: [&str; 2] = ["db.name", "db.namespace"];
pub(super) const DATABASE_HOST: [&str; 2] = ["net.peer.name", "server.address"];
const LIMITED: [&str; 8] = [
    "url.full",
    "http.url",
    "http.request.method",
    "http.method",
    "user_agent.original",
    "client.address",
    "enduser.id",
    "db.user",
];
const STATUS_CODES: [&str; 2] = ["http.response.status_code", "http.status_code"];

/// Changes what the translator would otherwise lose or misread.
pub(super) fn mend(mut span: SpanData, resource: &Resource) -> SpanData {
    span.end_time = span.end_time.max(span.start_time);
    name_procedures(&mut span);
    name_roots(&mut span);
    name_databases(&mut span);
    clean_names(&mut span, resource);
    shorten_texts(&mut span);
    show_status(&mut span);
    demote_handled_exceptions(&mut span);
    mark_annotations(&mut span);
    span
}

/// The text of a string attribute.
pub(super) fn text<'a>(span: &'a SpanData, key: &str) -> Option<Cow<'a, str>> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key.as_str() == key)?;
    Some(attribute.value.as_str()).filter(|text| !text.is_empty())
}

/// The text of the first of these attributes that is there.
pub(super) fn first_text<'a>(span: &'a SpanData, keys: &[&str]) -> Option<Cow<'a, str>> {
    keys.iter().find_map(|key| text(span, key))
}

/// Whether this is a message from elsewhere, with which the work of this service starts.
pub(super) fn starts_work(span: &SpanData) -> bool {
    let comes_from_elsewhere = span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote;
    span.span_kind == SpanKind::Consumer && comes_from_elsewhere
}

/// The kind of database that the span is a call to, if it is one.
pub(super) fn database_system(span: &SpanData) -> Option<Cow<'_, str>> {
    first_text(span, &["db.system.name", "db.system"])
}

/// A remote procedure call is named after its span unless AWS is called.
fn name_procedures(span: &mut SpanData) {
    let is_named = text(span, "peer.service").is_some() || text(span, "aws.service").is_some();
    if is_named || span.span_kind == SpanKind::Server || database_system(span).is_some() {
        return;
    }
    let service = text(span, "rpc.service").map(Cow::into_owned);
    span.attributes.extend(service.map(|service| KeyValue::new("peer.service", service)));
}

/// A root that is no server span would become a subsegment without a parent, which is refused. It becomes a segment of its own name, or
/// of its service's where that works on a message.
fn name_roots(span: &mut SpanData) {
    if starts_work(span) {
        span.span_kind = SpanKind::Server;
        span.attributes.retain(|attribute| !NAMES.contains(&attribute.key.as_str()));
        return;
    }
    if span.parent_span_id != SpanId::INVALID || span.span_kind == SpanKind::Server {
        return;
    }
    span.span_kind = SpanKind::Server;
    if NAMES.iter().all(|key| text(span, key).is_none()) && database_system(span).is_none() {
        span.attributes.push(KeyValue::new("peer.service", span.name.clone().into_owned()));
    }
}

/// A database call is named after its statement unless somebody says which database it was.
fn name_databases(span: &mut SpanData) {
    if database_system(span).is_none() || NAMES.iter().any(|key| text(span, key).is_some()) {
        return;
    }
    let Some(name) = first_text(span, &DATABASE_NAME) else { return };
    let peer = match first_text(span, &DATABASE_HOST) {
        Some(host) => format!("{name}@{host}"),
        None => name.into_owned(),
    };
    span.attributes.push(KeyValue::new("peer.service", peer));
}

/// A name with a character that X-Ray does not allow, or too long a name, loses the span.
fn clean_names(span: &mut SpanData, resource: &Resource) {
    for attribute in span.attributes.iter_mut().filter(|attribute| NAMES.contains(&attribute.key.as_str())) {
        if let Some(cleaned) = cleaned(&attribute.value.as_str()) {
            attribute.value = cleaned.into();
        }
    }
    if let Some(cleaned) = cleaned(&span.name) {
        span.name = cleaned.into();
    }
    let service = resource.get(&Key::from_static_str("service.name"));
    if let Some(cleaned) = service.and_then(|service| cleaned(&service.as_str())) {
        span.attributes.push(KeyValue::new("service.name", cleaned));
    }
}

/// The name that X-Ray takes in place of this one; `None` when it takes this one.
fn cleaned(name: &str) -> Option<String> {
    static REFUSED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[^\pL\pZ\pN_.:/%&#=+\-@]").expect("the pattern is a constant"));
    // Nearly every name is plain, and a Unicode class costs more than all else that is done to a span here.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" _.:/%&#=+-@".contains(&byte);
    if (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_plain) {
        return None;
    }
    let allowed = if name.is_ascii() {
        Cow::Owned(name.chars().filter(|letter| u8::try_from(*letter).is_ok_and(is_plain)).collect())
    } else {
        REFUSED.replace_all(name, "")
    };
    let cut = cut(&allowed, MAX_NAME_BYTES);
    let cleaned = if cut.is_empty() { "span" } else { cut };
    (cleaned != name).then(|| cleaned.to_owned())
}

/// A URL above 250 bytes loses the span, other texts above it are left out.
fn shorten_texts(span: &mut SpanData) {
    for attribute in span.attributes.iter_mut().filter(|attribute| LIMITED.contains(&attribute.key.as_str())) {
        let text = attribute.value.as_str();
        if text.len() > MAX_TEXT_BYTES {
            attribute.value = cut(&text, MAX_TEXT_BYTES).to_owned().into();
        }
    }
    let assembled = text(span, "url.full").is_none() && text(span, "http.url").is_none();
    for attribute in span.attributes.iter_mut().filter(|_| assembled) {
        let limit = match attribute.key.as_str() {
            "url.path" => 100,
            "url.query" => 50,
            "url.domain" | "server.address" => 80,
            _ => continue,
        };
        let text = attribute.value.as_str();
        if text.len() > limit {
            attribute.value = cut(&text, limit).to_owned().into();
        }
    }
}

fn cut(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// By convention a server span keeps its status unset for a 4xx; the translator then looks no further, and the 404 stays green.
fn show_status(span: &mut SpanData) {
    let is_error = |attribute: &KeyValue| {
        STATUS_CODES.contains(&attribute.key.as_str()) && matches!(attribute.value, Value::I64(400..=599))
    };
    if span.attributes.iter().any(is_error) && !matches!(span.status, Status::Error { .. }) {
        span.status = Status::error("");
    }
}

/// A cause without an error loses the span. An exception that was dealt with is told as metadata instead.
fn demote_handled_exceptions(span: &mut SpanData) {
    if matches!(span.status, Status::Error { .. }) {
        return;
    }
    let is_exception =
        |event: &Event| event.attributes.iter().any(|attribute| attribute.key.as_str().starts_with("exception."));
    let events = std::mem::take(&mut span.events.events);
    let (handled, others): (Vec<Event>, Vec<Event>) =
        events.into_iter().partition(|event| event.name == "exception" || is_exception(event));
    span.events.events = others;
    for attribute in handled.into_iter().flat_map(|event| event.attributes) {
        if text(span, attribute.key.as_str()).is_none() {
            span.attributes.push(attribute);
        }
    }
}

/// The translator knows annotations by a prefix, not by the list that collectors read.
fn mark_annotations(span: &mut SpanData) {
    let listed = span.attributes.iter().find(|attribute| attribute.key.as_str() == ANNOTATIONS);
    let listed = listed.map(|list| annotation_keys(&list.value)).unwrap_or_default();
    span.attributes.retain(|attribute| attribute.key.as_str() != ANNOTATIONS);
    for attribute in &mut span.attributes {
        if listed.iter().any(|key| key.as_str() == attribute.key.as_str()) {
            attribute.key = Key::from(format!("annotation.{}", attribute.key));
        }
    }
}
