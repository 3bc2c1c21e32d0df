//! The rejection log: the latest refusals, for a person to read.

use std::collections::VecDeque;

use crate::document::{Rejection, Timestamp};

use super::Door;

/// How many rejections are remembered.
const KEPT: usize = 200;

/// One refusal with its circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRejection {
    /// When it happened.
    pub at: Timestamp,
    /// Which way the document came.
    pub door: Door,
    /// What was wrong with it.
    pub rejection: Rejection,
}

/// The latest rejections; older ones are only counted.
#[derive(Debug, Default)]
pub(super) struct RejectionLog {
    latest: VecDeque<LoggedRejection>,
}

impl RejectionLog {
    pub(super) fn push(&mut self, rejection: LoggedRejection) {
        self.latest.truncate(KEPT - 1);
        self.latest.push_front(rejection);
    }

    /// Latest first.
    pub(super) fn to_vec(&self) -> Vec<LoggedRejection> {
        self.latest.iter().cloned().collect()
    }
}
