//! Servers and clients of this crate over real sockets, their segments caught by a socket that stands for the X-Ray daemon.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod calls;
mod collector;
mod errors;
mod helpers;
mod life_cycle;
mod logs;
mod metrics;
mod spans;
mod trace_header;
