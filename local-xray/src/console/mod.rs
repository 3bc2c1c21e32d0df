//! The console: the pages that a person looks at.

use actix_web::{HttpRequest, HttpResponse, web};

/// Adds the console's pages to an application. Handlers find [`crate::app::AppState`] as `web::Data`.
pub fn routes(_service: &mut web::ServiceConfig) {}

/// The page for an address where nothing is.
pub fn not_found(_request: &HttpRequest) -> HttpResponse {
    HttpResponse::NotFound().finish()
}
