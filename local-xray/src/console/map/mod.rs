//! Service graphs as pictures: layered layout, rings of health, curved edges. Pure: a graph goes in, texts and
//! coordinates come out, and `templates/map.html` prints them.

mod drawing;
mod icon;
pub(super) mod key;
mod layers;
mod layout;
mod path;
mod ring;
mod text;

use crate::graph::Service;

pub(super) use self::drawing::{Drawing, Numbers, Options};
pub(super) use self::icon::Icon;

/// The type of a node in words: X-Ray's own, or `service` for a process that named no origin.
pub(super) fn type_words(service: &Service) -> &str {
    service.service_type.as_deref().unwrap_or("service")
}
