//! The trace list: newest first, those for which the filter holds, restricted by whatever the reader clicked on the map.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::document::{HttpRequest, Segment, Timestamp, Window};
use crate::graph::{Histogram, Statistics};
use crate::state::AppState;
use crate::store::{Entry, Trace, graph_of};
use crate::summary::root_segment;

use super::ended::Ended;
use super::error::PageError;
use super::found::Found;
use super::map::key;
use super::notes::Notes;
use super::page::{Frame, Section, respond};
use super::unread;
use super::view::{ALL, StateFilter, View, after_value};
use super::{format, health};

const PATH: &str = "/traces";
const PAGE_SIZE: usize = 50;

#[derive(Template)]
#[template(path = "traces.html")]
pub(super) struct TracesPage {
    frame: Frame,
    summary: String,
    notes: Notes,
    /// What the list is restricted to, each with the link that lifts it.
    restrictions: Vec<Restriction>,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
    /// Where to look when the list is empty.
    all: Option<String>,
}

struct Restriction {
    name: &'static str,
    value: String,
    without: String,
}

/// One trace.
struct Row {
    href: String,
    id: String,
    /// The end of the id: the part that differs.
    tail: String,
    age: String,
    exact: String,
    method: String,
    status: String,
    state: &'static str,
    /// `partial` and why, for traces that are not complete.
    partial: Option<&'static str>,
    response_time: String,
    /// Length of the bar, in percent of the slowest trace of the page.
    bar: String,
    url: Ended,
    full_url: String,
    service: String,
    annotations: u64,
}

/// `/traces`.
pub(super) async fn page(view: View, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    let now = Timestamp::now();
    let asked = view.clone();
    // A filter may ask every trace of the range, which takes too long for a thread that answers requests.
    let page = web::block(move || {
        let found = Found::search(&asked, &state.store.snapshot(), &state.settings.groups(), now);
        found.map(|found| traces_page(&asked, &found, now))
    });
    match page.await.map_err(|_| PageError::Internal)? {
        Ok(page) => respond(StatusCode::OK, &page),
        Err(error) => {
            let frame = Frame::still("Traces", Section::Traces, &view).with_query(PATH, &view);
            unread::respond_to(&error, frame, PATH, &view)
        }
    }
}

pub(super) fn traces_page(view: &View, found: &Found, now: Timestamp) -> TracesPage {
    let window = view.window(now);
    let matching: Vec<&Entry> = found.matching.iter().filter(|entry| matches(entry, view, window)).collect();
    let is_behind = |entry: &Entry| view.after.is_none_or(|after| entry.position() < after);
    let mut listed: Vec<&Entry> =
        matching.iter().copied().filter(|entry| is_behind(entry)).take(PAGE_SIZE + 1).collect();
    let has_older = listed.len() > PAGE_SIZE;
    listed.truncate(PAGE_SIZE);
    let last = listed.last().filter(|_| has_older).map(|entry| after_value(entry.position()));
    let listed: Vec<Arc<Trace>> = listed.into_iter().filter_map(Entry::trace).collect();
    let here = view.link_with_all(PATH);
    let frame = Frame::still("Traces", Section::Traces, view).with_query(PATH, view);
    let restrictions = restrictions(view);
    let of_all = found.of_all(!restrictions.is_empty() || view.is_selective());
    let all = (listed.is_empty() && found.stored > 0).then(|| view.over(ALL).link_with_all(PATH).to_string());
    TracesPage {
        // Older pages hold still while someone reads them.
        frame: if view.after.is_none() { frame.refreshing(PATH, view) } else { frame },
        summary: format!("{}{of_all} in {}", format::plural(matching.len() as u64, "trace"), view.when()),
        notes: Notes::on(found, PATH, view),
        restrictions,
        rows: rows(&listed, view, now),
        newest: view.after.is_some().then(|| here.to_string()),
        older: last.map(|last| here.with("after", &last).to_string()),
        all,
    }
}

fn restrictions(view: &View) -> Vec<Restriction> {
    let here = view.link_with_all(PATH);
    let one = |name, value: Option<String>| {
        value.map(|value| Restriction { name, value, without: here.clone().without(name).to_string() })
    };
    let band = view.band.map(|(from, below)| {
        let time = |millis| format::duration(Duration::from_millis(millis));
        format!("{} to {}", time(from), time(below))
    });
    [
        one("node", view.node.as_ref().map(|key| key.replace('!', " · "))),
        one("edge", view.edge.as_ref().map(|key| key.replace('!', " · ").replace('>', " → "))),
        one("state", view.state.map(|state| state.word().to_owned())),
        one("band", band),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Says whether a trace fulfils all restrictions. Node and edge numbers come from the map of the trace alone, so that
/// the list holds exactly the traces that a number on the map counted.
fn matches(entry: &Entry, view: &View, window: Window) -> bool {
    let digest = entry.digest().view();
    let head = digest.head();
    if view.state == Some(StateFilter::Partial) && !head.is_partial {
        return false;
    }
    if view.node.is_none() && view.edge.is_none() {
        let mut statistics = Statistics::default();
        let mut histogram = Histogram::default();
        if let Some(root) = head.root.as_ref().map(|root| root.piece.measured(head.start())) {
            statistics.add(&root);
            root.response_time().into_iter().for_each(|time| histogram.add(time));
        }
        return counts(&statistics, &histogram, view);
    }
    let graph = graph_of([entry], window);
    if let Some(node) = &view.node {
        return key::find_node(&graph, node).is_some_and(|service| {
            counts(&service.statistics.unwrap_or_default(), &service.response_time_histogram, view)
        });
    }
    view.edge
        .as_ref()
        .and_then(|edge| key::find_edge(&graph, edge))
        .is_some_and(|(_, _, edge)| counts(&edge.statistics, &edge.response_time_histogram, view))
}

fn counts(statistics: &Statistics, histogram: &Histogram, view: &View) -> bool {
    let has_state = match view.state {
        Some(StateFilter::Outcome(outcome)) => health::count(statistics, outcome) > 0,
        Some(StateFilter::Partial) | None => true,
    };
    let in_band = |(from, below): (u64, u64)| histogram.entries().any(|(millis, _)| (from..below).contains(&millis));
    has_state && view.band.is_none_or(in_band)
}

fn rows(traces: &[Arc<Trace>], view: &View, now: Timestamp) -> Vec<Row> {
    let time = |trace: &Trace| root_segment(trace).and_then(Segment::response_time);
    let slowest = traces.iter().filter_map(|trace| time(trace)).max().unwrap_or_default().as_secs_f64();
    traces.iter().map(|trace| row(trace, slowest, view, now)).collect()
}

fn row(trace: &Trace, slowest: f64, view: &View, now: Timestamp) -> Row {
    let root = root_segment(trace);
    let http = root.and_then(|root| root.http.as_ref());
    let request = http.and_then(|http| http.request.as_ref());
    let response_time = root.and_then(Segment::response_time);
    let id = trace.id().to_string();
    let share = response_time.map_or(0.0, |time| time.as_secs_f64() / slowest.max(f64::EPSILON) * 100.0);
    let url = request.and_then(|request| request.url.as_deref()).unwrap_or_default();
    Row {
        href: view.link(format!("/traces/{id}")).to_string(),
        tail: id.chars().skip(id.len().saturating_sub(8)).collect(),
        id,
        age: format::age(now, trace.start_time()),
        exact: format::exact(trace.start_time()),
        method: method(request),
        status: http.and_then(|http| http.status()).map(|status| status.to_string()).unwrap_or_default(),
        state: root.map_or("pending", health::state),
        partial: partial(trace),
        response_time: response_time.map_or_else(|| "–".to_owned(), format::duration),
        bar: format!("{share:.1}"),
        url: Ended::new(path_of(url)),
        full_url: url.to_owned(),
        service: root.map(|root| root.name.clone()).unwrap_or_default(),
        annotations: parts(trace).map(|part| part.annotations.len() as u64).sum(),
    }
}

/// The method as HTTP spells it; some SDKs send it in lower case.
pub(super) fn method(request: Option<&HttpRequest>) -> String {
    request.and_then(|request| request.method.as_deref()).unwrap_or_default().to_ascii_uppercase()
}

/// The path of a URL, for a column that has no room for the host.
pub(super) fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    match after_scheme.find('/') {
        Some(slash) if url.contains("://") => after_scheme.get(slash..).unwrap_or(url),
        None if url.contains("://") => "/",
        _ => url,
    }
}

/// Every segment and subsegment that arrived.
fn parts(trace: &Trace) -> impl Iterator<Item = &Segment> {
    trace.segments().iter().chain(trace.orphans()).flat_map(Segment::descendants)
}

/// Why a trace is not complete; `None` when it is.
pub(super) fn partial(trace: &Trace) -> Option<&'static str> {
    if parts(trace).any(Segment::is_in_progress) {
        return Some("Some of its work is still in progress.");
    }
    let has_parent = |segment: &&Segment| segment.parent_id.is_none_or(|parent| trace.contains(parent));
    if !trace.orphans().is_empty() || !trace.segments().iter().all(|segment| has_parent(&segment)) {
        return Some("The parent of some of its work has not arrived.");
    }
    let unanswered = |part: &Segment| {
        part.expects_callee() && !trace.segments().iter().any(|segment| segment.parent_id == Some(part.id))
    };
    parts(trace).any(unanswered).then_some("A call to a traced service has not been answered by a segment.")
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
