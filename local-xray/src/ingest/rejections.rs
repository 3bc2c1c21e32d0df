//! The rejection log: the latest refusals, for a person to read.

use std::collections::VecDeque;

use crate::document::{Rejection, Timestamp};

use super::Door;

/// How many rejections are remembered.
const KEPT: usize = 200;
/// How much of a text that a sender wrote is remembered, in characters.
const MAX_QUOTE: usize = 500;

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
    /// Remembers a rejection. A document can be as large as its door lets in, and the reason and the ids quote it: only
    /// the beginning of each is kept.
    pub(super) fn push(&mut self, mut logged: LoggedRejection) {
        let Rejection { reason, id, trace_id, .. } = &mut logged.rejection;
        [Some(reason), id.as_mut(), trace_id.as_mut()].into_iter().flatten().for_each(shorten);
        self.latest.truncate(KEPT - 1);
        self.latest.push_front(logged);
    }

    /// Latest first.
    pub(super) fn to_vec(&self) -> Vec<LoggedRejection> {
        self.latest.iter().cloned().collect()
    }
}

/// Cuts a text that is too long, and says so with an ellipsis.
fn shorten(text: &mut String) {
    if text.char_indices().nth(MAX_QUOTE).is_some() {
        *text = text.chars().take(MAX_QUOTE - 1).chain(['…']).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ErrorCode, parse};

    #[test]
    fn what_a_sender_wrote_is_quoted_only_so_far() {
        let long = "ä".repeat(100_000);
        let document = format!(r#"{{"trace_id": "{long}", "id": "{long}"}}"#);
        let mut log = RejectionLog::default();
        log.push(LoggedRejection { at: Timestamp::EPOCH, door: Door::Udp, rejection: parse(document).unwrap_err() });
        let [LoggedRejection { rejection, .. }] = log.to_vec().try_into().unwrap();
        for text in [Some(&rejection.reason), rejection.id.as_ref(), rejection.trace_id.as_ref()] {
            let text = text.unwrap();
            assert!(text.ends_with('…') && text.chars().count() == MAX_QUOTE, "{} characters", text.chars().count());
        }
    }

    #[test]
    fn the_latest_come_first_and_the_oldest_go() {
        let mut log = RejectionLog::default();
        for number in 0..=KEPT {
            let rejection = Rejection::new(ErrorCode::InvalidId, format!("$[{number}]"), "short");
            log.push(LoggedRejection { at: Timestamp::EPOCH, door: Door::Udp, rejection });
        }
        let paths: Vec<_> = log.to_vec().into_iter().map(|logged| logged.rejection.path).collect();
        assert_eq!(
            (paths.len(), paths.first(), paths.last()),
            (KEPT, Some(&format!("$[{KEPT}]")), Some(&"$[1]".to_owned()))
        );
        assert_eq!(log.to_vec()[0].rejection.reason, "short");
    }
}
