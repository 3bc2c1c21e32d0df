//! The Mythical Mysfits web site and API.

pub mod domain;
pub mod handlers;
pub mod site;
