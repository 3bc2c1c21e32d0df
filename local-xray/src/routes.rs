//! Every URL on one page, by listener.

use actix_web::{HttpRequest, HttpResponse, http::Method, web};

use crate::ingest::otlp;
use crate::{access, api, console};

/// The main port: OTLP/HTTP, the X-Ray API, the console.
pub(crate) fn main_port(service: &mut web::ServiceConfig) {
    service
        .route("/health/live", web::get().to(live))
        .configure(otlp::routes)
        .configure(api::routes)
        .configure(console::routes)
        .route("/ui/token", web::post().to(access::sign_in))
        .route("/ui/sign-out", web::post().to(access::sign_out))
        .route("/intake.json", web::get().to(api::intake))
        .route("/logs.json", web::get().to(api::logs))
        .default_service(web::to(nothing_here));
}

/// The usual OTLP/HTTP port: traces and logs in, nothing out.
pub(crate) fn otlp_http_port(service: &mut web::ServiceConfig) {
    service.route("/health/live", web::get().to(live)).configure(otlp::routes);
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

/// A person gets a page, a program gets the API's error.
async fn nothing_here(request: HttpRequest) -> HttpResponse {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        console::not_found(&request)
    } else {
        api::unknown_operation(&request)
    }
}
