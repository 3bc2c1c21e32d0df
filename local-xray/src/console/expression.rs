//! Filter expressions as the console writes them: quoted, joined, widened, taken apart again. Every change is checked by
//! the parser of the language, so that a link never asks something else than it says.

use crate::filter;

/// Leaves out what a load balancer asks to see whether a service is alive.
pub(super) const NO_HEALTH_CHECKS: &str = r#"!http.useragent BEGINSWITH "ELB-HealthChecker""#;
/// How the user agent of those requests begins.
pub(super) const HEALTH_CHECKER: &str = "ELB-HealthChecker";

/// What at the top level asks the root segment alone, and surprises those who look for it anywhere.
const ROOT_ONLY: [&str; 2] = ["error", "fault"];

/// A text as a string of the language.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The annotation with this key, in the older spelling where that can carry it.
pub(super) fn annotation(key: &str) -> String {
    let is_plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain { format!("annotation.{key}") } else { format!("annotation[{}]", quoted(key)) }
}

/// Adds a condition, with parentheses only where they are needed.
pub(super) fn and(expression: &str, condition: &str) -> String {
    if expression.is_empty() {
        return condition.to_owned();
    }
    let plain = format!("{expression} AND {condition}");
    let grouped = format!("({expression}) AND {condition}");
    if is_same(&plain, &grouped) { plain } else { grouped }
}

/// Takes a condition away that stands at the start or the end; `None` when it does not stand there.
pub(super) fn without(expression: &str, condition: &str) -> Option<String> {
    if expression == condition {
        return Some(String::new());
    }
    let first = expression.strip_suffix(condition).and_then(|rest| rest.strip_suffix(" AND "));
    if let Some(rest) = first.filter(|rest| is_same(expression, &format!("({rest}) AND {condition}"))) {
        return Some(ungrouped(rest).to_owned());
    }
    let rest = expression.strip_prefix(condition)?.strip_prefix(" AND ")?;
    is_same(expression, &format!("{condition} AND ({rest})")).then(|| ungrouped(rest).to_owned())
}

/// The expression with `error` and `fault` asked of every service, and the first word that this changed; `None` when
/// they are not asked of the root alone.
pub(super) fn every_service(expression: &str) -> Option<(&'static str, String)> {
    let mut wider = String::new();
    let mut first = None;
    for (is_top_level_word, piece) in pieces(expression) {
        match ROOT_ONLY.into_iter().find(|word| is_top_level_word && piece.eq_ignore_ascii_case(word)) {
            Some(word) => {
                first = first.or(Some(word));
                wider.push_str(&format!("service() {{ {word} }}"));
            }
            None => wider.push_str(piece),
        }
    }
    first.filter(|_| filter::parse(&wider).is_ok()).map(|word| (word, wider))
}

/// The expression asked of every service instead of the root alone; `None` where it asks about more than one service
/// already, or not about services.
pub(super) fn of_every_service(expression: &str) -> Option<String> {
    let wider = format!("service() {{ {expression} }}");
    (!expression.is_empty() && filter::parse(&wider).is_ok()).then_some(wider)
}

/// The expression cut into words, texts and what stands between them.
pub(super) fn every_piece(expression: &str) -> Vec<&str> {
    pieces(expression).into_iter().map(|(_, piece)| piece).collect()
}

/// Says whether two texts are understood, and ask the same.
fn is_same(one: &str, other: &str) -> bool {
    filter::parse(one).is_ok_and(|expression| filter::parse(other).as_ref() == Ok(&expression))
}

/// The text without the parentheses around all of it.
fn ungrouped(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inner.filter(|inner| is_same(text, inner)).unwrap_or(text)
}

/// Cuts an expression into words and what stands between them; `true` marks words outside of texts, braces and
/// brackets.
fn pieces(expression: &str) -> Vec<(bool, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let mut pieces = Vec::new();
    let mut rest = expression;
    let mut depth = 0_usize;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => text_length(rest),
            _ if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => c.len_utf8(),
        };
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let (piece, after) = rest.split_at(length);
        pieces.push((is_word(c) && depth == 0, piece));
        rest = after;
    }
    pieces
}

/// The length of the quoted text at the start.
fn text_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_added_and_taken_away_again() {
        let check = |before: &str, after: &str| {
            let added = and(before, NO_HEALTH_CHECKS);
            assert_eq!(added, after.replace('H', NO_HEALTH_CHECKS), "{before}");
            assert_eq!(without(&added, NO_HEALTH_CHECKS).as_deref(), Some(before), "{added}");
        };
        check("", "H");
        check("ok", "ok AND H");
        check("ok AND !partial", "ok AND !partial AND H");
        check("ok OR fault", "(ok OR fault) AND H");
        check("(ok OR fault) AND partial", "(ok OR fault) AND partial AND H");
        check(r#"user = "(OR)""#, r#"user = "(OR)" AND H"#);
    }

    #[test]
    fn only_a_condition_of_its_own_is_taken_away() {
        let check = |expression: &str, expected: Option<&str>| {
            let expression = expression.replace('H', NO_HEALTH_CHECKS);
            assert_eq!(without(&expression, NO_HEALTH_CHECKS).as_deref(), expected, "{expression}");
        };
        check("H AND ok", Some("ok"));
        check("H AND (ok OR fault)", Some("ok OR fault"));
        check("(ok) AND (fault) AND H", Some("(ok) AND (fault)"));
        check("H AND ok OR fault", None);
        check("fault OR ok AND H", None);
        check("fault OR H", None);
        check("ok", None);
        check("ok AND AND H", None);
    }

    #[test]
    fn errors_at_the_top_level_can_be_asked_of_every_service() {
        let check = |expression: &str, expected: Option<(&'static str, &str)>| {
            let wider = every_service(expression);
            assert_eq!(wider.as_ref().map(|(word, text)| (*word, text.as_str())), expected, "{expression}");
        };
        check("error", Some(("error", "service() { error }")));
        check("!FAULT AND ok", Some(("fault", "!service() { fault } AND ok")));
        check("(fault OR error)", Some(("fault", "(service() { fault } OR service() { error })")));
        check(r#"service("a") { error }"#, None);
        check(r#"user = "error""#, None);
        check(r#"user = "\"error" ok"#, None);
        check("annotation.error", None);
        check("annotation[error] = 1", None);
        check("error = true", None);
        check("http.url CONTAINS error", None);
        check("ok \"error", None);
    }

    #[test]
    fn simple_conditions_can_be_asked_of_every_service() {
        let check = |expression: &str, expected: Option<&str>| {
            assert_eq!(of_every_service(expression).as_deref(), expected, "{expression}");
        };
        check("responsetime > 1", Some("service() { responsetime > 1 }"));
        check("http.status = 404 OR fault", Some("service() { http.status = 404 OR fault }"));
        check(r#"service("a") { fault }"#, None);
        check("", None);
        check("falt", None);
    }

    #[test]
    fn keys_and_texts_are_written_so_that_they_read_back() {
        for key in ["mysfit_id", "a.b", "with \"quotes\"", "größe", "", "\\"] {
            assert!(filter::parse(&annotation(key)).is_ok() || key.is_empty(), "{}", annotation(key));
            assert!(filter::parse(&format!("service({})", quoted(key))).is_ok(), "{key}");
        }
    }
}
