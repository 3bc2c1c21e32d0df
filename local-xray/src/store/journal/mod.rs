//! The journal: every document that was acknowledged, in files that only grow at their end.
//!
//! **Why a journal of our own.** Documents arrive in bursts, never change, and go by age. Appending groups of them,
//! compressed, costs a tenth of what a general store costs and takes a tenth of its space (figures in ARCHITECTURE.md);
//! what a general store would add, an index that survives on its own, is made again from the journal in seconds.
//!
//! **Promises.**
//! - *Acknowledged is written.* A group of documents reaches the kernel in one write before any of its senders hears that
//!   it was stored, so `kill -9` loses nothing. With [`Durability::Power`] it reaches the disk first.
//! - *All or nothing.* When a write fails, the group's senders hear why; the next attempt begins where the failed one
//!   did. A disk that is full or read-only costs what arrives meanwhile and nothing that is stored, and as soon as there is
//!   room the journal goes on.
//! - *Opening never fails for what is inside a file.* A torn end is cut off; damage in between is stepped over to the next
//!   good frame ([`frame`]). Both are counted, and the console says so.
//! - *A trace lives as long as the file that holds its first document.* Every document names that file. Retention drops
//!   whole files; a document of a dropped trace in a later file is passed over when the journal is opened, so a restart
//!   never brings half a trace back.

pub(super) mod files;
pub(super) mod frame;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::document::{Timestamp, TraceId};

use self::files::{Bytes, Folder};
use self::frame::{Entry, Frame, Piece, Plain};

/// The largest file, unless one group of documents is larger.
const MAX_FILE: u64 = 64 << 20;
/// A store is kept in at least this many files, so that dropping one is a small loss.
const FILES_AT_LEAST: u32 = 16;

/// The number of a journal file; later files have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store) struct FileNumber(pub(in crate::store) u32);

/// Where a frame begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store) struct Place {
    pub(in crate::store) file: FileNumber,
    pub(in crate::store) offset: u32,
}

/// When a document counts as stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Durability {
    /// When the kernel has it: it survives the end of the process, also `kill -9`
    #[default]
    Process,
    /// When the disk has it: it survives a loss of power
    Power,
}

/// How the journal is cut into files.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Shape {
    /// A file that has this many bytes takes no more.
    pub(in crate::store) file_bytes: u64,
    /// A file that was begun so long ago takes no more.
    pub(in crate::store) file_age: Duration,
    pub(in crate::store) durability: Durability,
}

impl Shape {
    /// Files small enough that retention drops a little at a time.
    pub(in crate::store) fn new(max_bytes: u64, max_age: Duration, durability: Durability) -> Self {
        let file_bytes = (max_bytes / u64::from(FILES_AT_LEAST)).min(MAX_FILE);
        Self { file_bytes, file_age: max_age / FILES_AT_LEAST, durability }
    }
}

/// One file, as retention sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct FileFacts {
    pub(in crate::store) number: FileNumber,
    pub(in crate::store) bytes: u64,
    pub(in crate::store) begun_at: Timestamp,
    pub(in crate::store) written_at: Timestamp,
}

/// What was wrong with the files when the journal was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Documents found.
    pub documents: u64,
    /// Bytes cut off the end of the last file: a write that the end of the process interrupted.
    pub torn_bytes: u64,
    /// Places in between where no document could be read.
    pub damages: u64,
    /// Bytes in those places.
    pub damaged_bytes: u64,
}

/// The files as they are at one moment, for reading.
#[derive(Clone, Default)]
pub(in crate::store) struct Shelf(BTreeMap<FileNumber, Arc<dyn Bytes>>);

/// The journal, for the one who writes it.
pub(in crate::store) struct Journal {
    folder: Box<dyn Folder>,
    shape: Shape,
    shelf: Arc<Shelf>,
    facts: BTreeMap<FileNumber, FileFacts>,
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens the journal in a folder and hands every document in it to `each`, in the order in which they were written.
    ///
    /// # Errors
    /// When the files cannot be listed or read at all.
    pub(in crate::store) fn open(
        folder: Box<dyn Folder>,
        shape: Shape,
        mut each: impl FnMut(Place, &Entry<'_>),
    ) -> io::Result<(Self, Recovery)> {
        let mut numbers = folder.list()?;
        numbers.sort_unstable();
        let mut journal = Self { folder, shape, shelf: Arc::default(), facts: BTreeMap::new(), buffer: Vec::new() };
        let mut recovery = Recovery::default();
        for number in &numbers {
            let is_last = numbers.last() == Some(number);
            let entry = |place: Place, entry: &Entry<'_>| {
                if numbers.binary_search(&entry.began).is_ok() {
                    each(place, entry);
                }
            };
            journal.take_in(*number, is_last, &mut recovery, entry)?;
        }
        Ok((journal, recovery))
    }

    fn take_in(
        &mut self,
        number: FileNumber,
        is_last: bool,
        recovery: &mut Recovery,
        mut each: impl FnMut(Place, &Entry<'_>),
    ) -> io::Result<()> {
        let file = self.folder.open(number)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).map_err(|_| io::ErrorKind::FileTooLarge)?];
        file.read_exact_at(&mut bytes, 0)?;
        let mut facts =
            FileFacts { number, bytes: bytes.len() as u64, begun_at: Timestamp::MAX, written_at: Timestamp::EPOCH };
        for piece in frame::pieces(number, &bytes) {
            match piece {
                Piece::Frame(frame) => {
                    facts.begun_at = facts.begun_at.min(frame.written_at);
                    facts.written_at = facts.written_at.max(frame.written_at);
                    let Some(entries) = frame.unpack() else {
                        recovery.damages += 1;
                        recovery.damaged_bytes += frame.length() as u64;
                        continue;
                    };
                    for entry in entries.iter() {
                        recovery.documents += 1;
                        each(frame.place, &entry);
                    }
                }
                Piece::Damage(range) if is_last && range.end == bytes.len() => {
                    recovery.torn_bytes += range.len() as u64;
                    facts.bytes = range.start as u64;
                    // On a disk that refuses this, the end is cut again next time.
                    let _ = file.truncate(facts.bytes);
                }
                Piece::Damage(range) => {
                    recovery.damages += 1;
                    recovery.damaged_bytes += range.len() as u64;
                }
            }
        }
        facts.begun_at = facts.begun_at.min(facts.written_at);
        self.hold(facts, file);
        Ok(())
    }

    /// The file that the next group goes to. A new one is begun when the last is full or old.
    ///
    /// # Errors
    /// When a new file cannot be made.
    pub(in crate::store) fn next_file(&mut self, now: Timestamp) -> io::Result<FileNumber> {
        let oldest = now.before(self.shape.file_age);
        let last = self.facts.values().next_back().copied();
        if let Some(last) = last
            && last.bytes < self.shape.file_bytes.max(1)
            && (last.bytes == 0 || last.begun_at >= oldest)
        {
            return Ok(last.number);
        }
        let number = FileNumber(last.map_or(1, |last| last.number.0 + 1));
        let file = self.folder.open(number)?;
        self.hold(FileFacts { number, bytes: 0, begun_at: now, written_at: now }, file);
        Ok(number)
    }

    /// Writes a group of documents down, all or none, and says where each one is. They go to the file that
    /// [`Self::next_file`] named last.
    ///
    /// # Errors
    /// When they cannot be written. Nothing has changed then, and the next attempt begins at the same place.
    pub(in crate::store) fn append(&mut self, entries: &[Entry<'_>], now: Timestamp) -> io::Result<Vec<Place>> {
        let number = self.next_file_without_roll(now)?;
        let (Some(file), Some(facts)) = (self.shelf.0.get(&number), self.facts.get_mut(&number)) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let begins = u32::try_from(facts.bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.buffer.clear();
        let places = write_frames(entries, Place { file: number, offset: begins }, now, &mut self.buffer)?;
        let written = file.write_all_at(&self.buffer, facts.bytes);
        let durable = written.and_then(|()| match self.shape.durability {
            Durability::Process => Ok(()),
            Durability::Power => file.sync(),
        });
        if let Err(error) = durable {
            // What half a write left behind would be written over anyway; cut off, it no longer takes room.
            let _ = file.truncate(facts.bytes);
            return Err(error);
        }
        if facts.bytes == 0 {
            facts.begun_at = now;
        }
        facts.bytes += self.buffer.len() as u64;
        facts.written_at = now;
        Ok(places)
    }

    fn next_file_without_roll(&mut self, now: Timestamp) -> io::Result<FileNumber> {
        match self.facts.keys().next_back() {
            Some(number) => Ok(*number),
            None => self.next_file(now),
        }
    }

    /// Drops a file with everything in it.
    ///
    /// # Errors
    /// When it cannot be removed; it is still there then.
    pub(in crate::store) fn remove(&mut self, number: FileNumber) -> io::Result<()> {
        self.folder.remove(number)?;
        self.facts.remove(&number);
        Arc::make_mut(&mut self.shelf).0.remove(&number);
        Ok(())
    }

    /// The files, oldest first. The last one is being written.
    pub(in crate::store) fn facts(&self) -> impl Iterator<Item = FileFacts> {
        self.facts.values().copied()
    }

    /// Bytes in all files.
    pub(in crate::store) fn bytes(&self) -> u64 {
        self.facts.values().map(|facts| facts.bytes).sum()
    }

    /// The files, for readers.
    #[cfg_attr(not(test), expect(dead_code, reason = "documents are read back once they leave memory"))]
    pub(in crate::store) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }

    fn hold(&mut self, facts: FileFacts, file: Arc<dyn Bytes>) {
        self.facts.insert(facts.number, facts);
        Arc::make_mut(&mut self.shelf).0.insert(facts.number, file);
    }
}

/// Packs entries into frames that follow one another from `begin` on.
fn write_frames(entries: &[Entry<'_>], begin: Place, now: Timestamp, bytes: &mut Vec<u8>) -> io::Result<Vec<Place>> {
    let place = |bytes: &[u8]| {
        let offset = u32::try_from(bytes.len()).ok().and_then(|written| begin.offset.checked_add(written));
        offset.map(|offset| Place { offset, ..begin }).ok_or(io::ErrorKind::FileTooLarge)
    };
    let mut places = Vec::with_capacity(entries.len());
    let mut plain = Plain::default();
    for entry in entries {
        if plain.is_full() {
            let here = place(bytes)?;
            mem::take(&mut plain).write(bytes, here, now);
        }
        plain.push(entry).map_err(io::Error::other)?;
        places.push(place(bytes)?);
    }
    if !plain.is_empty() {
        let here = place(bytes)?;
        plain.write(bytes, here, now);
    }
    Ok(places)
}

impl Shelf {
    #[cfg_attr(not(test), expect(dead_code, reason = "documents are read back once they leave memory"))]
    /// Reads the documents of one trace out of a frame, in their order, as JSON.
    ///
    /// # Errors
    /// When the file is gone, or no longer holds a good frame there.
    pub(in crate::store) fn read(&self, place: Place, trace_id: TraceId) -> io::Result<Vec<Vec<u8>>> {
        let file = self.0.get(&place.file).ok_or(io::ErrorKind::NotFound)?;
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the frame is damaged");
        let mut bytes = vec![0; frame::HEADER];
        file.read_exact_at(&mut bytes, place.offset.into())?;
        let length = Frame::length_told(&bytes).ok_or_else(damaged)?;
        if u64::from(place.offset) + length as u64 > file.len()? {
            return Err(damaged());
        }
        bytes.resize(length, 0);
        file.read_exact_at(&mut bytes, place.offset.into())?;
        let frame = Frame::read(&bytes, place).ok_or_else(damaged)?;
        let entries = frame.unpack().ok_or_else(damaged)?;
        let of_trace = entries.iter().filter(|entry| entry.trace_id == trace_id);
        Ok(of_trace.map(|entry| entry.json.into_owned()).collect())
    }
}
