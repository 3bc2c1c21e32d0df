//! What the map does not show, and why: traces that had to go, a time before the first trace, arrivals that were refused or
//! dropped. Numbers that miss something look just like whole ones, so the page says it in words above them.

use std::time::Duration;

use crate::document::{Timestamp, Window};
use crate::ingest::IntakeReport;
use crate::store::StoreReport;

use super::format;
use super::found::Found;
use super::seen::Seen;
use super::view::View;

/// How many of the newest traces are looked at.
const TRACES_READ: usize = 2_000;
/// A range that begins so much before the first trace is as good as covered.
const COVERED: Duration = Duration::from_secs(60);

/// One thing that is missing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// A sentence without its full stop.
    pub(super) words: String,
    /// Where it is told in full, in a word or two and as a link.
    pub(super) more: Option<(&'static str, String)>,
}

/// What came and is not there, as store and intake tell.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// When the last of the traces that are gone ended.
    gone_until: Option<Timestamp>,
    /// When the latest refusals were, latest first, and whether there were others before.
    refused: Vec<Timestamp>,
    has_older_refusals: bool,
    /// Datagrams that the kernel dropped since the start.
    dropped: u64,
    /// What should be in the files and cannot be read.
    unreadable: u64,
}

impl Losses {
    pub(super) fn of(store: &StoreReport, intake: &IntakeReport) -> Self {
        let refused: Vec<Timestamp> = intake.rejections.iter().map(|logged| logged.at).collect();
        let in_all: u64 = intake.doors.values().flat_map(|door| door.rejected.values()).sum();
        Self {
            gone_until: store.evicted.values().filter_map(|evicted| evicted.until).max(),
            has_older_refusals: in_all > refused.len() as u64,
            refused,
            dropped: intake.udp.and_then(|udp| udp.kernel_drops).unwrap_or_default(),
            unreadable: store.unreadable,
        }
    }
}

/// The traces that are not complete, as a count and the list of them; `None` when there are none. They are looked for among the
/// newest, which may be in progress.
pub(super) fn partial(found: &Found, view: &View) -> Option<(String, String)> {
    let looked_at = found.entries.iter().take(TRACES_READ);
    let count = looked_at.filter(|entry| entry.digest().view().brief().missing.is_some()).count() as u64;
    let is_exact = found.matching <= TRACES_READ;
    let words = if is_exact { format::plural(count, "partial trace") } else { "Partial traces".to_owned() };
    (count > 0).then(|| (words, view.link("/traces").with("state", "partial").to_string()))
}

/// Everything that is missing in the time that the page is about.
pub(super) fn gaps(seen: &Seen, view: &View, now: Timestamp) -> Vec<Gap> {
    let Seen { losses, found, window, .. } = seen;
    let window = *window;
    let intake = || Some(("Intake", view.link("/intake").to_string()));
    let gone = gone(losses, window, now).map(|words| Gap { words, more: intake() });
    let uncovered = || uncovered(found, window, now).map(|words| Gap { words, more: None });
    let others = [refused(losses, window), dropped(losses), unreadable(losses)];
    let others = others.into_iter().flatten().map(|words| Gap { words, more: intake() });
    gone.or_else(uncovered).into_iter().chain(others).collect()
}

fn gone(losses: &Losses, window: Window, now: Timestamp) -> Option<String> {
    let until = losses.gone_until.filter(|until| *until >= window.start)?;
    Some(format!("Not whole: the store has let go of traces that ended up to {}", format::age(now, until)))
}

/// Nothing at all is stored from before, so that quiet cannot be told from deaf.
fn uncovered(found: &Found, window: Window, now: Timestamp) -> Option<String> {
    let first = found.in_range.first?;
    let is_oldest = found.in_range.traces == found.stored;
    (is_oldest && window != Window::ALL && window.start < first.before(COVERED)).then(|| {
        let [covered, asked] = [first, window.start].map(|start| about(now.min(window.end).since(start)));
        format!("Covers {covered} of {asked}, since the first trace")
    })
}

fn about(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format::duration(Duration::from_secs(seconds)),
    }
}

fn refused(losses: &Losses, window: Window) -> Option<String> {
    let count = losses.refused.iter().filter(|at| window.contains(**at)).count();
    let is_open = losses.has_older_refusals && count == losses.refused.len();
    let arrivals = format::plural(count as u64, "arrival");
    let were = if count == 1 { "was" } else { "were" };
    (count > 0).then(|| format!("{}{arrivals} {were} refused in this time", if is_open { "At least " } else { "" }))
}

fn dropped(losses: &Losses) -> Option<String> {
    let datagrams = format::plural(losses.dropped, "datagram");
    (losses.dropped > 0).then(|| format!("{datagrams} dropped by the kernel since the start"))
}

fn unreadable(losses: &Losses) -> Option<String> {
    let times = format::plural(losses.unreadable, "time");
    (losses.unreadable > 0).then(|| format!("{times} something stored could not be read back"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples::{NOW, entries, like};
    use crate::limits::Limits;
    use crate::settings::GroupTable;

    /// What is said on the page of a like that began ten seconds ago, while so many traces are stored.
    #[track_caller]
    fn check(losses: Losses, query: &str, stored: usize, expected: &[&str]) {
        let view = View::parse(query).unwrap();
        let groups = GroupTable::new(Limits::default());
        let found = Found::among(&view, &entries(vec![like()]), stored, &groups).unwrap();
        let seen = Seen { losses, ..Seen::among(&view, false, found, NOW) };
        let told: Vec<String> = gaps(&seen, &view, NOW).into_iter().map(|gap| gap.words).collect();
        assert_eq!(told, expected, "{query}");
    }

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_range_that_is_whole_says_nothing() {
        check(Losses::default(), "time=90-120", 1, &[]);
        check(Losses::default(), "range=all", 1, &[]);
        check(Losses::default(), "time=1-120", 2, &[]);
    }

    #[test]
    fn a_range_from_before_the_first_trace_says_how_much_of_it_is_covered() {
        check(Losses::default(), "time=1-120", 1, &["Covers 10 s of 1 min 49 s, since the first trace"]);
        check(Losses::default(), "time=1-105", 1, &["Covers 5 s of 1 min 44 s, since the first trace"]);
    }

    #[test]
    fn traces_that_are_gone_are_missed_where_they_would_be() {
        let losses = || Losses { gone_until: Some(seconds(80)), ..Losses::default() };
        let not_whole = "Not whole: the store has let go of traces that ended up to 30 s ago";
        check(losses(), "range=all", 1, &[not_whole]);
        check(losses(), "time=80-120", 1, &[not_whole]);
        check(losses(), "time=1-70", 1, &[not_whole]);
        check(losses(), "time=90-120", 1, &[]);
    }

    #[test]
    fn what_never_became_a_trace_is_counted() {
        let losses = || Losses { refused: vec![seconds(99), seconds(95)], ..Losses::default() };
        check(losses(), "range=all", 1, &["2 arrivals were refused in this time"]);
        check(losses(), "time=96-120", 1, &["1 arrival was refused in this time"]);
        check(losses(), "time=100-120", 1, &[]);
        let losses = || Losses { has_older_refusals: true, dropped: 3, unreadable: 1, ..losses() };
        let also =
            ["3 datagrams dropped by the kernel since the start", "1 time something stored could not be read back"];
        check(losses(), "range=all", 1, &["At least 2 arrivals were refused in this time", also[0], also[1]]);
        check(losses(), "time=96-120", 1, &["1 arrival was refused in this time", also[0], also[1]]);
    }
}
