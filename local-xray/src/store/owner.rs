//! The store's owner: the one thread that changes anything.
//!
//! It takes what waits as one group: write it down, take it into memory, let go of what is too old or too much, publish,
//! and only then tell the senders. When the group cannot be written, memory stays as it was and the senders hear why.
//! Between groups, when more traces are live than there is room for, the quietest ones settle.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use foldhash::{HashMap, HashSet};
use tokio::sync::{mpsc, oneshot};

use crate::document::{Document, Timestamp, TraceId};

use super::archive::restored;
use super::budget::Budget;
use super::index::{Found, Index};
use super::journal::files::Folder;
use super::journal::frame::{self, Entry};
use super::journal::{self, FileNumber, Journal, Place, Shape};
use super::report::{Evicted, Incident, StoreReport};
use super::retention::{self, Bounds, Held};
use super::roll::Roll;
use super::settled::run::Condensed;
use super::state::State;
use super::{Arrival, NotStored, Published};

/// The most batches that are written and applied before their effect is published.
const BATCHES_PER_GROUP: usize = 256;
/// How often the age of files is looked at when nothing arrives.
const IDLE_CHECK: Duration = Duration::from_secs(60);
/// The most traces that settle at a time, so that no sender waits long.
const SETTLE_AT_ONCE: usize = 1_024;

/// What one sender handed over at once.
pub(super) struct Batch {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) tell: Tell,
}

/// Where a sender waits to hear what became of its batch: readers see it, or it is lost.
type Tell = oneshot::Sender<Result<(), NotStored>>;

/// Where a store keeps its files.
#[derive(Clone)]
pub(super) struct Folders {
    pub(super) journal: Arc<dyn Folder>,
    pub(super) index: Arc<dyn Folder>,
    pub(super) checkpoints: Arc<dyn Folder>,
}

/// Everything that only the owner touches.
pub(super) struct Owner {
    journal: Journal,
    index: Index,
    bounds: Bounds,
    budget: Budget,
    state: State,
    roll: Roll,
    /// The file in which each trace began.
    pub(super) began: HashMap<TraceId, FileNumber>,
    /// Files that are no longer kept, and cannot be removed.
    stuck: BTreeSet<FileNumber>,
    /// How far the journal is read, while the store is being opened.
    reached: Option<Place>,
    /// Why traces cannot settle.
    unsettled: Option<Arc<str>>,
    report: StoreReport,
}

/// The index does not fit the journal.
struct Misfit;

impl Owner {
    /// Opens the journal and the index in their folders. Where they do not fit one another, the index is made again.
    pub(super) fn open(folders: &Folders, shape: Shape, bounds: Bounds, budget: Budget) -> io::Result<Self> {
        let numbers = Journal::unread(Arc::clone(&folders.journal), shape).list()?;
        let (index, checkpoints) = (Arc::clone(&folders.index), Arc::clone(&folders.checkpoints));
        let (index, found) = Index::open(index, checkpoints, shape.durability, &numbers)?;
        let new = |index| Self {
            journal: Journal::unread(Arc::clone(&folders.journal), shape),
            index,
            bounds,
            budget,
            state: State::new(budget.cache()),
            roll: Roll::default(),
            began: HashMap::default(),
            stuck: BTreeSet::new(),
            reached: None,
            unsettled: None,
            report: StoreReport { max_bytes: bounds.max_bytes, max_memory: budget.all(), ..StoreReport::default() },
        };
        let is_new = numbers.is_empty();
        let mut owner = new(index);
        if owner.restore(&numbers, found)?.is_err() {
            if !is_new {
                tracing::info!("the index of the traces does not fit the journal and is made again");
            }
            owner.index.forget();
            let torn_bytes = owner.report.recovery.torn_bytes;
            owner = new(owner.index);
            owner.report.recovery.torn_bytes = torn_bytes;
            _ = owner.restore(&numbers, None)?;
        }
        owner.evict(Timestamp::now());
        Ok(owner)
    }

    /// Takes in what the index holds, and reads of the journal what the index does not cover.
    fn restore(&mut self, numbers: &[FileNumber], found: Option<Found>) -> io::Result<Result<(), Misfit>> {
        let mut from = Place { file: FileNumber(0), offset: 0 };
        let mut known = HashMap::default();
        if let Some(found) = found {
            from = found.checkpoint.from();
            self.journal.begin_after(found.checkpoint.files().map(|file| file.facts().number).max());
            known.extend(found.checkpoint.files().map(|file| (file.facts().number, file.facts())));
            self.began.extend(found.traces());
            found.rows.into_iter().for_each(|(number, rows)| self.state.restore(number, rows));
        }
        for number in numbers {
            let known = known.get(number).copied();
            if let Some(facts) = known.filter(|_| *number < from.file) {
                if self.journal.take_in_unread(facts).is_err() {
                    return Ok(Err(Misfit));
                }
                continue;
            }
            let damages = self.report.recovery.damages;
            let is_last = numbers.last() == Some(number);
            let bytes = self.journal.take_in(*number, is_last, &mut self.report.recovery)?;
            let has_shrunk = known.is_some_and(|facts| self.journal.end_of(*number) < facts.bytes);
            if has_shrunk || (known.is_some() && self.report.recovery.damages > damages) {
                return Ok(Err(Misfit));
            }
            self.state.follow(self.journal.shelf());
            self.replay(*number, &bytes, from, numbers);
        }
        self.reached = None;
        Ok(Ok(()))
    }

    /// Takes the documents of a file in that no row covers.
    fn replay(&mut self, number: FileNumber, bytes: &[u8], from: Place, numbers: &[FileNumber]) {
        for frame in journal::frames(number, bytes).filter(|frame| frame.place >= from) {
            let plain = journal::unpacked(&frame, &mut self.report.recovery);
            for entry in frame::entries(&plain).filter(|entry| numbers.binary_search(&entry.began).is_ok()) {
                if self.is_covered(&entry, frame.place) {
                    continue;
                }
                match restored(&entry) {
                    Some(document) => self.take_in(document, entry.began, frame.place),
                    None => self.report.recovery.damages += 1,
                }
            }
            self.reached = Some(frame.end());
            self.settle_if_due(frame.written_at);
        }
    }

    fn is_covered(&self, entry: &Entry<'_>, place: Place) -> bool {
        let began = self.began.get(&entry.trace_id);
        let row = began.and_then(|file| self.state.settled_in(*file, entry.trace_id));
        row.is_some_and(|(rows, row)| self.state.archive().places(rows, row).contains(&place))
    }

    /// What readers see.
    pub(super) fn published(&mut self) -> Published {
        let (live, _) = self.state.live_size();
        self.report.traces = self.state.traces();
        self.report.live = live;
        self.report.bytes = self.journal.bytes() + self.index.bytes();
        self.report.stuck_files = self.stuck.len();
        self.report.unreadable = self.state.archive().unreadable();
        self.report.contested = self.state.contested();
        Published { state: self.state.for_readers(self.journal.shelf()), report: self.report.clone() }
    }

    /// Works until the last handle to the store is gone.
    pub(super) async fn work(mut self, mut batches: mpsc::Receiver<Batch>, published: &ArcSwap<Published>) {
        loop {
            let first = match tokio::time::timeout(IDLE_CHECK, batches.recv()).await {
                Ok(Some(first)) => Some(first),
                Ok(None) => break,
                Err(_idle) => None,
            };
            let more = std::iter::from_fn(|| batches.try_recv().ok());
            let group: Vec<Batch> = first.into_iter().chain(more).take(BATCHES_PER_GROUP).collect();
            let now = Timestamp::now();
            let (waiting, outcome) = self.take(group, now);
            self.evict(now);
            published.store(Arc::new(self.published()));
            for tell in waiting {
                // A sender that has gone away does not need to be told.
                let _ = tell.send(outcome.clone());
            }
            if self.settle_if_due(now) {
                published.store(Arc::new(self.published()));
            }
        }
    }

    /// Writes a group down and takes it into memory.
    pub(super) fn take(&mut self, group: Vec<Batch>, now: Timestamp) -> (Vec<Tell>, Result<(), NotStored>) {
        let mut waiting = Vec::with_capacity(group.len());
        let mut arrivals = Vec::new();
        for batch in group {
            arrivals.extend(batch.arrivals);
            waiting.push(batch.tell);
        }
        if arrivals.is_empty() {
            return (waiting, Ok(()));
        }
        let written = self.has_room().and_then(|()| self.write(&arrivals, now));
        self.state.follow(self.journal.shelf());
        let outcome = written.map(|places| {
            for (arrival, (began, place)) in arrivals.into_iter().zip(places) {
                self.take_in(arrival.document, began, place);
            }
        });
        (waiting, self.noted(outcome, now))
    }

    /// Refuses documents while traces cannot settle and memory is full of them.
    fn has_room(&self) -> io::Result<()> {
        match &self.unsettled {
            Some(words) if self.budget.is_overfull(self.state.live_size()) => Err(io::Error::other(&**words)),
            _ => Ok(()),
        }
    }

    /// Writes documents down; says of each in which file its trace began, and where it is.
    fn write(&mut self, arrivals: &[Arrival], now: Timestamp) -> io::Result<Vec<(FileNumber, Place)>> {
        let file = self.journal.next_file(now)?;
        let began = |id: TraceId| self.began.get(&id).copied().unwrap_or(file);
        let entries: Vec<_> = arrivals
            .iter()
            .map(|arrival| Entry {
                trace_id: arrival.document.trace_id,
                began: began(arrival.document.trace_id),
                json: Cow::Borrowed(&arrival.json[..]),
            })
            .collect();
        let places = self.journal.append(&entries, now)?;
        Ok(entries.iter().map(|entry| entry.began).zip(places).collect())
    }

    /// Takes a document into memory that is written down. A trace that has settled comes back first.
    fn take_in(&mut self, document: Document, began: FileNumber, place: Place) {
        let id = document.trace_id;
        let began = *self.began.entry(id).or_insert(began);
        if self.state.live(id).is_none()
            && let Some((rows, row)) = self.state.settled_in(began, id)
        {
            let archive = self.state.archive();
            let places = archive.places(rows, row);
            let trace = archive.trace(id, &places);
            self.state.revive(began, trace);
            self.roll.revive(id, places);
        }
        self.roll.touch(id, place);
        self.state.apply(document);
    }

    /// Lets quiet traces settle when there are more live ones than there is room for; says whether some did.
    fn settle_if_due(&mut self, now: Timestamp) -> bool {
        let mut some = false;
        while self.budget.is_full(self.state.live_size()) {
            match self.settle(now) {
                Ok(()) => some = true,
                Err(error) => {
                    if self.unsettled.is_none() {
                        tracing::error!(%error, "traces cannot leave memory: {error}");
                    }
                    self.unsettled = Some(format!("traces cannot leave memory: {error}").into());
                    break;
                }
            }
            self.unsettled = None;
        }
        some
    }

    /// Lets the quietest traces settle, up to a number; and those that are never quiet, once the journal would have to be
    /// read from far back for them.
    pub(super) fn settle(&mut self, now: Timestamp) -> io::Result<()> {
        let mut settling = Vec::new();
        let everything = self.reached.unwrap_or(self.journal.end());
        let far_back = FileNumber(everything.file.0.saturating_sub(1));
        let lagging: HashMap<_, _> = self.roll.uncovered_before(far_back).collect();
        let quietest = self.roll.quietest().take(SETTLE_AT_ONCE).filter(|(id, _)| !lagging.contains_key(id));
        for (id, places) in quietest.chain(lagging.iter().map(|(id, places)| (*id, *places))) {
            let (Some(trace), Some(began)) = (self.state.live(id), self.began.get(&id)) else { continue };
            settling.push((*began, Condensed::of(trace, places)));
        }
        let ids: HashSet<TraceId> = settling.iter().map(|(_, trace)| trace.id()).collect();
        let from = self.roll.first_uncovered(&ids).unwrap_or(everything);
        for (file, rows) in self.index.settle(settling, from, &self.journal, now)? {
            self.state.settle(file, rows);
        }
        ids.into_iter().for_each(|id| self.roll.remove(id));
        Ok(())
    }

    /// Keeps in the report what is wrong with writing, from the first failure to the next success.
    fn noted(&mut self, written: io::Result<()>, now: Timestamp) -> Result<(), NotStored> {
        match written {
            Ok(()) => {
                if let Some(over) = self.report.incident.take() {
                    tracing::info!(since = ?over.since, "documents are stored again");
                }
                Ok(())
            }
            Err(error) => {
                let incident = Incident::new(&error, self.report.incident.as_ref().map_or(now, |known| known.since));
                if self.report.incident.is_none() {
                    tracing::error!(%error, "documents cannot be stored: {}", incident.words);
                }
                let words = Arc::clone(&incident.words);
                self.report.incident = Some(incident);
                Err(NotStored::Unwritten(words))
            }
        }
    }

    /// Lets go of the files that are too old or too much.
    pub(super) fn evict(&mut self, now: Timestamp) {
        let files: Vec<_> = self
            .journal
            .facts()
            .map(|facts| Held {
                number: facts.number,
                bytes: facts.bytes + self.index.bytes_of(facts.number),
                memory: self.state.memory_of(facts.number),
                written_at: facts.written_at,
            })
            .collect();
        for (file, reason) in retention::doomed(&files, self.bounds, now) {
            match self.let_go(file) {
                Ok(gone) => {
                    self.stuck.remove(&file);
                    *self.report.evicted.entry(reason).or_default() += gone;
                }
                Err(error) if self.stuck.insert(file) => {
                    tracing::error!(%error, "journal file {} is no longer kept and cannot be removed: {error}", file.0);
                }
                Err(_told_before) => {}
            }
        }
    }

    /// Removes a file with the traces that began in it.
    pub(super) fn let_go(&mut self, file: FileNumber) -> io::Result<Evicted> {
        self.journal.remove(file)?;
        if let Err(error) = self.index.remove(file) {
            tracing::warn!(%error, "the index of journal file {} is left behind: {error}", file.0);
        }
        let gone = self.drop_file(file);
        self.state.forget_empty_minutes();
        Ok(gone)
    }

    /// Lets go of the traces that began in a file.
    fn drop_file(&mut self, file: FileNumber) -> Evicted {
        let began = &mut self.began;
        let mut gone = self.state.drop_file(file, |id| _ = began.remove(&id));
        let live: Vec<_> = self.roll.traces().filter(|id| self.began.get(id) == Some(&file)).collect();
        for id in live {
            self.began.remove(&id);
            self.roll.remove(id);
            gone += self.state.forget(id);
        }
        gone
    }
}
