//! The files of the index, for the one who writes them.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use crate::document::{Timestamp, TraceId};

use super::checkpoint::{Checkpoint, Checkpoints};
use super::journal::files::{self, Bytes, Folder};
use super::journal::{Durability, FileFacts, FileNumber, Journal, Place};
use super::settled::rows::Rows;
use super::settled::run::{self, Condensed, Run};

/// Files by the number of the journal file that they belong to.
pub(super) struct Index {
    folder: Arc<dyn Folder>,
    checkpoints: Checkpoints,
    durability: Durability,
    files: BTreeMap<FileNumber, IndexFile>,
}

struct IndexFile {
    file: Arc<dyn Bytes>,
    bytes: u64,
}

/// What was found in the index, and how far it goes.
pub(super) struct Found {
    pub(super) rows: Vec<(FileNumber, Rows)>,
    pub(super) checkpoint: Checkpoint,
}

impl Index {
    /// Opens the index of these journal files and reads it, unless it does not fit them.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub(super) fn open(
        folder: Arc<dyn Folder>,
        checkpoints: Arc<dyn Folder>,
        durability: Durability,
        journal: &[FileNumber],
    ) -> io::Result<(Self, Option<Found>)> {
        let (checkpoints, checkpoint) = Checkpoints::open(checkpoints)?;
        let mut index = Self { folder, checkpoints, durability, files: BTreeMap::new() };
        let found = checkpoint.and_then(|checkpoint| index.read(checkpoint, journal));
        if found.is_none() {
            index.forget();
        }
        Ok((index, found))
    }

    fn read(&mut self, checkpoint: Checkpoint, journal: &[FileNumber]) -> Option<Found> {
        // A journal file that the checkpoint does not know lies behind everything that it covers.
        let is_known = |number: &FileNumber| *number > checkpoint.from().file || checkpoint.file(*number).is_some();
        if !journal.iter().all(is_known) {
            return None;
        }
        let mut rows = Vec::new();
        for number in self.folder.list().ok()? {
            let length =
                checkpoint.file(number).filter(|_| journal.contains(&number)).map_or(0, |file| file.index_bytes);
            if length == 0 {
                // Its journal file is gone, or no run in it was committed.
                let _ = self.folder.remove(number);
                continue;
            }
            let file = self.folder.open(number).ok()?;
            if file.len().ok()? > length {
                file.truncate(length).ok()?;
            }
            let bytes = files::whole(&*file).ok().filter(|bytes| bytes.len() as u64 == length)?;
            rows.push((number, run::read(number, &file, &bytes)?));
            self.files.insert(number, IndexFile { file, bytes: length });
        }
        let is_there = |number| journal.binary_search(&number).is_err() || self.files.contains_key(&number);
        let wanted = checkpoint.files().filter(|file| file.index_bytes > 0).map(|file| file.facts().number);
        wanted.into_iter().all(is_there).then_some(())?;
        Some(Found { rows, checkpoint })
    }

    /// Throws everything away. What cannot be removed is written over.
    pub(super) fn forget(&mut self) {
        self.files.clear();
        self.checkpoints.forget();
        for number in self.folder.list().unwrap_or_default() {
            let _ = self.folder.remove(number);
        }
    }

    /// Writes traces down by the files in which they began, and commits that with a checkpoint; gives their rows.
    /// `from` is the place before which every document is in some row then.
    ///
    /// # Errors
    /// When that cannot be written. The index is as it was then.
    pub(super) fn settle(
        &mut self,
        traces: Vec<(FileNumber, Condensed)>,
        from: Place,
        journal: &Journal,
        now: Timestamp,
    ) -> io::Result<Vec<(FileNumber, Rows)>> {
        let mut by_file: BTreeMap<FileNumber, Vec<Condensed>> = BTreeMap::new();
        for (file, trace) in traces {
            by_file.entry(file).or_default().push(trace);
        }
        let mut runs = Vec::new();
        for (number, traces) in by_file {
            runs.push((number, self.write(number, traces, now)?));
        }
        let lengths: HashMap<FileNumber, u64> =
            runs.iter().map(|(number, run)| (*number, self.bytes_of(*number) + run.bytes.len() as u64)).collect();
        let known = |facts: FileFacts| {
            let bytes = lengths.get(&facts.number).copied().unwrap_or_else(|| self.bytes_of(facts.number));
            (facts, bytes)
        };
        let checkpoint = Checkpoint::new(from, journal.facts().map(known));
        self.checkpoints.write(&checkpoint, self.durability, now)?;
        let mut rows = Vec::new();
        for (number, run) in runs {
            if let Some(file) = self.files.get_mut(&number) {
                file.bytes += run.bytes.len() as u64;
                rows.push((number, run.into_rows(number, Arc::clone(&file.file))));
            }
        }
        Ok(rows)
    }

    /// Writes a run at the end of a file. Until it is committed, the next one is written over it.
    fn write(&mut self, number: FileNumber, traces: Vec<Condensed>, now: Timestamp) -> io::Result<Run> {
        let bytes = self.bytes_of(number);
        let begin = Place { file: number, offset: u32::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)? };
        let run = Run::of(traces, begin, now)?;
        let file = match self.files.get(&number) {
            Some(file) => Arc::clone(&file.file),
            None => self.folder.open(number)?,
        };
        file.write_all_at(&run.bytes, bytes)?;
        if self.durability == Durability::Power {
            file.sync()?;
            self.folder.sync()?;
        }
        self.files.entry(number).or_insert(IndexFile { file, bytes: 0 });
        Ok(run)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// When it cannot be removed; it is no longer used all the same.
    pub(super) fn remove(&mut self, number: FileNumber) -> io::Result<()> {
        if self.files.remove(&number).is_some() { self.folder.remove(number) } else { Ok(()) }
    }

    /// How long a file is.
    pub(super) fn bytes_of(&self, number: FileNumber) -> u64 {
        self.files.get(&number).map_or(0, |file| file.bytes)
    }

    /// Bytes in all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }
}

impl Found {
    /// Every trace that has a row, and the file in which it began.
    pub(super) fn traces(&self) -> impl Iterator<Item = (TraceId, FileNumber)> {
        self.rows.iter().flat_map(|(number, rows)| {
            let rows = (0..).take(rows.len()).map(|row| rows.id(row));
            rows.map(|id| (id, *number))
        })
    }
}
