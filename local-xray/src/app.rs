//! Wiring: every part is built and every socket bound here.

use crate::ingest::Intake;
use crate::store::Store;

/// What every handler can reach, as `web::Data<AppState>`.
#[derive(Clone)]
pub struct AppState {
    /// Reads: `state.store.snapshot()`.
    pub store: Store,
    /// Writes and counters.
    pub intake: Intake,
}
