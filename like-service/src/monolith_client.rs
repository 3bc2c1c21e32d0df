//! The only code that knows the monolith's address and how a like is counted there.

use std::time::Duration;

use shared::http_client::{AddressesError, Answer, CallError, HttpClient, Upstream};

use crate::like::{LikeKey, MysfitId};

/// How long the monolith may take to count a like: well within the time that it gives us.
const DEADLINE: Duration = Duration::from_secs(5);

/// Describes the monolith at this URL, or at several with commas between.
///
/// # Errors
/// When one is no URL of a service.
pub fn upstream(url: &str) -> Result<Upstream, AddressesError> {
    Ok(Upstream::new("monolith", url)?.with_deadline(DEADLINE))
}

/// Whether the monolith learns which trace a like belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TraceHeader {
    /// It does, unless chaos says otherwise.
    Sent,
    /// It does not, and begins a trace of its own.
    Dropped,
}

/// One worker's client of the monolith's internal API.
#[derive(Clone, Debug)]
pub struct MonolithClient(HttpClient);

impl MonolithClient {
    /// Makes the client of one worker.
    pub fn connect(monolith: &Upstream) -> Self {
        Self(monolith.connect())
    }

    /// Counts a like; a key that was counted before is answered with the count and adds nothing.
    pub(crate) async fn fulfill_like(
        &self,
        id: &MysfitId,
        key: &LikeKey,
        trace_header: TraceHeader,
    ) -> Result<Answer, CallError> {
        let path = format!("/mysfits/{id}/fulfill-like");
        let call = self.0.post(&path).idempotency_key(key.as_str());
        match trace_header {
            TraceHeader::Sent => call.send().await,
            TraceHeader::Dropped => call.without_trace_header().send().await,
        }
    }
}
