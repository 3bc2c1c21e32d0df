//! What a graph counts of one minute, added up once and kept until a trace of that minute changes.
//!
//! A memo, not a ledger: a change to a trace forgets the sums of the minutes in which the trace has work, and the next
//! question adds them up again from the digests. Nothing is ever taken out of a sum, so sums cannot drift away from
//! the traces. Late documents and evictions only cost the next question a minute's digests.
//!
//! Snapshots share the sums: whoever asks first adds up for all.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use crate::document::{Timestamp, TraceId, Window};

use super::counted::Counted;
use super::seconds::{Broken, Seconds};

/// A minute of the clock, counted from the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Minute(i64);

impl Minute {
    /// How long a minute is.
    pub(super) const LENGTH: Duration = Duration::from_secs(60);
    /// The same, as times are counted.
    const MICROS: i64 = 60_000_000;

    /// The minute that a time lies in.
    pub(super) fn of(time: Timestamp) -> Self {
        Self(time.micros().div_euclid(Self::MICROS))
    }

    /// Minutes since the epoch.
    pub(super) fn number(self) -> i64 {
        self.0
    }

    /// The minute so many minutes after the epoch.
    pub(super) fn numbered(number: i64) -> Self {
        Self(number)
    }

    /// From its first to its last microsecond.
    pub(super) fn window(self) -> Window {
        let at = |minute: i64| Timestamp::from_micros(minute.saturating_mul(Self::MICROS));
        Window { start: at(self.0), end: at(self.0.saturating_add(1)) }
    }

    /// Its seconds.
    pub(super) fn seconds(self) -> impl Iterator<Item = Window> {
        let begin = self.window().start.micros();
        let at = move |second: i64| Timestamp::from_micros(begin.saturating_add(second * 1_000_000));
        (0..60).map(move |second| Window { start: at(second), end: at(second + 1) })
    }
}

/// The sums of one minute, once somebody has asked for them.
pub(super) type Memo = Arc<OnceLock<Counted<'static>>>;

/// The minutes that have work, each with its sums, and the live traces that are found there and nowhere else.
#[derive(Clone)]
pub(super) struct Minutes {
    memos: RedBlackTreeMapSync<Minute, Memo>,
    /// Minutes whose memos no reader has seen yet.
    unseen: BTreeSet<Minute>,
    /// Live traces with work in a minute after the one that they started in.
    later: RedBlackTreeSetSync<(Minute, TraceId)>,
    broken: Arc<Broken>,
}

impl Minutes {
    pub(super) fn new() -> Self {
        Self {
            memos: RedBlackTreeMapSync::new_sync(),
            unseen: BTreeSet::new(),
            later: RedBlackTreeSetSync::new_sync(),
            broken: Arc::default(),
        }
    }

    /// Takes note of a trace that has come or changed, by all the minutes in which it has work.
    pub(super) fn insert(&mut self, id: TraceId, start: Timestamp, minutes: &[Minute]) {
        for minute in minutes {
            self.forget_sums(*minute);
            if *minute != Minute::of(start) {
                self.later.insert_mut((*minute, id));
            }
        }
    }

    /// Takes note of a trace that is live again, by the minutes after that of its start; nothing has changed there.
    pub(super) fn put_later(&mut self, id: TraceId, minutes: impl IntoIterator<Item = Minute>) {
        minutes.into_iter().for_each(|minute| self.later.insert_mut((minute, id)));
    }

    /// Takes note of a trace that is no longer live: it has settled, or is gone, and then its minutes change too.
    pub(super) fn remove(&mut self, id: TraceId, minutes: &[Minute]) {
        minutes.iter().for_each(|minute| _ = self.later.remove_mut(&(*minute, id)));
    }

    /// Takes note of minutes that have work.
    pub(super) fn learn(&mut self, minutes: impl IntoIterator<Item = Minute>) {
        let mut last = None;
        for minute in minutes {
            if last.replace(minute) != Some(minute) && !self.memos.contains_key(&minute) {
                self.memos.insert_mut(minute, Memo::default());
            }
        }
    }

    /// From now on readers see these memos.
    pub(super) fn are_seen(&mut self) {
        self.unseen.clear();
    }

    /// Leaves out the minutes before the first trace that is left: nothing has work there.
    pub(super) fn forget_before(&mut self, first: Option<Timestamp>) {
        let first = first.map(Minute::of);
        let is_past = |minute: Minute| first.is_none_or(|first| minute < first);
        while let Some((minute, _)) = self.memos.first().filter(|(minute, _)| is_past(**minute)) {
            let minute = *minute;
            self.memos.remove_mut(&minute);
            self.unseen.remove(&minute);
        }
    }

    /// The minutes with work that overlap the window, each with its memo.
    pub(super) fn overlapping(&self, window: Window) -> impl Iterator<Item = (Minute, &Memo)> {
        let last = Timestamp::from_micros(window.end.micros().saturating_sub(1));
        let range = (window.start < window.end).then(|| Minute::of(window.start)..=Minute::of(last));
        let memos = range.map(|range| self.memos.range(range));
        memos.into_iter().flatten().map(|(minute, memo)| (*minute, memo))
    }

    /// The sums of the seconds of the minute with this memo.
    pub(super) fn seconds(&self, memo: &Memo, make: impl FnOnce() -> Seconds) -> Arc<Seconds> {
        self.broken.get(memo, make)
    }

    /// The live traces that started before a minute and have work in it.
    pub(super) fn later_in(&self, minute: Minute) -> impl Iterator<Item = TraceId> {
        let next = Minute(minute.0.saturating_add(1));
        let lowest = TraceId::from_bytes([0; 16]);
        self.later.range((minute, lowest)..(next, lowest)).map(|(_, id)| *id)
    }

    /// A new memo, also where the old one is empty: a reader of an older snapshot may be about to fill it. Not where nobody
    /// has seen it, which is what nearly all documents find.
    pub(super) fn forget_sums(&mut self, minute: Minute) {
        if self.unseen.insert(minute) {
            self.memos.insert_mut(minute, Memo::default());
        }
    }
}
