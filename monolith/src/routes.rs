//! Every URL of the monolith on one page.

use actix_web::dev::Handler;
use actix_web::{FromRequest, Resource, Responder, guard, web};
use shared::error::method_not_allowed;
use shared::http_client::Upstream;
use shared::internal::{addresses_at, log_level_at};

use crate::handlers::{adoptions, health, likes, mysfits, site};
use crate::openapi;

/// The public listener: the web site and the API.
pub fn public(settings: &mut web::ServiceConfig) {
    settings
        .service(read("/mysfits", mysfits::list))
        .service(read("/mysfits/{id}", mysfits::show))
        .service(write("/mysfits/{id}/like", likes::forward))
        .service(write("/mysfits/{id}/adopt", adoptions::adopt))
        .service(read("/health/live", health::live))
        .service(read("/health/ready", health::ready))
        .service(read("/openapi.json", openapi::show))
        .configure(site::configure);
}

/// The internal listener: what only the Like service may ask for, and what operators may change.
pub fn internal(settings: &mut web::ServiceConfig, like_service: &Upstream) {
    settings
        .service(write("/mysfits/{id}/fulfill-like", likes::fulfill))
        .service(addresses_at("/like-addresses", like_service.clone()))
        .service(log_level_at("/log-level"));
}

/// A URL that is read: GET, HEAD, and 405 for the rest.
pub fn read<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let is_read = guard::Any(guard::Get()).or(guard::Head());
    web::resource(path).route(web::route().guard(is_read).to(handler)).default_service(method_not_allowed("GET, HEAD"))
}

/// A URL that changes something: POST, and 405 for the rest.
pub fn write<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::post().to(handler)).default_service(method_not_allowed("POST"))
}
