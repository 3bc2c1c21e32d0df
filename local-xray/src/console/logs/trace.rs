//! The lines of one trace, for its page: earliest first, each with its time after the trace began.

use crate::console::format;
use crate::console::view::{ALL, View};
use crate::document::{Timestamp, TraceId};
use crate::logs::LogSnapshot;

use super::asked::Asked;
use super::row::{Row, row};

/// A trace with more lines shows the first ones.
const MOST_LINES: usize = 200;

/// What the page of a trace says about its lines.
pub(in crate::console) struct TraceLogs {
    /// How many there are.
    pub(in crate::console) count: String,
    pub(in crate::console) rows: Vec<Row>,
    /// The Logs page with all of them.
    pub(in crate::console) all: String,
    /// Whether only the first are shown.
    pub(in crate::console) is_cut: bool,
}

/// Lists the lines of a trace; `None` when there are none.
pub(in crate::console) fn of_trace(
    logs: &LogSnapshot,
    id: TraceId,
    start: Timestamp,
    view: &View,
) -> Option<TraceLogs> {
    let lines = logs.of_trace(id);
    // The bar may mean other traces; this link means this one.
    let all = view.over(ALL).of_group(None).filtered("");
    let time = |at: Timestamp| {
        if at < start {
            format!("−{}", format::duration(start.since(at)))
        } else {
            format!("+{}", format::duration(at.since(start)))
        }
    };
    (!lines.is_empty()).then(|| TraceLogs {
        count: format::plural(lines.len() as u64, "line"),
        rows: lines.iter().take(MOST_LINES).map(|(place, line)| row(*place, line, time(place.time), view)).collect(),
        all: Asked { trace: Some(id), ..Asked::default() }.link(&all).to_string(),
        is_cut: lines.len() > MOST_LINES,
    })
}
