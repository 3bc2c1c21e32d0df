//! Takes JSON objects apart, member by member, and remembers where it is.
//!
//! A member of the wrong type, or one that X-Ray's format does not know, never costs the document: it is left out and
//! noted with its path. Only what makes a document impossible to place is refused, and that is decided in `parse`.

use std::mem;

use serde_json::{Map, Value};

use super::json::{self, Json, Members};
use super::path::Path;
use super::rejection::Note;

/// One JSON object that is being taken apart.
pub(super) struct Reader<'a> {
    /// Null once a member is taken.
    members: Members<'a>,
    path: Path<'a>,
    notes: &'a mut Vec<Note>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(members: Members<'a>, path: Path<'a>, notes: &'a mut Vec<Note>) -> Self {
        Self { members, path, notes }
    }

    /// The JSON path of a member of this object.
    pub(super) fn path_of(&self, member: &str) -> String {
        self.path.member(member).to_string()
    }

    /// The JSON path of an item of a member of this object.
    pub(super) fn path_of_item(&self, member: &str, index: usize) -> String {
        self.path.item(member, index).to_string()
    }

    /// Takes a member as it is; JSON's null counts as absent.
    pub(super) fn take(&mut self, member: &str) -> Option<Json<'a>> {
        let mut taken = Json::Null;
        for (name, value) in &mut self.members {
            if name == member {
                taken = mem::replace(value, Json::Null);
            }
        }
        Some(taken).filter(|value| !value.is_null())
    }

    /// Remembers that a member was left out.
    pub(super) fn note(&mut self, member: &str, reason: &'static str) {
        let path = self.path_of(member);
        self.notes.push(Note { path, reason });
    }

    /// Remembers that an item of a list was left out.
    pub(super) fn note_item(&mut self, member: &str, index: usize, reason: &'static str) {
        let path = self.path_of_item(member, index);
        self.notes.push(Note { path, reason });
    }

    /// Takes a text. Empty ones count as absent: several exporters send them for what they do not know.
    pub(super) fn text(&mut self, member: &str) -> Option<String> {
        match self.take(member)? {
            Json::Text(text) => Some(text.into_owned()).filter(|text| !text.is_empty()),
            Json::Number(number) => Some(number.to_string()),
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
            Json::Flag(flag) => Some(flag),
            _ => self.leave_out(member, "not true or false"),
        }
    }

    /// Takes an object as it is.
    pub(super) fn object(&mut self, member: &str) -> Option<Map<String, Value>> {
        self.members(member).map(json::map)
    }

    /// Takes a list as it is; anything else is left out.
    pub(super) fn list(&mut self, member: &str) -> Vec<Json<'a>> {
        match self.take(member) {
            None => Vec::new(),
            Some(Json::List(items)) => items,
            Some(_) => self.leave_out(member, "not a list").unwrap_or_default(),
        }
    }

    /// Takes a list of texts; other items are left out.
    pub(super) fn texts(&mut self, member: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, item) in self.list(member).into_iter().enumerate() {
            match item {
                Json::Text(text) => texts.push(text.into_owned()),
                _ => self.note_item(member, index, "not a string"),
            }
        }
        texts
    }

    /// Reads a member that is an object of its own.
    pub(super) fn block<T>(&mut self, member: &str, read: impl FnOnce(Reader<'_>) -> T) -> Option<T> {
        let members = self.members(member)?;
        Some(read(self.nested(members, member)))
    }

    /// Reads a member that is a list of objects; other items are left out.
    pub(super) fn blocks<T>(&mut self, member: &str, read: impl Fn(Reader<'_>) -> T) -> Vec<T> {
        let mut blocks = Vec::new();
        for (index, item) in self.list(member).into_iter().enumerate() {
            match item {
                Json::Object(members) => blocks.push(read(self.nested_item(members, member, index))),
                _ => self.note_item(member, index, "not an object"),
            }
        }
        blocks
    }

    /// A reader for the members of a member of this one, sharing its notes.
    pub(super) fn nested<'b>(&'b mut self, members: Members<'b>, member: &'b str) -> Reader<'b> {
        Reader::new(members, self.path.member(member), self.notes)
    }

    /// A reader for the members of an item of a list under this one, sharing its notes.
    pub(super) fn nested_item<'b>(&'b mut self, members: Members<'b>, member: &'b str, index: usize) -> Reader<'b> {
        Reader::new(members, self.path.item(member, index), self.notes)
    }

    /// Notes whatever nobody has taken.
    pub(super) fn finish(self) {
        for (member, _) in self.members.iter().filter(|(_, value)| !value.is_null()) {
            let path = self.path_of(member);
            self.notes.push(Note { path, reason: "not part of the segment format" });
        }
    }

    /// Takes the members of an object as they are.
    pub(super) fn members(&mut self, member: &str) -> Option<Members<'a>> {
        match self.take(member)? {
            Json::Object(members) => Some(members),
            _ => self.leave_out(member, "not an object"),
        }
    }

    fn leave_out<T>(&mut self, member: &str, reason: &'static str) -> Option<T> {
        self.note(member, reason);
        None
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float is only taken when it is whole and small")]
fn whole_number(value: &Json<'_>) -> Option<i64> {
    let from_float = |float: f64| (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64);
    match value {
        Json::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(from_float)),
        Json::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}
