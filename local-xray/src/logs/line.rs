//! A line as it is held in memory: what is asked of every line beside its JSON, the rest inside of it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::document::{Timestamp, TraceId};

use super::{Level, LogRecord};

/// Where a line stands: by time, then by arrival. Lines are listed by it, latest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// When the line was written.
    pub time: Timestamp,
    /// The file that holds it, and its number there. It stays the same for as long as the line is kept.
    pub number: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.time.micros(), self.number)
    }
}

/// The text is not a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in the list of lines")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (micros, number) = text.split_once('.').ok_or(NoPlace)?;
        let time = Timestamp::from_micros(micros.parse().map_err(|_| NoPlace)?);
        Ok(Self { time, number: number.parse().map_err(|_| NoPlace)? })
    }
}

/// One kept line.
#[derive(Debug, Clone)]
pub struct Line {
    pub(super) time: Timestamp,
    pub(super) level: Level,
    pub(super) service: Arc<str>,
    pub(super) trace_id: Option<TraceId>,
    pub(super) json: Box<str>,
}

impl Line {
    pub(super) fn new(record: &LogRecord) -> Self {
        Self {
            time: record.time,
            level: record.level,
            service: record.service.as_str().into(),
            trace_id: record.trace_id,
            json: record.to_json().into(),
        }
    }

    /// How grave it is.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The trace that it was written in.
    pub fn trace(&self) -> Option<TraceId> {
        self.trace_id
    }

    /// Reads the whole line.
    pub fn record(&self) -> LogRecord {
        LogRecord::parse(self.json.as_bytes()).expect("a line holds what a record was written as")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back() {
        let place = Place { time: Timestamp::from_micros(1_767_225_600_123_456), number: (7 << 32) + 3 };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "1", "1.", ".1", "x.1", "1.-1", "1.1.1"] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
        }
    }
}
