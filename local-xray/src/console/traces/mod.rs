//! The trace list: those for which the filter holds, restricted by whatever the reader picked on the map and on the charts
//! above the list, in the order that was asked for, and grouped if that is wanted.

mod groups;
mod listing;
mod meant;
mod picked;
mod row;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::document::{Timestamp, Window};
use crate::graph::{Histogram, Statistics};
use crate::state::AppState;
use crate::store::Entry;

use super::error::PageError;
use super::format;
use super::found::Found;
use super::histogram::{Chart, chart, exact_percentiles, percentiles};
use super::notes::Notes;
use super::over_time::{OverTime, Scale, outcomes};
use super::page::{Frame, Section, respond};
use super::periods::cut;
use super::unread;
use super::view::{ALL, View};

pub(super) use self::listing::Listing;
pub(super) use self::meant::{Restriction, restriction_to_band};
pub(super) use self::row::{method, partial, path_of};

use self::groups::Grouping;
use self::listing::{LENGTHS, Sort};
use self::meant::{Candidate, candidates, restrictions};
use self::row::{Row, rows};

const PATH: &str = "/traces";

#[derive(Template)]
#[template(path = "traces.html")]
pub(super) struct TracesPage {
    frame: Frame,
    summary: String,
    notes: Notes,
    /// What the list is restricted to, each with the link that lifts it.
    restrictions: Vec<Restriction>,
    over_time: Option<OverTime>,
    times: Option<Chart>,
    percentiles: Vec<(&'static str, String)>,
    grouping: Option<Grouping>,
    rows: Vec<Row>,
    age: Heading,
    response_time: Heading,
    /// Back to the beginning of the list, and on to what follows: words and link.
    first: Option<(&'static str, String)>,
    next: Option<(&'static str, String)>,
    lengths: Vec<Length>,
    /// The same traces, set against those that were left out.
    compare: String,
    /// Where to look when the list is empty.
    all: Option<String>,
}

/// A column that the list can be sorted by.
struct Heading {
    href: String,
    /// As `aria-sort` has it; empty when the list is not sorted by it.
    sorted: &'static str,
}

/// A length of the page to choose.
struct Length {
    label: String,
    href: String,
    is_current: bool,
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
    let candidates = candidates(&found.entries, view, window);
    let meant = sorted(candidates.iter().filter(|one| one.is_in(view.band)), view);
    let behind = meant.iter().copied().filter(|one| view.listing.is_behind(place(one, view)));
    let mut listed: Vec<&Candidate<'_>> = behind.take(view.listing.rows + 1).collect();
    let has_more = listed.len() > view.listing.rows;
    listed.truncate(view.listing.rows);
    let last = listed.last().filter(|_| has_more).map(|last| place(last, view).value());
    let here = view.link_with_all(PATH);
    let frame = Frame::still("Traces", Section::Traces, view).with_query(PATH, view);
    let restrictions = restrictions(view, PATH);
    let of_all = found.of_all(!restrictions.is_empty() || view.is_selective());
    let is_newest_first = view.listing.sort == Sort::Newest;
    let mut times = Histogram::default();
    candidates.iter().for_each(|one| one.add_times_to(&mut times));
    let is_about_roots = view.node.is_none() && view.edge.is_none();
    let entries: Vec<&Entry> = meant.iter().map(|one| one.entry).collect();
    TracesPage {
        // Later pages hold still while someone reads them.
        frame: if view.listing.after.is_none() { frame.refreshing(PATH, view) } else { frame },
        summary: format!("{}{of_all} in {}", format::plural(meant.len() as u64, "trace"), view.when()),
        notes: Notes::on(found, PATH, view),
        restrictions,
        over_time: outcomes(&periods(&meant, window), Scale::Counts, &here.clone().without("time")),
        times: chart(&times, &here.clone().without("band"), view.band),
        percentiles: match is_about_roots {
            true => exact_percentiles(&mut candidates.iter().filter_map(|one| one.response).collect::<Vec<_>>()),
            false => percentiles(&times),
        },
        grouping: (!meant.is_empty()).then(|| Grouping::of(&entries, view, PATH)),
        rows: rows(&listed, view, now),
        age: heading(view, Sort::Newest),
        response_time: heading(view, Sort::Slowest),
        first: view.listing.after.map(|_| (if is_newest_first { "Newest" } else { "First" }, here.to_string())),
        next: last.map(|last| (if is_newest_first { "Older" } else { "Next" }, here.with("after", &last).to_string())),
        lengths: lengths(view),
        compare: view.link("/analytics").to_string(),
        all: (listed.is_empty() && found.stored > 0).then(|| view.over(ALL).link_with_all(PATH).to_string()),
    }
}

fn place(candidate: &Candidate<'_>, view: &View) -> listing::Place {
    view.listing.sort.place(candidate.entry.id(), candidate.start, candidate.response)
}

/// What was found is newest first already.
fn sorted<'c, 'f>(candidates: impl Iterator<Item = &'c Candidate<'f>>, view: &View) -> Vec<&'c Candidate<'f>> {
    let sort = view.listing.sort;
    if sort == Sort::Newest {
        return candidates.collect();
    }
    let mut placed: Vec<_> = candidates.map(|one| (place(one, view), one)).collect();
    placed.sort_unstable_by(|(one, _), (other, _)| sort.compare(one, other));
    placed.into_iter().map(|(_, one)| one).collect()
}

/// How the roots ended, by period of their start.
fn periods(meant: &[&Candidate<'_>], window: Window) -> Vec<(Window, Statistics)> {
    let first = meant.iter().map(|one| one.start).min();
    let last = meant.iter().map(|one| one.start).max();
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let covered = Window { start: first, end: Timestamp::from_micros(last.micros().saturating_add(1)) };
    let covered = if window == Window::ALL { covered } else { covered.common(window) };
    let mut periods: Vec<(Window, Statistics)> =
        cut(covered).into_iter().map(|time| (time, Statistics::default())).collect();
    for one in meant {
        let number = periods.partition_point(|(time, _)| time.end <= one.start);
        // One that was active in the window may have begun before it.
        let period = periods.get_mut(number).filter(|(time, _)| time.contains(one.start));
        if let (Some((_, statistics)), Some(root)) = (period, &one.root) {
            statistics.add(root);
        }
    }
    periods
}

/// Leads to the list sorted by this column, best first; turned round when it is sorted by it already.
fn heading(view: &View, first: Sort) -> Heading {
    let current = view.listing.sort;
    let is_sorted = current == first || current == first.turned();
    let sort = if is_sorted { current.turned() } else { first };
    let sorted = match current {
        _ if !is_sorted => "",
        Sort::Newest | Sort::Slowest => "descending",
        Sort::Oldest | Sort::Fastest => "ascending",
    };
    let view = View { listing: Listing { sort, ..view.listing.clone() }, ..view.clone() };
    Heading { href: view.link_with_all(PATH).to_string(), sorted }
}

fn lengths(view: &View) -> Vec<Length> {
    let length = |rows: usize| {
        let other = View { listing: Listing { rows, ..view.listing.clone() }, ..view.clone() };
        Length {
            label: format::count(rows as u64),
            href: other.link_with_all(PATH).to_string(),
            is_current: rows == view.listing.rows,
        }
    };
    LENGTHS.map(length).into()
}
