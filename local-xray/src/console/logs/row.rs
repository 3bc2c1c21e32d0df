//! One line as text: its head on one row, and all that it says below.

use serde_json::{Map, Value};

use crate::console::format;
use crate::console::view::View;
use crate::logs::{Level, Line, LogRecord, Place, field_term};

/// How much of a message is in its row, in characters; the rest is below.
const LONGEST_HEAD: usize = 400;
/// How many fields are in the row, and how long their values may be.
const FIELDS_IN_ROW: usize = 4;
const LONGEST_VALUE: usize = 40;
/// A longer value is no use in a search.
const LONGEST_TERM: usize = 120;

/// One line.
pub(in crate::console) struct Row {
    /// The same for as long as the line is kept.
    pub(in crate::console) id: String,
    pub(in crate::console) time: String,
    pub(in crate::console) exact: String,
    pub(in crate::console) level: &'static str,
    pub(in crate::console) tone: &'static str,
    pub(in crate::console) service: String,
    pub(in crate::console) message: String,
    /// The message as it came, where the row shows only its beginning.
    pub(in crate::console) whole: Option<String>,
    /// The first short fields.
    pub(in crate::console) beside: Vec<(String, String)>,
    pub(in crate::console) trace: Option<TraceLink>,
    pub(in crate::console) fields: Vec<Field>,
    pub(in crate::console) source: Vec<Field>,
}

/// Where the trace of a line is.
pub(in crate::console) struct TraceLink {
    /// The row of the line's segment on the page of the trace.
    pub(in crate::console) href: String,
    pub(in crate::console) id: String,
    pub(in crate::console) w3c: String,
    /// The end of the id: the part that differs.
    pub(in crate::console) tail: String,
    /// The segment or subsegment.
    pub(in crate::console) span: Option<String>,
}

/// A name and a value, and the search for all lines with it.
pub(in crate::console) struct Field {
    pub(in crate::console) name: String,
    pub(in crate::console) value: String,
    pub(in crate::console) same: Option<String>,
}

/// Writes a line; `time` is how its list tells times.
pub(super) fn row(place: Place, line: &Line, time: String, view: &View) -> Row {
    let record = line.record();
    let message = record.message();
    let head = head(&message);
    Row {
        id: place.to_string().replace('.', "-"),
        time,
        exact: format::exact(place.time),
        level: record.level.as_str(),
        tone: tone(record.level),
        beside: beside(&record),
        trace: trace_link(&record, view),
        fields: fields(&record.fields, view),
        source: fields(&record.source, view),
        whole: (head != message).then_some(message),
        message: head,
        service: record.service,
    }
}

/// The class of a level's colour.
pub(super) fn tone(level: Level) -> &'static str {
    match level {
        Level::Fatal | Level::Error => "fault",
        Level::Warn => "error",
        Level::Info | Level::Debug | Level::Trace | Level::Unset => "soft",
    }
}

/// The beginning of a message, on one row.
fn head(message: &str) -> String {
    let first = message.trim_start().lines().next().unwrap_or_default();
    let cut = first.char_indices().nth(LONGEST_HEAD).map_or(first, |(end, _)| first.get(..end).unwrap_or(first));
    if cut.len() < message.len() { format!("{}…", cut.trim_end()) } else { cut.to_owned() }
}

fn beside(record: &LogRecord) -> Vec<(String, String)> {
    let short = record.fields.iter().filter_map(|(name, value)| {
        let text = text_of(value);
        (!text.is_empty() && text.chars().count() <= LONGEST_VALUE && !text.contains('\n'))
            .then(|| (name.clone(), text))
    });
    short.take(FIELDS_IN_ROW).collect()
}

fn trace_link(record: &LogRecord, view: &View) -> Option<TraceLink> {
    let trace = record.trace_id?;
    let id = trace.to_string();
    let span = record.span_id.map(|span| span.to_string());
    let page = view.link(format!("/traces/{id}")).with_some("row", span.as_deref());
    let part = span.as_ref().map(|span| format!("#part-{span}")).unwrap_or_default();
    Some(TraceLink {
        href: format!("{page}{part}"),
        tail: id.chars().skip(id.len().saturating_sub(8)).collect(),
        w3c: trace.to_w3c(),
        id,
        span,
    })
}

fn fields(members: &Map<String, Value>, view: &View) -> Vec<Field> {
    let field = |(name, value): (&String, &Value)| {
        let value = text_of(value);
        let term = field_term(name, &value).filter(|term| term.len() <= LONGEST_TERM);
        let same = term.map(|term| view.link(super::PATH).with("q", &term).to_string());
        Field { name: name.clone(), value, same }
    };
    members.iter().map(field).collect()
}

fn text_of(value: &Value) -> String {
    if let Value::String(text) = value { text.clone() } else { value.to_string() }
}
