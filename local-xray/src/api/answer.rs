//! Answers of the API: JSON with a request id, as AWS clients expect it.

use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use serde::Serialize;
use uuid::Uuid;

use super::error::ApiError;

/// What an operation returns.
pub(super) type Outcome<T> = Result<Answer<T>, ApiError>;

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
