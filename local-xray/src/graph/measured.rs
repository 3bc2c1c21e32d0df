//! What is counted of one piece of work: its times and its flags, without the rest of the document.

use std::time::Duration;

use crate::document::{Outcome, Segment, Timestamp};

/// The times and flags of a segment or subsegment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// When the work began.
    pub start_time: Timestamp,
    /// When it ended; absent while it is in progress.
    pub end_time: Option<Timestamp>,
    /// From the first to the last activity of it and everything below it.
    pub duration: Duration,
    /// A client error (4xx).
    pub error: bool,
    /// Throttled (429).
    pub throttle: bool,
    /// A server error (5xx), or an exception.
    pub fault: bool,
}

impl Measured {
    /// Takes the measure of a segment or subsegment.
    pub fn of(piece: &Segment) -> Self {
        Self {
            start_time: piece.start_time,
            end_time: piece.end_time,
            duration: piece.last_activity().since(piece.first_activity()),
            error: piece.error,
            throttle: piece.throttle,
            fault: piece.fault,
        }
    }

    /// The time until the response left: end minus start. `None` while in progress.
    pub fn response_time(&self) -> Option<Duration> {
        Some(self.end_time?.since(self.start_time))
    }

    /// The bucket this work counts in.
    pub fn outcome(&self) -> Outcome {
        Outcome::of_flags(self.fault, self.throttle, self.error)
    }
}
