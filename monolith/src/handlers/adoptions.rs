//! Adoptions: once each.

use actix_web::web;
use shared::error::ApiError;
use shared::telemetry;

use crate::app::AppState;
use crate::domain::MysfitId;
use crate::handlers::wire::MysfitBody;
use crate::openapi::ErrorEnvelope;

/// Adopts a mysfit that is still free.
#[utoipa::path(
    post, path = "/mysfits/{id}/adopt", tag = "adoptions",
    params(("id" = String, Path, description = "The id of a mysfit")),
    responses(
        (status = 200, description = "The mysfit, adopted", body = MysfitBody),
        (status = 404, description = "No mysfit has this id", body = ErrorEnvelope),
        (status = 409, description = "Somebody else was faster", body = ErrorEnvelope),
        (status = 503, description = "The database cannot be reached", body = ErrorEnvelope),
    )
)]
pub async fn adopt(id: web::Path<String>, state: web::Data<AppState>) -> Result<web::Json<MysfitBody>, ApiError> {
    let id: MysfitId = id.parse()?;
    telemetry::annotate("mysfit_id", id.to_string());
    let mysfit = state.store.adopt(id).await?;
    tracing::info!(mysfit.id = %id, "{} has found a home", mysfit.name);
    Ok(web::Json(mysfit.into()))
}
