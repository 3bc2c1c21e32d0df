//! What a caller hears when something goes wrong, kept apart from what we log.
//!
//! An [`ApiError`] carries a status, public words and, for our own eyes, a cause. Turning it into an answer is the one place where
//! it is logged, with its chain, and put on the active span as an exception; nobody logs it again on the way up. Every error
//! answer, ours or actix-web's, has one JSON shape:
//! `{"error":{"code":"not_found","message":"…","trace_id":"1-…-…"}}`.

use std::borrow::Cow;
use std::fmt;

use actix_web::error::{JsonPayloadError, PayloadError, QueryPayloadError};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError, Route, web};
use opentelemetry::KeyValue;
use opentelemetry::trace::TraceContextExt;
use serde::Serialize;

use crate::telemetry;

/// An error answer: what the caller hears, and the cause that only we see.
pub struct ApiError {
    kind: Kind,
    message: Cow<'static, str>,
    cause: Option<anyhow::Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    BadRequest,
    NotFound,
    MethodNotAllowed { allow: &'static str },
    Conflict,
    PayloadTooLarge,
    UnsupportedMediaType,
    Unauthorized,
    Internal,
    BadGateway,
    Unavailable,
    Timeout,
}

impl Kind {
    const fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Internal => "internal",
            Self::BadGateway => "bad_gateway",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

impl ApiError {
    /// 400: the request itself is wrong; the message says how.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::BadRequest, message)
    }

    /// 401: a credential is missing or wrong.
    pub fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unauthorized, message)
    }

    /// 404: there is no such thing.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// 405: the URL exists, the method does not; `allow` lists those that do, as in `GET, HEAD`.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        Self::new(Kind::MethodNotAllowed { allow }, format!("this resource answers {allow} only"))
    }

    /// 409: the state of the thing forbids it.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    /// 413: the body is larger than we read.
    pub fn payload_too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::PayloadTooLarge, message)
    }

    /// 500: our fault; the caller hears "internal error" and the trace id, the log hears the cause.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(Kind::Internal, "internal error").caused_by(cause)
    }

    /// 502: a service behind us answered something unusable.
    pub fn bad_gateway(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::BadGateway, message)
    }

    /// 503: this cannot be done now, try again later.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// 504: a service behind us did not answer in time.
    pub fn timeout(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Timeout, message)
    }

    /// Adds the cause, which is logged and traced but not told to the caller.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The machine-readable word of the envelope, such as `not_found`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), cause: None }
    }

    /// What we tell ourselves, in one line: the cause with its own causes, or the public words where there is none.
    fn reason(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{cause:#}"),
            None => self.message.clone().into_owned(),
        }
    }

    fn log(&self) {
        let (code, status) = (self.code(), self.kind.status().as_u16());
        let error = self.reason();
        match self.kind {
            Kind::Internal => tracing::error!(error.code = code, http.status = status, "request failed: {error}"),
            _ if status >= 500 => tracing::warn!(error.code = code, http.status = status, "request failed: {error}"),
            _ => tracing::debug!(error.code = code, http.status = status, "request refused: {error}"),
        }
    }

    fn record_on_span(&self) {
        let context = opentelemetry::Context::current();
        let attributes =
            vec![KeyValue::new("exception.type", self.code()), KeyValue::new("exception.message", self.reason())];
        context.span().add_event("exception", attributes);
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.reason())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause.as_ref() as _)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        self.record_on_span();
        let trace_id = telemetry::current_trace_id();
        let envelope = Envelope { error: Body { code: self.code(), message: &self.message, trace_id } };
        let mut answer = HttpResponse::build(self.status_code());
        if let Kind::MethodNotAllowed { allow } = self.kind {
            answer.insert_header((header::ALLOW, allow));
        }
        answer.json(envelope)
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

/// Makes actix-web's own refusals (path, query, JSON, body too large, unknown URL) speak the envelope.
pub(crate) fn configure(settings: &mut web::ServiceConfig) {
    settings
        .app_data(web::PathConfig::default().error_handler(|error, _| ApiError::not_found(error.to_string()).into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| query_error(&error).into()))
        .app_data(web::JsonConfig::default().error_handler(|error, _| json_error(&error).into()))
        .default_service(web::to(unknown_url));
}

/// The answer to methods that a resource does not have; use as `web::resource(…).route(…).default_service(method_not_allowed("GET, HEAD"))`.
pub fn method_not_allowed(allow: &'static str) -> Route {
    debug_assert!(allow.split(", ").all(|method| Method::from_bytes(method.as_bytes()).is_ok()));
    web::to(move || async move { Err::<HttpResponse, _>(ApiError::method_not_allowed(allow)) })
}

async fn unknown_url(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found(format!("there is nothing at {}", request.path())))
}

fn query_error(error: &QueryPayloadError) -> ApiError {
    ApiError::bad_request(error.to_string())
}

fn json_error(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::Overflow { .. }
        | JsonPayloadError::OverflowKnownLength { .. }
        | JsonPayloadError::Payload(PayloadError::Overflow) => ApiError::payload_too_large(error.to_string()),
        JsonPayloadError::ContentType => ApiError::new(Kind::UnsupportedMediaType, "the body must be application/json"),
        _ => ApiError::bad_request(error.to_string()),
    }
}
