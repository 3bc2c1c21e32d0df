//! The store's owner: the one thread that changes anything.
//!
//! It takes what waits as one group: write it down, take it into memory, let go of what is too old or too much, publish,
//! and only then tell the senders. When the group cannot be written, memory stays as it was and the senders hear why.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::document::{Document, Timestamp, TraceId, parse};

use super::journal::files::Folder;
use super::journal::frame::Entry;
use super::journal::{FileNumber, Journal, Recovery, Shape};
use super::report::{Incident, StoreReport};
use super::retention::{self, Bounds};
use super::state::State;
use super::{NotStored, Published};

/// The most batches that are written and applied before their effect is published.
const BATCHES_PER_GROUP: usize = 256;
/// How often the age of files is looked at when nothing arrives.
const IDLE_CHECK: Duration = Duration::from_secs(60);

/// What one sender handed over at once.
pub(super) struct Batch {
    documents: Vec<Document>,
    /// The documents as they are written down, made on the sender's thread.
    json: Vec<String>,
    tell: Tell,
}

/// Where a sender waits to hear what became of its batch: readers see it, or it is lost.
type Tell = oneshot::Sender<Result<(), NotStored>>;

impl Batch {
    pub(super) fn new(documents: Vec<Document>, tell: Tell) -> Self {
        let json = documents.iter().map(Document::to_json).collect();
        Self { documents, json, tell }
    }
}

/// Everything that only the owner touches.
pub(super) struct Owner {
    journal: Journal,
    bounds: Bounds,
    state: State,
    /// The file in which each trace began, and the traces that began in each file.
    began: HashMap<TraceId, FileNumber>,
    begun_in: BTreeMap<FileNumber, Vec<TraceId>>,
    report: StoreReport,
}

impl Owner {
    /// Opens the journal in a folder and reads everything in it.
    pub(super) fn open(folder: Box<dyn Folder>, shape: Shape, bounds: Bounds) -> io::Result<Self> {
        let mut state = State::new();
        let (mut began, mut begun_in) = (HashMap::new(), BTreeMap::new());
        let mut unread = 0;
        let (journal, recovery) = Journal::open(folder, shape, |_, entry| {
            let Some(document) = restored(entry) else {
                unread += 1;
                return;
            };
            register(entry.trace_id, entry.began, &mut began, &mut begun_in);
            state.apply(document);
        })?;
        let recovery = Recovery { damages: recovery.damages + unread, ..recovery };
        let report = StoreReport { max_bytes: bounds.max_bytes, recovery, ..StoreReport::default() };
        let mut owner = Self { journal, bounds, state, began, begun_in, report };
        owner.evict(Timestamp::now());
        Ok(owner)
    }

    /// What readers see.
    pub(super) fn published(&mut self) -> Published {
        self.report.traces = self.state.traces();
        self.report.bytes = self.journal.bytes();
        self.report.contested = self.state.contested();
        Published { state: self.state.clone(), report: self.report.clone() }
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
        }
    }

    /// Writes a group down and takes it into memory.
    fn take(&mut self, group: Vec<Batch>, now: Timestamp) -> (Vec<Tell>, Result<(), NotStored>) {
        let mut waiting = Vec::with_capacity(group.len());
        let (mut documents, mut json) = (Vec::new(), Vec::new());
        for batch in group {
            documents.extend(batch.documents);
            json.extend(batch.json);
            waiting.push(batch.tell);
        }
        if documents.is_empty() {
            return (waiting, Ok(()));
        }
        let written = self.write(&documents, &json, now);
        if written.is_ok() {
            documents.into_iter().for_each(|document| self.state.apply(document));
        }
        (waiting, self.noted(written, now))
    }

    fn write(&mut self, documents: &[Document], json: &[String], now: Timestamp) -> io::Result<()> {
        let file = self.journal.next_file(now)?;
        let began = |id: TraceId| self.began.get(&id).copied().unwrap_or(file);
        let entries: Vec<_> = documents
            .iter()
            .zip(json)
            .map(|(document, json)| Entry {
                trace_id: document.trace_id,
                began: began(document.trace_id),
                json: Cow::Borrowed(json.as_bytes()),
            })
            .collect();
        self.journal.append(&entries, now)?;
        for entry in entries {
            register(entry.trace_id, entry.began, &mut self.began, &mut self.begun_in);
        }
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

    fn evict(&mut self, now: Timestamp) {
        let files: Vec<_> = self.journal.facts().collect();
        for (file, reason) in retention::doomed(&files, self.bounds, now) {
            if let Err(error) = self.journal.remove(file) {
                tracing::error!(%error, "a journal file that is no longer kept cannot be removed: {error}");
                return;
            }
            let count = self.report.evicted.entry(reason).or_default();
            for id in self.begun_in.remove(&file).unwrap_or_default() {
                self.began.remove(&id);
                count.traces += 1;
                count.segments += self.state.forget(id) as u64;
            }
        }
    }
}

/// Remembers where a trace began, unless that is known.
fn register(
    id: TraceId,
    file: FileNumber,
    began: &mut HashMap<TraceId, FileNumber>,
    begun_in: &mut BTreeMap<FileNumber, Vec<TraceId>>,
) {
    began.entry(id).or_insert_with(|| {
        begun_in.entry(file).or_default().push(id);
        file
    });
}

/// Reads back what was written down.
fn restored(entry: &Entry<'_>) -> Option<Document> {
    let mut documents = parse(&entry.json).ok()?;
    let document = documents.pop()?;
    (documents.is_empty() && document.trace_id == entry.trace_id).then_some(document)
}
