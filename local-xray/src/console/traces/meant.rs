//! Which of the traces that were found the list means: those that fulfil whatever the reader picked on the map and on the
//! charts above the list. Each chart shows what the others leave, so that a pick can be seen beside what it leaves out.

use std::time::Duration;

use crate::console::health;
use crate::console::histogram::milliseconds;
use crate::console::view::{StateFilter, View};
use crate::cores::on_all_cores;
use crate::digest::DigestView;
use crate::document::{Outcome, Timestamp, Window};
use crate::graph::{Histogram, Measured};
use crate::store::{Entry, WORTH_A_THREAD, opened};

use super::picked::Pick;

/// A trace that fulfils every restriction but the band of response times.
pub(super) struct Candidate<'f> {
    pub(super) entry: &'f Entry,
    pub(super) start: Timestamp,
    pub(super) root: Option<Measured>,
    /// The root's response time; `None` without a root, or while it is in progress.
    pub(super) response: Option<Duration>,
    /// How the root ended.
    pub(super) outcome: Option<Outcome>,
    times: Times,
}

/// The response times that the band is about.
enum Times {
    Root(Option<u64>),
    /// Those of the node or the edge that was picked.
    Picked(Histogram),
}

/// What the list is restricted to, with the link that lifts it.
pub(in crate::console) struct Restriction {
    pub(in crate::console) name: &'static str,
    pub(in crate::console) value: String,
    pub(in crate::console) without: String,
}

impl Candidate<'_> {
    pub(super) fn is_in(&self, band: Option<(u64, u64)>) -> bool {
        let Some((from, below)) = band else { return true };
        match &self.times {
            Times::Root(time) => time.is_some_and(|millis| (from..below).contains(&millis)),
            Times::Picked(histogram) => histogram.entries().any(|(millis, _)| (from..below).contains(&millis)),
        }
    }

    pub(super) fn add_times_to(&self, histogram: &mut Histogram) {
        match &self.times {
            Times::Root(_) => self.response.into_iter().for_each(|time| histogram.add(time)),
            Times::Picked(times) => histogram.merge(times),
        }
    }
}

/// The traces among these that fulfil every restriction but the band, in their order.
pub(super) fn candidates<'f>(entries: &'f [Entry], view: &View, window: Window) -> Vec<Candidate<'f>> {
    let candidates = on_all_cores(entries, WORTH_A_THREAD, |part| {
        opened(part).filter_map(|(entry, digest)| candidate(entry, &digest, view, window)).collect::<Vec<_>>()
    });
    candidates.into_iter().flatten().collect()
}

/// Node and edge numbers are those of the map of the trace alone, so that the list holds exactly the traces that a number
/// on the map counted.
fn candidate<'f>(entry: &'f Entry, digest: &DigestView<'_>, view: &View, window: Window) -> Option<Candidate<'f>> {
    let brief = digest.brief();
    if view.state == Some(StateFilter::Partial) && brief.missing.is_none() {
        return None;
    }
    let root = brief.root_work();
    let response = root.as_ref().and_then(Measured::response_time);
    let outcome = root.as_ref().filter(|_| response.is_some()).map(Measured::outcome);
    let node = view.node.as_deref().map(Pick::Node);
    let times = match node.or(view.edge.as_deref().map(Pick::Edge)) {
        None => {
            if let Some(StateFilter::Outcome(wanted)) = view.state
                && outcome != Some(wanted)
            {
                return None;
            }
            Times::Root(response.map(Histogram::millis_of))
        }
        Some(pick) => {
            let (statistics, histogram) = pick.counted_in(entry, digest, window)?;
            if let Some(StateFilter::Outcome(wanted)) = view.state
                && health::count(&statistics, wanted) == 0
            {
                return None;
            }
            Times::Picked(histogram)
        }
    };
    Some(Candidate { entry, start: brief.start(), root, response, outcome, times })
}

/// What the list is restricted to.
pub(super) fn restrictions(view: &View, path: &str) -> Vec<Restriction> {
    let picked = [
        ("node", view.node.as_ref().map(|key| key.replace('!', " · "))),
        ("edge", view.edge.as_ref().map(|key| key.replace('!', " · ").replace('>', " → "))),
        ("state", view.state.map(|state| state.word().to_owned())),
    ];
    let picked = picked.into_iter().filter_map(|(name, value)| Some(restriction(name, value?, view, path)));
    picked.chain(restriction_to_band(view, path)).collect()
}

/// The band of response times that was picked on a chart.
pub(in crate::console) fn restriction_to_band(view: &View, path: &str) -> Option<Restriction> {
    let (from, below) = view.band?;
    Some(restriction("band", format!("{} to {}", milliseconds(from), milliseconds(below)), view, path))
}

fn restriction(name: &'static str, value: String, view: &View, path: &str) -> Restriction {
    Restriction { name, value, without: view.link_with_all(path).without(name).to_string() }
}
