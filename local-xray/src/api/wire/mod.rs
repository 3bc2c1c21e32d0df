//! The API's own types: requests in, answers out. Converted by hand, so that nothing inside can change the API.

mod graph;
mod groups;
mod requests;
mod sampling;
mod summary;
mod tags;

pub(super) use self::graph::{GraphAnswer, ServiceGraphAnswer, services};
pub(super) use self::groups::*;
pub(super) use self::requests::*;
pub(super) use self::sampling::*;
pub(super) use self::summary::{TraceSummariesAnswer, TraceSummaryOut};
pub(super) use self::tags::*;
