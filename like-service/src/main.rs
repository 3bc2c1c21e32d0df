//! like-service

fn main() {}
