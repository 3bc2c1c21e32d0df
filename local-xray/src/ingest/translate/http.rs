//! The `http` block, from the older and the newer semantic conventions.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::document::{Http, HttpRequest, HttpResponse};

use super::attributes::{Attributes, as_text};

const METHOD: [&str; 2] = ["http.method", "http.request.method"];
const URL: [&str; 2] = ["http.url", "url.full"];
const STATUS: [&str; 2] = ["http.status_code", "http.response.status_code"];
const SCHEME: [&str; 2] = ["http.scheme", "url.scheme"];
const TARGET: &str = "http.target";
const PATH: &str = "url.path";
const QUERY: &str = "url.query";
const SERVER_HOST: [&str; 5] = ["http.host", "http.server_name", "net.host.name", "host.name", "server.address"];
const SERVER_PORT: [&str; 2] = ["net.host.port", "server.port"];
const CLIENT_HOST: [&str; 4] = ["http.host", "net.peer.name", "net.peer.ip", "server.address"];
const CLIENT_PORT: [&str; 2] = ["net.peer.port", "server.port"];
const USER_AGENT: [&str; 2] = ["http.user_agent", "user_agent.original"];
const CLIENT_ADDRESS: [&str; 2] = ["http.client_ip", "client.address"];
const PEER_ADDRESS: [&str; 2] = ["net.peer.ip", "network.peer.address"];
const CONTENT_LENGTH: [&str; 3] =
    ["http.response.body.size", "http.response_content_length", "messaging.message_payload_size_bytes"];

/// Attributes that only HTTP spans have. An address alone does not make a database call an HTTP request.
const MARKS: [&[&str]; 4] = [&METHOD, &URL, &STATUS, &[TARGET]];

/// Takes the block out of the attributes; nothing when the span is not about HTTP.
pub(super) fn http(span: &Span, kind: SpanKind, attributes: &mut Attributes) -> Option<Http> {
    if !MARKS.iter().any(|keys| attributes.text(keys).is_some()) {
        return None;
    }
    let (client_ip, x_forwarded_for) = client_address(kind, attributes);
    let request = HttpRequest {
        url: url(kind, attributes),
        method: attributes.take_text(&METHOD),
        user_agent: attributes.take_text(&USER_AGENT),
        client_ip,
        x_forwarded_for,
        traced: None,
    };
    let response =
        HttpResponse { status: attributes.take_integer(&STATUS), content_length: content_length(span, attributes) };
    Some(Http {
        request: (request != HttpRequest::default()).then_some(request),
        response: (response != HttpResponse::default()).then_some(response),
    })
}

/// The whole URL, or one put together from its parts. Parts that can be read in the URL go with it.
fn url(kind: SpanKind, attributes: &mut Attributes) -> Option<String> {
    let (hosts, ports): (&[&str], &[&str]) =
        if kind == SpanKind::Client { (&CLIENT_HOST, &CLIENT_PORT) } else { (&SERVER_HOST, &SERVER_PORT) };
    let url = attributes.take_text(&URL).or_else(|| assembled(hosts, ports, attributes))?;
    let default_port = if url.starts_with("https:") { "443" } else { "80" };
    let parts = SCHEME.iter().chain([TARGET, PATH, QUERY].iter()).chain(hosts);
    for part in parts {
        attributes.drop_if(part, |value| as_text(value).is_some_and(|text| url.contains(&text)));
    }
    for port in ports {
        let is_said = |text: String| text == default_port || url.contains(&format!(":{text}"));
        attributes.drop_if(port, |value| as_text(value).is_some_and(is_said));
    }
    Some(url)
}

fn assembled(hosts: &[&str], ports: &[&str], attributes: &Attributes) -> Option<String> {
    let path = attributes.text(&[TARGET]).or_else(|| {
        let query = attributes.text(&[QUERY]).map(|query| format!("?{query}"));
        Some(attributes.text(&[PATH])? + query.as_deref().unwrap_or_default())
    });
    let Some(host) = attributes.text(hosts) else { return path };
    let scheme = attributes.text(&SCHEME).unwrap_or_else(|| "http".to_owned());
    let port = attributes
        .text(ports)
        .filter(|port| !matches!(port.as_str(), "80" | "443") && !host.ends_with(&format!(":{port}")))
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    Some(format!("{scheme}://{host}{port}{}", path.unwrap_or_else(|| "/".to_owned())))
}

/// The caller's address, and whether a proxy told it. On client spans the peer is the callee, so there is none.
fn client_address(kind: SpanKind, attributes: &mut Attributes) -> (Option<String>, Option<bool>) {
    if kind == SpanKind::Client {
        return (None, None);
    }
    let peer = attributes.text(&PEER_ADDRESS);
    match attributes.take_text(&CLIENT_ADDRESS) {
        Some(client) if peer.as_ref() == Some(&client) => (attributes.take_text(&PEER_ADDRESS), None),
        Some(client) => (Some(client), Some(true)),
        None => (attributes.take_text(&PEER_ADDRESS), None),
    }
}

/// The size of the answer, from the span or from its event about the message received.
fn content_length(span: &Span, attributes: &mut Attributes) -> Option<i64> {
    attributes.take_integer(&CONTENT_LENGTH).or_else(|| {
        let mut events = span.events.iter().map(|event| Attributes::new(&event.attributes));
        let mut received = events.find(|event| event.text(&["message.type"]).as_deref() == Some("RECEIVED"))?;
        received.take_integer(&["messaging.message_payload_size_bytes"])
    })
}
