//! How far the index goes: a small file that is written anew after each run, and commits it.
//!
//! Each checkpoint is a file of its own with the next number; the one before goes only after it is whole. So there is one
//! at every moment, and the newest one that can be read counts.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest;
use crate::document::Timestamp;

use super::journal::files::{self, Folder};
use super::journal::frame::{self, Frame, Kind};
use super::journal::{Durability, FileFacts, FileNumber, Place};

/// What the index covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The form of the digests.
    digests: u8,
    /// File and offset in the journal. Every document before it is in some row; later ones may be.
    from: (u32, u32),
    files: Vec<KnownFile>,
}

/// A file of the journal, and the one of the index beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KnownFile {
    number: u32,
    bytes: u64,
    begun_at: i64,
    written_at: i64,
    pub(super) index_bytes: u64,
}

impl Checkpoint {
    pub(super) fn new(from: Place, files: impl IntoIterator<Item = (FileFacts, u64)>) -> Self {
        let files = files.into_iter().map(|(facts, index_bytes)| KnownFile {
            number: facts.number.0,
            bytes: facts.bytes,
            begun_at: facts.begun_at.micros(),
            written_at: facts.written_at.micros(),
            index_bytes,
        });
        Self { digests: digest::VERSION, from: (from.file.0, from.offset), files: files.collect() }
    }

    /// The place before which every document is in some row.
    pub(super) fn from(&self) -> Place {
        Place { file: FileNumber(self.from.0), offset: self.from.1 }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &KnownFile> {
        self.files.iter()
    }

    pub(super) fn file(&self, number: FileNumber) -> Option<&KnownFile> {
        self.files.iter().find(|file| file.number == number.0)
    }
}

impl KnownFile {
    pub(super) fn facts(&self) -> FileFacts {
        FileFacts {
            number: FileNumber(self.number),
            bytes: self.bytes,
            begun_at: Timestamp::from_micros(self.begun_at),
            written_at: Timestamp::from_micros(self.written_at),
        }
    }
}

/// The checkpoints in a folder.
pub(super) struct Checkpoints {
    folder: Arc<dyn Folder>,
    last: u32,
}

impl Checkpoints {
    /// Finds the newest one that can be read.
    pub(super) fn open(folder: Arc<dyn Folder>) -> io::Result<(Self, Option<Checkpoint>)> {
        let mut numbers = folder.list()?;
        numbers.sort_unstable();
        let newest = numbers.iter().rev().find_map(|number| read(&*folder, *number));
        let last = numbers.last().map_or(0, |number| number.0);
        Ok((Self { folder, last }, newest))
    }

    /// Writes the next one.
    ///
    /// # Errors
    /// When it cannot be written. The one before counts then.
    pub(super) fn write(&mut self, checkpoint: &Checkpoint, durability: Durability, now: Timestamp) -> io::Result<()> {
        let number = FileNumber(self.last + 1);
        let plain = postcard::to_allocvec(checkpoint).map_err(io::Error::other)?;
        let mut bytes = Vec::new();
        frame::write(Kind::Checkpoint, &plain, &mut bytes, begin(number), now);
        let file = self.folder.open(number)?;
        let written = file.write_all_at(&bytes, 0).and_then(|()| match durability {
            Durability::Process => Ok(()),
            Durability::Power => file.sync(),
        });
        if let Err(error) = written {
            // A half one is passed over when it is found.
            let _ = self.folder.remove(number);
            return Err(error);
        }
        self.last = number.0;
        self.clear(number);
        Ok(())
    }

    /// Removes all of them: the index is no longer to be believed.
    pub(super) fn forget(&mut self) {
        self.clear(FileNumber(u32::MAX));
    }

    /// Removes those before one. What is left by a failure costs a kilobyte until the next time.
    fn clear(&self, newest: FileNumber) {
        let older = self.folder.list().unwrap_or_default().into_iter().filter(|number| *number < newest);
        older.for_each(|number| _ = self.folder.remove(number));
    }
}

fn read(folder: &dyn Folder, number: FileNumber) -> Option<Checkpoint> {
    let bytes = files::whole(&*folder.open(number).ok()?).ok()?;
    let frame = Frame::read(&bytes, begin(number)).filter(|frame| frame.kind == Kind::Checkpoint)?;
    let checkpoint = postcard::from_bytes::<Checkpoint>(&frame.unpack()?).ok()?;
    (checkpoint.digests == digest::VERSION).then_some(checkpoint)
}

fn begin(number: FileNumber) -> Place {
    Place { file: number, offset: 0 }
}
