//! The service map: every service, client and dependency of the window, and how they call each other.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::document::{Timestamp, Window};
use crate::graph::ServiceGraph;
use crate::state::AppState;
use crate::store::graph_of;

use super::error::PageError;
use super::format;
use super::found::Found;
use super::map::{Drawing, Icon, Numbers, Options, is_client, key, type_words};
use super::notes::Notes;
use super::page::{Frame, Section, respond};
use super::panel::{Counted, Panel, counted};
use super::unread;
use super::view::{ALL, View};

const PATH: &str = "/map";
/// A rate needs some time to be a rate.
const SHORTEST_SPAN: Duration = Duration::from_secs(60);

#[derive(Template)]
#[template(path = "service_map.html")]
pub(super) struct ServiceMapPage {
    frame: Frame,
    /// `2 services · 128 traces in the last 15 minutes`.
    summary: String,
    traces_href: String,
    updated: String,
    notes: Notes,
    drawing: Option<Drawing>,
    panel: Option<Panel>,
    /// The map once more, as a table.
    rows: Vec<Row>,
    empty: Option<Empty>,
    /// Where to look when the range has traces and none of them matches.
    all: Option<String>,
}

/// A node as a row of the table.
struct Row {
    name: String,
    kind: String,
    symbol: &'static str,
    href: String,
    calls: Option<Counted>,
}

/// What to say when there is nothing to draw.
pub(super) struct Empty {
    /// Host and port of this server as the reader typed them.
    pub(super) host: String,
    pub(super) port: String,
    pub(super) range_words: &'static str,
    /// Traces outside the window, and the link that shows them.
    pub(super) older: Option<(String, String)>,
}

/// `/` leads to the map.
pub(super) async fn home(view: View) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, view.link(PATH).to_string())).finish()
}

/// `/map`.
pub(super) async fn page(
    view: View,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    let now = Timestamp::now();
    let address = request.connection_info().host().to_owned();
    let asked = view.clone();
    // A filter may ask every trace of the range, which takes too long for a thread that answers requests.
    let page = web::block(move || {
        let found = Found::search(&asked, &state.store.snapshot(), &state.settings.groups(), now);
        found.map(|found| map_page(&asked, &found, &address, now))
    });
    match page.await.map_err(|_| PageError::Internal)? {
        Ok(page) => respond(StatusCode::OK, &page),
        Err(error) => {
            let frame = Frame::still("Service map", Section::Map, &view).with_query(PATH, &view);
            unread::respond_to(&error, frame, PATH, &view)
        }
    }
}

pub(super) fn map_page(view: &View, found: &Found, address: &str, now: Timestamp) -> ServiceMapPage {
    if found.matching.is_empty() { empty_page(view, found, address, now) } else { full_page(view, found, now) }
}

fn full_page(view: &View, found: &Found, now: Timestamp) -> ServiceMapPage {
    let window = view.range.window(now);
    let graph = graph_of(&found.matching, window);
    // Rates are over the time that was watched, not the time that the filter left.
    let span = covered(found.in_range.iter().map(|entry| entry.position().start).min(), window, now);
    let numbers = Numbers::PerMinute(span);
    let options = Options { numbers, here: view.link(PATH), selected: view.selected() };
    let services = graph.services.iter().filter(|service| !is_client(service)).count();
    ServiceMapPage {
        summary: format!("{} · {}", format::plural(services as u64, "service"), traces_words(view, found)),
        traces_href: view.link("/traces").to_string(),
        updated: format::clock(now),
        notes: Notes::on(found, PATH, view),
        panel: Panel::of_selected(&graph, view, PATH, numbers),
        drawing: Some(Drawing::new(&graph, &options)),
        rows: rows(&graph, view),
        empty: None,
        all: None,
        frame: frame(view),
    }
}

fn empty_page(view: &View, found: &Found, address: &str, now: Timestamp) -> ServiceMapPage {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "80"));
    let all = || View { range: ALL, ..view.clone() }.link(PATH).to_string();
    let older = (found.stored > 0).then(|| (format::plural(found.stored as u64, "older trace"), all()));
    let has_quiet_range = found.in_range.is_empty();
    ServiceMapPage {
        frame: frame(view),
        summary: if has_quiet_range { format!("no traces in {}", view.range.words) } else { traces_words(view, found) },
        traces_href: view.link("/traces").to_string(),
        updated: format::clock(now),
        notes: Notes::on(found, PATH, view),
        drawing: None,
        panel: None,
        rows: Vec::new(),
        empty: has_quiet_range.then(|| Empty {
            host: host.to_owned(),
            port: port.to_owned(),
            range_words: view.range.words,
            older,
        }),
        all: (!has_quiet_range).then(all),
    }
}

/// `12 traces of 120 in the last 15 minutes`.
fn traces_words(view: &View, found: &Found) -> String {
    let traces = format::plural(found.matching.len() as u64, "trace");
    format!("{traces}{} in {}", found.of_all(view.is_selective()), view.range.words)
}

fn frame(view: &View) -> Frame {
    Frame::still("Service map", Section::Map, view).with_query(PATH, view).refreshing(PATH, view)
}

/// The part of the window that has traces: from the first one, or the start of the window, until now.
fn covered(first: Option<Timestamp>, window: Window, now: Timestamp) -> Duration {
    let start = first.unwrap_or(now).max(window.start);
    now.since(start).max(SHORTEST_SPAN)
}

fn rows(graph: &ServiceGraph, view: &View) -> Vec<Row> {
    let mut rows: Vec<Row> = graph
        .services
        .iter()
        .filter(|service| !is_client(service))
        .map(|service| {
            let key = key::node(service);
            Row {
                name: service.name.clone(),
                kind: type_words(service).to_owned(),
                symbol: Icon::of(service).symbol(),
                href: view.link(PATH).with("node", &key).to_string(),
                calls: service
                    .statistics
                    .map(|statistics| counted(&statistics, &view.link("/traces").with("node", &key))),
            }
        })
        .collect();
    rows.sort_by(|a, b| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
    rows
}
