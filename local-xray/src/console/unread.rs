//! The page for an expression that is not understood: the reason at its place, and what expressions look like.

use actix_web::http::StatusCode;
use askama::Template;

use crate::filter::FilterError;

use super::notes;
use super::page::Frame;
use super::view::View;

/// Expressions to start from, with what they ask.
const EXAMPLES: [(&str, &str); 6] = [
    ("responsetime > 1", "took longer than a second"),
    (r#"http.url CONTAINS "/like""#, "were asked at this address"),
    ("service() { fault }", "have a server fault anywhere"),
    (r#"service("like service") { responsetime > 1 OR error }"#, "were slow or refused in one service"),
    (r#"edge("monolith", "like service")"#, "have a call from one service to the other"),
    (r#"annotation.chaos_fault = "slow""#, "carry this annotation"),
];

#[derive(Template)]
#[template(path = "unread.html")]
pub(super) struct UnreadPage {
    frame: Frame,
    /// The expression before the place of the error, at it, and after it.
    text: [String; 3],
    message: String,
    /// The place as people count.
    character: usize,
    hint: Option<Hint>,
    examples: Vec<Example>,
    words: Vec<String>,
}

struct Hint {
    words: String,
    /// The expression as the hint would have it.
    href: Option<String>,
}

struct Example {
    expression: &'static str,
    asks: &'static str,
    href: String,
}

impl UnreadPage {
    /// What the page is answered with.
    pub(super) const STATUS: StatusCode = StatusCode::BAD_REQUEST;

    pub(super) fn new(frame: Frame, error: &FilterError, path: &str, view: &View) -> Self {
        let (before, rest) = view.filter.split_at_checked(error.span().start).unwrap_or((&view.filter, ""));
        let (place, after) = rest.split_at_checked(error.span().len()).unwrap_or((rest, ""));
        let link = |filter: &str| view.filtered(filter).link_with_all(path).to_string();
        let corrected = error.hint().and_then(meant).map(|word| link(&format!("{before}{word}{after}")));
        let examples = EXAMPLES.map(|(expression, asks)| Example { expression, asks, href: link(expression) });
        Self {
            character: before.chars().count() + 1,
            text: [before.to_owned(), place.to_owned(), after.to_owned()],
            message: error.message().to_owned(),
            hint: hint(error, view).map(|words| Hint { words, href: corrected }),
            examples: examples.into(),
            words: notes::words(&[]),
            frame: frame.with_unread(),
        }
    }
}

/// The word that a hint offers.
fn meant(hint: &str) -> Option<&str> {
    hint.strip_prefix("did you mean `")?.strip_suffix("`?")
}

fn hint(error: &FilterError, view: &View) -> Option<String> {
    let looks_like_id = view.filter.len() > 8 && view.filter.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if looks_like_id {
        return Some("a trace id has 1, then 8 and 24 hexadecimal digits, with dashes between them".to_owned());
    }
    error.hint().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter;

    #[test]
    fn every_example_is_understood() {
        for (expression, _) in EXAMPLES {
            assert!(filter::parse(expression).is_ok(), "{expression}");
        }
    }

    #[test]
    fn the_word_that_was_meant_is_taken_from_the_hint() {
        let error = filter::parse("responsetme > 5").unwrap_err();
        assert_eq!(error.hint().and_then(meant), Some("responsetime"));
        assert_eq!(meant("write `!` for not"), None);
    }
}
