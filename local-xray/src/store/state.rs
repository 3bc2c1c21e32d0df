//! What readers see: live traces, whose documents are in memory, and settled ones, whose documents are in the journal alone.
//!
//! Traces that were touched lately are live, in maps that share structure between versions (`rpds`), so that a published
//! copy stays valid while the owner goes on. All others are rows ([`super::settled`]), which never change. A trace is one
//! or the other. Which one makes no difference to any answer, only to what it costs.

use std::cmp::Reverse;
use std::sync::Arc;

use foldhash::fast::RandomState;
use rpds::{HashTrieMapSync, RedBlackTreeSetSync};

use crate::document::{Document, TraceId, Window};

use super::aggregate::{Minute, Minutes};
use super::archive::Archive;
use super::journal::{FileNumber, Shelf};
use super::newest::{Run, newest_first};
use super::report::Evicted;
use super::settled::Settled;
use super::settled::rows::Rows;
use super::trace::Trace;
use super::{Entry, Extent, Position};

/// Stands before every other id at the same time.
const LOWEST_ID: TraceId = TraceId::from_bytes([0; 16]);

#[derive(Clone)]
pub(super) struct State {
    live: HashTrieMapSync<TraceId, Arc<Trace>, RandomState>,
    live_bytes: usize,
    by_start: RedBlackTreeSetSync<Position>,
    minutes: Minutes,
    /// How many ids a segment and a subsegment have claimed, also in traces that are gone.
    contested: u64,
    settled: Settled,
    archive: Arc<Archive>,
}

impl State {
    /// Without any trace. What is read back is cached in so many bytes.
    pub(super) fn new(cache_bytes: u64) -> Self {
        Self {
            live: HashTrieMapSync::new_with_hasher_and_ptr_kind(RandomState::default()),
            live_bytes: 0,
            by_start: RedBlackTreeSetSync::new_sync(),
            minutes: Minutes::new(),
            contested: 0,
            settled: Settled::default(),
            archive: Arc::new(Archive::new(cache_bytes)),
        }
    }

    /// A copy for readers. From now on they see what is in it.
    pub(super) fn for_readers(&mut self, shelf: Arc<Shelf>) -> Self {
        self.follow(shelf);
        self.minutes.are_seen();
        self.clone()
    }

    /// Takes note of the files that there are now.
    pub(super) fn follow(&mut self, shelf: Arc<Shelf>) {
        if !Arc::ptr_eq(&self.archive.shelf, &shelf) {
            self.archive = Arc::new(self.archive.with(shelf));
        }
    }

    // === live traces ===

    /// Takes one document into its trace, which is live or new.
    pub(super) fn apply(&mut self, document: Document) {
        let id = document.trace_id;
        if !self.live.contains_key(&id) {
            self.live.insert_mut(id, Arc::new(Trace::new(id)));
        }
        let Some(trace) = self.live.get_mut(&id) else { return };
        let (before, bytes) = (trace.position(), trace.bytes());
        let contested = trace.contested().len();
        let trace = Arc::make_mut(trace);
        if !trace.merge(document.segment) {
            return;
        }
        self.contested += (trace.contested().len() - contested) as u64;
        self.live_bytes = self.live_bytes + trace.bytes() - bytes;
        let after = trace.position();
        if after != before {
            self.by_start.remove_mut(&before);
            self.by_start.insert_mut(after);
        }
        if after.start > before.start {
            // What was a later minute may have become the first one.
            self.minutes.remove(id, trace.minutes());
        }
        self.minutes.insert(id, after.start, trace.minutes());
    }

    /// A live trace.
    pub(super) fn live(&self, id: TraceId) -> Option<&Arc<Trace>> {
        self.live.get(&id)
    }

    /// How many live traces there are, and about how many bytes they take.
    pub(super) fn live_size(&self) -> (usize, usize) {
        (self.live.size(), self.live_bytes)
    }

    /// Lets go of live traces for good.
    pub(super) fn forget(&mut self, id: TraceId) -> Evicted {
        let Some(trace) = self.remove_live(id) else { return Evicted::default() };
        trace.minutes().iter().for_each(|minute| self.minutes.forget_sums(*minute));
        Evicted { traces: 1, segments: trace.part_count() as u64, until: Some(trace.end_time()) }
    }

    fn remove_live(&mut self, id: TraceId) -> Option<Arc<Trace>> {
        let trace = Arc::clone(self.live.get(&id)?);
        self.live.remove_mut(&id);
        self.live_bytes -= trace.bytes();
        self.by_start.remove_mut(&trace.position());
        self.minutes.remove(id, trace.minutes());
        Some(trace)
    }

    // === settled traces ===

    /// A trace that began in this file and has settled, and its row.
    pub(super) fn settled_in(&self, file: FileNumber, id: TraceId) -> Option<(&Arc<Rows>, u32)> {
        self.settled.find_in(file, id)
    }

    pub(super) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Takes rows in. Those of their traces that were live no longer are.
    pub(super) fn settle(&mut self, file: FileNumber, rows: Rows) {
        for row in 0..u32::try_from(rows.len()).unwrap_or(u32::MAX) {
            self.remove_live(rows.id(row));
        }
        self.settled.add(file, rows);
    }

    /// Takes rows in as they were found when the store was opened.
    pub(super) fn restore(&mut self, file: FileNumber, rows: Rows) {
        self.minutes.learn(rows.minutes());
        self.settled.add(file, rows);
    }

    /// Makes a settled trace live again, as it was.
    pub(super) fn revive(&mut self, file: FileNumber, trace: Trace) {
        self.settled.bury(file, trace.id());
        let start = trace.start_time();
        let later = trace.minutes().iter().copied().filter(|minute| *minute != Minute::of(start));
        self.minutes.put_later(trace.id(), later);
        self.live_bytes += trace.bytes();
        self.by_start.insert_mut(trace.position());
        self.live.insert_mut(trace.id(), Arc::new(trace));
    }

    /// Lets go of the settled traces that began in a file.
    pub(super) fn drop_file(&mut self, file: FileNumber, mut each: impl FnMut(TraceId)) -> Evicted {
        let mut gone = Evicted::default();
        for group in self.settled.drop_file(file) {
            let mut last = None;
            for minute in group.rows.minutes().filter(|minute| last.replace(*minute) != Some(*minute)) {
                self.minutes.forget_sums(minute);
            }
            for row in (0..).take(group.rows.len()).filter(|row| group.has(*row)) {
                gone.traces += 1;
                gone.segments += group.rows.parts(row);
                gone.until = gone.until.max(Some(group.rows.end(row)));
                each(group.rows.id(row));
            }
        }
        gone
    }

    /// About how many bytes the rows of a file take.
    pub(super) fn memory_of(&self, file: FileNumber) -> u64 {
        self.settled.memory_of(file)
    }

    /// Leaves out the minutes before the first trace.
    pub(super) fn forget_empty_minutes(&mut self) {
        let settled = self.settled.groups().filter_map(|group| group.rows.first_start());
        let live = self.by_start.first().map(|position| position.start);
        self.minutes.forget_before(settled.chain(live).min());
    }

    // === questions ===

    /// How many traces there are.
    pub(super) fn traces(&self) -> usize {
        self.live.size() + self.settled.len()
    }

    /// How many ids a segment and a subsegment have claimed.
    pub(super) fn contested(&self) -> u64 {
        self.contested
    }

    pub(super) fn entry(&self, id: TraceId) -> Option<Entry> {
        let live = self.live.get(&id).map(|trace| Entry::of(Arc::clone(trace)));
        live.or_else(|| self.settled.find(id).map(|(rows, row)| Entry::settled(rows, row, &self.archive)))
    }

    /// The traces that started in the window, behind `after`, latest start first.
    pub(super) fn started_in(&self, window: Window, after: Option<Position>) -> impl Iterator<Item = Entry> {
        let start = Position { start: window.start, id: LOWEST_ID };
        let end = Position { start: window.end, id: LOWEST_ID };
        let end = after.map_or(end, |after| after.min(end));
        let start = start.min(end);
        let live = self.by_start.range(start..end).rev();
        let live = live.filter_map(|position| Some((*position, Entry::of(Arc::clone(self.live.get(&position.id)?)))));
        let settled = self.settled.groups().map(move |group| Run::of(group, start, end, &self.archive));
        newest_first(live, settled.collect())
    }

    /// How many traces were active in the window, and when the first of them began; costs nothing for a trace that has settled.
    pub(super) fn extent(&self, window: Window) -> Extent {
        let start = Position { start: window.start, id: LOWEST_ID };
        let end = Position { start: window.end, id: LOWEST_ID }.max(start);
        let mut extent = Extent::default();
        self.by_start.range(start..end).for_each(|position| extent.add(1, Some(position.start)));
        for group in self.settled.groups() {
            let (traces, first) = group.counting(group.rows.between(start, end));
            extent.add(traces, first.map(|row| group.rows.start(row)));
        }
        self.went_on_into(window, None).for_each(|entry| extent.add(1, Some(entry.position().start)));
        extent
    }

    /// The traces that started before the window and were still active in it, behind `after`, latest start first.
    pub(super) fn went_on_into(&self, window: Window, after: Option<Position>) -> impl Iterator<Item = Entry> {
        let first = Position { start: window.start, id: LOWEST_ID };
        let live = self.by_start.range(..first).filter_map(|position| self.live.get(&position.id));
        let live = live.filter(move |trace| window.overlaps(trace.start_time(), trace.end_time()));
        let settled = self.settled.groups().flat_map(move |group| {
            let rows = group.rows.went_on_into(window).filter(|row| group.has(*row));
            rows.map(|row| Entry::settled(&group.rows, row, &self.archive))
        });
        let entries = live.map(|trace| Entry::of(Arc::clone(trace))).chain(settled);
        let mut entries: Vec<_> = entries.filter(|entry| after.is_none_or(|after| entry.position() < after)).collect();
        entries.sort_unstable_by_key(|entry| Reverse(entry.position()));
        entries.into_iter()
    }

    /// The traces that may have work in a minute, each once.
    pub(super) fn working_in(&self, minute: Minute) -> impl Iterator<Item = Entry> {
        let live = self.minutes.later_in(minute).filter_map(|id| self.live.get(&id));
        // A late document can show that a trace started earlier than was known when it was put down as a later one.
        let live = live.filter(move |trace| Minute::of(trace.start_time()) != minute);
        let settled = self.settled.groups().flat_map(move |group| {
            let rows = group.rows.later_in(minute).filter(|row| group.has(*row));
            rows.map(|row| Entry::settled(&group.rows, row, &self.archive))
        });
        let later = live.map(|trace| Entry::of(Arc::clone(trace))).chain(settled);
        self.started_in(minute.window(), None).chain(later)
    }

    /// What is kept of minutes.
    pub(super) fn minutes(&self) -> &Minutes {
        &self.minutes
    }
}
