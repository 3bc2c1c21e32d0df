//! Names in an expression that no trace has: a misspelt service is no error of the language, and finds nothing in silence.

use std::collections::BTreeSet;

use crate::filter;
use crate::store::Entry;

use super::expression;

/// How many of the newest traces are looked through for names.
const TRACES_READ: usize = 2_000;
/// How many letters may differ between a name and the one that was meant.
const MOST_EDITS: usize = 2;

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Service,
    Annotation,
}

/// A name that no trace has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// A name like it, and the expression with that in its place.
    pub(super) meant: Option<(String, String)>,
}

/// The names of services and annotations in the expression that these traces do not have, as far as the newest can tell.
pub(super) fn names(text: &str, newest: impl Iterator<Item = Entry>) -> Vec<Unknown> {
    let mut services = BTreeSet::new();
    let mut annotations = BTreeSet::new();
    let entries: Vec<Entry> = newest.take(TRACES_READ).collect();
    for digest in entries.iter().map(|entry| entry.digest().view()) {
        services.extend(digest.services().map(|service| service.name));
        annotations.extend(digest.words().annotations.iter().map(|(key, _)| *key));
    }
    let mut unknown: Vec<Unknown> = Vec::new();
    for (kind, written, name) in named(text) {
        let known = if kind == Kind::Service { &services } else { &annotations };
        if known.contains(name.as_str()) || unknown.iter().any(|one| one.kind == kind && one.name == name) {
            continue;
        }
        let like = known.iter().map(|one| (edits(&name.to_lowercase(), &one.to_lowercase()), *one)).min();
        let meant = like.filter(|(edits, _)| *edits <= MOST_EDITS).map(|(_, meant)| {
            let new = if kind == Kind::Service { expression::quoted(meant) } else { expression::annotation(meant) };
            (meant.to_owned(), text.replacen(written, &new, 1))
        });
        unknown.push(Unknown { kind, name, meant: meant.filter(|(_, text)| filter::parse(text).is_ok()) });
    }
    unknown
}

/// The names in an expression that is understood: what kind, how it is written, and what it says.
fn named(text: &str) -> Vec<(Kind, &str, String)> {
    let mut named = Vec::new();
    let mut before = String::new();
    for piece in expression::every_piece(text) {
        let lower = piece.to_ascii_lowercase();
        if let Some(key) = lower.starts_with("annotation.").then(|| piece.get("annotation.".len()..)).flatten() {
            named.push((Kind::Annotation, piece, key.to_owned()));
        } else if piece.starts_with('"') && is_node(&before) {
            named.extend(serde_json::from_str(piece).ok().map(|name| (Kind::Service, piece, name)));
        }
        before.push_str(&lower);
    }
    named
}

/// Says whether a quoted text that follows this is the name of a node.
fn is_node(before: &str) -> bool {
    let Some((head, inside)) = before.trim_end().rsplit_once('(') else { return false };
    let head = head.trim_end();
    match inside.trim() {
        "" => head.ends_with("service") || head.ends_with("edge"),
        first => head.ends_with("edge") && first.starts_with('"') && first.ends_with(','),
    }
}

/// How many letters have to be put in, left out or changed.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut costs: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.chars().enumerate() {
        let mut diagonal = row;
        let mut left = row + 1;
        for (cost, same) in costs.iter_mut().skip(1).zip(&other) {
            let cheapest = (diagonal + usize::from(letter != *same)).min(*cost + 1).min(left + 1);
            diagonal = *cost;
            *cost = cheapest;
            left = cheapest;
        }
        costs.iter_mut().take(1).for_each(|first| *first = row + 1);
    }
    costs.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples::{entries, like};

    fn check(text: &str, expected: &[(&str, Option<&str>)]) {
        let unknown = names(text, entries(vec![like()]).into_iter());
        let told: Vec<_> = unknown
            .iter()
            .map(|one| (one.name.as_str(), one.meant.as_ref().map(|(_, expression)| expression.as_str())))
            .collect();
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn names_that_nothing_has_are_found_and_those_like_them_offered() {
        check(r#"service("like service") AND annotation.chaos_fault"#, &[]);
        check(r#"service("Like Servic") { error }"#, &[("Like Servic", Some(r#"service("like service") { error }"#))]);
        check(r#"edge("monolit", "like service")"#, &[("monolit", Some(r#"edge("monolith", "like service")"#))]);
        check(r#"edge("monolith", "nobody")"#, &[("nobody", None)]);
        check(r#"annotation.caos_fault = "slow""#, &[("caos_fault", Some(r#"annotation.chaos_fault = "slow""#))]);
        check(r#"user = "nobody" AND http.url CONTAINS "service(""#, &[]);
        check("ok", &[]);
    }

    #[test]
    fn edits_are_counted() {
        for (one, other, expected) in
            [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("é", "e", 1), ("ab", "ab", 0)]
        {
            assert_eq!((edits(one, other), edits(other, one)), (expected, expected), "{one} {other}");
        }
    }
}
