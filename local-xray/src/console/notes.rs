//! What the console says about the expression in the bar: the health checks that drown the rest, words that ask less than
//! they seem to, and what could be typed next.

use std::collections::BTreeSet;

use crate::store::Entry;

use super::expression::{self, HEALTH_CHECKER, NO_HEALTH_CHECKS};
use super::format;
use super::found::Found;
use super::view::View;

/// How many of the newest traces are looked through for names.
const TRACES_READ: usize = 500;
/// How many names of one kind are offered.
const MAX_NAMES: usize = 100;

/// The words of the language that can start a condition or join two.
const WORDS: [&str; 33] = [
    "ok",
    "error",
    "fault",
    "throttle",
    "partial",
    "inferred",
    "responsetime",
    "duration",
    "http.status",
    "http.url",
    "http.method",
    "http.useragent",
    "http.clientip",
    "user",
    "account.id",
    "availabilityzone",
    "instance.id",
    "resource.arn",
    "annotation.",
    "service(\"",
    "service() { error }",
    "service() { fault }",
    "edge(\"",
    "group.name = \"",
    "rootcause.fault.service { ",
    "rootcause.error.service { ",
    "rootcause.responsetime.service { ",
    "rootcause.responsetime.entity { ",
    "AND ",
    "OR ",
    "CONTAINS \"",
    "BEGINSWITH \"",
    "ENDSWITH \"",
];

/// What is said.
pub(super) struct Notes {
    pub(super) health_checks: Option<HealthChecks>,
    pub(super) wider: Option<WiderNote>,
    /// What could be typed.
    pub(super) words: Vec<String>,
}

/// The switch for health checks.
pub(super) struct HealthChecks {
    pub(super) words: String,
    pub(super) are_hidden: bool,
    /// Leads to the same page with the other setting.
    pub(super) other: String,
}

/// An expression that asks more, and what it finds.
pub(super) struct WiderNote {
    pub(super) word: &'static str,
    pub(super) href: String,
    /// `12 traces instead of 3`.
    pub(super) outcome: String,
}

impl Notes {
    pub(super) fn on(found: &Found, path: &str, view: &View) -> Self {
        let link = |filter: &str| view.filtered(filter).link_with_all(path).to_string();
        let wider = found.wider.as_ref().map(|wider| WiderNote {
            word: wider.word,
            href: link(&wider.expression),
            outcome: format!(
                "{} instead of {}",
                format::plural(wider.count as u64, "trace"),
                format::count(found.matching.len() as u64)
            ),
        });
        Self { health_checks: health_checks(found, view, link), wider, words: words(&found.in_range) }
    }
}

fn health_checks(found: &Found, view: &View, link: impl Fn(&str) -> String) -> Option<HealthChecks> {
    if let Some(shown) = expression::without(&view.filter, NO_HEALTH_CHECKS) {
        return Some(HealthChecks { words: "Health checks hidden".to_owned(), are_hidden: true, other: link(&shown) });
    }
    let count = found.matching.iter().filter(|entry| is_health_check(entry)).count() as u64;
    (count > 0).then(|| HealthChecks {
        words: format!("Hide {}", format::plural(count, "health check")),
        are_hidden: false,
        other: link(&expression::and(&view.filter, NO_HEALTH_CHECKS)),
    })
}

fn is_health_check(entry: &Entry) -> bool {
    let digest = entry.digest().view();
    let user_agent = digest.head().root.as_ref().and_then(|root| root.user_agent?.0);
    user_agent.is_some_and(|agent| agent.starts_with(HEALTH_CHECKER))
}

/// The words of the language, and the names in these traces as the language writes them.
pub(super) fn words(entries: &[Entry]) -> Vec<String> {
    let mut services = BTreeSet::new();
    let mut annotations = BTreeSet::new();
    for digest in entries.iter().take(TRACES_READ).map(|entry| entry.digest().view()) {
        services.extend(digest.active_services().map(|service| service.name));
        annotations.extend(digest.head().annotations.iter().map(|(key, _)| *key));
    }
    let services = services.into_iter().take(MAX_NAMES).map(|name| format!("service({})", expression::quoted(name)));
    let annotations = annotations.into_iter().take(MAX_NAMES).map(expression::annotation);
    services.chain(annotations).chain(WORDS.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter;

    #[test]
    fn every_word_belongs_to_the_language() {
        for word in WORDS {
            let completed = match word {
                "AND " | "OR " => format!("ok {word}ok"),
                _ if word.ends_with("WITH \"") || word.starts_with("CONTAINS") => format!("user {word}a\""),
                "edge(\"" => format!("{word}a\", \"b\")"),
                _ if word.ends_with("(\"") => format!("{word}a\")"),
                _ if word.ends_with('"') => format!("{word}a\""),
                _ if word.ends_with("{ ") => format!("{word}last }}"),
                _ if word.ends_with('.') => format!("{word}key"),
                _ => word.to_owned(),
            };
            assert!(filter::parse(&completed).is_ok(), "{completed}");
        }
    }
}
