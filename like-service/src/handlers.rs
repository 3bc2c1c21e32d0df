//! One file a resource.

pub(crate) mod likes;

pub(crate) mod health;

pub(crate) mod chaos;
