//! Reads settled traces back: their digests from the index, their documents from the journal.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::digest::Digest;
use crate::document::{Document, TraceId, parse};

use super::Trace;
use super::cache::{AtHand, Cache};
use super::journal::frame::{self, Kind};
use super::journal::{Place, Shelf};
use super::settled::rows::Rows;

/// The files of one moment, and what was read of them lately. Whoever holds a snapshot goes on reading files that have
/// been removed since.
pub(super) struct Archive {
    pub(super) shelf: Arc<Shelf>,
    cache: Arc<Cache>,
    unreadable: Arc<AtomicU64>,
}

impl Archive {
    /// With a cache of so many bytes.
    pub(super) fn new(cache_bytes: u64) -> Self {
        Self { shelf: Arc::default(), cache: Arc::new(Cache::new(cache_bytes)), unreadable: Arc::default() }
    }

    /// The same with other files.
    pub(super) fn with(&self, shelf: Arc<Shelf>) -> Self {
        Self { shelf, cache: Arc::clone(&self.cache), unreadable: Arc::clone(&self.unreadable) }
    }

    /// How often something could not be read that should be there.
    pub(super) fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// The digest of a settled trace. One that cannot be read counts, and says nothing.
    pub(super) fn digest(&self, rows: &Rows, row: u32, at_hand: &mut AtHand) -> Digest {
        match rows.record(row, &self.cache, at_hand) {
            Ok(record) => record.digest(),
            Err(error) => {
                self.note(rows.id(row), &error);
                Digest::of(&Trace::new(rows.id(row)))
            }
        }
    }

    /// Where the documents of a settled trace are.
    pub(super) fn places(&self, rows: &Rows, row: u32) -> Vec<Place> {
        let record = rows.record(row, &self.cache, &mut AtHand::default());
        record.inspect_err(|error| self.note(rows.id(row), error)).map(|record| record.places()).unwrap_or_default()
    }

    /// A trace from its documents, as it was when it settled. Those that cannot be read count, and are missing.
    pub(super) fn trace(&self, id: TraceId, places: &[Place]) -> Trace {
        let mut trace = Trace::new(id);
        for place in places {
            let frame = self.cache.get(Kind::Documents, *place, || self.shelf.read(*place));
            match frame {
                Ok(frame) => documents(&frame, id).for_each(|document| _ = trace.merge(document.segment)),
                Err(error) => self.note(id, &error),
            }
        }
        trace
    }

    fn note(&self, id: TraceId, error: &std::io::Error) {
        if self.unreadable.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!(%error, trace_id = %id, "trace {id} cannot be read back as a whole: {error}");
        }
    }
}

/// The documents of one trace in an unpacked frame.
fn documents(frame: &[u8], id: TraceId) -> impl Iterator<Item = Document> {
    frame::entries(frame).filter(move |entry| entry.trace_id == id).filter_map(|entry| restored(&entry))
}

/// Reads back what was written down.
pub(super) fn restored(entry: &frame::Entry<'_>) -> Option<Document> {
    let json: &Cow<'_, [u8]> = &entry.json;
    let mut documents = parse(json).ok()?;
    let document = documents.pop()?;
    (documents.is_empty() && document.trace_id == entry.trace_id).then_some(document)
}
