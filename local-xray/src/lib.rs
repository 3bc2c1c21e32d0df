//! AWS X-Ray on one machine: takes segments and spans, draws the service map, answers the X-Ray API.
//!
//! Telemetry flows one way, and the modules are listed in that order: bytes come in through [`ingest`], are parsed into
//! [`document`]s, assembled into traces by the [`store`], condensed to [`digest`]s, and read by [`graph`], [`summary`]
//! and the views: the API, the [`console`] and the [`cli`]. What a user sets stands beside that flow: [`settings`]
//! holds groups, tags, policies and the rules of [`sampling`]; [`logs`] holds what services wrote meanwhile. [`app`]
//! puts the parts together. [`workload`] makes traffic up, for measuring and for tests. The local X-Ray never traces
//! itself.

pub mod document;
pub mod ingest;
pub mod logs;
pub mod store;

pub mod digest;
pub mod filter;
pub mod graph;
pub mod summary;

mod spans;

pub mod sampling;
pub mod settings;

mod arn;
mod cores;
mod gzip;
mod limits;
mod refusal;
mod state;
mod words;

mod api;
pub mod cli;
pub mod console;

mod access;
pub mod app;
pub mod config;
mod memory_limit;
mod routes;

#[doc(hidden)]
pub mod fuzz;
pub mod workload;

pub use self::app::App;
pub use self::config::Config;
pub use self::limits::Limits;
pub use self::refusal::{Reason, Refusal};
pub use self::state::AppState;
