//! Errors of the API: a status, the name of X-Ray's exception, and a sentence for the caller.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::refusal::{Reason, Refusal};
use crate::store::NotStored;

use super::answer;

/// When to try again what cannot be done now.
const RETRY_AFTER_SECONDS: &str = "1";

/// What a caller hears instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    status: StatusCode,
    exception: &'static str,
    message: String,
    /// The resource that it is about, where X-Ray names one.
    resource: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, exception: &'static str, message: String) -> Self {
        Self { status, exception, message, resource: None }
    }

    /// The request cannot be answered as it is.
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestException", message.into())
    }

    /// The request is larger than what is read.
    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "InvalidRequestException", message.into())
    }

    /// The path is no operation.
    pub(crate) fn unknown_operation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "UnknownOperationException", message.into())
    }

    /// The local X-Ray is about to stop.
    pub(crate) fn stopping() -> Self {
        Self::unavailable("the local X-Ray is stopping")
    }

    /// Nothing can be stored at present. Clients try again after a 503.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", message.into())
    }
}

impl From<NotStored> for ApiError {
    fn from(why: NotStored) -> Self {
        match why {
            NotStored::QueueFull => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "ThrottledException",
                "more arrives than can be stored".to_owned(),
            ),
            NotStored::Stopped => Self::stopping(),
            NotStored::Unwritten(_) => Self::unavailable(why.to_string()),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (status, exception) = match refusal.reason {
            Reason::InvalidRequest => (StatusCode::BAD_REQUEST, "InvalidRequestException"),
            Reason::ResourceNotFound => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            Reason::RuleLimitExceeded => (StatusCode::BAD_REQUEST, "RuleLimitExceededException"),
            Reason::TooManyTags => (StatusCode::BAD_REQUEST, "TooManyTagsException"),
            Reason::MalformedPolicyDocument => (StatusCode::BAD_REQUEST, "MalformedPolicyDocumentException"),
            Reason::InvalidPolicyRevisionId => (StatusCode::BAD_REQUEST, "InvalidPolicyRevisionIdException"),
            Reason::PolicySizeLimitExceeded => (StatusCode::BAD_REQUEST, "PolicySizeLimitExceededException"),
            Reason::PolicyCountLimitExceeded => (StatusCode::BAD_REQUEST, "PolicyCountLimitExceededException"),
            Reason::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException"),
        };
        Self { resource: refusal.resource, ..Self::new(status, exception, refusal.message) }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut body = json!({ "message": self.message });
        if let (Some(resource), Some(body)) = (&self.resource, body.as_object_mut()) {
            body.insert("ResourceName".to_owned(), resource.as_str().into());
        }
        let mut response = HttpResponse::build(self.status);
        answer::stamp(&mut response);
        if matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        response.insert_header(("x-amzn-errortype", self.exception)).json(body)
    }
}
