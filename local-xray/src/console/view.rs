//! What the reader is looking at: every page's state, read from the URL and written back into its links.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use crate::document::{Outcome, Timestamp, Window};
use crate::state::AppState;
use crate::store::Eviction;

use super::analytics::Sets;
use super::error::PageError;
use super::expression::quoted;
use super::link::Link;
use super::map_state::MapState;
use super::traces::Listing;
use super::{format, health};

/// How far back a page looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The value in the URL, also the label of the link.
    pub(super) key: &'static str,
    /// The end of the sentence "in …".
    pub(super) words: &'static str,
    /// `None` looks at everything.
    pub(super) length: Option<Duration>,
}

const fn range(key: &'static str, words: &'static str, minutes: u64) -> Range {
    Range { key, words, length: Some(Duration::from_secs(60 * minutes)) }
}

/// The ranges on offer.
pub(super) const RANGES: [Range; 6] = [
    range("5m", "the last 5 minutes", 5),
    DEFAULT_RANGE,
    range("30m", "the last 30 minutes", 30),
    range("1h", "the last hour", 60),
    range("6h", "the last 6 hours", 360),
    ALL,
];
const DEFAULT_RANGE: Range = range("15m", "the last 15 minutes", 15);
pub(super) const ALL: Range = Range { key: "all", words: "all that is stored", length: None };

impl Range {
    /// The window that ends now.
    pub(super) fn window(self, now: Timestamp) -> Window {
        self.length.map_or(Window::ALL, |length| Window::last(length, now))
    }
}

/// Which traces a list is restricted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StateFilter {
    /// With work of this outcome.
    Outcome(Outcome),
    /// With something missing or still in progress.
    Partial,
}

impl StateFilter {
    /// The value in the URL, also the word on the page.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Outcome(outcome) => health::word(outcome),
            Self::Partial => "partial",
        }
    }
}

/// The state of a page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    pub(super) range: Range,
    /// A stretch of time that takes the place of the range.
    pub(super) time: Option<Window>,
    /// Whether the page may refresh itself.
    pub(super) live: bool,
    /// Key of the selected node.
    pub(super) node: Option<String>,
    /// Key of the selected edge.
    pub(super) edge: Option<String>,
    pub(super) state: Option<StateFilter>,
    /// Response times in whole milliseconds: from, and below.
    pub(super) band: Option<(u64, u64)>,
    /// The share of failing requests, in percent, beyond which the dashboard reports a service.
    pub(super) alert: f64,
    /// What the reader does with the map.
    pub(super) map: MapState,
    /// The two sets that are compared; `None` for the usual ones.
    pub(super) sets: Option<Sets>,
    /// How the list of traces is looked at.
    pub(super) listing: Listing,
    /// The group whose traces are meant; `None` for all traces.
    pub(super) group: Option<String>,
    /// The filter expression in the bar, as it was typed; empty for every trace.
    pub(super) filter: String,
    /// The names of the groups that there are besides the default one, to choose from. No part of the URL.
    pub(super) groups: Arc<[String]>,
    /// How many traces the store has let go of to make room. No part of the URL.
    pub(super) evicted: u64,
    /// Whether a token is asked for, so that one can sign out. No part of the URL.
    pub(super) is_protected: bool,
    /// Why nothing can be stored at present. No part of the URL.
    pub(super) incident: Option<Arc<str>>,
}

/// What the dashboard puts up with unless told otherwise, in percent.
const DEFAULT_ALERT: f64 = 5.0;

/// The group that every trace is in; choosing it is choosing none.
pub(super) const DEFAULT_GROUP: &str = "Default";

impl Default for View {
    fn default() -> Self {
        Self {
            range: DEFAULT_RANGE,
            time: None,
            live: true,
            node: None,
            edge: None,
            state: None,
            band: None,
            alert: DEFAULT_ALERT,
            map: MapState::default(),
            sets: None,
            listing: Listing::default(),
            group: None,
            filter: String::new(),
            groups: Arc::default(),
            evicted: 0,
            is_protected: false,
            incident: None,
        }
    }
}

impl View {
    /// Reads the query part of a URL.
    pub(super) fn parse(query: &str) -> Result<Self, PageError> {
        let values: BTreeMap<Cow<'_, str>, Cow<'_, str>> = form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name: &str| values.get(name).map(Cow::as_ref).filter(|value| !value.is_empty());
        Ok(Self {
            range: value("range").map_or(Ok(DEFAULT_RANGE), parse_range)?,
            time: value("time").map(parse_time).transpose()?,
            live: value("live") != Some("off"),
            node: value("node").map(str::to_owned),
            edge: value("edge").map(str::to_owned),
            state: value("state").map(parse_state).transpose()?,
            band: value("band").map(parse_band).transpose()?,
            alert: value("alert").map_or(Ok(DEFAULT_ALERT), parse_alert)?,
            map: MapState::parse(value)?,
            sets: Sets::parse(|name| values.get(name).map(|text| text.trim().to_owned())),
            listing: Listing::parse(|name| value(name).map(str::to_owned))?,
            group: value("group").filter(|&name| name != DEFAULT_GROUP).map(str::to_owned),
            filter: value("filter").unwrap_or_default().trim().to_owned(),
            groups: Arc::default(),
            evicted: 0,
            is_protected: false,
            incident: None,
        })
    }

    /// The same, with what every page tells besides: the groups to choose from, and whether the store is full.
    pub(super) fn beside(self, state: &AppState) -> Self {
        let store = state.store.snapshot().report();
        let evicted = store.evicted.get(&Eviction::Room).map_or(0, |evicted| evicted.traces);
        let names = state.settings.read(|state| {
            let names = state.groups.list().into_iter().map(|group| group.name.clone());
            names.filter(|name| name != DEFAULT_GROUP).collect()
        });
        Self {
            groups: names,
            evicted,
            is_protected: state.is_protected,
            incident: store.incident.map(|incident| incident.words),
            ..self
        }
    }

    /// The time that is looked at.
    pub(super) fn window(&self, now: Timestamp) -> Window {
        self.time.unwrap_or_else(|| self.range.window(now))
    }

    /// The end of the sentence "in …".
    pub(super) fn when(&self) -> String {
        self.time.map_or_else(|| self.range.words.to_owned(), format::span)
    }

    /// The same over another range.
    pub(super) fn over(&self, range: Range) -> Self {
        Self { range, time: None, ..self.clone() }
    }

    /// The same with another filter expression.
    pub(super) fn filtered(&self, filter: &str) -> Self {
        Self { filter: filter.to_owned(), ..self.clone() }
    }

    /// The same with the traces of another group.
    pub(super) fn of_group(&self, group: Option<&str>) -> Self {
        Self { group: group.map(str::to_owned), ..self.clone() }
    }

    /// What is asked of every trace: that it is in the group, and that the filter holds.
    pub(super) fn expression(&self) -> String {
        match (&self.group, self.filter.as_str()) {
            (None, filter) => filter.to_owned(),
            (Some(group), "") => format!("group.name = {}", quoted(group)),
            (Some(group), filter) => format!("group.name = {} AND ({filter})", quoted(group)),
        }
    }

    /// Says whether some traces of the range may not be meant.
    pub(super) fn is_selective(&self) -> bool {
        self.group.is_some() || !self.filter.is_empty()
    }

    /// A link to another page that keeps the time, the refreshing, the group and the filter.
    pub(super) fn link(&self, path: impl Into<String>) -> Link {
        let range = (self.range != DEFAULT_RANGE).then_some(self.range.key);
        Link::to(path)
            .with_some("range", range)
            .with_some("time", self.time.map(time_value).as_deref())
            .with_some("live", (!self.live).then_some("off"))
            .with_some("group", self.group.as_deref())
            .with("filter", &self.filter)
    }

    /// A link that keeps what the reader does with the map too.
    pub(super) fn link_on_map(&self, path: impl Into<String>) -> Link {
        self.map.add_to(self.link(path))
    }

    /// A link that keeps the selection and the restrictions too.
    pub(super) fn link_with_all(&self, path: impl Into<String>) -> Link {
        let link = self
            .link_on_map(path)
            .with_some("node", self.node.as_deref())
            .with_some("edge", self.edge.as_deref())
            .with_some("state", self.state.map(StateFilter::word))
            .with_some("band", self.band.map(band_value).as_deref())
            .with_some("alert", (self.alert != DEFAULT_ALERT).then(|| self.alert.to_string()).as_deref());
        let link = self.listing.add_to(link);
        match &self.sets {
            Some(Sets { a, b }) => link.with_empty("a", a).with_empty("b", b),
            None => link,
        }
    }

    /// The key of the selected node or edge.
    pub(super) fn selected(&self) -> Option<&str> {
        self.node.as_deref().or(self.edge.as_deref())
    }
}

impl FromRequest for View {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let view = Self::parse(request.query_string());
        let state = request.app_data::<web::Data<AppState>>();
        ready(view.map(|view| match state {
            Some(state) => view.beside(state),
            None => view,
        }))
    }
}

/// The band of response times as it stands in a URL.
pub(super) fn band_value((from, below): (u64, u64)) -> String {
    format!("{from}-{below}")
}

/// The stretch of time as it stands in a URL: from and below, in whole seconds since the epoch that hold all of it.
pub(super) fn time_value(time: Window) -> String {
    let end = time.end.micros();
    let below = end.div_euclid(1_000_000) + i64::from(end.rem_euclid(1_000_000) > 0);
    format!("{}-{below}", time.start.micros().div_euclid(1_000_000))
}

fn parse_range(text: &str) -> Result<Range, PageError> {
    let keys = || RANGES.map(|range| range.key).join(", ");
    RANGES.into_iter().find(|range| range.key == text).ok_or_else(|| {
        PageError::bad_request(format!("There is no range \u{201c}{text}\u{201d}. Choose one of {}.", keys()))
    })
}

fn parse_state(text: &str) -> Result<StateFilter, PageError> {
    match health::from_word(text) {
        Some(outcome) => Ok(StateFilter::Outcome(outcome)),
        None if text == "partial" => Ok(StateFilter::Partial),
        None => Err(PageError::bad_request(format!(
            "There is no state \u{201c}{text}\u{201d}. Choose one of ok, error, throttle, fault, partial."
        ))),
    }
}

fn parse_band(text: &str) -> Result<(u64, u64), PageError> {
    text.split_once('-')
        .and_then(|(from, below)| Some((from.parse().ok()?, below.parse().ok()?)))
        .filter(|(from, below)| from < below)
        .ok_or_else(|| PageError::bad_request("A band of response times looks like 100-200, in milliseconds."))
}

fn parse_time(text: &str) -> Result<Window, PageError> {
    // The first second is the second of the epoch, the last one fits in 32 bits, as all times do that are taken in.
    let at = |seconds: &str| Some(Timestamp::from_micros(i64::from(seconds.parse::<u32>().ok()?) * 1_000_000));
    text.split_once('-')
        .and_then(|(start, end)| Some(Window { start: at(start)?, end: at(end)? }))
        .filter(|time| time.start < time.end)
        .ok_or_else(|| PageError::bad_request("A stretch of time looks like 1764164400-1764164460, in seconds."))
}

fn parse_alert(text: &str) -> Result<f64, PageError> {
    let share = text.parse().ok().filter(|share| (0.0..=100.0).contains(share));
    share.ok_or_else(|| PageError::bad_request("A threshold is a share in percent: a number from 0 to 100."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_state_survives_its_own_link() {
        let check = |query: &str| {
            let view = View::parse(query).unwrap();
            let link = view.link_with_all("/traces").to_string();
            let again = View::parse(link.split_once('?').map_or("", |(_, query)| query)).unwrap();
            assert_eq!(again, view, "{query}");
        };
        check("");
        check("range=1h&live=off");
        check("range=1h&time=1764164400-1764164460");
        check("node=like+service!AWS%3A%3AECS&state=fault&band=100-200");
        check("edge=a%3Eb&state=partial");
        check("node=a&alert=0.5");
        check("focus=a&depth=2&find=b&open=c&clusters=off&compare=before");
        check("a=ok&b=!ok");
        check("a=&b=fault");
        check("sort=slowest&rows=200&by=annotation.chaos_fault");
        check("filter=service%28%22like+service%22%29+%7B+error+%7D&range=5m");
        check("group=unusual-behavior&filter=ok");
    }

    #[test]
    fn the_default_range_is_fifteen_minutes() {
        assert_eq!(View::parse("").unwrap().range.key, "15m");
        assert_eq!(View::default().link("/map").to_string(), "/map");
    }

    #[test]
    fn a_trace_must_be_in_the_group_and_pass_the_filter() {
        let check = |query: &str, expected: &str| {
            let expression = View::parse(query).unwrap().expression();
            assert_eq!(expression, expected);
            assert!(crate::filter::parse(&expression).is_ok(), "{expression}");
        };
        check("", "");
        check("group=Default", "");
        check("filter=ok+OR+fault", "ok OR fault");
        check("group=slow", "group.name = \"slow\"");
        check("group=slow&filter=ok+OR+fault", "group.name = \"slow\" AND (ok OR fault)");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in [
            "range=2m",
            "state=broken",
            "band=5",
            "band=9-3",
            "time=9-9",
            "depth=4",
            "alert=101",
            "alert=x",
            "alert=NaN",
            "time=-1-5",
            "after=x",
            "sort=x",
        ] {
            assert!(matches!(View::parse(query), Err(PageError::BadRequest { .. })), "{query}");
        }
    }
}
