//! Answers of the API: JSON with a request id, as AWS clients expect it.

use actix_web::body::BoxBody;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use serde::Serialize;
use uuid::Uuid;

use super::error::ApiError;

/// What an operation returns.
pub(super) type Outcome<T> = Result<Answer<T>, ApiError>;

/// What an operation returns of which AWS may refuse more than a local X-Ray does.
pub(super) type LiftedOutcome<T> = Result<Lifted<T>, ApiError>;

/// The header that says how AWS would have refused a request that was answered here.
const BEYOND_AWS: &str = "x-local-xray-beyond-aws";

/// An answer, and the words in which AWS would have refused the request.
pub(super) struct Lifted<T>(pub(super) Answer<T>, pub(super) Option<String>);

impl<T: Serialize> Responder for Lifted<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse<BoxBody> {
        let Self(answer, beyond) = self;
        let mut response = answer.respond_to(request);
        if let Some(words) = beyond.and_then(|words| HeaderValue::try_from(words).ok()) {
            response.headers_mut().insert(HeaderName::from_static(BEYOND_AWS), words);
        }
        response
    }
}

/// The output of one operation.
pub(super) struct Answer<T>(pub(super) T);

impl<T: Serialize> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::Ok();
        stamp(&mut response);
        response.json(self.0)
    }
}

/// Gives an answer its request id; clients show it in their errors.
pub(super) fn stamp(response: &mut HttpResponseBuilder) {
    response.insert_header(("x-amzn-RequestId", Uuid::new_v4().to_string()));
}
