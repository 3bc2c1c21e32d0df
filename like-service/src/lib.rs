//! The Like microservice.

pub mod chaos;
