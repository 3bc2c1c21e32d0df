//! Every URL of the Like service.

use actix_web::web::{ServiceConfig, get, post, put, resource};
use shared::error::method_not_allowed;
use shared::internal::log_level_at;

use crate::handlers::{chaos, health, likes};

/// What everybody may call.
pub(crate) fn public(service: &mut ServiceConfig) {
    let only = method_not_allowed;
    service
        .service(resource("/mysfits/{id}/like").route(post().to(likes::add)).default_service(only("POST")))
        .service(resource("/").route(get().to(health::page)).default_service(only("GET")))
        .service(resource("/health/live").route(get().to(health::answer)).default_service(only("GET")))
        .service(resource("/health/ready").route(get().to(health::answer)).default_service(only("GET")));
}

/// What only operators reach: this listener is never published. Chaos asks for no token, because the worst that can be done with it is
/// what the labs do on purpose, and a learner should be able to do it with curl; the log level asks for one where one is set.
pub(crate) fn internal(service: &mut ServiceConfig) {
    let chaos = resource("/chaos").route(get().to(chaos::show)).route(put().to(chaos::change));
    service.service(chaos.default_service(method_not_allowed("GET, PUT"))).service(log_level_at("/log-level"));
}
