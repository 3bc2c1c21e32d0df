//! What the console says about the expression in the bar: the health checks that drown the rest, words that ask less than
//! they seem to, and names that nothing has.

use crate::filter::ValueType;
use crate::store::Entry;

use super::expression::{self, HEALTH_CHECKER, NO_HEALTH_CHECKS};
use super::format;
use super::found::Found;
use super::hints::{Hint, Surprise};
use super::unknown::{Kind, Unknown};
use super::view::View;

/// Health checks are counted among so many traces, and only looked for among the newest of more.
pub(super) const TRACES_COUNTED: usize = 10_000;

/// What is said.
pub(super) struct Notes {
    pub(super) health_checks: Option<HealthChecks>,
    pub(super) hints: Vec<HintNote>,
    /// Names in the expression that no trace of the range has.
    pub(super) unknown: Vec<UnknownNote>,
}

/// The switch for health checks.
pub(super) struct HealthChecks {
    pub(super) words: String,
    pub(super) are_hidden: bool,
    /// Leads to the same page with the other setting.
    pub(super) other: String,
}

/// A name that no trace has.
pub(super) struct UnknownNote {
    /// `a service is called “Like Service”`.
    pub(super) words: String,
    /// The one that may be meant, and the same page asking for it.
    pub(super) meant: Option<(String, String)>,
}

/// What surprises, and an expression that asks what may be meant: a sentence that begins with a piece of the language, and one that
/// ends with one.
pub(super) struct HintNote {
    pub(super) piece: String,
    pub(super) says: &'static str,
    pub(super) offer: &'static str,
    pub(super) instead: String,
    pub(super) href: String,
    /// `12 traces instead of 3`.
    pub(super) outcome: String,
}

impl Notes {
    pub(super) fn on(found: &Found, path: &str, view: &View) -> Self {
        let link = |filter: &str| view.filtered(filter).link_with_all(path).to_string();
        let hints = found.hints.iter().map(|hint| hint_note(hint, found, link(&hint.expression))).collect();
        Self { health_checks: health_checks(found, view, link), hints, unknown: unknown(found, link) }
    }
}

fn hint_note(hint: &Hint, found: &Found, href: String) -> HintNote {
    let (piece, says, offer) = match &hint.surprise {
        Surprise::RootOnly(word) => (word.clone(), "on its own asks the first service only.", "Ask every service:"),
        Surprise::NotEqual => {
            ("!=".to_owned(), "needs a value, and one of several is enough.", "Ask that there is none like that:")
        }
        Surprise::OtherType(key, has) => {
            let (says, offer) = match has {
                ValueType::Text => {
                    ("has texts here, and never equals a value of another type.", "Compare with a text:")
                }
                ValueType::Number => {
                    ("has numbers here, and never equals a value of another type.", "Compare with a number:")
                }
                ValueType::Truth => {
                    ("is true or false here, and never equals a text or a number.", "Compare with one of them:")
                }
            };
            (expression::annotation(key), says, offer)
        }
    };
    let instead = match &hint.surprise {
        Surprise::RootOnly(word) => format!("service() {{ {word} }}"),
        Surprise::NotEqual | Surprise::OtherType(..) => hint.expression.clone(),
    };
    let (count, now) = (hint.count as u64, found.matching as u64);
    let outcome = match count == now {
        true => format!("{}, other ones", format::plural(count, "trace")),
        false => format!("{} instead of {}", format::plural(count, "trace"), format::count(now)),
    };
    HintNote { piece, says, offer, instead, href, outcome }
}

fn unknown(found: &Found, link: impl Fn(&str) -> String) -> Vec<UnknownNote> {
    let note = |unknown: &Unknown| {
        let what = match unknown.kind {
            Kind::Service => "no service is called",
            Kind::Annotation => "nothing carries the annotation",
        };
        let meant = unknown.meant.as_ref().map(|(name, expression)| (name.clone(), link(expression)));
        UnknownNote { words: format!("{what} \u{201c}{}\u{201d}", unknown.name), meant }
    };
    found.unknown.iter().map(note).collect()
}

fn health_checks(found: &Found, view: &View, link: impl Fn(&str) -> String) -> Option<HealthChecks> {
    if let Some(shown) = expression::without(&view.filter, NO_HEALTH_CHECKS) {
        return Some(HealthChecks { words: "Health checks hidden".to_owned(), are_hidden: true, other: link(&shown) });
    }
    let looked_at = found.entries.iter().take(TRACES_COUNTED);
    let count = looked_at.filter(|entry| is_health_check(entry)).count() as u64;
    let is_exact = found.matching <= TRACES_COUNTED;
    let checks = || if is_exact { format::plural(count, "health check") } else { "health checks".to_owned() };
    (count > 0).then(|| HealthChecks {
        words: format!("Hide {}", checks()),
        are_hidden: false,
        other: link(&expression::and(&view.filter, NO_HEALTH_CHECKS)),
    })
}

fn is_health_check(entry: &Entry) -> bool {
    let digest = entry.digest().view();
    let user_agent = digest.words().user_agent.and_then(|agent| agent.0);
    user_agent.is_some_and(|agent| agent.starts_with(HEALTH_CHECKER))
}
