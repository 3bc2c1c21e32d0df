//! The server span and the server's metrics: one for each request, named after its route, ended truthfully whatever happens.
//!
//! The span is started with the OpenTelemetry API, because `tracing` starts spans too late to give them a remote parent. While the
//! request runs its context is current, so `tracing` spans inside nest by themselves. `/health/*` is neither traced nor measured.

use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{Error, HttpResponse, ResponseError};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use ipnet::IpNet;
use opentelemetry::context::FutureExt as _;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue, global};

use super::metrics::http::{ServerMetrics, Serving};
use super::propagation::{Incoming, XRAY_HEADER, response_header};
use crate::config::{ConfigError, Environment};
use crate::error::ApiError;

/// What the conventions call a method that is none of HTTP's own, so that names stay few.
const OTHER_METHOD: &str = "_OTHER";

/// What proxies note for a caller that hung up: an error of the caller, and no fault of ours.
pub(crate) const HUNG_UP: u16 = 499;

/// The networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; nobody's by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
}

impl TrustedProxies {
    /// Reads `TRUSTED_PROXIES`, a list of networks such as `10.0.0.0/16, 127.0.0.1/32`.
    ///
    /// # Errors
    /// When an entry is not a network.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let Some(text) = environment.get("TRUSTED_PROXIES") else { return Ok(Self::default()) };
        let networks = text.split(',').map(|entry| entry.trim().parse()).collect::<Result<_, _>>();
        networks
            .map(|networks| Self { networks })
            .map_err(|_| ConfigError::invalid("TRUSTED_PROXIES", text, "a list of networks like 10.0.0.0/16"))
    }

    fn trust(&self, address: IpAddr) -> bool {
        // A socket for both IP versions shows an IPv4 peer as `::ffff:10.0.0.1`, which no IPv4 network contains.
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The address of the client: the last one in `X-Forwarded-For` that is not a trusted proxy, where the peer is one.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trust(peer) {
            return peer;
        }
        let values = headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
        let mut client = peer;
        for entry in values.iter().rev().flat_map(|value| value.rsplit(',')) {
            let Some(address) = parse_address(entry.trim()) else { break };
            client = address;
            if !self.trust(address) {
                break;
            }
        }
        client
    }
}

/// An address with or without a port, as proxies write it.
fn parse_address(text: &str) -> Option<IpAddr> {
    let socket = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = text.trim_start_matches('[').trim_end_matches(']');
    bracketed.parse().ok().or_else(socket)
}

/// Middleware that makes the server span.
#[derive(Clone, Debug, Default)]
pub struct ServerSpans {
    trusted_proxies: TrustedProxies,
}

impl ServerSpans {
    /// Believes the forwarding headers of `trusted_proxies`.
    pub fn new(trusted_proxies: TrustedProxies) -> Self {
        Self { trusted_proxies }
    }
}

impl<S, B> Transform<S, ServiceRequest> for ServerSpans
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type Transform = ServerSpansService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let trusted_proxies = self.trusted_proxies.clone();
        ready(Ok(ServerSpansService { inner: Rc::new(inner), trusted_proxies, metrics: ServerMetrics::new() }))
    }
}

/// The service behind [`ServerSpans`].
pub struct ServerSpansService<S> {
    inner: Rc<S>,
    trusted_proxies: TrustedProxies,
    metrics: ServerMetrics,
}

impl<S, B> Service<ServiceRequest> for ServerSpansService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let inner = Rc::clone(&self.inner);
        if is_health(request.path()) {
            // Suppressed rather than only skipped: a query of the check must not become a trace of its own.
            let untraced = Context::new().with_telemetry_suppressed();
            let answer = async move { Ok(inner.call(request).await?.map_into_left_body()) };
            return Box::pin(answer.with_context(untraced));
        }
        let span = ServerSpan::start(&request, &self.trusted_proxies, &self.metrics);
        let context = span.context.clone();
        let answer = async move {
            match AssertUnwindSafe(async move { inner.call(request).await }).catch_unwind().await {
                Ok(Ok(mut response)) => {
                    let size = response.response().body().size();
                    span.end(response.status(), size, response.headers_mut());
                    Ok(response.map_into_left_body())
                }
                Ok(Err(error)) => Err(span.refuse(error.error_response())),
                Err(panic) => Err(span.refuse(panicked(&*panic))),
            }
        };
        Box::pin(answer.with_context(context))
    }
}

fn is_health(path: &str) -> bool {
    path.starts_with("/health/")
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> HttpResponse {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    ApiError::internal(anyhow::anyhow!("a handler panicked: {text}")).error_response()
}

/// The span of one request. Dropped without an end, the request was cancelled.
struct ServerSpan {
    context: Context,
    serving: Serving,
    ended: bool,
}

impl ServerSpan {
    fn start(request: &ServiceRequest, trusted_proxies: &TrustedProxies, metrics: &ServerMetrics) -> Self {
        let extracted = global::get_text_map_propagator(|propagator| {
            propagator.extract_with_context(&Context::new(), &Headers(request.headers()))
        });
        let method = known_method(request.method());
        let route = request.match_pattern();
        let scheme = scheme(request, trusted_proxies);
        let serving = metrics.begin(method, scheme, route.as_deref());
        let mut builder = SpanBuilder::from_name("").with_kind(SpanKind::Server);
        if super::may_be_recorded(&extracted) {
            let verb = if method == OTHER_METHOD { "HTTP" } else { method };
            builder.name = route.as_ref().map_or(verb.into(), |route| format!("{verb} {route}").into());
            let mut attributes = request_attributes(request, method, scheme, trusted_proxies);
            attributes.extend(route.map(|route| KeyValue::new("http.route", route)));
            builder.attributes = Some(attributes);
        }
        // The id generator looks for a trace id to adopt in the current context.
        let adopting = extracted.clone().attach();
        let context = super::start(&extracted, || builder);
        drop(adopting);
        let context = match extracted.get::<Incoming>() {
            Some(incoming) => context.with_value(incoming.adopted()),
            None => context,
        };
        Self { context, serving, ended: false }
    }

    fn end(mut self, status: StatusCode, size: BodySize, headers: &mut HeaderMap) {
        let answered = response_header(&self.context).and_then(|text| HeaderValue::from_str(&text).ok());
        if let Some(value) = answered {
            headers.insert(HeaderName::from_static(XRAY_HEADER), value);
        }
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if let BodySize::Sized(bytes) = size {
            span.set_attribute(KeyValue::new("http.response.body.size", i64::try_from(bytes).unwrap_or(i64::MAX)));
        }
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            span.set_status(Status::error(""));
        }
        span.end();
        self.serving.end(status.as_u16(), None);
        self.ended = true;
    }

    fn refuse(self, mut response: HttpResponse) -> Error {
        let size = response.body().size();
        self.end(response.status(), size, response.headers_mut());
        InternalError::from_response("answered", response).into()
    }
}

impl Drop for ServerSpan {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(HUNG_UP)));
        span.set_attribute(KeyValue::new("error.type", "client_closed_request"));
        span.end();
        self.serving.end(HUNG_UP, Some("client_closed_request"));
    }
}

fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER_METHOD)
}

/// How the caller spoke to us, or to the trusted proxy in front of us.
fn scheme(request: &ServiceRequest, proxies: &TrustedProxies) -> &'static str {
    let https = request.peer_addr().is_some_and(|peer| proxies.trust(peer.ip()))
        && request.headers().get("x-forwarded-proto").is_some_and(|value| value.as_bytes() == b"https");
    if https { "https" } else { "http" }
}

fn request_attributes(
    request: &ServiceRequest,
    method: &'static str,
    scheme: &'static str,
    proxies: &TrustedProxies,
) -> Vec<KeyValue> {
    let headers = request.headers();
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let peer = request.peer_addr().map(|addr| addr.ip().to_canonical());
    let host = text(header::HOST).unwrap_or("localhost");
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut attributes = vec![
        KeyValue::new("http.request.method", method),
        KeyValue::new("url.full", format!("{scheme}://{host}{target}")),
        KeyValue::new("url.path", request.path().to_owned()),
        KeyValue::new("url.scheme", scheme),
    ];
    let (name, port) = split_host(host);
    attributes.push(KeyValue::new("server.address", name.to_owned()));
    attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
    if !request.query_string().is_empty() {
        attributes.push(KeyValue::new("url.query", request.query_string().to_owned()));
    }
    let size = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<i64>().ok());
    attributes.extend(size.map(|bytes| KeyValue::new("http.request.body.size", bytes)));
    attributes.extend(text(header::USER_AGENT).map(|agent| KeyValue::new("user_agent.original", agent.to_owned())));
    attributes.extend(peer.map(|peer| KeyValue::new("network.peer.address", peer.to_string())));
    // Receivers take `client.address` for something read from `X-Forwarded-For`, so it is only set where it was.
    let forwarded = peer.map(|peer| proxies.client(peer, headers)).filter(|client| Some(*client) != peer);
    attributes.extend(forwarded.map(|client| KeyValue::new("client.address", client.to_string())));
    attributes
}

fn split_host(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) => port.parse().map_or((host, None), |port| (name, Some(port))),
        None => (host, None),
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_say_who_the_client_is() {
        fn check(peer: &str, forwarded: &[&str], expected: &str) {
            let environment = Environment::from_pairs([("TRUSTED_PROXIES", "10.0.0.0/8, ::1/128")]);
            let proxies = TrustedProxies::from_environment(&environment).unwrap();
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(proxies.client(peer.parse().unwrap(), &headers).to_string(), expected, "{peer} {forwarded:?}");
        }
        check("10.0.0.1", &["203.0.113.7"], "203.0.113.7");
        check("203.0.113.9", &["198.51.100.1"], "203.0.113.9");
        check("10.0.0.1", &["198.51.100.1, 203.0.113.7, 10.0.0.2"], "203.0.113.7");
        check("10.0.0.1", &["198.51.100.1", "203.0.113.7"], "203.0.113.7");
        check("10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7");
        check("::1", &["[2001:db8::1]:4711"], "2001:db8::1");
        check("10.0.0.1", &["203.0.113.7, unknown"], "10.0.0.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("::ffff:10.0.0.1", &["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7");
    }

    #[test]
    fn a_proxy_list_that_is_none_is_refused() {
        let environment = Environment::from_pairs([("TRUSTED_PROXIES", "10.0.0.0/8, alb")]);
        let error = TrustedProxies::from_environment(&environment).unwrap_err();
        assert_eq!(
            error.to_string(),
            "TRUSTED_PROXIES is `10.0.0.0/8, alb`, but must be a list of networks like 10.0.0.0/16"
        );
    }
}
