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

    /// The same, borrowed.
    pub fn as_ref(&self) -> ServiceRef<'_> {
        ServiceRef {
            name: &self.name,
            service_type: self.service_type.as_deref(),
            account_id: self.account_id.as_deref(),
        }
    }
}

/// The same, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceRef<'a> {
    /// The canonical name.
    pub name: &'a str,
    /// The type; absent for a service without origin.
    pub service_type: Option<&'a str>,
    /// The account, when it is known.
    pub account_id: Option<&'a str>,
}

/// The same while a graph is being built: borrowed from segments or digests, or owned in sums that are kept. Clients
/// sort first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key<'a> {
    /// For a client, the entry service behind it; its own name and type are derived from that.
    is_service: bool,
    name: Cow<'a, str>,
    service_type: Option<Cow<'a, str>>,
    account_id: Option<Cow<'a, str>>,
}

impl<'a> Key<'a> {
    /// The node of a service, by the names that [`Key::service`] gave.
    pub(crate) fn of_service(service: ServiceRef<'a>) -> Self {
        Self {
            is_service: true,
            name: Cow::Borrowed(service.name),
            service_type: service.service_type.map(Cow::Borrowed),
            account_id: service.account_id.map(Cow::Borrowed),
        }
    }

    /// The names of the service; for a client, those of the service behind it.
    pub(crate) fn service(&self) -> ServiceRef<'_> {
        ServiceRef {
            name: &self.name,
            service_type: self.service_type.as_deref(),
            account_id: self.account_id.as_deref(),
        }
    }

    /// The names by which the node is known; a client has its service's name and no account.
    pub(crate) fn known_as(&self) -> ServiceRef<'_> {
        match self.is_service {
            true => self.service(),
            false => ServiceRef { service_type: Some(CLIENT), account_id: None, ..self.service() },
        }
    }

    pub(crate) fn borrowed(&self) -> Key<'_> {
        Key { is_service: self.is_service, ..Key::of_service(self.service()) }
    }

    pub(crate) fn into_owned(self) -> Key<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Key {
            is_service: self.is_service,
            name: owned(self.name),
            service_type: self.service_type.map(owned),
            account_id: self.account_id.map(owned),
        }
    }

    pub(crate) fn of_segment(segment: &'a Segment) -> Self {
        Self {
            is_service: true,
            name: Cow::Borrowed(&segment.name),
            service_type: segment.origin.as_deref().map(Cow::Borrowed),
            account_id: account_id(segment).map(Cow::Borrowed),
        }
    }

    pub(crate) fn of_call(call: &'a Segment) -> Self {
        Self {
            is_service: true,
            name: Cow::Borrowed(inferred_name(call)),
            service_type: inferred_type(call),
            account_id: account_id(call).map(Cow::Borrowed),
        }
    }

    /// The client node in front of this entry service.
    pub(crate) fn client(&self) -> Self {
        Self { is_service: false, ..self.clone() }
    }

    pub(super) fn is_client(&self) -> bool {
        !self.is_service
    }

    pub(super) fn to_service_id(&self) -> ServiceId {
        self.known_as().to_id()
    }
}

impl ServiceRef<'_> {
    /// The same, owned.
    pub fn to_id(self) -> ServiceId {
        ServiceId {
            name: self.name.to_owned(),
            service_type: self.service_type.map(str::to_owned),
            account_id: self.account_id.map(str::to_owned),
        }
    }
}

fn account_id(segment: &Segment) -> Option<&str> {
    segment.aws.as_deref()?.account_id()
}
