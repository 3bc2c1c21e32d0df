//! One file a resource: each handler takes the request apart, makes one call and shapes the answer.

pub mod adoptions;
pub mod health;
pub mod likes;
pub mod mysfits;
pub mod site;

mod headers;
mod problem;
pub mod wire;
