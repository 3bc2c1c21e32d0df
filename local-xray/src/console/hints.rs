//! Where the language surprises: what an expression asks that is less than it seems to, said as it is, with another expression and
//! what that would find.

use std::collections::{HashMap, HashSet};

use crate::digest::KeptValue;
use crate::document::TraceId;
use crate::filter::{self, Expression, Groups, ValueType};
use crate::store::{self, Entry};

use super::expression;
use super::found::compile;
use super::view::View;

/// How many of the newest traces are looked through for the types of annotations.
const TRACES_READ: usize = 2_000;

/// An expression that asks something close, and has another answer.
pub(super) struct Hint {
    pub(super) surprise: Surprise,
    pub(super) expression: String,
    /// For how many traces of the range it holds.
    pub(super) count: usize,
}

/// What surprises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Surprise {
    /// This is asked of the root segment, and of no other one.
    RootOnly(String),
    /// A comparison asks for some value that fulfils it, so `!=` needs a value, and one of several is enough.
    NotEqual,
    /// All values of the annotation are of another type than the one in the expression, and none of them ever fulfils that.
    OtherType(String, ValueType),
}

/// What surprises about the expression in the bar, as far as it makes a difference: `newest` gives the traces of the range, newest
/// first, and `matching` are those of them for which the expression holds.
pub(super) fn hints<I: Iterator<Item = Entry>>(
    view: &View,
    newest: &impl Fn() -> I,
    matching: &[Entry],
    groups: &dyn Groups,
) -> Vec<Hint> {
    let Ok(parsed) = filter::parse(&view.filter) else { return Vec::new() };
    let not_equal = || Some((Surprise::NotEqual, parsed.without_not_equal()?.to_string()));
    let others = [root_only(view, matching.is_empty()), not_equal(), other_type(&parsed, newest)];
    let hint = |(surprise, expression): (Surprise, String)| {
        let filter = compile(&view.filtered(&expression), groups).ok()?;
        let found: Vec<TraceId> = store::matching(newest().collect(), &filter).iter().map(Entry::id).collect();
        let is_other = !matching.iter().map(Entry::id).eq(found.iter().copied());
        is_other.then_some(Hint { surprise, expression, count: found.len() })
    };
    others.into_iter().flatten().filter_map(hint).collect()
}

/// A condition of another kind (a time, a status) seldom surprises, unless it finds nothing.
fn root_only(view: &View, is_in_vain: bool) -> Option<(Surprise, String)> {
    let words = || expression::every_service(&view.filter).map(|(word, wider)| (word.to_owned(), wider));
    let whole = || Some((view.filter.clone(), expression::of_every_service(&view.filter).filter(|_| is_in_vain)?));
    let (word, wider) = words().or_else(whole)?;
    Some((Surprise::RootOnly(word), wider))
}

fn other_type<I: Iterator<Item = Entry>>(parsed: &Expression, newest: &impl Fn() -> I) -> Option<(Surprise, String)> {
    let compared = parsed.compared_annotations();
    if compared.is_empty() {
        return None;
    }
    let seen = types(newest(), &compared.iter().map(|(key, _)| key.as_str()).collect());
    let only = |key: &str, written: ValueType| {
        let types = seen.get(key).filter(|types| !types.contains(&written))?;
        types.iter().copied().next().filter(|_| types.len() == 1)
    };
    let other = parsed.with_annotations_as(&only)?.to_string();
    let (key, has) = compared.iter().find_map(|(key, written)| Some((key.clone(), only(key, *written)?)))?;
    Some((Surprise::OtherType(key, has), other))
}

/// Of which types the values of these annotations are.
fn types<'k>(entries: impl Iterator<Item = Entry>, keys: &HashSet<&'k str>) -> HashMap<&'k str, HashSet<ValueType>> {
    let mut types: HashMap<&str, HashSet<ValueType>> = HashMap::new();
    for entry in entries.take(TRACES_READ) {
        for (key, value) in &entry.digest().view().words().annotations {
            if let Some(key) = keys.get(*key) {
                types.entry(*key).or_default().insert(match value {
                    KeptValue::Text(_) => ValueType::Text,
                    KeptValue::Number(_) => ValueType::Number,
                    KeptValue::Truth(_) => ValueType::Truth,
                });
            }
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::found::Found;
    use crate::console::samples::{entries, trace};
    use crate::limits::Limits;
    use crate::settings::GroupTable;
    use crate::store::Trace;

    /// A trace of one segment, numbered so that each has an id of its own, or of two that carry different annotations.
    fn annotated(number: u8, annotations: &[&str]) -> Trace {
        let segments = (1..).zip(annotations).map(|(id, annotations)| {
            let parent = if id > 1 { r#""parent_id": "0000000000000001","# } else { "" };
            format!(r#""name": "shop", "id": "{id:016x}", {parent} "start_time": 100, "end_time": 101, "annotations": {{{annotations}}}"#)
        });
        let segments: Vec<String> = segments.collect();
        let one = trace(&segments.iter().map(String::as_str).collect::<Vec<_>>());
        Trace::from_segments(TraceId::from_bytes([number; 16]), one.segments().iter().cloned())
    }

    fn sample() -> Vec<Entry> {
        entries(vec![
            annotated(1, &[r#""size": "5", "age": 41, "new": true"#]),
            annotated(2, &[r#""size": "7", "age": 29"#]),
            annotated(3, &[r#""size": "5""#, r#""size": "7""#]),
            annotated(4, &[r#""age": 29"#]),
        ])
    }

    /// What is found, and what each hint says and would find. Asking that instead finds what the hint says.
    #[track_caller]
    fn check(filter: &str, finds: usize, expected: &[(Surprise, &str, usize)]) {
        let groups = GroupTable::new(Limits::default());
        let ask = |filter: &str| Found::among(&View::default().filtered(filter), &sample(), 4, &groups).unwrap();
        let found = ask(filter);
        assert_eq!(found.matching, finds, "{filter}");
        let told: Vec<_> =
            found.hints.iter().map(|hint| (hint.surprise.clone(), hint.expression.as_str(), hint.count)).collect();
        assert_eq!(told, expected, "{filter}");
        for (_, expression, count) in expected {
            assert_eq!(ask(expression).matching, *count, "{expression}");
        }
    }

    #[test]
    fn not_equal_needs_a_value_and_is_content_with_one_of_several() {
        let check = |filter, finds, instead, count| check(filter, finds, &[(Surprise::NotEqual, instead, count)]);
        // The second trace, and the third one for its second value, are found; the fourth one has none.
        check(r#"annotation.size != "5""#, 2, r#"!annotation.size = "5""#, 2);
        check(r#"annotation.size != "9""#, 3, r#"!annotation.size = "9""#, 4);
        check("annotation.age != 41", 2, "!annotation.age = 41", 3);
        let both = r#"annotation.size != "5" AND annotation.size = "5""#;
        check(both, 1, r#"!annotation.size = "5" AND annotation.size = "5""#, 0);
        check("http.status != 200", 0, "!http.status = 200", 4);
    }

    #[test]
    fn not_equal_is_not_explained_where_it_makes_no_difference() {
        check(r#"annotation.age AND annotation.age != 41"#, 2, &[]);
        check(r#"!annotation.size = "5""#, 2, &[]);
    }

    #[test]
    fn a_value_of_another_type_never_fulfils_a_comparison() {
        let other = |key: &str, has| Surprise::OtherType(key.to_owned(), has);
        check(r#"annotation.age = "41""#, 0, &[(other("age", ValueType::Number), "annotation.age = 41", 1)]);
        check("annotation.size = 5", 0, &[(other("size", ValueType::Text), r#"annotation.size = "5""#, 2)]);
        check(r#"annotation.new = "true""#, 0, &[(other("new", ValueType::Truth), "annotation.new = true", 1)]);
        check(
            r#"annotation.age = "41" OR annotation.size = 7"#,
            0,
            &[(other("age", ValueType::Number), r#"annotation.age = 41 OR annotation.size = "7""#, 3)],
        );
        check("annotation.age = 29", 2, &[]);
        check(r#"annotation.age CONTAINS "4""#, 0, &[]);
        check(r#"annotation.lost = "4""#, 0, &[]);
    }
}
