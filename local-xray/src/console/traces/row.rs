//! One trace of the list. What it says comes from the digest; documents are read only for what the digest left out.

use std::time::Duration;

use crate::console::ended::Ended;
use crate::console::view::View;
use crate::console::{format, health};
use crate::digest::KeptText;
use crate::document::{HttpRequest, Timestamp};
use crate::graph::Count;
use crate::store::Entry;
use crate::summary::{Missing, root_segment};

use super::meant::Candidate;

/// One trace.
pub(super) struct Row {
    pub(super) href: String,
    pub(super) id: String,
    /// The end of the id: the part that differs.
    pub(super) tail: String,
    pub(super) age: String,
    pub(super) exact: String,
    pub(super) method: String,
    pub(super) status: String,
    pub(super) state: &'static str,
    /// `partial` and why, for traces that are not complete.
    pub(super) partial: Option<&'static str>,
    pub(super) response_time: String,
    /// Length of the bar, in percent of the slowest trace of the page.
    pub(super) bar: String,
    pub(super) url: Ended,
    pub(super) full_url: String,
    pub(super) service: String,
    pub(super) annotations: u64,
}

/// The rows of a page.
pub(super) fn rows(listed: &[&Candidate<'_>], view: &View, now: Timestamp) -> Vec<Row> {
    let slowest = listed.iter().filter_map(|one| one.response).max().unwrap_or_default();
    listed.iter().map(|one| row(one, slowest, view, now)).collect()
}

fn row(candidate: &Candidate<'_>, slowest: Duration, view: &View, now: Timestamp) -> Row {
    let entry = candidate.entry;
    let digest = entry.digest().view();
    let (brief, words) = (digest.brief(), digest.words());
    let id = entry.id().to_string();
    let share =
        candidate.response.map_or(0.0, |time| time.as_secs_f64() / slowest.as_secs_f64().max(f64::EPSILON) * 100.0);
    let full_url = words.url.map(|url| url_of(url, entry)).unwrap_or_default();
    let entry_point = digest.counts().find_map(|count| match count {
        Count::Segment { node, is_entry: true, .. } => Some(node.service().name.to_owned()),
        _ => None,
    });
    Row {
        href: view.link(format!("/traces/{id}")).to_string(),
        tail: id.chars().skip(id.len().saturating_sub(8)).collect(),
        age: format::age(now, candidate.start),
        exact: format::exact(candidate.start),
        method: words.method.and_then(|method| method.0).unwrap_or_default().to_ascii_uppercase(),
        status: brief.root.and_then(|root| root.status).map(|status| status.to_string()).unwrap_or_default(),
        state: candidate.outcome.map_or("pending", health::word),
        partial: brief.missing.map(partial),
        response_time: candidate.response.map_or_else(|| "–".to_owned(), format::duration),
        bar: format!("{share:.1}"),
        url: Ended::new(path_of(&full_url)),
        service: entry_point.unwrap_or_default(),
        annotations: words.annotations.len() as u64,
        full_url,
        id,
    }
}

/// A URL that was too long for the digest stands in the documents.
fn url_of(kept: KeptText<'_>, entry: &Entry) -> String {
    let read = || root_segment(&*entry.trace()?)?.http.as_ref()?.request.as_ref()?.url.clone();
    kept.0.map(str::to_owned).or_else(read).unwrap_or_default()
}

/// The method as HTTP spells it; some SDKs send it in lower case.
pub(in crate::console) fn method(request: Option<&HttpRequest>) -> String {
    request.and_then(|request| request.method.as_deref()).unwrap_or_default().to_ascii_uppercase()
}

/// The path of a URL, for a column that has no room for the host.
pub(in crate::console) fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    match after_scheme.find('/') {
        Some(slash) if url.contains("://") => after_scheme.get(slash..).unwrap_or(url),
        None if url.contains("://") => "/",
        _ => url,
    }
}

/// Why a trace is not complete.
pub(in crate::console) fn partial(missing: Missing) -> &'static str {
    match missing {
        Missing::End => "Some of its work is still in progress.",
        Missing::Parent => "The parent of some of its work has not arrived.",
        Missing::Answer => "A call to a traced service has not been answered by a segment.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_scheme_and_host() {
        let check = |url, expected| assert_eq!(path_of(url), expected);
        check("http://127.0.0.1:8080/mysfits/abc/like", "/mysfits/abc/like");
        check("https://example.com", "/");
        check("/relative?x=1", "/relative?x=1");
        check("", "");
        check("http://h/é", "/é");
    }
}
