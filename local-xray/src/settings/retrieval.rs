//! Retrievals: questions for traces that are asked first and answered later. Here the traces are at hand, so a retrieval
//! is complete as soon as it was started; what it finds is looked up when the answer is fetched.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use crate::document::{Timestamp, TraceId, Window};
use crate::refusal::Refusal;

/// How long a retrieval can be fetched.
const KEPT: Duration = Duration::from_mins(60);
/// The most retrievals that are kept; the oldest go first.
const MAX_RETRIEVALS: usize = 1_000;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrieval {
    /// The traces.
    pub trace_ids: Vec<TraceId>,
    /// When they must have been active.
    pub window: Window,
    /// Whether the caller has lost interest.
    pub is_cancelled: bool,
    started_at: Timestamp,
}

/// The retrievals of the last hour.
#[derive(Debug, Clone, Default)]
pub struct RetrievalTable {
    by_token: BTreeMap<String, Retrieval>,
}

impl RetrievalTable {
    /// Starts a retrieval, and gives the token to fetch it with.
    pub fn start(&mut self, trace_ids: Vec<TraceId>, window: Window, now: Timestamp) -> String {
        let oldest = now.before(KEPT);
        self.by_token.retain(|_, retrieval| retrieval.started_at >= oldest);
        if self.by_token.len() >= MAX_RETRIEVALS {
            let oldest = self.by_token.iter().min_by_key(|(_, retrieval)| retrieval.started_at);
            let oldest = oldest.map(|(token, _)| token.clone());
            oldest.and_then(|token| self.by_token.remove(&token));
        }
        let token = Uuid::new_v4().simple().to_string();
        self.by_token.insert(token.clone(), Retrieval { trace_ids, window, is_cancelled: false, started_at: now });
        token
    }

    /// The retrieval with this token.
    ///
    /// # Errors
    /// When there is none, or it is more than an hour old.
    pub fn find(&self, token: &str, now: Timestamp) -> Result<&Retrieval, Refusal> {
        let oldest = now.before(KEPT);
        let found = self.by_token.get(token).filter(|retrieval| retrieval.started_at >= oldest);
        found.ok_or_else(|| unknown(token))
    }

    /// Cancels a retrieval; its traces are no longer given out.
    ///
    /// # Errors
    /// When there is none with this token.
    pub fn cancel(&mut self, token: &str) -> Result<(), Refusal> {
        self.by_token.get_mut(token).ok_or_else(|| unknown(token))?.is_cancelled = true;
        Ok(())
    }
}

fn unknown(token: &str) -> Refusal {
    Refusal::not_found("RetrievalToken: no retrieval of the last hour has this token", token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros((29_453_760 + minutes) * 60_000_000)
    }

    #[test]
    fn a_retrieval_lasts_an_hour() {
        let mut table = RetrievalTable::default();
        let token = table.start(Vec::new(), Window::ALL, at(0));
        assert!(table.find(&token, at(60)).is_ok());
        assert!(table.find(&token, at(61)).is_err());
        assert!(table.find("another", at(0)).is_err());
        table.cancel(&token).unwrap();
        assert!(table.find(&token, at(1)).unwrap().is_cancelled);
        assert!(table.cancel("another").is_err());
    }

    #[test]
    fn retrievals_do_not_pile_up() {
        let mut table = RetrievalTable::default();
        let first = table.start(Vec::new(), Window::ALL, at(0));
        (0..MAX_RETRIEVALS).for_each(|_| drop(table.start(Vec::new(), Window::ALL, at(1))));
        assert_eq!(table.by_token.len(), MAX_RETRIEVALS);
        assert!(table.find(&first, at(1)).is_err(), "the oldest went");
    }
}
