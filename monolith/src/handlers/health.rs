//! Whether the process lives, and whether it can do its work. Neither depends on another service, and neither is traced.

use actix_web::web;
use shared::error::ApiError;

use crate::app::AppState;
use crate::handlers::wire::HealthBody;
use crate::openapi::ErrorEnvelope;

/// Says that the process answers.
#[utoipa::path(
    get, path = "/health/live", tag = "health",
    responses((status = 200, description = "The process answers", body = HealthBody))
)]
pub async fn live() -> web::Json<HealthBody> {
    web::Json(HealthBody { status: "live" })
}

/// Says whether the database answers.
#[utoipa::path(
    get, path = "/health/ready", tag = "health",
    responses(
        (status = 200, description = "The database answers", body = HealthBody),
        (status = 503, description = "The database does not answer", body = ErrorEnvelope),
    )
)]
pub async fn ready(state: web::Data<AppState>) -> Result<web::Json<HealthBody>, ApiError> {
    let check = state.store.check_ready().await;
    check.map_err(|error| ApiError::unavailable("the database does not answer").caused_by(error))?;
    Ok(web::Json(HealthBody { status: "ready" }))
}
