//! The page for an expression that is not understood: the reason at its place, and what expressions look like.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use crate::filter::FilterError;

use super::error::PageError;
use super::found::Unanswered;
use super::marked::Marked;
use super::page::{Frame, respond};
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

const TRACE_ID_HINT: &str = "a trace id has 1, then 8 and 24 hexadecimal digits, with dashes between them";

#[derive(Template)]
#[template(path = "unread.html")]
pub(super) struct UnreadPage {
    frame: Frame,
    marked: Marked,
    /// The same page with the expression as the hint would have it.
    corrected: Option<String>,
    examples: Vec<Example>,
}

struct Example {
    expression: &'static str,
    asks: &'static str,
    href: String,
}

/// Answers a question that cannot be asked of any trace, on the page that it was typed on.
pub(super) fn respond_to(
    question: &Unanswered,
    frame: Frame,
    path: &str,
    view: &View,
) -> Result<HttpResponse, PageError> {
    match question {
        Unanswered::Filter(error) => respond(StatusCode::BAD_REQUEST, &UnreadPage::new(frame, error, path, view)),
        Unanswered::Group(words) => PageError::not_found(words).respond_in(frame),
    }
}

impl UnreadPage {
    pub(super) fn new(frame: Frame, error: &FilterError, path: &str, view: &View) -> Self {
        let link = |filter: &str| view.filtered(filter).link_with_all(path).to_string();
        let examples = EXAMPLES.map(|(expression, asks)| Example { expression, asks, href: link(expression) });
        let marked = Marked::new(&view.filter, error);
        let hint = if looks_like_id(&view.filter) { Some(TRACE_ID_HINT.to_owned()) } else { marked.hint };
        Self {
            corrected: marked.corrected.as_deref().map(link),
            marked: Marked { hint, ..marked },
            examples: examples.into(),
            frame: frame.with_unread(),
        }
    }
}

fn looks_like_id(text: &str) -> bool {
    text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
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
}
