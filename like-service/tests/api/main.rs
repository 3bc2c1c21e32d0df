//! The Like service from outside: real sockets, a stand-in for the monolith, files laid out like the routes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that finds something else should end there")]

mod helpers;

mod chaos;
mod health;
mod likes;
