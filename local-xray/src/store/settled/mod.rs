//! Settled traces: those whose documents have left memory.
//!
//! A trace that has been quiet for a while settles. It is condensed to a digest, and the digest goes to the *index*, a file
//! beside the journal file in which the trace began, together with the places of the trace's documents. In memory stays a
//! row of fifty bytes: id, start, end, and where the digest is. Whoever asks for the digest or the documents reads them
//! back, through a cache of bounded size. When another document arrives for a settled trace, the trace comes back
//! to memory with what it had, and its row is gone; later it settles again, with a new row.
//!
//! **On disk** an index file grows by *runs*: frames of digests, a hundred or so in each, then a frame that says which
//! traces those are ([`run`]). Index files go with their journal files. A *checkpoint* ([`super::checkpoint`]) is written
//! after each run. It says how long every file is, and the place in the journal before which every document is
//! in some row. So a store is opened by reading rows and the end of the journal. Where a checkpoint and the
//! files disagree, or a checksum is wrong, all of the index is thrown away and made again from the journal: it never
//! holds anything that the journal does not.
//!
//! **In memory** the rows of a file are in a few groups of sorted columns ([`rows`]), which never change and are shared by all
//! snapshots. Groups of like size are merged, so that there are never many.

pub(super) mod rows;
pub(super) mod run;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rpds::HashTrieSetSync;

use crate::document::TraceId;

use super::journal::FileNumber;

use self::rows::Rows;

/// Some rows of one file, and those among them that no longer count.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) rows: Arc<Rows>,
    gone: HashTrieSetSync<u32>,
}

impl Group {
    fn new(rows: Rows) -> Self {
        Self { rows: Arc::new(rows), gone: HashTrieSetSync::new_sync() }
    }

    /// Says whether the trace of a row is still to be found there.
    pub(super) fn has(&self, row: u32) -> bool {
        self.gone.is_empty() || !self.gone.contains(&row)
    }

    /// How many of these rows count, and the first that does.
    pub(super) fn counting(&self, mut rows: Range<u32>) -> (usize, Option<u32>) {
        let gone = self.gone.iter().filter(|row| rows.contains(row)).count();
        (rows.len() - gone, rows.find(|row| self.has(*row)))
    }

    fn find(&self, id: TraceId) -> Option<u32> {
        self.rows.find(id).filter(|row| self.has(*row))
    }

    fn len(&self) -> usize {
        self.rows.len() - self.gone.size()
    }
}

/// All settled traces, by the journal file in which they began.
#[derive(Clone, Default)]
pub(super) struct Settled {
    files: Arc<BTreeMap<FileNumber, Vec<Group>>>,
    traces: usize,
}

impl Settled {
    /// How many traces there are.
    pub(super) fn len(&self) -> usize {
        self.traces
    }

    /// All groups, in the order of their files.
    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.files.values().flatten()
    }

    /// A trace, and its row.
    pub(super) fn find(&self, id: TraceId) -> Option<(&Arc<Rows>, u32)> {
        self.groups().find_map(|group| Some((&group.rows, group.find(id)?)))
    }

    /// A trace that began in a file, and its row.
    pub(super) fn find_in(&self, file: FileNumber, id: TraceId) -> Option<(&Arc<Rows>, u32)> {
        self.files.get(&file)?.iter().find_map(|group| Some((&group.rows, group.find(id)?)))
    }

    /// Takes the rows of a run in. None of its traces may have another row.
    pub(super) fn add(&mut self, file: FileNumber, rows: Rows) {
        self.traces += rows.len();
        let groups = Arc::make_mut(&mut self.files).entry(file).or_default();
        groups.push(Group::new(rows));
        while let [.., before, last] = groups.as_slice()
            && before.rows.len() < 2 * last.rows.len()
        {
            let merged = Rows::merged(before, last);
            groups.truncate(groups.len() - 2);
            groups.push(Group::new(merged));
        }
    }

    /// Takes a row away whose trace is back in memory.
    pub(super) fn bury(&mut self, file: FileNumber, id: TraceId) {
        for group in Arc::make_mut(&mut self.files).get_mut(&file).into_iter().flatten() {
            if let Some(row) = group.find(id) {
                group.gone.insert_mut(row);
                self.traces -= 1;
                return;
            }
        }
    }

    /// Takes the rows of a file away.
    pub(super) fn drop_file(&mut self, file: FileNumber) -> Vec<Group> {
        let gone = Arc::make_mut(&mut self.files).remove(&file).unwrap_or_default();
        self.traces -= gone.iter().map(Group::len).sum::<usize>();
        gone
    }

    /// About how many bytes the rows take, by file.
    pub(super) fn memory_of(&self, file: FileNumber) -> u64 {
        self.files.get(&file).into_iter().flatten().map(|group| group.rows.memory()).sum()
    }
}
