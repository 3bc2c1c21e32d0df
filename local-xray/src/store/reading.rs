//! Questions about many traces at once. They go from entry to entry, ask digests first and read documents last; what is
//! asked of whole minutes comes from sums that are kept, and so does what is asked of parts of a minute, by the second.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::cores::on_all_cores;
use crate::digest::DigestView;
use crate::document::{Timestamp, TraceId, Window};
use crate::filter::{Filter, Selector};
use crate::graph::{Point, Series, ServiceGraph};

use super::aggregate::{Memo, Minute};
use super::cache::AtHand;
use super::counted::{Counted, selected_work};
use super::seconds::Seconds;
use super::{Entry, Extent, Position, Range, Snapshot};

/// Lists that are shorter than this are not worth a second thread.
pub(crate) const WORTH_A_THREAD: usize = 2_000;
/// Fewer minutes than this are not worth a second thread.
const MINUTES_WORTH_A_THREAD: usize = 4;

/// A window, in parts that have been added up and parts that have not.
struct Parts<'s> {
    /// The minutes that lie in the window as a whole.
    minutes: Vec<(Minute, &'s Memo)>,
    /// The seconds of the one or two other minutes that do.
    seconds: Vec<(Timestamp, Arc<Seconds>)>,
    /// What is left: parts of one or two seconds, with each trace that has work there.
    rest: Vec<(Window, Entry)>,
}

impl Snapshot {
    /// The traces that a window means, latest start first; with `after`, those further down the list. Costs as much as
    /// the caller takes.
    pub fn entries(&self, range: Range, window: Window, after: Option<Position>) -> impl Iterator<Item = Entry> {
        let is_meant = move |entry: &Entry| range != Range::Served || entry.digest().view().was_served_in(window);
        let started = self.published.state.started_in(window, after);
        let went_on = (range != Range::Started).then_some(());
        let went_on = went_on.into_iter().flat_map(move |()| self.published.state.went_on_into(window, after));
        started.chain(went_on).filter(is_meant)
    }

    /// How many traces were active in a window, and when the first of them began. Does not list them.
    pub fn extent(&self, window: Window) -> Extent {
        self.published.state.extent(window)
    }

    /// The service graph of all work that began in the window, in traces for which the expression holds.
    pub fn graph(&self, window: Window, filter: &Filter) -> ServiceGraph {
        if !filter.is_empty() {
            return graph_of(&self.matching(window, filter), window);
        }
        let parts = self.parts(window);
        let minutes = on_all_cores(&parts.minutes, MINUTES_WORTH_A_THREAD, |part| {
            let mut counted = Counted::default();
            part.iter().for_each(|(minute, memo)| counted.merge(self.counted(*minute, memo)));
            counted
        });
        let mut counted = Counted::default();
        minutes.iter().for_each(|minutes| counted.merge(minutes));
        parts.seconds.iter().for_each(|(second, seconds)| counted.merge(seconds.counted(*second)));
        parts.rest.iter().for_each(|(part, entry)| counted.add(&entry.digest().view(), *part));
        counted.finish(|id| self.published.state.entry(id).filter(|entry| entry.was_active_in(window)))
    }

    /// Work by period: that of the selected nodes as they saw it, or of the selected edges as their callers saw it.
    /// Without a selector all edges are meant.
    pub fn series(&self, window: Window, period: Duration, filter: &Filter, selector: Option<&Selector>) -> Vec<Point> {
        let mut series = Series::new(window, period);
        let is_of_whole_minutes = period.as_micros().is_multiple_of(Minute::LENGTH.as_micros());
        let entries = if filter.is_empty() && is_of_whole_minutes {
            let parts = self.parts(window);
            for (minute, memo) in parts.minutes {
                self.counted(minute, memo).add_to(&mut series, minute.window().start, selector);
            }
            for (second, seconds) in parts.seconds {
                seconds.counted(second).add_to(&mut series, second, selector);
            }
            parts.rest
        } else {
            self.matching(window, filter).into_iter().map(|entry| (window, entry)).collect()
        };
        for (part, entry) in entries {
            selected_work(&entry.digest().view(), part, selector).iter().for_each(|work| series.add(work));
        }
        series.into_points()
    }

    /// The traces of a window for which an expression holds, latest start first.
    fn matching(&self, window: Window, filter: &Filter) -> Vec<Entry> {
        matching(self.entries(Range::Active, window, None).collect(), filter)
    }

    fn parts(&self, window: Window) -> Parts<'_> {
        let mut parts = Parts { minutes: Vec::new(), seconds: Vec::new(), rest: Vec::new() };
        for (minute, memo) in self.published.state.minutes().overlapping(window) {
            let common = minute.window().common(window);
            if common == minute.window() {
                parts.minutes.push((minute, memo));
                continue;
            }
            let seconds = self.published.state.minutes().seconds(memo, || self.seconds(minute));
            for second in minute.seconds() {
                let part = second.common(window);
                if part == second {
                    parts.seconds.push((second.start, Arc::clone(&seconds)));
                } else if part.start < part.end {
                    let entries = seconds.working_in(second.start).iter();
                    let entries = entries.filter_map(|id| self.published.state.entry(*id));
                    parts.rest.extend(entries.map(|entry| (part, entry)));
                }
            }
        }
        parts
    }

    /// Adds up the seconds of a minute.
    fn seconds(&self, minute: Minute) -> Seconds {
        let entries: Vec<Entry> = self.published.state.working_in(minute).collect();
        Seconds::of(minute, opened(&entries).map(|(entry, digest)| (entry.id(), digest)))
    }

    /// The sums of one minute.
    fn counted<'m>(&self, minute: Minute, memo: &'m Memo) -> &'m Counted<'static> {
        memo.get_or_init(|| {
            let entries: Vec<Entry> = self.published.state.working_in(minute).collect();
            let mut counted = Counted::default();
            opened(&entries).for_each(|(_, digest)| counted.add(&digest, minute.window()));
            counted.into_owned()
        })
    }
}

/// The service graph of all work in these traces that began in the window; a trace that is there twice counts once.
pub fn graph_of<'e>(entries: impl IntoIterator<Item = &'e Entry>, window: Window) -> ServiceGraph {
    let mut by_id: HashMap<TraceId, &Entry> = HashMap::new();
    let entries = entries.into_iter().filter(|entry| by_id.insert(entry.id(), entry).is_none());
    let entries: Vec<&Entry> = entries.collect();
    let parts = on_all_cores(&entries, WORTH_A_THREAD, |part| {
        let mut counted = Counted::default();
        opened(part.iter().copied()).for_each(|(_, digest)| counted.add(&digest, window));
        counted
    });
    let mut counted = Counted::default();
    parts.iter().for_each(|part| counted.merge(part));
    counted.finish(|id| by_id.get(&id).copied().cloned())
}

/// Opens the digests of many traces, best in the order of a list: neighbours there are mostly neighbours in the index.
pub(crate) fn opened<'e>(
    entries: impl IntoIterator<Item = &'e Entry>,
) -> impl Iterator<Item = (&'e Entry, DigestView<'e>)> {
    let mut at_hand = AtHand::default();
    entries.into_iter().map(move |entry| (entry, entry.digest_after(&mut at_hand).view()))
}

/// Those of the traces for which an expression holds, in their order.
pub fn matching(mut entries: Vec<Entry>, filter: &Filter) -> Vec<Entry> {
    if filter.is_empty() {
        return entries;
    }
    let answers = on_all_cores(&entries, WORTH_A_THREAD, |part| {
        opened(part).map(|(entry, digest)| entry.matches_by(&digest, filter)).collect::<Vec<bool>>()
    });
    let mut answers = answers.into_iter().flatten();
    entries.retain(|_| answers.next().unwrap_or(false));
    entries
}
