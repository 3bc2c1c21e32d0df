//! What handlers share. It lies below both the handlers and the wiring, so that neither needs the other to know it.

use crate::ingest::Intake;
use crate::limits::Limits;
use crate::logs::Logs;
use crate::settings::Settings;
use crate::store::Store;

/// What every handler can reach, as `web::Data<AppState>`.
#[derive(Clone)]
pub struct AppState {
    /// Reads: `state.store.snapshot()`.
    pub store: Store,
    /// Log lines; reads: `state.logs.snapshot()`.
    pub logs: Logs,
    /// Writes and counters.
    pub intake: Intake,
    /// Groups, sampling rules and whatever else a user sets.
    pub settings: Settings,
    /// What a caller may ask for.
    pub limits: Limits,
    /// Whether readers must present a token.
    pub is_protected: bool,
}
