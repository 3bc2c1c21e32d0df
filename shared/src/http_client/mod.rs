//! Outbound calls: a deadline, retries where they are safe, a circuit breaker, the trace header, and one client span per attempt.
//!
//! An [`Upstream`] is made once per process and describes a service behind us; [`Upstream::connect`] makes the client of one worker,
//! because pooled sockets belong to the runtime that opened them. What the service answers is passed on truthfully: any status is an
//! answer, and only its absence is a [`CallError`].
//!
//! - The deadline covers everything: attempts, pauses between them, and reading the body.
//! - A refused connection reached nobody and is always tried again. A connection reset before the head of an answer is whole, and a
//!   503, are tried again only where a repetition is harmless: GET, HEAD, and calls with an `Idempotency-Key`. Once an
//!   answer has begun, or something came that is no HTTP, nothing is repeated.
//! - A service may be at several addresses: calls go round among those that answer, each address has a breaker of its own, and a
//!   repetition goes to another one. [`Upstream::set_addresses`] changes the list while calls are under way.
//! - A repetition that finds no time or an open breaker takes nothing away: a 503 in hand is what the caller hears.
//! - The breaker counts transport failures only. Slow, refused-by-status or failing answers are the callee's business: our resilience must
//!   not hide them from the map.

mod addresses;
mod breaker;
mod span;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use self::addresses::{Address, Addresses, Patience};
use self::breaker::Permit;
use self::span::{Attempt, Target};
use crate::config::Secret;
use crate::error::ApiError;
use crate::telemetry::metrics::http::ClientMetrics;

pub use self::addresses::AddressesError;

/// The header that makes a repeated call harmless.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The header that carries the shared secret of the internal APIs.
pub const INTERNAL_TOKEN: &str = "X-Internal-Token";

/// How often a call is made at most; where a service has more addresses than that, each is tried once.
const MAX_ATTEMPTS: usize = 3;
const PATIENCE: Patience = Patience { failures: 5, pause: Duration::from_secs(2) };
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const POOL_IDLE: Duration = Duration::from_secs(3); // below actix-web's keep-alive of 5 s, so that we hang up first
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// A service behind us: its name on the map, where it is, and how patient we are. Cheap to clone; clones share addresses and breakers.
#[derive(Clone, Debug)]
pub struct Upstream {
    name: String,
    addresses: Arc<Addresses>,
    deadline: Duration,
    headers: HeaderMap,
}

impl Upstream {
    /// Describes the service called `name` (its segment name, for `peer.service`) at `addresses`: an `http://` URL, or several of them
    /// with commas between.
    ///
    /// # Errors
    /// When one is not an `http://` URL with a host, holds a name or password (which would show up in traces and logs:
    /// [`Upstream::with_internal_token`] is the way to send a secret along), or is there twice.
    pub fn new(name: impl Into<String>, addresses: &str) -> Result<Self, AddressesError> {
        let addresses = Arc::new(Addresses::new(addresses.split(','), PATIENCE)?);
        Ok(Self { name: name.into(), addresses, deadline: Duration::from_secs(10), headers: HeaderMap::new() })
    }

    /// Its name on the map.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the service is, in the order in which the addresses are called.
    pub fn addresses(&self) -> Vec<String> {
        self.addresses.texts()
    }

    /// Which of the addresses are given a pause, because they could not be reached.
    pub fn resting_addresses(&self) -> Vec<String> {
        self.addresses.resting()
    }

    /// Replaces the addresses, for all clones and clients at once. Calls under way end where they began; an address that stays keeps
    /// its breaker.
    ///
    /// # Errors
    /// As [`Upstream::new`], and when there is none; then nothing has changed.
    pub fn set_addresses<'a>(&self, addresses: impl IntoIterator<Item = &'a str>) -> Result<(), AddressesError> {
        self.addresses.replace(addresses)
    }

    /// Changes the deadline of a whole call, 10 s otherwise.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Opens the breaker of an address after `failures` transport failures in a row, for `pause`; 5 and 2 s otherwise.
    #[must_use]
    pub fn with_breaker(mut self, failures: u32, pause: Duration) -> Self {
        self.addresses = Arc::new(self.addresses.with_patience(Patience { failures, pause }));
        self
    }

    /// Sends the shared secret of the internal API along with every call.
    ///
    /// # Errors
    /// When the secret holds characters that a header cannot carry.
    pub fn with_internal_token(mut self, token: &Secret) -> Result<Self, reqwest::header::InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(token.expose())?;
        value.set_sensitive(true);
        self.headers.insert(HeaderName::from_static("x-internal-token"), value);
        Ok(self)
    }

    /// Makes the client of one worker; call it where the worker's `App` is built.
    pub fn connect(&self) -> HttpClient {
        let http = reqwest::Client::builder()
            .default_headers(self.headers.clone())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client for plain HTTP needs nothing from outside");
        HttpClient { upstream: self.clone(), http, metrics: ClientMetrics::new() }
    }
}

/// One worker's client for one service.
#[derive(Clone, Debug)]
pub struct HttpClient {
    upstream: Upstream,
    http: reqwest::Client,
    metrics: ClientMetrics,
}

impl HttpClient {
    /// A GET of `path`; characters that no path may hold are escaped.
    pub fn get<'a>(&'a self, path: &'a str) -> Call<'a> {
        self.call(Method::GET, path)
    }

    /// A POST to `path`; characters that no path may hold are escaped.
    pub fn post<'a>(&'a self, path: &'a str) -> Call<'a> {
        self.call(Method::POST, path)
    }

    fn call<'a>(&'a self, method: Method, path: &'a str) -> Call<'a> {
        Call { client: self, method, path, key: None, body: None, carries_trace: true }
    }
}

/// A call about to be made.
#[derive(Debug)]
#[must_use = "a call is made by `send`"]
pub struct Call<'a> {
    client: &'a HttpClient,
    method: Method,
    path: &'a str,
    key: Option<HeaderValue>,
    body: Option<Bytes>,
    carries_trace: bool,
}

impl Call<'_> {
    /// Adds the `Idempotency-Key`, which makes the call safe to repeat; a key that no header can carry is left out.
    pub fn idempotency_key(mut self, key: &str) -> Self {
        self.key = HeaderValue::from_str(key).ok();
        self
    }

    /// Sends `body` as `application/json`.
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(Bytes::from(body.to_string()));
        self
    }

    /// Leaves the trace headers out, so that the callee begins a trace of its own: a fault to inject, never a thing to do in earnest.
    pub fn without_trace_header(mut self) -> Self {
        self.carries_trace = false;
        self
    }

    /// Makes the call, with retries, inside the deadline.
    ///
    /// # Errors
    /// A [`CallError`] when there was no whole answer; any status is an answer.
    pub async fn send(self) -> Result<Answer, CallError> {
        let Upstream { addresses, deadline, .. } = &self.client.upstream;
        let started = Instant::now();
        let mut tried = Vec::new();
        let mut in_hand = None;
        loop {
            let left = deadline.saturating_sub(started.elapsed());
            let outcome = match (self.attempt(&mut tried, left).await, in_hand.take()) {
                (Err(CallError::DeadlineExceeded { .. } | CallError::BreakerOpen { .. }), Some(answer)) => {
                    return Ok(answer);
                }
                (outcome, _) => outcome,
            };
            // Only whoever has been asked already is given a moment.
            let pause = if addresses.has_others(&tried) { Duration::ZERO } else { pause_after(tried.len()) };
            let may_repeat = tried.len() < MAX_ATTEMPTS.max(addresses.len()) && self.may_repeat(&outcome);
            if !may_repeat || started.elapsed() + pause >= *deadline {
                return outcome;
            }
            in_hand = outcome.ok();
            if pause > Duration::ZERO {
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn attempt(&self, tried: &mut Vec<Arc<Address>>, left: Duration) -> Result<Answer, CallError> {
        let upstream = &self.client.upstream;
        let Some((address, permit)) = upstream.addresses.next(tried, Instant::now()) else {
            return Err(CallError::BreakerOpen { peer: upstream.name.clone() });
        };
        let url = address.url(self.path);
        tried.push(address);
        let target = Target {
            method: &self.method,
            url: &url,
            peer: &upstream.name,
            number: tried.len(),
            left,
            is_probe: permit.is_probe(),
        };
        let span = Attempt::start(&target, &self.client.metrics);
        let outcome = match tokio::time::timeout(left, self.exchange(&url, &span, permit)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(CallError::DeadlineExceeded { peer: upstream.name.clone(), deadline: upstream.deadline }),
        };
        span.end(&outcome);
        outcome
    }

    async fn exchange(&self, url: &Url, span: &Attempt, permit: Permit) -> Result<Answer, CallError> {
        let mut request = self.client.http.request(self.method.clone(), url.clone());
        if self.carries_trace {
            request = request.headers(span.headers());
        }
        if let Some(key) = &self.key {
            request = request.header(IDEMPOTENCY_KEY, key.clone());
        }
        if let Some(body) = &self.body {
            request = request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        match request.send().await {
            Ok(response) => {
                permit.answered();
                self.read(response).await
            }
            Err(source) if is_nonsense(&source) => {
                permit.answered();
                Err(CallError::Unusable { peer: self.client.upstream.name.clone(), reason: chain(&source) })
            }
            Err(source) => {
                permit.failed(Instant::now());
                let connected = !source.is_connect();
                Err(CallError::Unreachable { peer: self.client.upstream.name.clone(), connected, source })
            }
        }
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Answer, CallError> {
        let peer = &self.client.upstream.name;
        let unusable = |reason: String| CallError::Unusable { peer: peer.clone(), reason };
        let status = StatusCode::from_u16(response.status().as_u16()).map_err(|error| unusable(error.to_string()))?;
        let content_type = response.headers().get(reqwest::header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unusable(chain(&error)))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(unusable(format!("the answer has more than {MAX_ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, content_type, body: body.freeze() })
    }

    fn may_repeat(&self, outcome: &Result<Answer, CallError>) -> bool {
        let harmless = self.key.is_some() || self.method == Method::GET || self.method == Method::HEAD;
        match outcome {
            Err(CallError::Unreachable { connected, .. }) => !connected || harmless,
            Ok(answer) => answer.status == StatusCode::SERVICE_UNAVAILABLE && harmless,
            Err(_) => false,
        }
    }
}

/// Whether something was received, and was no HTTP.
fn is_nonsense(error: &reqwest::Error) -> bool {
    let mut sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    sources.any(|source| source.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse))
}

/// A short pause that grows with the attempts, jittered so that callers do not return in step.
fn pause_after(attempts: usize) -> Duration {
    let base = Duration::from_millis(50 << attempts.min(7));
    base.mul_f64(rand::random_range(0.5..1.5))
}

/// What the other side said, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// The `Content-Type`, where there was a readable one.
    pub content_type: Option<String>,
    /// The body, at most 1 MiB.
    pub body: Bytes,
}

impl Answer {
    /// The body as a value.
    ///
    /// # Errors
    /// When the body is not the JSON that `T` expects.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.body)
    }

    /// The same status, content type and body as our own answer.
    pub fn into_response(self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        if let Some(content_type) = self.content_type {
            response.content_type(content_type);
        }
        response.body(self.body)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No connection, or one that broke before the answer began.
    #[error("{peer} cannot be reached")]
    Unreachable {
        /// The name of the service.
        peer: String,
        /// Whether there was a connection, so that the request may have arrived.
        connected: bool,
        /// What the HTTP client says.
        source: reqwest::Error,
    },
    /// The service was unreachable a moment ago, so it was not asked.
    #[error("{peer} was unreachable a moment ago and is given a pause")]
    BreakerOpen {
        /// The name of the service.
        peer: String,
    },
    /// The deadline passed.
    #[error("{peer} did not answer within {} ms", .deadline.as_millis())]
    DeadlineExceeded {
        /// The name of the service.
        peer: String,
        /// The deadline of the whole call.
        deadline: Duration,
    },
    /// The answer began and could not be read to its end.
    #[error("{peer} gave an answer that cannot be used: {reason}")]
    Unusable {
        /// The name of the service.
        peer: String,
        /// What was wrong with it.
        reason: String,
    },
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        let message = match &error {
            CallError::Unreachable { peer, .. } | CallError::BreakerOpen { peer } => {
                format!("{peer} cannot be reached at the moment, please try again later")
            }
            CallError::DeadlineExceeded { peer, .. } => format!("{peer} did not answer in time"),
            CallError::Unusable { peer, .. } => format!("{peer} gave an answer that cannot be used"),
        };
        let answer = match &error {
            CallError::Unreachable { .. } | CallError::BreakerOpen { .. } => Self::unavailable(message),
            CallError::DeadlineExceeded { .. } => Self::timeout(message),
            CallError::Unusable { .. } => Self::bad_gateway(message),
        };
        answer.caused_by(error)
    }
}

/// An error and its sources in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
