//! The journal: every document that was acknowledged, in files that only grow at their end.
//!
//! **Why a journal of our own.** Documents arrive in bursts, never change, and go by age. Appending groups of them,
//! compressed, costs a tenth of what a general store costs and takes a tenth of its space (figures in ARCHITECTURE.md);
//! what a general store would add, an index, is kept beside it ([`super::settled`]) and made again from the journal
//! whenever it does not fit it.
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

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::document::Timestamp;

use self::files::{Bytes, Folder};
use self::frame::{Entry, Frame, Kind, Piece, Plain};

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
    folder: Arc<dyn Folder>,
    shape: Shape,
    shelf: Arc<Shelf>,
    facts: BTreeMap<FileNumber, FileFacts>,
    /// The highest number that any file has had: whoever remembers a place never meets another file there.
    highest: u32,
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens the journal in a folder and hands every document in it to `each`, in the order in which they were written.
    ///
    /// # Errors
    /// When the files cannot be listed or read at all.
    #[cfg_attr(not(test), expect(dead_code, reason = "the store reads what its index does not cover"))]
    pub(in crate::store) fn open(
        folder: Arc<dyn Folder>,
        shape: Shape,
        mut each: impl FnMut(Place, &Entry<'_>),
    ) -> io::Result<(Self, Recovery)> {
        let mut journal = Self::unread(folder, shape);
        let mut recovery = Recovery::default();
        let numbers = journal.list()?;
        for number in &numbers {
            let bytes = journal.take_in(*number, numbers.last() == Some(number), &mut recovery)?;
            for frame in frames(*number, &bytes) {
                let plain = unpacked(&frame, &mut recovery);
                let kept = frame::entries(&plain).filter(|entry| numbers.binary_search(&entry.began).is_ok());
                kept.for_each(|entry| each(frame.place, &entry));
            }
        }
        Ok((journal, recovery))
    }

    /// The journal in a folder, of which no file is known yet: each is to be taken in, in the order of numbers.
    pub(in crate::store) fn unread(folder: Arc<dyn Folder>, shape: Shape) -> Self {
        Self { folder, shape, shelf: Arc::default(), facts: BTreeMap::new(), highest: 0, buffer: Vec::new() }
    }

    /// Lets new files have higher numbers than this one, which is gone but not forgotten.
    pub(in crate::store) fn begin_after(&mut self, number: Option<FileNumber>) {
        self.highest = self.highest.max(number.map_or(0, |number| number.0));
    }

    /// The files in the folder, oldest first.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub(in crate::store) fn list(&self) -> io::Result<Vec<FileNumber>> {
        let mut numbers = self.folder.list()?;
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Takes a file in without reading it, by what was known of it.
    ///
    /// # Errors
    /// When it cannot be opened, or does not have the length that was known.
    pub(in crate::store) fn take_in_unread(&mut self, facts: FileFacts) -> io::Result<()> {
        let file = self.folder.open(facts.number)?;
        if file.len()? != facts.bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file has another length"));
        }
        self.hold(facts, file);
        Ok(())
    }

    /// Takes a file in, and gives its bytes. A torn end of the last one is cut off.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(in crate::store) fn take_in(
        &mut self,
        number: FileNumber,
        is_last: bool,
        recovery: &mut Recovery,
    ) -> io::Result<Vec<u8>> {
        let file = self.folder.open(number)?;
        let bytes = files::whole(&*file)?;
        let mut facts =
            FileFacts { number, bytes: bytes.len() as u64, begun_at: Timestamp::MAX, written_at: Timestamp::EPOCH };
        for piece in frame::pieces(number, &bytes) {
            match piece {
                Piece::Frame(frame) => {
                    facts.begun_at = facts.begun_at.min(frame.written_at);
                    facts.written_at = facts.written_at.max(frame.written_at);
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
        Ok(bytes)
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
        let number = FileNumber(self.highest + 1);
        let file = self.folder.open(number)?;
        if self.shape.durability == Durability::Power {
            self.folder.sync()?;
        }
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

    /// Where the next document will be, or later.
    pub(in crate::store) fn end(&self) -> Place {
        let last = self.facts.values().next_back();
        last.map_or(Place { file: FileNumber(self.highest), offset: u32::MAX }, |last| Place {
            file: last.number,
            offset: u32::try_from(last.bytes).unwrap_or(u32::MAX),
        })
    }

    /// How long a file is.
    pub(in crate::store) fn end_of(&self, number: FileNumber) -> u64 {
        self.facts.get(&number).map_or(0, |facts| facts.bytes)
    }

    /// The files, for readers.
    pub(in crate::store) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }

    fn hold(&mut self, facts: FileFacts, file: Arc<dyn Bytes>) {
        self.highest = self.highest.max(facts.number.0);
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

/// The frames of a file.
pub(in crate::store) fn frames(file: FileNumber, bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    frame::pieces(file, bytes).filter_map(|piece| match piece {
        Piece::Frame(frame) => Some(frame),
        Piece::Damage(_) => None,
    })
}

/// What is in a frame of documents. One that was written wrong is damage, and empty.
pub(in crate::store) fn unpacked<'b>(frame: &Frame<'b>, recovery: &mut Recovery) -> Cow<'b, [u8]> {
    let plain = frame.unpack().filter(|_| frame.kind == Kind::Documents);
    plain.unwrap_or_else(|| {
        recovery.damages += 1;
        recovery.damaged_bytes += frame.length() as u64;
        Cow::Borrowed(&[])
    })
}

impl Shelf {
    /// Reads a frame, unpacked.
    ///
    /// # Errors
    /// When the file is gone, or no longer holds a good frame there.
    pub(in crate::store) fn read(&self, place: Place) -> io::Result<Vec<u8>> {
        let file = self.0.get(&place.file).ok_or(io::ErrorKind::NotFound)?;
        files::read_frame(&**file, Kind::Documents, place)
    }
}
