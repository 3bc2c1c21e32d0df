//! Service graphs as pictures: layered layout, rings of health, curved edges. Pure: a graph goes in, texts and
//! coordinates come out, and `templates/map.html` prints them.

pub(super) mod clip;
pub(super) mod cluster;
mod component;
mod drawing;
mod edges;
mod highlight;
mod icon;
pub(super) mod key;
mod layers;
mod layout;
mod nodes;
mod options;
mod order;
mod path;
mod places;
mod ring;
#[cfg(test)]
pub(super) mod samples;
mod stack;
mod text;
mod words;

use crate::graph::Service;

pub(super) use self::drawing::Drawing;
pub(super) use self::icon::Icon;
pub(super) use self::nodes::is_found;
pub(super) use self::options::Options;
pub(super) use self::places::Places;
pub(super) use self::words::Numbers;

/// The type of a node in words: X-Ray's own, or `service` for a process that named no origin.
pub(super) fn type_words(service: &Service) -> &str {
    service.service_type.as_deref().unwrap_or("service")
}

/// Says whether a node stands for the callers of an entry service.
pub(super) fn is_client(service: &Service) -> bool {
    Icon::of(service) == Icon::Client
}

/// The name that the map shows: a client node carries the name of the service it enters, which would confuse.
pub(super) fn display_name(service: &Service) -> &str {
    if is_client(service) { "Clients" } else { &service.name }
}
