//! The API's own types: requests in, answers out. Converted by hand, so that nothing inside can change the API.

mod account;
mod graph;
mod groups;
mod insights;
mod intake;
mod logs;
mod policies;
mod requests;
mod retrieval;
mod sampling;
mod summary;
mod tags;
mod time_series;

pub(super) use self::account::*;
pub(super) use self::graph::{GraphAnswer, ServiceGraphAnswer, services};
pub(super) use self::groups::*;
pub(super) use self::insights::*;
pub(crate) use self::intake::IntakeOut;
pub(crate) use self::logs::LogsAnswer;
pub(super) use self::policies::*;
pub(super) use self::requests::*;
pub(super) use self::retrieval::*;
pub(super) use self::sampling::*;
pub(super) use self::summary::{TraceSummariesAnswer, TraceSummaryOut};
pub(super) use self::tags::*;
pub(super) use self::time_series::*;
