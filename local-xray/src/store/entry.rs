//! What the store lists: one entry a trace, which answers as much as it can without the trace's documents.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::digest::Digest;
use crate::document::{Timestamp, TraceId, Window};
use crate::filter::{Answer, Filter, TraceView};

use super::Trace;

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
pub struct Entry {
    trace: Arc<Trace>,
}

impl Entry {
    /// The entry of a trace that somebody holds.
    pub fn of(trace: Arc<Trace>) -> Self {
        Self { trace }
    }

    /// The trace's id.
    pub fn id(&self) -> TraceId {
        self.trace.id()
    }

    /// Its place among all traces.
    pub fn position(&self) -> Position {
        Position { start: self.trace.start_time(), id: self.trace.id() }
    }

    /// The trace itself; `None` when its documents are gone.
    pub fn trace(&self) -> Option<Arc<Trace>> {
        Some(Arc::clone(&self.trace))
    }

    /// The trace in a few hundred bytes.
    pub fn digest(&self) -> &Digest {
        self.trace.digest()
    }

    /// Says whether an expression holds for the trace. Its documents are read only when the digest leaves that open.
    pub fn matches(&self, filter: &Filter) -> bool {
        match filter.ask(self.digest()) {
            Answer::Yes => true,
            Answer::No => false,
            Answer::ReadDocuments => self.trace().is_some_and(|trace| filter.matches(&TraceView::of(&trace))),
        }
    }

    /// Says whether something was going on in the window.
    pub(super) fn was_active_in(&self, window: Window) -> bool {
        window.overlaps(self.trace.start_time(), self.trace.end_time())
    }
}
