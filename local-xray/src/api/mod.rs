//! The X-Ray API.

use actix_web::{HttpRequest, HttpResponse, web};

/// Adds the operations to an application.
pub(crate) fn routes(_service: &mut web::ServiceConfig) {}

/// The answer to a call of something that is no operation.
pub(crate) fn unknown_operation(request: &HttpRequest) -> HttpResponse {
    let message = format!("{} is not an operation of X-Ray", request.path());
    HttpResponse::NotFound()
        .insert_header(("x-amzn-errortype", "UnknownOperationException"))
        .json(serde_json::json!({ "message": message }))
}
