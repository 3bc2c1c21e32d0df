//! Takes JSON objects apart, member by member, and remembers where it is.
//!
//! A member of the wrong type, or one that X-Ray's format does not know, never costs the document: it is left out and
//! noted with its path. Only what makes a document impossible to place is refused, and that is decided in `parse`.

use serde_json::{Map, Value};

use super::rejection::Note;

/// One JSON object that is being taken apart.
pub(super) struct Reader<'a> {
    members: Map<String, Value>,
    path: String,
    notes: &'a mut Vec<Note>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(members: Map<String, Value>, path: String, notes: &'a mut Vec<Note>) -> Self {
        Self { members, path, notes }
    }

    /// The JSON path of a member of this object.
    pub(super) fn path_of(&self, member: &str) -> String {
        format!("{}.{member}", self.path)
    }

    /// Takes a member as it is; JSON's null counts as absent.
    pub(super) fn take(&mut self, member: &str) -> Option<Value> {
        self.members.remove(member).filter(|value| !value.is_null())
    }

    /// Remembers that a member was left out.
    pub(super) fn note(&mut self, member: &str, reason: &'static str) {
        let path = self.path_of(member);
        self.notes.push(Note { path, reason });
    }

    /// Takes a text. Empty ones count as absent: several exporters send them for what they do not know.
    pub(super) fn text(&mut self, member: &str) -> Option<String> {
        match self.take(member)? {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => self.leave_out(member, "not a string"),
        }
    }

    /// Takes a whole number, also when it was written as a text.
    pub(super) fn integer(&mut self, member: &str) -> Option<i64> {
        let value = self.take(member)?;
        match whole_number(&value) {
            Some(number) => Some(number),
            None => self.leave_out(member, "not a whole number"),
        }
    }

    /// Takes a truth value.
    pub(super) fn flag(&mut self, member: &str) -> Option<bool> {
        match self.take(member)? {
            Value::Bool(flag) => Some(flag),
            _ => self.leave_out(member, "not true or false"),
        }
    }

    /// Takes an object as it is.
    pub(super) fn object(&mut self, member: &str) -> Option<Map<String, Value>> {
        match self.take(member)? {
            Value::Object(members) => Some(members),
            _ => self.leave_out(member, "not an object"),
        }
    }

    /// Takes a list as it is; anything else is left out.
    pub(super) fn list(&mut self, member: &str) -> Vec<Value> {
        match self.take(member) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => self.leave_out(member, "not a list").unwrap_or_default(),
        }
    }

    /// Takes a list of texts; other items are left out.
    pub(super) fn texts(&mut self, member: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, item) in self.list(member).into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                _ => self.note(&format!("{member}[{index}]"), "not a string"),
            }
        }
        texts
    }

    /// Reads a member that is an object of its own.
    pub(super) fn block<T>(&mut self, member: &str, read: impl FnOnce(Reader<'_>) -> T) -> Option<T> {
        let members = self.object(member)?;
        let path = self.path_of(member);
        Some(read(Reader::new(members, path, self.notes)))
    }

    /// Reads a member that is a list of objects; other items are left out.
    pub(super) fn blocks<T>(&mut self, member: &str, read: impl Fn(Reader<'_>) -> T) -> Vec<T> {
        let mut blocks = Vec::new();
        for (index, item) in self.list(member).into_iter().enumerate() {
            let place = format!("{member}[{index}]");
            match item {
                Value::Object(members) => {
                    let path = self.path_of(&place);
                    blocks.push(read(Reader::new(members, path, self.notes)));
                }
                _ => self.note(&place, "not an object"),
            }
        }
        blocks
    }

    /// A reader for an object found elsewhere under this one, sharing its notes.
    pub(super) fn nested(&mut self, members: Map<String, Value>, path: String) -> Reader<'_> {
        Reader::new(members, path, self.notes)
    }

    /// Notes whatever nobody has taken.
    pub(super) fn finish(mut self) {
        let left: Vec<String> =
            std::mem::take(&mut self.members).into_iter().filter(|(_, v)| !v.is_null()).map(|(k, _)| k).collect();
        for member in left {
            self.note(&member, "not part of the segment format");
        }
    }

    fn leave_out<T>(&mut self, member: &str, reason: &'static str) -> Option<T> {
        self.note(member, reason);
        None
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float is only taken when it is whole and small")]
fn whole_number(value: &Value) -> Option<i64> {
    let from_float = |float: f64| (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64);
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(from_float)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
