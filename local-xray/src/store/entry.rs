//! What the store lists: one entry a trace, which answers as much as it can without the trace's documents.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::document::{Segment, Timestamp, TraceId, Window};
use crate::filter::{Filter, TraceView};

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

    /// Says whether an expression holds for the trace.
    pub fn matches(&self, filter: &Filter) -> bool {
        self.trace().is_some_and(|trace| filter.matches(&TraceView::of(&trace)))
    }

    /// Says whether the window means the trace, of which only segments that ended are in question.
    pub(super) fn was_served_in(&self, window: Window) -> bool {
        let ends_inside = |segment: &Segment| segment.end_time.is_some_and(|end| window.contains(end));
        self.trace.segments().iter().any(ends_inside)
    }
}
