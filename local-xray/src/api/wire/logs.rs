//! Log lines.

use serde::Serialize;

use crate::logs::{Line, LogRecord, Place};

#[derive(Serialize)]
pub(crate) struct LogsAnswer {
    lines: Vec<LineOut>,
    /// Where the next answer begins; absent when there are no more lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct LineOut {
    #[serde(flatten)]
    record: LogRecord,
    /// The trace id as W3C trace context writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    w3c_trace_id: Option<String>,
}

impl LogsAnswer {
    /// The first lines of these.
    pub(in crate::api) fn new<'a>(lines: impl Iterator<Item = (Place, &'a Line)>, limit: usize) -> Self {
        let mut found: Vec<_> = lines.take(limit + 1).collect();
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(|(place, _)| place.to_string());
        Self { lines: found.into_iter().map(|(_, line)| LineOut::from(line.record())).collect(), next }
    }
}

impl From<LogRecord> for LineOut {
    fn from(record: LogRecord) -> Self {
        Self { w3c_trace_id: record.trace_id.map(crate::document::TraceId::to_w3c), record }
    }
}
