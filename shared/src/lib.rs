//! What both services need, and nothing of the Mysfits: configuration, errors, the life cycle of a server, outbound calls, telemetry.
//!
//! Modules in reading order. A service's `main` reads an [`Environment`](config::Environment), starts [`telemetry`] first,
//! runs its servers with [`server`] until [`shutdown::Shutdown`] is triggered, and ends telemetry outside the runtime.
//! A handler answers with [`error::ApiError`]; a call to another service goes through [`http_client`].
//!
//! What never belongs here: a mysfit, a like, a table, a URL of one of the services.

pub mod config;
pub mod error;

pub mod body_limit;
pub mod server;
pub mod shutdown;

pub mod http_client;

pub mod telemetry;
