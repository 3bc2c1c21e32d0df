//! monolith

fn main() {}
