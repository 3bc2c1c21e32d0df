//! Errors of the API: a status, the name of X-Ray's exception, and a sentence for the caller.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use super::answer;

/// What a caller hears instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    status: StatusCode,
    exception: &'static str,
    message: String,
}

impl ApiError {
    /// The request cannot be answered as it is.
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, exception: "InvalidRequestException", message: message.into() }
    }

    /// The request is larger than what is read.
    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, exception: "InvalidRequestException", message: message.into() }
    }

    /// The path is no operation.
    pub(crate) fn unknown_operation(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, exception: "UnknownOperationException", message: message.into() }
    }

    /// The local X-Ray is about to stop. Clients try again after a 503.
    pub(crate) fn stopping() -> Self {
        let message = "the local X-Ray is stopping".to_owned();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, exception: "ServiceUnavailableException", message }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status);
        answer::stamp(&mut response);
        response.insert_header(("x-amzn-errortype", self.exception)).json(json!({ "message": self.message }))
    }
}
