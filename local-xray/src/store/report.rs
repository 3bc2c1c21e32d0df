//! How the store is doing: how full it is, what it has let go of, what was wrong with its files.

use std::collections::BTreeMap;
use std::io;
use std::ops::AddAssign;
use std::sync::Arc;

use crate::document::Timestamp;

use super::journal::Recovery;
use super::retention::Eviction;

/// How full the store is, what it has let go of, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreReport {
    /// Traces held.
    pub traces: usize,
    /// How many of them have their documents in memory.
    pub live: usize,
    /// How many bytes their documents and the index take, compressed.
    pub bytes: u64,
    /// The bound on `bytes`.
    pub max_bytes: u64,
    /// How many ids both a segment and a subsegment claimed, so that one of the two is not shown.
    pub contested: u64,
    /// The bound on the memory that traces take.
    pub max_memory: u64,
    /// What went since the start, by reason.
    pub evicted: BTreeMap<Eviction, Evicted>,
    /// What was found when the store was opened.
    pub recovery: Recovery,
    /// Files that are no longer kept, and cannot be removed.
    pub stuck_files: usize,
    /// How often something could not be read back that should be there.
    pub unreadable: u64,
    /// Why nothing can be stored at present.
    pub incident: Option<Incident>,
}

/// What went for one reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evicted {
    /// Whole traces.
    pub traces: u64,
    /// Segments and subsegments in them.
    pub segments: u64,
    /// When the last of the traces ended.
    pub until: Option<Timestamp>,
}

impl AddAssign for Evicted {
    fn add_assign(&mut self, more: Self) {
        self.traces += more.traces;
        self.segments += more.segments;
        self.until = self.until.max(more.until);
    }
}

/// A time during which documents cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// When the first document was refused.
    pub since: Timestamp,
    /// What is wrong, for a person.
    pub words: Arc<str>,
}

impl Incident {
    pub(crate) fn new(error: &io::Error, since: Timestamp) -> Self {
        let words = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "the disk is full: nothing new is stored until there is room".to_owned()
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                "the disk is read-only: nothing new is stored until it can be written".to_owned()
            }
            io::ErrorKind::Other => error.to_string(),
            _ => format!("the disk cannot be written: {error}"),
        };
        Self { since, words: words.into() }
    }
}
