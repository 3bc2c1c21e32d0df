//! The monolith seen from outside: a real server on a free port, a real client, a database of its own for each test.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something else should end there"
)]

mod helpers;

mod adoptions;
mod failures;
mod likes;
mod mysfits;
mod openapi;
mod shutdown;
mod site;
