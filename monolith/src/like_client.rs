//! The only code that knows the Like service: its name on the map and its URLs.

use shared::http_client::{Answer, CallError, HttpClient, Upstream};

use crate::domain::{LikeKey, MysfitId};

/// The segment name of the Like service.
pub const LIKE_SERVICE: &str = "like service";

/// One worker's line to the Like service.
#[derive(Debug, Clone)]
pub struct LikeClient {
    http: HttpClient,
}

impl LikeClient {
    /// Makes the client of one worker; sockets belong to the worker that opened them.
    pub fn connect(like_service: &Upstream) -> Self {
        LikeClient { http: like_service.connect() }
    }

    /// Asks for one like and hands back whatever the service answers.
    ///
    /// # Errors
    ///
    /// Fails when there is no whole answer in time.
    pub async fn like(&self, id: MysfitId, key: &LikeKey) -> Result<Answer, CallError> {
        self.http.post(&format!("/mysfits/{id}/like")).idempotency_key(key.as_str()).send().await
    }
}
