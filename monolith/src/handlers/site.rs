//! The web site's URLs.

use actix_web::{HttpResponse, web};

/// Adds every URL of the web site.
pub fn configure(settings: &mut web::ServiceConfig) {
    settings.route("/", web::get().to(home));
}

async fn home() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body("<!doctype html><title>Mythical Mysfits</title>")
}
