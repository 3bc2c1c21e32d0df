//! What is asked of lines: words and fields in the search box, and what the boxes beside it say.
//!
//! ```text
//! search = *( [ "!" ] term )          every term must hold; "!" turns one around
//! term   = word | trace id            the word is somewhere in the message, or in the name or the value of a field
//!        | name "=" [ word ]          the field has this value; without one, the line has the field
//! word   = characters without spaces, or anything in double quotes
//! ```
//!
//! Case does not matter in words, and does in fields. Any text means something: there is no wrong search.

use std::collections::VecDeque;

use crate::document::{TraceId, Window};

use super::line::Line;
use super::record::text_of;
use super::{Level, LogRecord};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// When the line was written.
    pub window: Window,
    /// The lightest level; [`Level::Unset`] asks for all.
    pub level: Level,
    /// The service.
    pub service: Option<String>,
    /// The trace.
    pub trace: Option<TraceId>,
    /// What the line must say.
    pub terms: Vec<Term>,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self { window: Window::ALL, level: Level::Unset, service: None, trace: None, terms: Vec::new() }
    }
}

/// One thing that a line must say, or must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    wanted: Wanted,
    is_negated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// In lower case.
    Word(String),
    Field {
        name: String,
        value: String,
    },
    Trace(TraceId),
}

impl LogQuery {
    /// Reads what an address asks by the names of its parameters: `q`, `level`, `service` and `trace`.
    ///
    /// # Errors
    /// When a level or a trace is none; the words are for the one who asks.
    pub fn read<'a>(parameter: impl Fn(&str) -> Option<&'a str>) -> Result<Self, String> {
        let level = parameter("level").map(|text| Level::parse(text).ok_or(text)).transpose();
        let trace = parameter("trace").map(|text| TraceId::parse_any(text).ok_or(text)).transpose();
        Ok(Self {
            window: Window::ALL,
            level: level.map_err(no_level)?.unwrap_or_default(),
            service: parameter("service").map(str::to_owned),
            trace: trace.map_err(|text| format!("\u{201c}{text}\u{201d} is not a trace id."))?,
            terms: terms(parameter("q").unwrap_or_default()),
        })
    }

    /// Says whether a line is meant. What can be answered without reading the line whole is asked first.
    pub(super) fn matches(&self, line: &Line) -> bool {
        self.window.contains(line.time)
            && line.level >= self.level
            && self.service.as_deref().is_none_or(|service| *service == *line.service)
            && self.trace.is_none_or(|trace| line.trace_id == Some(trace))
            && self.terms.iter().all(|term| term.may_hold(line))
            && (self.terms.is_empty() || self.says_all(&line.record()))
    }

    fn says_all(&self, record: &LogRecord) -> bool {
        self.terms.iter().all(|term| term.holds(record))
    }
}

impl Term {
    /// Says `false` only when the line cannot fulfil the term. Where a word looks the same inside of JSON, and letters
    /// have one other case, the JSON must have the word.
    fn may_hold(&self, line: &Line) -> bool {
        match &self.wanted {
            Wanted::Word(word) if !self.is_negated && is_plain(word) && line.json.is_ascii() => {
                contains(&line.json, word)
            }
            Wanted::Trace(id) => (line.trace_id == Some(*id)) != self.is_negated,
            _ => true,
        }
    }

    fn holds(&self, record: &LogRecord) -> bool {
        let is_said = match &self.wanted {
            Wanted::Word(word) => {
                let has = |text: &str| text.to_lowercase().contains(word);
                has(&record.message()) || record.fields.iter().any(|(name, value)| has(name) || has(&text_of(value)))
            }
            Wanted::Field { name, value } => {
                record.field(name).is_some_and(|found| value.is_empty() || found == *value)
            }
            Wanted::Trace(id) => record.trace_id == Some(*id),
        };
        is_said != self.is_negated
    }
}

fn no_level(text: &str) -> String {
    let levels = Level::ALL.map(Level::as_str).join(", ");
    format!("There is no level \u{201c}{text}\u{201d}. Choose one of {levels}.")
}

/// Writes the term that asks for a value of a field; `None` for what no term can say.
pub fn field_term(name: &str, value: &str) -> Option<String> {
    let is_name =
        !name.is_empty() && !name.starts_with('!') && !name.contains(|c: char| c.is_whitespace() || "=\"".contains(c));
    let is_word = !value.is_empty() && !value.contains('"');
    let is_quoted = value.contains(char::is_whitespace);
    (is_name && is_word).then(|| if is_quoted { format!("{name}=\"{value}\"") } else { format!("{name}={value}") })
}

/// Takes a search apart.
pub fn terms(text: &str) -> Vec<Term> {
    let mut left: VecDeque<char> = text.chars().collect();
    let mut terms = Vec::new();
    loop {
        while left.front().is_some_and(|c| c.is_whitespace()) {
            left.pop_front();
        }
        if left.is_empty() {
            return terms;
        }
        let is_negated = left.len() > 1 && left.front() == Some(&'!');
        if is_negated {
            left.pop_front();
        }
        terms.extend(wanted(&mut left).map(|wanted| Term { wanted, is_negated }));
    }
}

fn wanted(left: &mut VecDeque<char>) -> Option<Wanted> {
    let is_quoted = left.front() == Some(&'"');
    let first = word(left, !is_quoted);
    if !is_quoted && !first.is_empty() && left.front() == Some(&'=') {
        left.pop_front();
        return Some(Wanted::Field { name: first, value: word(left, false) });
    }
    match TraceId::parse_any(&first) {
        Some(id) if !is_quoted => Some(Wanted::Trace(id)),
        _ => Some(Wanted::Word(first.to_lowercase())).filter(|_| !first.is_empty()),
    }
}

/// Reads up to a space, or to the closing quote; what may be a name also ends before `=`.
fn word(left: &mut VecDeque<char>, ends_at_equals: bool) -> String {
    let is_quoted = left.pop_front_if(|c| *c == '"').is_some();
    let mut word = String::new();
    while let Some(c) = left.pop_front() {
        match c {
            '"' if is_quoted => break,
            '=' if ends_at_equals && !word.is_empty() => {
                left.push_front(c);
                break;
            }
            c if c.is_whitespace() && !is_quoted => break,
            c => word.push(c),
        }
    }
    word
}

/// Says whether JSON writes a text as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

/// Looks for a text without regard to the case of ASCII letters.
fn contains(text: &str, wanted: &str) -> bool {
    wanted.is_empty() || text.as_bytes().windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::document::Timestamp;

    const TRACE: &str = "1-69550001-000000000000000000000001";

    fn record(body: Value, fields: Value) -> LogRecord {
        let Value::Object(fields) = fields else { panic!("fields are an object") };
        LogRecord {
            time: Timestamp::from_micros(7),
            level: Level::Info,
            service: "like service".to_owned(),
            trace_id: TraceId::parse(TRACE),
            span_id: None,
            body,
            fields,
            source: Map::from_iter([("host.name".to_owned(), json!("box"))]),
        }
    }

    fn matches(query: &LogQuery, record: &LogRecord) -> bool {
        query.matches(&Line::new(record))
    }

    #[test]
    fn every_term_must_hold() {
        let line = record(
            json!("Like of \"Mia\" was SLOW"),
            json!({ "http.status": 404, "path": "/mysfits/7/like", "ok": true }),
        );
        let check = |search: &str, expected: bool| {
            let query = LogQuery { terms: terms(search), ..LogQuery::default() };
            assert_eq!(matches(&query, &line), expected, "{search}: {query:?}");
        };
        check("", true);
        check("   ", true);
        check("slow", true);
        check("SLOW like", true);
        check("slow fast", false);
        check("slow !fast", true);
        check("!slow", false);
        check("\"was slow\"", true);
        check("\"slow was\"", false);
        check("\"mia", true);
        check("mysfits/7", true);
        check("path", true);
        check("http.status=404", true);
        check("http.status=40", false);
        check("!http.status=404", false);
        check("http.status=\"404\"", true);
        check("ok=true", true);
        check("ok=", true);
        check("missing=", false);
        check("!missing=", true);
        check("host.name=box", true);
        check("box", false);
        check("!", false);
        check("=", false);
        check(TRACE, true);
        check("69550001000000000000000000000001", true);
        check("69550001000000000000000000000002", false);
        check("!69550001000000000000000000000001", false);
    }

    #[test]
    fn an_address_says_what_is_asked() {
        let read = |address: &[(&str, &'static str)]| {
            LogQuery::read(|name| address.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        };
        let query = read(&[("level", "warn"), ("service", "shop"), ("trace", TRACE), ("q", "slow")]).unwrap();
        assert_eq!(
            (query.level, query.service.as_deref(), query.trace),
            (Level::Warn, Some("shop"), TraceId::parse(TRACE))
        );
        assert_eq!(query.terms, terms("slow"));
        assert_eq!(read(&[]), Ok(LogQuery::default()));
        assert!(read(&[("level", "loud")]).unwrap_err().contains("trace, debug, info, warn, error, fatal"));
        assert!(read(&[("trace", "1-2")]).unwrap_err().contains("1-2"));
    }

    #[test]
    fn level_service_trace_and_time_restrict() {
        let line = record(json!("x"), json!({}));
        let all = LogQuery::default;
        let check = |query: LogQuery, expected: bool| assert_eq!(matches(&query, &line), expected, "{query:?}");
        check(all(), true);
        check(LogQuery { level: Level::Info, ..all() }, true);
        check(LogQuery { level: Level::Warn, ..all() }, false);
        check(LogQuery { service: Some("like service".to_owned()), ..all() }, true);
        check(LogQuery { service: Some("like".to_owned()), ..all() }, false);
        check(LogQuery { trace: TraceId::parse(TRACE), ..all() }, true);
        check(LogQuery { trace: Some(TraceId::from_bytes([9; 16])), ..all() }, false);
        let window = |start, end| Window { start: Timestamp::from_micros(start), end: Timestamp::from_micros(end) };
        check(LogQuery { window: window(7, 8), ..all() }, true);
        check(LogQuery { window: window(0, 7), ..all() }, false);
    }

    proptest! {
        /// The short cut through the JSON never changes an answer.
        #[test]
        fn a_line_is_found_by_any_part_of_it(before in ".{0,12}", part in ".{1,8}", after in ".{0,12}") {
            let text = format!("{before}{part}{after}");
            let term = Term { wanted: Wanted::Word(part.to_lowercase()), is_negated: false };
            let query = LogQuery { terms: vec![term], ..LogQuery::default() };
            for line in [record(json!(text), json!({})), record(json!(null), json!({ "k": text })), record(json!({ "b": text }), json!({}))] {
                prop_assert_eq!(matches(&query, &line), query.says_all(&line));
            }
        }

        #[test]
        fn the_term_of_a_field_asks_for_it(name in ".{0,6}", value in ".{0,6}") {
            if let Some(term) = field_term(&name, &value) {
                let query = LogQuery { terms: terms(&term), ..LogQuery::default() };
                prop_assert!(query.says_all(&record(json!(null), json!({ name.clone(): value }))), "{}", term);
                prop_assert!(!query.says_all(&record(json!(null), json!({ name: "another" }))), "{}", term);
            }
        }

        #[test]
        fn any_search_means_something(search in ".{0,40}") {
            terms(&search);
        }
    }
}
