//! The catalogue: all mysfits, some of them, or one.

use actix_web::web;
use shared::error::ApiError;
use shared::telemetry;

use crate::app::AppState;
use crate::domain::{MysfitId, Selection};
use crate::handlers::wire::{MysfitBody, MysfitList, SelectionQuery};
use crate::openapi::ErrorEnvelope;

/// Lists the mysfits, or those with one alignment.
#[utoipa::path(
    get, path = "/mysfits", tag = "catalogue", params(SelectionQuery),
    responses(
        (status = 200, description = "The selected mysfits", body = MysfitList),
        (status = 400, description = "Unknown filter or value; the message names the choices", body = ErrorEnvelope),
        (status = 503, description = "The database cannot be reached", body = ErrorEnvelope),
    )
)]
pub async fn list(
    query: web::Query<SelectionQuery>,
    state: web::Data<AppState>,
) -> Result<web::Json<MysfitList>, ApiError> {
    let selection = Selection::parse(query.filter.as_deref(), query.value.as_deref())?;
    let mysfits = state.store.list(selection).await?;
    Ok(web::Json(mysfits.into_iter().collect()))
}

/// Shows one mysfit.
#[utoipa::path(
    get, path = "/mysfits/{id}", tag = "catalogue", params(("id" = String, Path, description = "The id of a mysfit")),
    responses(
        (status = 200, description = "The mysfit", body = MysfitBody),
        (status = 404, description = "No mysfit has this id", body = ErrorEnvelope),
        (status = 503, description = "The database cannot be reached", body = ErrorEnvelope),
    )
)]
pub async fn show(id: web::Path<String>, state: web::Data<AppState>) -> Result<web::Json<MysfitBody>, ApiError> {
    let id: MysfitId = id.parse()?;
    telemetry::annotate("mysfit_id", id.to_string());
    let mysfit = state.store.find(id).await?;
    let mysfit = mysfit.ok_or_else(|| ApiError::not_found(format!("no mysfit has the id {id}")))?;
    Ok(web::Json(mysfit.into()))
}
