//! The dashboard: how each service went over time, and which of them fail more often than is put up with. All of it is
//! made from segments: requests, response times, failures, and the tasks that sent them.

use std::cmp::Reverse;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::document::{Timestamp, Window};
use crate::graph::{Histogram, Service, State, Statistics};
use crate::state::AppState;

use super::error::PageError;
use super::gaps::{Gap, Losses, gaps};
use super::histogram::percentile;
use super::link::Link;
use super::map::{Icon, is_client, key, type_words};
use super::notes::Notes;
use super::over_time::{OverTime, Scale, failing, failing_count, failing_share, outcomes, response_times, tasks};
use super::page::{Frame, Section, respond};
use super::seen::Seen;
use super::service_map::Empty;
use super::view::{View, band_value};
use super::{format, health, unread};

const PATH: &str = "/dashboard";
/// So many services have charts, those with an alert and the busiest first; the others are listed.
const CHARTED: usize = 3;
/// So many of the others are listed.
const LISTED: usize = 50;
/// An alert is about so much time before the end of what is looked at,
pub(super) const ALERT_TIME: Duration = Duration::from_mins(5);
/// and about no fewer requests.
const ALERT_LEAST: u64 = 5;

#[derive(Template)]
#[template(path = "dashboard.html")]
pub(super) struct DashboardPage {
    frame: Frame,
    summary: String,
    updated: String,
    notes: Notes,
    gaps: Vec<Gap>,
    /// The share of failing requests, in percent, beyond which a service is reported.
    threshold: String,
    /// What the form carries along.
    kept: Vec<(&'static str, String)>,
    alerts: Vec<Alert>,
    charted: Vec<Row>,
    listed: Vec<Row>,
    /// How many services there was no room for.
    unlisted: usize,
    /// Leads from one service back to all of them.
    all: Option<String>,
    empty: Option<Empty>,
}

/// A service that fails more often than is put up with.
struct Alert {
    name: String,
    /// `46 of 92 requests of the last 5 minutes failed: 50 %`.
    words: String,
    traces: String,
}

/// One service.
struct Row {
    name: String,
    kind: String,
    symbol: &'static str,
    map: String,
    /// Leads to this service alone.
    alone: String,
    is_alert: bool,
    requests: Number,
    rate: String,
    median: String,
    /// Leads to the slowest twentieth.
    slow: Number,
    failing: String,
    /// The outcomes that are no good, each with its traces.
    failures: Vec<(&'static str, Number)>,
    tasks: String,
    /// The ends of their names.
    names: String,
    charts: Vec<(&'static str, OverTime)>,
}

/// A number and the traces behind it.
struct Number {
    words: String,
    href: String,
}

/// `/dashboard`.
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
        let seen = Seen::search(&asked, true, &state.store.snapshot(), &state.settings.groups(), now);
        let losses = Losses::of(&state.store.snapshot().report(), &state.intake.report());
        seen.map(|seen| dashboard_page(&asked, &Seen { losses, ..seen }, &address, now))
    });
    match page.await.map_err(|_| PageError::Internal)? {
        Ok(page) => respond(StatusCode::OK, &page),
        Err(error) => {
            let frame = Frame::still("Dashboard", Section::Dashboard, &view).with_query(PATH, &view);
            unread::respond_to(&error, frame, PATH, &view)
        }
    }
}

pub(super) fn dashboard_page(view: &View, seen: &Seen, address: &str, now: Timestamp) -> DashboardPage {
    let mut services: Vec<&Service> = seen.graph.services.iter().filter(|service| is_shown(service, view)).collect();
    let alerts: Vec<(&Service, Alert)> =
        services.iter().filter_map(|service| Some((*service, alert(service, view, seen)?))).collect();
    let is_alert = |service: &Service| alerts.iter().any(|(alarming, _)| alarming.reference_id == service.reference_id);
    let requests = |service: &Service| service.statistics.map_or(0, |statistics| statistics.total_count());
    services.sort_by_cached_key(|service| (!is_alert(service), Reverse(requests(service)), key::node(service)));
    let listed = services.split_off(services.len().min(CHARTED));
    let row = |service: &&Service| Row::new(service, is_alert(service), view, seen, now);
    let title = match alerts.as_slice() {
        [] => "Dashboard".to_owned(),
        [(only, _)] => format!("Alert: {}", only.name),
        several => format!("{} alerts", several.len()),
    };
    DashboardPage {
        summary: format!("{} in {}", format::plural((services.len() + listed.len()) as u64, "service"), view.when()),
        updated: format::clock(now),
        notes: Notes::on(&seen.found, PATH, view),
        gaps: gaps(seen, view, now),
        threshold: view.alert.to_string(),
        kept: view.link_with_all(PATH).without("alert").into_parameters(),
        charted: services.iter().map(|service| Row { charts: charts(service, view, seen), ..row(service) }).collect(),
        unlisted: listed.len().saturating_sub(LISTED),
        listed: listed.iter().take(LISTED).map(row).collect(),
        alerts: alerts.into_iter().map(|(_, alert)| alert).collect(),
        all: view.node.is_some().then(|| View { node: None, ..view.clone() }.link_with_all(PATH).to_string()),
        empty: (seen.found.in_range.traces == 0).then(|| Empty::new(view, &seen.found, PATH, address)),
        frame: Frame::still(&title, Section::Dashboard, view).with_query(PATH, view).refreshing(PATH, view),
    }
}

/// A service that sends segments itself; the selected one, when one is selected.
fn is_shown(service: &Service, view: &View) -> bool {
    let is_selected = view.node.as_ref().is_none_or(|node| *node == key::node(service));
    service.state == State::Active && !is_client(service) && is_selected
}

fn alert(service: &Service, view: &View, seen: &Seen) -> Option<Alert> {
    let key = key::node(service);
    let (last, recent) = seen.recent.as_ref()?;
    let statistics = key::find_node(recent, &key)?.statistics?;
    let share = failing_share(&statistics).filter(|share| *share > view.alert)?;
    let total = statistics.total_count();
    (total >= ALERT_LEAST).then(|| Alert {
        name: service.name.clone(),
        words: format!(
            "{} of the {} of its last {} failed, {share:.0} %; the threshold is {} %",
            format::count(failing_count(&statistics)),
            format::plural(total, "request"),
            format::duration(ALERT_TIME),
            view.alert
        ),
        traces: View { time: Some(*last), ..view.clone() }.link("/traces").with("node", &key).to_string(),
    })
}

impl Row {
    fn new(service: &Service, is_alert: bool, view: &View, seen: &Seen, now: Timestamp) -> Self {
        let key = key::node(service);
        let traces = view.link("/traces").with("node", &key);
        let statistics = service.statistics.unwrap_or_default();
        let times = &service.response_time_histogram;
        let total = statistics.total_count();
        let failures = health::OUTCOMES.into_iter().skip(1).filter(|&outcome| health::count(&statistics, outcome) > 0);
        Self {
            name: service.name.clone(),
            kind: type_words(service).to_owned(),
            symbol: Icon::of(service).symbol(),
            map: view.link("/map").with("node", &key).to_string(),
            alone: view.link(PATH).with("node", &key).with("alert", &alert_value(view)).to_string(),
            is_alert,
            requests: Number { words: format::count(total), href: traces.to_string() },
            rate: format::rate(total, seen.watched(now)),
            median: percentile(times, 50).map_or_else(nothing, time),
            slow: slow(times, &traces),
            failing: format::percent(failing_count(&statistics), total),
            failures: failures
                .map(|outcome| {
                    let state = health::word(outcome);
                    let words = format::count(health::count(&statistics, outcome));
                    (state, Number { words, href: traces.clone().with("state", state).to_string() })
                })
                .collect(),
            tasks: if service.tasks.is_empty() { nothing() } else { service.tasks.len().to_string() },
            names: service.tasks.join(", "),
            charts: Vec::new(),
        }
    }
}

/// The threshold as it stands in a URL; empty for the usual one.
fn alert_value(view: &View) -> String {
    if view.alert == View::default().alert { String::new() } else { view.alert.to_string() }
}

/// The 95th percentile, with a link to the traces that are as slow.
fn slow(times: &Histogram, traces: &Link) -> Number {
    let slowest = times.entries().last().map_or(0, |(millis, _)| millis);
    match percentile(times, 95) {
        None => Number { words: nothing(), href: traces.to_string() },
        Some(millis) => Number {
            words: time(millis),
            href: traces.clone().with("band", &band_value((millis, slowest.saturating_add(1)))).to_string(),
        },
    }
}

fn time(millis: u64) -> String {
    format::duration(Duration::from_millis(millis))
}

fn nothing() -> String {
    "–".to_owned()
}

fn charts(service: &Service, view: &View, seen: &Seen) -> Vec<(&'static str, OverTime)> {
    let key = key::node(service);
    let traces = view.link("/traces").with("node", &key);
    let parts = seen.periods.iter().flat_map(|periods| &periods.parts);
    let found: Vec<(Window, Option<&Service>)> =
        parts.map(|period| (period.time, key::find_node(&period.graph, &key))).collect();
    let nothing = Histogram::default();
    let counts: Vec<(Window, Statistics)> =
        found.iter().map(|(time, node)| (*time, node.and_then(|node| node.statistics).unwrap_or_default())).collect();
    let times: Vec<(Window, &Histogram)> =
        found.iter().map(|(time, node)| (*time, node.map_or(&nothing, |node| &node.response_time_histogram))).collect();
    let running: Vec<(Window, usize)> =
        found.iter().map(|(time, node)| (*time, node.map_or(0, |node| node.tasks.len()))).collect();
    [
        ("Requests", outcomes(&counts, Scale::Counts, &traces)),
        ("p50 to p95", response_times(&times, &traces)),
        ("Failing", failing(&counts, view.alert, &traces)),
        ("Tasks", tasks(&running, &traces)),
    ]
    .into_iter()
    .filter_map(|(name, chart)| Some((name, chart?)))
    .collect()
}
