//! What a terminal and a CI job ask of an X-Ray endpoint: the service map, as text.
//!
//! `service` is the part of the endpoint's answer that is needed, `map` draws it.

pub mod map;
pub mod service;
