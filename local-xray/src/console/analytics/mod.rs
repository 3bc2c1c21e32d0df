//! Analytics: two sets of traces, A and B, side by side. Each is what an expression leaves of the traces that the bar asks
//! for: how many, how long they took, how they ended, and in which attributes they differ most. A band of response times
//! that was picked on the chart narrows both; the chart goes on to show what it leaves out.

mod counted;
mod differences;

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::document::Timestamp;
use crate::filter::{self, FilterError, Groups};
use crate::graph::Histogram;
use crate::state::AppState;

use super::attribute::annotation_keys;
use super::error::PageError;
use super::expression;
use super::format;
use super::found::Found;
use super::histogram::{Chart, chart_of_two, exact_percentiles, percentile};
use super::marked::Marked;
use super::notes::Notes;
use super::page::{Frame, Section, respond};
use super::traces::{Restriction, restriction_to_band};
use super::unread;
use super::view::{ALL, View, band_value};

use self::counted::{Counted, Set};
use self::differences::{Compared, Difference, Table, differences, tables};

const PATH: &str = "/analytics";
/// What is compared when nothing else is asked for.
const DEFAULT: (&str, &str) = ("ok", "!ok");
/// How many of the newest traces are looked through for annotations.
const LOOKED_THROUGH: usize = 500;
/// How many annotations are offered to tell the sets apart.
const MOST_KEYS: usize = 4;

#[derive(Template)]
#[template(path = "analytics.html")]
pub(super) struct AnalyticsPage {
    frame: Frame,
    summary: String,
    notes: Notes,
    /// The band that was picked, if any, with the link that lifts it.
    restrictions: Vec<Restriction>,
    sides: [Side; 2],
    /// What the form carries along.
    kept: Vec<(&'static str, String)>,
    presets: Vec<(String, String)>,
    swapped: String,
    /// How many traces are in both sets; empty when none is.
    both: String,
    chart: Option<Chart>,
    differences: Vec<Difference>,
    tables: Vec<Table>,
    /// Where to look when there is nothing to compare.
    all: Option<String>,
}

/// One of the sets.
struct Side {
    /// `A` or `B`, and its parameter in the URL.
    name: &'static str,
    parameter: &'static str,
    expression: String,
    marked: Option<Marked>,
    traces: String,
    share: String,
    figures: Vec<(&'static str, String)>,
    failed: String,
    /// Leads to the traces of the set.
    href: String,
}

/// The expressions of both sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sets {
    pub(super) a: String,
    pub(super) b: String,
}

impl Sets {
    /// Reads the parameters of a URL: without either, the usual comparison; with one alone, the other is everything.
    pub(super) fn parse(value: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let (a, b) = (value("a"), value("b"));
        (a.is_some() || b.is_some()).then(|| Self { a: a.unwrap_or_default(), b: b.unwrap_or_default() })
    }

    fn of(view: &View) -> Self {
        let (a, b) = DEFAULT;
        view.sets.clone().unwrap_or_else(|| Self { a: a.to_owned(), b: b.to_owned() })
    }
}

/// `/analytics`.
pub(super) async fn page(view: View, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    let now = Timestamp::now();
    let asked = view.clone();
    let page = web::block(move || {
        let groups = state.settings.groups();
        let found = Found::search(&asked, &state.store.snapshot(), &groups, now);
        found.map(|found| analytics_page(&asked, &found, &groups))
    });
    match page.await.map_err(|_| PageError::Internal)? {
        Ok(page) => {
            let is_read = page.sides.iter().all(|side| side.marked.is_none());
            respond(if is_read { StatusCode::OK } else { StatusCode::BAD_REQUEST }, &page)
        }
        Err(error) => {
            let frame = Frame::still("Analytics", Section::Analytics, &view).with_query(PATH, &view);
            unread::respond_to(&error, frame, PATH, &view)
        }
    }
}

pub(super) fn analytics_page(view: &View, found: &Found, groups: &dyn Groups) -> AnalyticsPage {
    let sets = Sets::of(view);
    let [a, b] = [&sets.a, &sets.b].map(|expression| filter::compile(expression, groups));
    let mut counted = Counted::of(&found.entries, view.band, a.as_ref().ok(), b.as_ref().ok());
    let sides = [
        side(("A", "a"), &sets.a, a.as_ref().err(), &mut counted.a, counted.traces, view),
        side(("B", "b"), &sets.b, b.as_ref().err(), &mut counted.b, counted.traces, view),
    ];
    // Nothing is compared before both sets are understood.
    let are_read = a.is_ok() && b.is_ok();
    let times = are_read.then_some((&counted.a.times, &counted.b.times));
    let without_band = view.link_with_all(PATH).without("band");
    let chart = times.and_then(|(a, b)| chart_of_two(a, b, &without_band, view.band));
    let both = counted.both;
    let presets = presets(view, found, &counted.times);
    let compared = if are_read { Compared::all(counted.a.tallies, counted.b.tallies) } else { Vec::new() };
    let swapped = View { sets: Some(Sets { a: sets.b.clone(), b: sets.a.clone() }), ..view.clone() };
    AnalyticsPage {
        frame: Frame::still("Analytics", Section::Analytics, view).with_query(PATH, view),
        summary: format!(
            "{}{} in {}",
            format::plural(counted.traces, "trace"),
            found.of_all(view.is_selective() || view.band.is_some()),
            view.when()
        ),
        notes: Notes::on(found, PATH, view),
        restrictions: restriction_to_band(view, PATH).into_iter().collect(),
        sides,
        kept: View { sets: None, ..view.clone() }.link_with_all(PATH).into_parameters(),
        presets,
        swapped: swapped.link_with_all(PATH).to_string(),
        both: if both > 0 { format!("{} in both sets", format::plural(both, "trace")) } else { String::new() },
        chart,
        differences: differences(&compared, &sets, view),
        tables: tables(&compared, &sets, view),
        all: (found.entries.is_empty() && found.stored > 0).then(|| view.over(ALL).link_with_all(PATH).to_string()),
    }
}

fn side(
    (name, parameter): (&'static str, &'static str),
    expression: &str,
    error: Option<&FilterError>,
    set: &mut Set<'_>,
    of: u64,
    view: &View,
) -> Side {
    Side {
        name,
        parameter,
        marked: error.map(|error| Marked::new(expression, error)),
        traces: format::plural(set.traces, "trace"),
        share: format::percent(set.traces, of),
        figures: exact_percentiles(&mut set.answered),
        failed: format::percent(set.failed, set.traces),
        href: narrowed(view, expression).to_string(),
        expression: expression.to_owned(),
    }
}

/// Leads to those traces of the list for which the expression holds too.
fn narrowed(view: &View, condition: &str) -> super::link::Link {
    let filter = if condition.is_empty() { view.filter.clone() } else { expression::and(&view.filter, condition) };
    view.filtered(&filter).link("/traces").with_some("band", view.band.map(band_value).as_deref())
}

/// Comparisons that are one click away.
fn presets(view: &View, found: &Found, times: &Histogram) -> Vec<(String, String)> {
    let link = |a: &str, b: &str| {
        let sets = Sets { a: a.to_owned(), b: b.to_owned() };
        View { sets: Some(sets), ..view.clone() }.link_with_all(PATH).to_string()
    };
    let slow = percentile(times, 90).filter(|millis| *millis > 0).map(|millis| {
        let time = Duration::from_millis(millis);
        let (seconds, words) = (time.as_secs_f64(), format::duration(time));
        let (a, b) = (format!("responsetime < {seconds}"), format!("responsetime >= {seconds}"));
        (format!("The slowest tenth, from {words}, against the rest"), link(&a, &b))
    });
    let (a, b) = DEFAULT;
    let keys = annotation_keys(found.entries.iter().take(LOOKED_THROUGH)).into_iter().take(MOST_KEYS);
    let annotated = keys.map(|key| {
        let annotation = expression::annotation(&key);
        (format!("With the annotation {key} against without"), link(&format!("!{annotation}"), &annotation))
    });
    [("What failed against what did not".to_owned(), link(a, b))].into_iter().chain(slow).chain(annotated).collect()
}
