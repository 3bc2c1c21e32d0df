//! Runs: how settled traces are written down, and read back.
//!
//! ```text
//! run    = frame of digests … frame of rows
//! digests = end of each record (4 each, for CHUNK records or fewer, the first 4 bytes say how many) records
//! record = number of places (4) (file (4) offset (4)) … digest
//! rows   = the columns, in postcard's form
//! ```

use std::io;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::{self, Digest};
use crate::document::{Timestamp, TraceId};
use crate::store::Trace;
use crate::store::aggregate::Minute;
use crate::store::journal::files::Bytes;
use crate::store::journal::frame::{self, Kind, Piece};
use crate::store::journal::{FileNumber, Place};

use super::rows::{Columns, Rows};

/// So many digests are compressed together, and read together.
pub(super) const CHUNK: usize = 128;

/// A trace that settles.
pub(in crate::store) struct Condensed {
    id: TraceId,
    start: Timestamp,
    end: Timestamp,
    parts: u32,
    later: Vec<Minute>,
    record: Vec<u8>,
}

impl Condensed {
    /// Condenses a trace whose documents are at these places.
    pub(in crate::store) fn of(trace: &Trace, places: &[Place]) -> Self {
        let (start, digest) = (trace.start_time(), trace.digest());
        let mut record = Vec::with_capacity(4 + 8 * places.len() + digest.as_bytes().len());
        record.extend_from_slice(&number(places.len()).to_le_bytes());
        for place in places {
            record.extend_from_slice(&place.file.0.to_le_bytes());
            record.extend_from_slice(&place.offset.to_le_bytes());
        }
        record.extend_from_slice(digest.as_bytes());
        let later = trace.minutes().iter().copied().filter(|minute| *minute != Minute::of(start));
        Self {
            id: trace.id(),
            start,
            end: trace.end_time(),
            parts: number(trace.part_count()),
            later: later.collect(),
            record,
        }
    }

    pub(in crate::store) fn id(&self) -> TraceId {
        self.id
    }
}

/// A run that stands in no file yet.
pub(in crate::store) struct Run {
    /// What is to be written at the place it was made for.
    pub(in crate::store) bytes: Vec<u8>,
    columns: Columns,
}

impl Run {
    /// Puts traces together, to be written at `begin`.
    ///
    /// # Errors
    /// When the file would be larger than places can say.
    pub(in crate::store) fn of(mut traces: Vec<Condensed>, begin: Place, now: Timestamp) -> io::Result<Self> {
        traces.sort_unstable_by_key(|trace| (trace.start, trace.id));
        let mut run = Self { bytes: Vec::new(), columns: Columns::default() };
        for chunk in traces.chunks(CHUNK) {
            let place = run.here(begin)?;
            run.columns.chunks.push(place.offset);
            frame::write(Kind::Digests, &digests(chunk), &mut run.bytes, place, now);
        }
        for (row, trace) in (0..).zip(traces) {
            run.columns.starts.push(trace.start);
            run.columns.ids.push(trace.id);
            run.columns.ends.push(trace.end);
            run.columns.parts.push(trace.parts);
            run.columns.slots.push(row);
            run.columns.later.extend(trace.later.into_iter().map(|minute| (minute, row)));
        }
        let place = run.here(begin)?;
        frame::write(Kind::Rows, &Table::of(&run.columns), &mut run.bytes, place, now);
        run.here(begin)?;
        Ok(run)
    }

    /// The rows, once the bytes are in the file.
    pub(in crate::store) fn into_rows(self, number: FileNumber, file: Arc<dyn Bytes>) -> Rows {
        Rows::new(number, file, self.columns)
    }

    fn here(&self, begin: Place) -> io::Result<Place> {
        let offset = u32::try_from(self.bytes.len()).ok().and_then(|length| begin.offset.checked_add(length));
        Ok(Place { offset: offset.ok_or(io::ErrorKind::FileTooLarge)?, ..begin })
    }
}

/// The records of a frame.
fn digests(traces: &[Condensed]) -> Vec<u8> {
    let table = 4 * (1 + traces.len());
    let mut plain = Vec::with_capacity(table + traces.iter().map(|trace| trace.record.len()).sum::<usize>());
    plain.extend_from_slice(&number(traces.len()).to_le_bytes());
    let mut end = table;
    for trace in traces {
        end += trace.record.len();
        plain.extend_from_slice(&number(end).to_le_bytes());
    }
    traces.iter().for_each(|trace| plain.extend_from_slice(&trace.record));
    plain
}

/// Reads all runs of a file; where a trace settled more than once, the last row counts. `None` when anything in the file
/// is not as it was written.
pub(in crate::store) fn read(number: FileNumber, file: &Arc<dyn Bytes>, bytes: &[u8]) -> Option<Rows> {
    let (mut runs, mut chunks) = (Vec::new(), Vec::new());
    for piece in frame::pieces(number, bytes) {
        let Piece::Frame(frame) = piece else { return None };
        match frame.kind {
            Kind::Digests => chunks.push(frame.place.offset),
            Kind::Rows => runs.push(Table::read(&frame.unpack()?)?.columns(std::mem::take(&mut chunks))?),
            Kind::Documents | Kind::Checkpoint => return None,
        }
    }
    if !chunks.is_empty() {
        return None;
    }
    let mut seen = std::collections::HashSet::with_capacity(runs.iter().map(|run| run.ids.len()).sum());
    let mut counts: Vec<Vec<bool>> =
        runs.iter().rev().map(|run| run.ids.iter().map(|id| seen.insert(*id)).collect()).collect();
    counts.reverse();
    let counts: Vec<_> =
        counts.iter().map(|counts| |row: u32| counts.get(row as usize).is_some_and(|it| *it)).collect();
    let parts: Vec<(&Columns, &dyn Fn(u32) -> bool)> =
        runs.iter().zip(&counts).map(|(run, counts)| (run, counts as &dyn Fn(u32) -> bool)).collect();
    Some(Rows::new(number, Arc::clone(file), Columns::combined(&parts)))
}

/// The columns as they are written: in the order of starts, in which digests are too.
#[derive(Serialize, Deserialize)]
struct Table {
    /// The form of the digests.
    digests: u8,
    ids: Vec<[u8; 16]>,
    /// The time since the row before, or since the epoch.
    starts: Vec<i64>,
    lengths: Vec<i64>,
    parts: Vec<u32>,
    later: Vec<(i64, u32)>,
}

impl Table {
    fn of(columns: &Columns) -> Vec<u8> {
        let starts = columns.starts.iter().map(|start| start.micros());
        let before = std::iter::once(0).chain(starts.clone());
        let lengths = columns.starts.iter().zip(&columns.ends);
        let table = Self {
            digests: digest::VERSION,
            ids: columns.ids.iter().map(|id| id.to_bytes()).collect(),
            starts: starts.zip(before).map(|(start, before)| start - before).collect(),
            lengths: lengths.map(|(start, end)| end.micros() - start.micros()).collect(),
            parts: columns.parts.clone(),
            later: columns.later.iter().map(|(minute, row)| (minute.number(), *row)).collect(),
        };
        postcard::to_allocvec(&table).expect("lists of known length can always be written")
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes::<Self>(bytes).ok().filter(|table| table.digests == digest::VERSION)
    }

    fn columns(self, chunks: Vec<u32>) -> Option<Columns> {
        let rows = self.ids.len();
        let is_whole = [self.starts.len(), self.lengths.len(), self.parts.len()].iter().all(|length| *length == rows);
        if !is_whole || chunks.len() != rows.div_ceil(CHUNK) {
            return None;
        }
        let mut now = 0_i64;
        let starts: Vec<_> = self
            .starts
            .iter()
            .map(|passed| {
                now = now.saturating_add(*passed);
                Timestamp::from_micros(now)
            })
            .collect();
        let ends = starts.iter().zip(&self.lengths);
        Some(Columns {
            ends: ends.map(|(start, length)| Timestamp::from_micros(start.micros().saturating_add(*length))).collect(),
            starts,
            ids: self.ids.into_iter().map(TraceId::from_bytes).collect(),
            parts: self.parts,
            slots: (0..number(rows)).collect(),
            later: self.later.into_iter().map(|(minute, row)| (Minute::numbered(minute), row)).collect(),
            chunks,
        })
    }
}

/// What the index holds of one trace.
#[derive(Debug, Clone)]
pub(in crate::store) struct Record {
    chunk: Arc<Vec<u8>>,
    places: Range<usize>,
    digest: Range<usize>,
}

impl Record {
    /// Finds a record among the digests of an unpacked frame.
    pub(super) fn of(chunk: Arc<Vec<u8>>, slot: usize) -> Option<Self> {
        let word = |at: usize| Some(u32::from_le_bytes(chunk.get(at..)?.first_chunk().copied()?) as usize);
        let count = word(0)?;
        let start = if slot == 0 { 4 * (1 + count) } else { word(4 * slot)? };
        let end = word(4 * (slot + 1)).filter(|_| slot < count)?;
        let places = start + 4..(start + 4).checked_add(8 * word(start)?)?;
        let digest = places.end..end;
        chunk.get(digest.clone())?;
        Some(Self { chunk, places, digest })
    }

    /// The digest.
    pub(in crate::store) fn digest(&self) -> Digest {
        Digest::within(Arc::clone(&self.chunk), self.digest.clone())
    }

    /// Where the documents are, in the order in which they came.
    pub(in crate::store) fn places(&self) -> Vec<Place> {
        let (places, _) = self.chunk.get(self.places.clone()).unwrap_or_default().as_chunks::<8>();
        let place = |bytes: &[u8; 8]| {
            let [a, b, c, d, e, f, g, h] = *bytes;
            Place { file: FileNumber(u32::from_le_bytes([a, b, c, d])), offset: u32::from_le_bytes([e, f, g, h]) }
        };
        places.iter().map(place).collect()
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
