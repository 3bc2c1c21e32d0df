//! Health: says that this service answers, and asks nobody else, so that a broken monolith never takes this service down with it.

use actix_web::HttpResponse;
use serde_json::json;

/// The page that load balancers check; it is traced, and how its traces drown all others is part of the lab.
pub(crate) async fn page() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "service": crate::SERVICE_NAME, "status": "ok" }))
}

/// The untraced answer for orchestrators.
pub(crate) async fn answer() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}
