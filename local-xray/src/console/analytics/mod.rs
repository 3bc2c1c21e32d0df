//! Analytics: two sets of traces, A and B, side by side. Each is what an expression leaves of the traces that the bar asks
//! for: how many, how long they took, how they ended, and in which attributes they differ most.

mod chart;
mod differences;

use std::collections::HashSet;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::document::{Outcome, Timestamp, TraceId};
use crate::filter::{self, FilterError, Groups};
use crate::graph::{Histogram, Measured};
use crate::state::AppState;
use crate::store::Entry;

use super::attribute::annotation_keys;
use super::error::PageError;
use super::expression;
use super::format;
use super::found::Found;
use super::histogram::{percentile, percentiles};
use super::marked::Marked;
use super::notes::Notes;
use super::page::{Frame, Section, respond};
use super::unread;
use super::view::{ALL, View};

use self::chart::{Chart, chart};
use self::differences::{Difference, Table, differences, tables};

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
    let (a, b) = (pick(&sets.a, found, groups), pick(&sets.b, found, groups));
    let are_read = a.is_ok() && b.is_ok();
    let (in_a, in_b) = (if_read(&a, are_read), if_read(&b, are_read));
    let ids: HashSet<TraceId> = in_a.iter().map(|entry| entry.id()).collect();
    let both = in_b.iter().filter(|entry| ids.contains(&entry.id())).count();
    let swapped = View { sets: Some(Sets { a: sets.b.clone(), b: sets.a.clone() }), ..view.clone() };
    let (times_a, times_b) = (times(&in_a), times(&in_b));
    AnalyticsPage {
        frame: Frame::still("Analytics", Section::Analytics, view).with_query(PATH, view),
        summary: format!(
            "{}{} in {}",
            format::plural(found.matching as u64, "trace"),
            found.of_all(view.is_selective()),
            view.when()
        ),
        notes: Notes::on(found, PATH, view),
        kept: View { sets: None, ..view.clone() }.link(PATH).into_parameters(),
        presets: presets(view, found),
        swapped: swapped.link_with_all(PATH).to_string(),
        both: if both > 0 { format!("{} in both sets", format::plural(both as u64, "trace")) } else { String::new() },
        chart: chart(&times_a, &times_b),
        differences: differences(&in_a, &in_b, &sets, view),
        tables: tables(&in_a, &in_b, &sets, view),
        all: (found.entries.is_empty() && found.stored > 0).then(|| view.over(ALL).link_with_all(PATH).to_string()),
        sides: [side("A", "a", &sets.a, a, &times_a, found, view), side("B", "b", &sets.b, b, &times_b, found, view)],
    }
}

/// The traces of a set.
fn pick<'f>(expression: &str, found: &'f Found, groups: &dyn Groups) -> Result<Vec<&'f Entry>, FilterError> {
    let filter = filter::compile(expression, groups)?;
    Ok(found.entries.iter().filter(|entry| entry.matches(&filter)).collect())
}

/// Nothing is compared before both sets are understood.
fn if_read<'f>(picked: &Result<Vec<&'f Entry>, FilterError>, are_read: bool) -> Vec<&'f Entry> {
    picked.as_ref().ok().filter(|_| are_read).cloned().unwrap_or_default()
}

fn root(entry: &Entry) -> Option<Measured> {
    let digest = entry.digest().view();
    let head = digest.head();
    head.root.as_ref().map(|root| root.piece.measured(head.start()))
}

fn times(entries: &[&Entry]) -> Histogram {
    let mut histogram = Histogram::default();
    let times = entries.iter().filter_map(|entry| root(entry)?.response_time());
    times.for_each(|time| histogram.add(time));
    histogram
}

fn side(
    name: &'static str,
    parameter: &'static str,
    expression: &str,
    picked: Result<Vec<&Entry>, FilterError>,
    times: &Histogram,
    found: &Found,
    view: &View,
) -> Side {
    let marked = picked.as_ref().err().map(|error| Marked::new(expression, error));
    let entries = picked.unwrap_or_default();
    let has_failed = |entry: &&&Entry| root(entry).is_some_and(|root| root.outcome() != Outcome::Ok);
    let failed = entries.iter().filter(has_failed).count() as u64;
    let traces = entries.len() as u64;
    Side {
        name,
        parameter,
        marked,
        traces: format::plural(traces, "trace"),
        share: format::percent(traces, found.matching as u64),
        figures: percentiles(times),
        failed: format::percent(failed, traces),
        href: narrowed(view, expression).to_string(),
        expression: expression.to_owned(),
    }
}

/// Leads to those traces of the list for which the expression holds too.
fn narrowed(view: &View, condition: &str) -> super::link::Link {
    let filter = if condition.is_empty() { view.filter.clone() } else { expression::and(&view.filter, condition) };
    view.filtered(&filter).link("/traces")
}

/// Comparisons that are one click away.
fn presets(view: &View, found: &Found) -> Vec<(String, String)> {
    let link = |a: &str, b: &str| {
        let sets = Sets { a: a.to_owned(), b: b.to_owned() };
        View { sets: Some(sets), ..view.clone() }.link_with_all(PATH).to_string()
    };
    let everything: Vec<&Entry> = found.entries.iter().collect();
    let slow = percentile(&times(&everything), 90).filter(|millis| *millis > 0).map(|millis| {
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
