//! local-xray

fn main() {}
