//! The owner of the lines: the one thread that changes anything.
//!
//! It takes what waits as one group: write it down, take it into memory, let go of what is too old or too much,
//! publish, and only then tell the senders. When the group cannot be written, memory stays as it was and the senders
//! hear why.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::document::Timestamp;
use crate::store::{Incident, NotStored};

use super::LogRecord;
use super::files::{Files, Shape};
use super::line::{Line, Place};
use super::retention::{self, Bounds};
use super::state::State;
use super::store::{LogsReport, Published};

/// The most batches that are written before their effect is published.
const BATCHES_PER_GROUP: usize = 256;
/// How often the age of files is looked at when nothing arrives.
const IDLE_CHECK: Duration = Duration::from_secs(60);

/// What one sender handed over at once.
pub(super) struct Batch {
    lines: Vec<Line>,
    tell: oneshot::Sender<Result<(), NotStored>>,
}

impl Batch {
    /// The JSON is made here, on the sender's thread.
    pub(super) fn new(records: &[LogRecord], tell: oneshot::Sender<Result<(), NotStored>>) -> Self {
        Self { lines: records.iter().map(Line::new).collect(), tell }
    }
}

/// Everything that only the owner touches.
pub(super) struct Owner {
    files: Files,
    bounds: Bounds,
    state: State,
    /// Where the lines of each file stand, in the order in which they were written.
    places: BTreeMap<u32, Vec<Place>>,
    report: LogsReport,
}

impl Owner {
    /// Opens a folder and reads everything in it.
    pub(super) fn open(folder: Option<&Path>, shape: Shape, bounds: Bounds) -> io::Result<Self> {
        let mut state = State::new();
        let mut places: BTreeMap<u32, Vec<Place>> = BTreeMap::new();
        let (files, recovery) = Files::open(folder, shape, |file, number, record| {
            let place = place_of(record.time, file, number);
            places.entry(file).or_default().push(place);
            state.insert(place, Line::new(&record));
        })?;
        let report = LogsReport { max_bytes: bounds.max_bytes, recovery, ..LogsReport::default() };
        let mut owner = Self { files, bounds, state, places, report };
        owner.evict(Timestamp::now());
        Ok(owner)
    }

    /// What readers see.
    pub(super) fn published(&mut self) -> Published {
        self.report.lines = self.state.count();
        self.report.bytes = self.files.bytes();
        Published { state: self.state.clone(), report: self.report.clone() }
    }

    /// Works until the last handle is gone.
    pub(super) async fn work(mut self, mut batches: mpsc::Receiver<Batch>, published: &ArcSwap<Published>) {
        loop {
            let first = match tokio::time::timeout(IDLE_CHECK, batches.recv()).await {
                Ok(Some(first)) => Some(first),
                Ok(None) => break,
                Err(_idle) => None,
            };
            let more = std::iter::from_fn(|| batches.try_recv().ok());
            let group = first.into_iter().chain(more).take(BATCHES_PER_GROUP);
            let (lines, waiting): (Vec<_>, Vec<_>) = group.map(|batch| (batch.lines, batch.tell)).unzip();
            let now = Timestamp::now();
            let outcome = self.take(lines.into_iter().flatten().collect(), now);
            self.evict(now);
            published.store(Arc::new(self.published()));
            for tell in waiting {
                // A sender that has gone away does not need to be told.
                let _ = tell.send(outcome.clone());
            }
        }
    }

    /// Writes lines down and takes them into memory.
    fn take(&mut self, lines: Vec<Line>, now: Timestamp) -> Result<(), NotStored> {
        if lines.is_empty() {
            return Ok(());
        }
        let text: String = lines.iter().flat_map(|line| [&*line.json, "\n"]).collect();
        let written = self.files.append(text.as_bytes(), now);
        if let Ok(file) = written {
            let places = self.places.entry(file).or_default();
            for line in lines {
                let number = places.len().try_into().unwrap_or(u32::MAX);
                let place = place_of(line.time, file, number);
                places.push(place);
                self.state.insert(place, line);
            }
        }
        self.noted(written.map(drop), now)
    }

    /// Keeps in the report what is wrong with writing, from the first failure to the next success.
    fn noted(&mut self, written: io::Result<()>, now: Timestamp) -> Result<(), NotStored> {
        let Err(error) = written else {
            if self.report.incident.take().is_some() {
                tracing::info!("log lines are stored again");
            }
            return Ok(());
        };
        let incident = Incident::new(&error, self.report.incident.as_ref().map_or(now, |known| known.since));
        let words = Arc::clone(&incident.words);
        if self.report.incident.replace(incident).is_none() {
            tracing::error!(%error, "log lines cannot be stored: {words}");
        }
        Err(NotStored::Unwritten(words))
    }

    fn evict(&mut self, now: Timestamp) {
        while let Some((file, reason)) = retention::doomed(&self.files.facts(), self.bounds, now) {
            if let Err(error) = self.files.remove(file) {
                tracing::error!(%error, "a file of log lines that is no longer kept cannot be removed: {error}");
                return;
            }
            let places = self.places.remove(&file).unwrap_or_default();
            *self.report.evicted.entry(reason).or_default() += places.len() as u64;
            places.into_iter().for_each(|place| self.state.remove(place));
        }
    }
}

fn place_of(time: Timestamp, file: u32, number: u32) -> Place {
    Place { time, number: (u64::from(file) << 32) + u64::from(number) }
}
