//! The web site: pages, styles, scripts and drawings, all inside the binary, so that it works without a network.
//!
//! A page is a trio: a handler in `handlers::site`, a struct of ready-to-print text in [`pages`], and a template of the same
//! name. [`pictures`] knows who is drawn where, [`assets`] which URL each embedded file has.

pub mod pages;

pub mod age;
pub mod assets;
pub mod pictures;

pub use self::pictures::picture_url;
