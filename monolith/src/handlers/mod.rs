//! One file a resource: each handler takes the request apart, makes one call and shapes the answer.

pub mod site;
