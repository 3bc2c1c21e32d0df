//! The service map: every service, client and dependency of the window, and how they call each other.

use std::cmp::Reverse;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::document::Timestamp;
use crate::graph::{Service, ServiceGraph};
use crate::state::AppState;

use super::compare;
use super::error::PageError;
use super::format;
use super::found::Found;
use super::gaps::{Gap, Losses, gaps, partial};
use super::map::cluster::{Clustered, clustered};
use super::map::{Drawing, Icon, Numbers, Options, Places, clip, is_client, is_found, key, type_words};
use super::map_tools::{Comparison, MapTools};
use super::notes::Notes;
use super::page::{Frame, Section, respond};
use super::panel::{Counted, Panel, counted};
use super::seen::Seen;
use super::unread;
use super::view::{ALL, View};

const PATH: &str = "/map";
/// The header in which a page that refreshes itself says where its nodes stand.
const PLACES: &str = "x-places";
/// The table lists so many nodes, the busiest ones.
const LISTED: usize = 50;

#[derive(Template)]
#[template(path = "service_map.html")]
pub(super) struct ServiceMapPage {
    frame: Frame,
    /// `2 services · 128 traces in the last 15 minutes`.
    summary: String,
    traces_href: String,
    updated: String,
    notes: Notes,
    /// How many traces are not complete, and the list of them.
    partial: Option<(String, String)>,
    gaps: Vec<Gap>,
    tools: Option<MapTools>,
    drawing: Option<Drawing>,
    panel: Option<Panel>,
    comparison: Option<Comparison>,
    /// The map once more, as a table.
    rows: Vec<Row>,
    /// How many nodes there was no room for.
    unlisted: usize,
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
    pub(super) range_words: String,
    /// Traces outside the window, and the link that shows them.
    pub(super) older: Option<(String, String)>,
}

impl Empty {
    pub(super) fn new(view: &View, found: &Found, path: &str, address: &str) -> Self {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "80"));
        let older = || (format::plural(found.stored as u64, "older trace"), view.over(ALL).link(path).to_string());
        Self {
            host: host.to_owned(),
            port: port.to_owned(),
            range_words: view.when(),
            older: (found.stored > 0).then(older),
        }
    }
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
    let said = request.headers().get(PLACES).and_then(|places| places.to_str().ok());
    let places = said.map(Places::parse).unwrap_or_default();
    let asked = view.clone();
    // A filter may ask every trace of the range, which takes too long for a thread that answers requests.
    let page = web::block(move || {
        let over_time = asked.selected().is_some() || !asked.map.find.is_empty(); // an only find will be selected
        let seen = Seen::search(&asked, over_time, &state.store.snapshot(), &state.settings.groups(), now);
        let losses = Losses::of(&state.store.snapshot().report(), &state.intake.report());
        seen.map(|seen| map_page(&asked, &Seen { losses, ..seen }, places, &address, now))
    });
    match page.await.map_err(|_| PageError::Internal)? {
        Ok(page) => respond(StatusCode::OK, &page),
        Err(error) => {
            let frame = Frame::still("Service map", Section::Map, &view).with_query(PATH, &view);
            unread::respond_to(&error, frame, PATH, &view)
        }
    }
}

pub(super) fn map_page(view: &View, seen: &Seen, places: Places, address: &str, now: Timestamp) -> ServiceMapPage {
    if seen.found.matching == 0 { empty_page(view, seen, address, now) } else { full_page(view, seen, places, now) }
}

fn full_page(view: &View, seen: &Seen, places: Places, now: Timestamp) -> ServiceMapPage {
    let found = &seen.found;
    let numbers = Numbers::PerMinute(seen.watched(now));
    // Against nothing everything is new, which would be said of every node.
    let before = seen.before.as_ref().filter(|(_, before)| !before.services.is_empty());
    let changes = before.map(|(_, before)| compare::changes(before, &seen.graph));
    let whole = match before {
        Some((_, before)) => compare::with_gone(before, &seen.graph),
        None => seen.graph.clone(),
    };
    let services = seen.graph.services.iter().filter(|service| !is_client(service)).count();
    // A name that only one node has is as good as a click on it.
    let view = &selecting_the_only_find(view, &whole);
    let state = &view.map;
    let part = state.focus.as_ref().and_then(|key| clip::around(&whole, key, state.depth));
    let is_wanted = |key: &str| [&state.focus, &view.node].into_iter().flatten().any(|wanted| wanted == key);
    let Clustered { graph, clusters } = match state.is_clustered {
        true => clustered(part.unwrap_or_else(|| whole.clone()), state.open.as_deref(), |service| {
            is_wanted(&key::node(service)) || is_found(service, &state.find)
        }),
        false => Clustered::none(part.unwrap_or_else(|| whole.clone())),
    };
    let tools = MapTools::new(view, PATH, seen, &whole, !clusters.is_empty());
    let options = Options {
        find: &state.find,
        changes: changes.as_ref(),
        clusters,
        places,
        ..Options::new(numbers, view.link_on_map(PATH), view.selected())
    };
    let rows = rows(&seen.graph, view);
    ServiceMapPage {
        summary: format!("{} · {}", format::plural(services as u64, "service"), traces_words(view, found)),
        traces_href: view.link("/traces").to_string(),
        updated: format::clock(now),
        notes: Notes::on(found, PATH, view),
        partial: partial(found, view),
        gaps: gaps(seen, view, now),
        panel: Panel::of_selected(&whole, seen.periods.as_ref(), view, PATH, numbers),
        drawing: Some(Drawing::new(&graph, &options)),
        tools: Some(tools),
        comparison: Comparison::new(changes.as_ref(), seen, view, PATH),
        unlisted: services - rows.len(),
        rows,
        empty: None,
        all: None,
        frame: frame(view),
    }
}

fn selecting_the_only_find(view: &View, graph: &ServiceGraph) -> View {
    let mut named = graph.services.iter().filter(|service| is_found(service, &view.map.find));
    match (view.selected(), named.next(), named.next()) {
        (None, Some(only), None) => View { node: Some(key::node(only)), ..view.clone() },
        _ => view.clone(),
    }
}

fn empty_page(view: &View, seen: &Seen, address: &str, now: Timestamp) -> ServiceMapPage {
    let found = &seen.found;
    let has_quiet_range = found.in_range.traces == 0;
    ServiceMapPage {
        frame: frame(view),
        summary: if has_quiet_range { format!("no traces in {}", view.when()) } else { traces_words(view, found) },
        traces_href: view.link("/traces").to_string(),
        updated: format::clock(now),
        notes: Notes::on(found, PATH, view),
        partial: partial(found, view),
        gaps: gaps(seen, view, now),
        tools: None,
        drawing: None,
        panel: None,
        comparison: None,
        rows: Vec::new(),
        unlisted: 0,
        empty: has_quiet_range.then(|| Empty::new(view, found, PATH, address)),
        all: (!has_quiet_range).then(|| view.over(ALL).link(PATH).to_string()),
    }
}

/// `12 traces of 120 in the last 15 minutes`.
fn traces_words(view: &View, found: &Found) -> String {
    let traces = format::plural(found.matching as u64, "trace");
    format!("{traces}{} in {}", found.of_all(view.is_selective()), view.when())
}

fn frame(view: &View) -> Frame {
    Frame::still("Service map", Section::Map, view).with_query(PATH, view).refreshing(PATH, view)
}

fn rows(graph: &ServiceGraph, view: &View) -> Vec<Row> {
    let mut services: Vec<&Service> = graph.services.iter().filter(|service| !is_client(service)).collect();
    services.sort_by_cached_key(|service| Reverse(service.statistics.map_or(0, |numbers| numbers.total_count())));
    services.truncate(LISTED);
    services.sort_by_cached_key(|service| key::node(service));
    let row = |service: &Service| {
        let key = key::node(service);
        let traces = view.link("/traces").with("node", &key);
        Row {
            name: service.name.clone(),
            kind: type_words(service).to_owned(),
            symbol: Icon::of(service).symbol(),
            href: view.link_on_map(PATH).with("node", &key).to_string(),
            calls: service.statistics.map(|statistics| counted(&statistics, &traces)),
        }
    };
    services.into_iter().map(row).collect()
}
