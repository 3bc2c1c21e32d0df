//! OTLP/HTTP: protobuf or JSON in, compressed or not; answers in the encoding of the question.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde::de::DeserializeOwned;

use crate::document::{ErrorCode, Rejection};
use crate::ingest::Door;
use crate::state::AppState;
use crate::store::NotStored;

use super::body::{Encoding, Partial, RpcStatus, Unreadable, read};
use super::{MAX_REQUEST_BYTES, NotTaken, RETRY_AFTER_SECONDS, take};

/// Codes of `google.rpc.Code`.
const INVALID_ARGUMENT: i32 = 3;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const UNAVAILABLE: i32 = 14;

/// `POST /v1/traces`.
pub(super) async fn traces(request: HttpRequest, payload: web::Payload, state: web::Data<AppState>) -> HttpResponse {
    let (encoding, request) = match read_request(&request, payload).await {
        Ok(read) => read,
        Err((encoding, unreadable)) => return refused(&state, encoding, &unreadable, ErrorCode::InvalidSpan),
    };
    let answer = take(request, &state.intake, Door::OtlpHttp).await;
    answered(encoding, answer, |answer: &ExportTraceServiceResponse| {
        answer.partial_success.as_ref().map(|partial| Partial {
            name: "rejectedSpans",
            rejected: partial.rejected_spans,
            message: &partial.error_message,
        })
    })
}

/// Reads a request of any signal.
///
/// # Errors
/// When the body holds none; with the encoding that the answer must have.
pub(super) async fn read_request<R: Message + Default + DeserializeOwned>(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<(Encoding, R), (Encoding, Unreadable)> {
    let told = content_type(request);
    let body = match payload.to_bytes_limited(MAX_REQUEST_BYTES).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err((Encoding::of(told, &[]), Unreadable::Incomplete)),
        Err(_) => return Err((Encoding::of(told, &[]), Unreadable::TooLarge { limit: MAX_REQUEST_BYTES })),
    };
    let (encoding, request) = read(told, &body, MAX_REQUEST_BYTES);
    request.map(|request| (encoding, request)).map_err(|unreadable| (encoding, unreadable))
}

/// Tells a sender what was taken.
pub(super) fn answered<A: Message>(
    encoding: Encoding,
    answer: Result<A, NotTaken>,
    partial: impl FnOnce(&A) -> Option<Partial<'_>>,
) -> HttpResponse {
    match answer {
        Ok(answer) => {
            let body = encoding.encode(&answer, partial(&answer));
            HttpResponse::Ok().content_type(encoding.content_type()).body(body)
        }
        Err(why @ (NotTaken::TooMany { .. } | NotTaken::TooWide)) => {
            failed(encoding, 413, RESOURCE_EXHAUSTED, &why.to_string())
        }
        Err(NotTaken::NotStored(why)) => come_back_later(encoding, &why),
    }
}

/// Any other method on the paths of the signals.
pub(super) async fn method_not_allowed(request: HttpRequest) -> HttpResponse {
    let encoding = Encoding::of(content_type(&request), b"{");
    let mut answer = failed(encoding, 405, UNIMPLEMENTED, "OTLP is sent with POST");
    answer.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST"));
    answer
}

fn content_type(request: &HttpRequest) -> &str {
    request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A body that holds no request is counted like one span or line that is none; `code` says which.
pub(super) fn refused(state: &AppState, encoding: Encoding, unreadable: &Unreadable, code: ErrorCode) -> HttpResponse {
    let code = match unreadable {
        Unreadable::TooLarge { .. } => ErrorCode::DocumentTooLarge,
        _ => code,
    };
    state.intake.reject(Rejection::new(code, "$", unreadable.to_string()), Door::OtlpHttp);
    failed_to_read(encoding, unreadable)
}

/// The answer to a body that holds no request.
pub(super) fn failed_to_read(encoding: Encoding, unreadable: &Unreadable) -> HttpResponse {
    let (status, rpc_code) = match unreadable {
        Unreadable::TooLarge { .. } => (413, RESOURCE_EXHAUSTED),
        _ => (400, INVALID_ARGUMENT),
    };
    failed(encoding, status, rpc_code, &unreadable.to_string())
}

/// What could not be stored now may be later.
fn come_back_later(encoding: Encoding, why: &NotStored) -> HttpResponse {
    let code = if *why == NotStored::QueueFull { RESOURCE_EXHAUSTED } else { UNAVAILABLE };
    let mut answer = failed(encoding, 503, code, &why.to_string());
    answer.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    answer
}

fn failed(encoding: Encoding, status: u16, code: i32, message: &str) -> HttpResponse {
    let body = encoding.encode_status(&RpcStatus { code, message: message.to_owned() });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type(encoding.content_type()).body(body)
}
