//! What the map and the dashboard are drawn from: the graph of the traces that are meant, and the same over time.

use std::time::Duration;

use crate::document::{Timestamp, Window};
use crate::filter::{self, Groups};
use crate::graph::ServiceGraph;
use crate::store::{Snapshot, graph_of};

use super::dashboard::ALERT_TIME;
use super::found::{Found, Unanswered};
use super::gaps::Losses;
use super::periods::Periods;
use super::view::View;

/// A rate needs some time to be a rate.
const SHORTEST_WATCH: Duration = Duration::from_secs(60);

/// One look at the store.
pub(super) struct Seen {
    pub(super) found: Found,
    pub(super) window: Window,
    pub(super) graph: ServiceGraph,
    /// Only where something is shown over time.
    pub(super) periods: Option<Periods>,
    /// The period before, and its graph; only where that is compared, and there is a period before.
    pub(super) before: Option<(Window, ServiceGraph)>,
    /// The last minutes of it, which alerts are about; only where something is shown over time.
    pub(super) recent: Option<(Window, ServiceGraph)>,
    /// What came and is not there.
    pub(super) losses: Losses,
}

impl Seen {
    /// Looks at the store. Without a group and a filter, sums that are kept answer; otherwise every trace of the time is
    /// asked, which may take long.
    ///
    /// # Errors
    /// When the expression is not understood, or the group cannot be asked.
    pub(super) fn search(
        view: &View,
        over_time: bool,
        snapshot: &Snapshot,
        groups: &dyn Groups,
        now: Timestamp,
    ) -> Result<Self, Unanswered> {
        if view.is_selective() {
            let found = Found::search(view, snapshot, groups, now)?;
            let mut seen = Self::among(view, over_time, found, now);
            if let Some(window) = window_before(view, now) {
                let filter = filter::compile(&view.expression(), groups).map_err(Unanswered::Filter)?;
                seen.before = Some((window, snapshot.graph(window, &filter)));
            }
            return Ok(seen);
        }
        let found = Found::glance(view, snapshot, now);
        let window = view.window(now);
        let everything = filter::compile("", groups).map_err(Unanswered::Filter)?;
        let graph = snapshot.graph(window, &everything);
        let periods = over_time.then(|| Periods::of_all(snapshot, &everything, &graph, window));
        let last = last_minutes(window, now);
        let recent = over_time.then(|| (last, snapshot.graph(last, &everything)));
        let before = window_before(view, now).map(|window| (window, snapshot.graph(window, &everything)));
        Ok(Self { found, window, periods, before, recent, graph, losses: Losses::default() })
    }

    /// Adds up the traces that were found.
    pub(super) fn among(view: &View, over_time: bool, found: Found, now: Timestamp) -> Self {
        let window = view.window(now);
        let graph = graph_of(&found.entries, window);
        let periods = over_time.then(|| Periods::of(&found.entries, &graph, window));
        let last = last_minutes(window, now);
        let recent = over_time.then(|| (last, graph_of(&found.entries, last)));
        Self { found, window, periods, before: None, recent, graph, losses: Losses::default() }
    }

    /// The part of the time that was watched: from the first trace, or the start of the window, until now. Rates are over
    /// that, and not over what the filter left.
    pub(super) fn watched(&self, now: Timestamp) -> Duration {
        let start = self.found.in_range.first.unwrap_or(now).max(self.window.start);
        now.min(self.window.end).since(start).max(SHORTEST_WATCH)
    }
}

fn last_minutes(window: Window, now: Timestamp) -> Window {
    Window::last(ALERT_TIME, now.min(window.end)).common(window)
}

/// As long a time as the one that is looked at, just before it.
fn window_before(view: &View, now: Timestamp) -> Option<Window> {
    let window = view.window(now);
    let has_before = view.map.compares && window.start > Timestamp::EPOCH;
    has_before.then(|| Window { start: window.start.before(window.end.since(window.start)), end: window.start })
}
