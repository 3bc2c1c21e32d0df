//! The service map: every service, client and dependency of the window, and how they call each other.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::app::AppState;
use crate::document::{Timestamp, Window};
use crate::graph::{self, ServiceGraph};
use crate::store::Trace;

use super::error::PageError;
use super::format;
use super::map::{Drawing, Icon, Numbers, Options, is_client, key, type_words};
use super::page::{Frame, Section, respond};
use super::panel::{Counted, Panel, counted};
use super::view::{ALL, View};

const PATH: &str = "/map";
/// A rate needs some time to be a rate.
const SHORTEST_SPAN: Duration = Duration::from_secs(60);

#[derive(Template)]
#[template(path = "service_map.html")]
pub(super) struct ServiceMapPage {
    frame: Frame,
    /// `2 services, 128 traces in the last 15 minutes`.
    summary: String,
    traces_href: String,
    updated: String,
    drawing: Option<Drawing>,
    panel: Option<Panel>,
    /// The map once more, as a table.
    rows: Vec<Row>,
    empty: Option<Empty>,
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
    let snapshot = state.store.snapshot();
    let traces = snapshot.traces_between(view.range.window(now));
    let address = request.connection_info().host().to_owned();
    let page = match traces.as_slice() {
        [] => empty_page(&view, &address, snapshot.report().traces, now),
        _ => full_page(&view, traces.iter().map(AsRef::as_ref), now),
    };
    respond(StatusCode::OK, &page)
}

pub(super) fn full_page<'a>(
    view: &View,
    traces: impl Iterator<Item = &'a Trace> + Clone,
    now: Timestamp,
) -> ServiceMapPage {
    let window = view.range.window(now);
    let graph = graph::service_graph(traces.clone(), window);
    let span = covered(traces.clone().map(Trace::start_time).min(), window, now);
    let numbers = Numbers::PerMinute(span);
    let options = Options { numbers, here: view.link(PATH), selected: view.selected() };
    let services = graph.services.iter().filter(|service| !is_client(service)).count();
    let traces = format::plural(traces.count() as u64, "trace");
    ServiceMapPage {
        summary: format!("{} · {traces} in {}", format::plural(services as u64, "service"), view.range.words),
        traces_href: view.link("/traces").to_string(),
        updated: format::clock(now),
        panel: Panel::of_selected(&graph, view, PATH, numbers),
        drawing: Some(Drawing::new(&graph, &options)),
        rows: rows(&graph, view),
        empty: None,
        frame: frame(view),
    }
}

pub(super) fn empty_page(view: &View, address: &str, stored: usize, now: Timestamp) -> ServiceMapPage {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "80"));
    let older = (stored > 0).then(|| {
        let all = View { range: ALL, ..view.clone() }.link(PATH).to_string();
        (format::plural(stored as u64, "older trace"), all)
    });
    ServiceMapPage {
        frame: frame(view),
        summary: format!("no traces in {}", view.range.words),
        traces_href: view.link("/traces").to_string(),
        updated: format::clock(now),
        drawing: None,
        panel: None,
        rows: Vec::new(),
        empty: Some(Empty { host: host.to_owned(), port: port.to_owned(), range_words: view.range.words, older }),
    }
}

fn frame(view: &View) -> Frame {
    Frame::still("Service map", Section::Map, view).with_ranges(PATH, view).refreshing(PATH, view)
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
