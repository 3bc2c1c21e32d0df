//! What the store lists: one entry a trace, which answers as much as it can without the trace's documents.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use crate::digest::{Digest, DigestView};
use crate::document::{Timestamp, TraceId, Window};
use crate::filter::{Answer, Filter, TraceView};

use super::Trace;
use super::archive::Archive;
use super::cache::AtHand;
use super::settled::rows::Rows;

/// Which traces a window means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Those that started in it.
    Started,
    /// Those that were active in it, whenever they started.
    Active,
    /// Those of which some segment ended in it.
    Served,
}

/// A place in a list of traces, newest first: smaller is further down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When the trace started.
    pub start: Timestamp,
    /// The trace.
    pub id: TraceId,
}

/// How many traces there are in a window, and from when on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Those that were active in it.
    pub traces: usize,
    /// When the first of them began; `None` without any.
    pub first: Option<Timestamp>,
}

impl Extent {
    /// Counts more traces, the first of which began then.
    pub(super) fn add(&mut self, traces: usize, first: Option<Timestamp>) {
        self.traces += traces;
        self.first = self.first.into_iter().chain(first).min();
    }
}

/// The text is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in a list of traces")]
pub struct NoPosition;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{}", self.start.micros(), self.id)
    }
}

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (start, id) = text.split_once('.').ok_or(NoPosition)?;
        let start = u64::from_str_radix(start, 16).ok().and_then(|micros| i64::try_from(micros).ok());
        let start = Timestamp::from_micros(start.ok_or(NoPosition)?);
        Ok(Self { start, id: TraceId::parse(id).ok_or(NoPosition)? })
    }
}

/// One trace of a snapshot. Cheap to clone.
#[derive(Clone)]
pub struct Entry(Source);

#[derive(Clone)]
enum Source {
    /// The documents are in memory.
    Live(Arc<Trace>),
    /// They are in the journal, and the digest is in the index.
    Settled { rows: Arc<Rows>, row: u32, archive: Arc<Archive>, digest: OnceLock<Digest> },
}

impl Entry {
    /// The entry of a trace that somebody holds.
    pub fn of(trace: Arc<Trace>) -> Self {
        Self(Source::Live(trace))
    }

    /// The entry of a trace that has settled.
    pub(super) fn settled(rows: &Arc<Rows>, row: u32, archive: &Arc<Archive>) -> Self {
        let (rows, archive) = (Arc::clone(rows), Arc::clone(archive));
        Self(Source::Settled { rows, row, archive, digest: OnceLock::new() })
    }

    /// The trace's id.
    pub fn id(&self) -> TraceId {
        self.position().id
    }

    /// Its place among all traces.
    pub fn position(&self) -> Position {
        match &self.0 {
            Source::Live(trace) => trace.position(),
            Source::Settled { rows, row, .. } => rows.position(*row),
        }
    }

    /// The trace itself, read back if need be; `None` when its documents are gone.
    pub fn trace(&self) -> Option<Arc<Trace>> {
        match &self.0 {
            Source::Live(trace) => Some(Arc::clone(trace)),
            Source::Settled { rows, row, archive, .. } => {
                let trace = archive.trace(rows.id(*row), &archive.places(rows, *row));
                (trace.part_count() > 0).then(|| Arc::new(trace))
            }
        }
    }

    /// The trace in a few hundred bytes.
    pub fn digest(&self) -> &Digest {
        self.digest_after(&mut AtHand::default())
    }

    /// The same, taken from what was read last if it is in there.
    pub(super) fn digest_after(&self, at_hand: &mut AtHand) -> &Digest {
        match &self.0 {
            Source::Live(trace) => trace.digest(),
            Source::Settled { rows, row, archive, digest } => {
                digest.get_or_init(|| archive.digest(rows, *row, at_hand))
            }
        }
    }

    /// Says whether an expression holds for the trace. Its documents are read only when the digest leaves that open.
    pub fn matches(&self, filter: &Filter) -> bool {
        filter.is_empty() || self.matches_by(&self.digest().view(), filter)
    }

    /// The same for a caller who has opened the digest.
    pub(crate) fn matches_by(&self, digest: &DigestView<'_>, filter: &Filter) -> bool {
        match filter.ask_opened(digest) {
            Answer::Yes => true,
            Answer::No => false,
            Answer::ReadDocuments => self.trace().is_some_and(|trace| filter.matches(&TraceView::of(&trace))),
        }
    }

    /// Says whether something was going on in the window.
    pub(super) fn was_active_in(&self, window: Window) -> bool {
        match &self.0 {
            Source::Live(trace) => window.overlaps(trace.start_time(), trace.end_time()),
            Source::Settled { rows, row, .. } => window.overlaps(rows.start(*row), rows.end(*row)),
        }
    }
}
