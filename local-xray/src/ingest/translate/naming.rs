//! The name and namespace of a segment or subsegment: what becomes a node on the map, and what it is called.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::document::{Namespace, is_valid_name};

use super::attributes::Attributes;
use super::resource::Resource;
use super::role::Role;
use super::sql;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 200;
/// The name of what has none.
const NAMELESS: &str = "span";
const RPC_SYSTEM: [&str; 2] = ["rpc.system", "rpc.system.name"];

/// A name and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    /// The attribute that holds exactly this name, if one does.
    pub(super) attribute: Option<&'static str>,
}

/// What is named.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) kind: SpanKind,
    pub(super) role: Role,
    pub(super) span_name: &'a str,
    pub(super) attributes: &'a Attributes,
    pub(super) resource: &'a Resource,
}

/// Finds the name; the first that is there wins, and it never has a character that X-Ray refuses.
pub(super) fn name(named: Named<'_>) -> Name {
    let (found, attribute) = candidates(named).unwrap_or_else(|| (named.span_name.to_owned(), None));
    let text = clean(&found);
    let attribute = attribute.filter(|_| text == found);
    Name { text, attribute }
}

type Candidate = (String, Option<&'static str>);

fn candidates(named: Named<'_>) -> Option<Candidate> {
    let Named { kind, role, attributes, .. } = named;
    let of = |key: &'static str| Some((attributes.text(&[key])?, Some(key)));
    if kind == SpanKind::Consumer && role == Role::Segment {
        // The service that works on the message, not the broker it came from.
        return of("aws.local.service").or_else(|| service_name(named));
    }
    let serves = kind == SpanKind::Server || (kind == SpanKind::Internal && role == Role::Segment);
    let from_application_signals = match kind {
        _ if serves => of("aws.local.service"),
        SpanKind::Client | SpanKind::Producer | SpanKind::Consumer => remote_service(attributes),
        _ => None,
    };
    from_application_signals
        .or_else(|| of("peer.service"))
        .or_else(|| of("aws.service"))
        .or_else(|| sql::node_name(attributes).map(|name| (name, None)))
        .or_else(|| if kind == SpanKind::Server { service_name(named) } else { None })
        .or_else(|| of("rpc.service"))
        .or_else(|| rpc_service_of_method(attributes).map(|name| (name, None)))
        .or_else(|| if kind == SpanKind::Server { None } else { destination(attributes) })
        .or_else(|| of("http.host"))
        .or_else(|| of("net.peer.name"))
        .or_else(|| if kind == SpanKind::Client { of("server.address") } else { None })
        .or_else(|| sql::system(attributes).map(|name| (name, None)))
}

fn service_name(named: Named<'_>) -> Option<Candidate> {
    Some((named.resource.attributes.text(&["service.name"])?, None))
}

/// The callee as Application Signals knows it; AWS services are named as the SDKs name them.
fn remote_service(attributes: &Attributes) -> Option<Candidate> {
    const KEY: &str = "aws.remote.service";
    let name = attributes.text(&[KEY])?;
    if !is_aws_api(attributes) {
        return Some((name, Some(KEY)));
    }
    let bare = name.strip_prefix("AWS.SDK.").or_else(|| name.strip_prefix("AWS::")).unwrap_or(&name);
    Some((bare.to_owned(), Some(KEY).filter(|_| bare == name)))
}

/// Newer conventions write `package.Service/Method` and have no attribute for the service alone.
fn rpc_service_of_method(attributes: &Attributes) -> Option<String> {
    let (service, _) = attributes.text(&["rpc.method"])?.rsplit_once('/').map(|(s, m)| (s.to_owned(), m.to_owned()))?;
    (!service.is_empty()).then_some(service)
}

/// The queue or topic of a messaging span, else the broker's product name.
fn destination(attributes: &Attributes) -> Option<Candidate> {
    let key = ["messaging.destination.name", "messaging.destination", "messaging.system"]
        .into_iter()
        .find(|key| attributes.text(&[key]).is_some())?;
    attributes.has("messaging.system").then_some((attributes.text(&[key])?, Some(key)))
}

/// What the span called, if it called anything outside its service.
pub(super) fn namespace(kind: SpanKind, role: Role, attributes: &Attributes, name: &Name) -> Option<Namespace> {
    let is_call = matches!(kind, SpanKind::Producer | SpanKind::Consumer) && role != Role::Segment;
    let names_callee = attributes.has("aws.remote.service") || attributes.has("messaging.system");
    if is_aws_api(attributes) || name.attribute == Some("aws.service") {
        Some(Namespace::Aws)
    } else if kind == SpanKind::Client || (is_call && names_callee) {
        Some(Namespace::Remote)
    } else {
        None
    }
}

pub(super) fn is_aws_api(attributes: &Attributes) -> bool {
    attributes.text(&RPC_SYSTEM).as_deref() == Some("aws-api")
}

/// Leaves out what X-Ray does not allow in names.
pub(super) fn clean(name: &str) -> String {
    let mut buffer = [0; 4];
    let allowed = name.chars().filter(|character| is_valid_name(character.encode_utf8(&mut buffer)));
    let cleaned: String = allowed.take(MAX_NAME_CHARS).collect();
    let trimmed = cleaned.trim();
    if trimmed.is_empty() { NAMELESS.to_owned() } else { trimmed.to_owned() }
}
