//! What makes two pieces of work belong to one node.

use std::borrow::Cow;

use crate::document::Segment;

use super::naming::{inferred_name, inferred_type};

/// The type of the node in front of an entry service.
pub(super) const CLIENT: &str = "client";

/// A node's identity: name, type and account, as X-Ray's filters know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceId {
    /// The canonical name.
    pub name: String,
    /// The type; absent for a service without origin.
    pub service_type: Option<String>,
    /// The account, when it is known.
    pub account_id: Option<String>,
}

impl ServiceId {
    /// The node that a segment belongs to.
    pub fn of_segment(segment: &Segment) -> Self {
        Key::of_segment(segment).to_service_id()
    }

    /// The node that a downstream call leads to when no segment answers it.
    pub fn of_call(call: &Segment) -> Self {
        Key::of_call(call).to_service_id()
    }
}

/// The same, borrowed from the segments while a graph is being built. Clients sort first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key<'a> {
    /// For a client, the entry service behind it; its own name and type are derived from that.
    is_service: bool,
    name: &'a str,
    service_type: Option<Cow<'a, str>>,
    account_id: Option<&'a str>,
}

impl<'a> Key<'a> {
    pub(super) fn of_segment(segment: &'a Segment) -> Self {
        Self {
            is_service: true,
            name: &segment.name,
            service_type: segment.origin.as_deref().map(Cow::Borrowed),
            account_id: account_id(segment),
        }
    }

    pub(super) fn of_call(call: &'a Segment) -> Self {
        Self {
            is_service: true,
            name: inferred_name(call),
            service_type: inferred_type(call),
            account_id: account_id(call),
        }
    }

    /// The client node in front of this entry service.
    pub(super) fn client(&self) -> Self {
        Self { is_service: false, ..self.clone() }
    }

    pub(super) fn is_client(&self) -> bool {
        !self.is_service
    }

    pub(super) fn to_service_id(&self) -> ServiceId {
        let service_type = if self.is_service { self.service_type.as_deref() } else { Some(CLIENT) };
        ServiceId {
            name: self.name.to_owned(),
            service_type: service_type.map(str::to_owned),
            account_id: self.account_id.filter(|_| self.is_service).map(str::to_owned),
        }
    }
}

fn account_id(segment: &Segment) -> Option<&str> {
    segment.aws.as_ref()?.account_id()
}
