//! Likes, in two halves: the public one hands them to the Like service, the internal one counts what comes back from there.

use actix_web::{HttpRequest, HttpResponse, web};
use shared::error::ApiError;
use shared::internal::InternalToken;
use shared::telemetry;

use crate::app::AppState;
use crate::domain::{LikeKey, MysfitId};
use crate::handlers::headers;
use crate::handlers::wire::LikesBody;
use crate::openapi::ErrorEnvelope;

/// Forwards a like to the Like service and passes its status and body on as they are.
#[utoipa::path(
    post, path = "/mysfits/{id}/like", tag = "likes",
    params(
        ("id" = String, Path, description = "The id of a mysfit"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1 to 64 visible ASCII characters; a repeated key counts once. Made here when absent"),
    ),
    responses(
        (status = 200, description = "The new count", body = LikesBody),
        (status = 400, description = "The key is malformed", body = ErrorEnvelope),
        (status = 404, description = "No mysfit has this id, or the Like service said so", body = ErrorEnvelope),
        (status = 502, description = "The Like service gave an unusable answer", body = ErrorEnvelope),
        (status = 503, description = "The Like service cannot be reached", body = ErrorEnvelope),
        (status = 504, description = "The Like service did not answer in time", body = ErrorEnvelope),
    )
)]
pub async fn forward(
    id: web::Path<String>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let id: MysfitId = id.parse()?;
    let key = headers::like_key(&request)?.unwrap_or_else(LikeKey::random);
    telemetry::annotate("mysfit_id", id.to_string());
    let answer = state.like_service.like(id, &key).await?;
    let status = answer.status.as_u16();
    tracing::info!(mysfit.id = %id, http.status = status, "a like of mysfit {id} was answered {status}");
    Ok(answer.into_response())
}

/// Counts one like, for the Like service only; a repeated key answers with the count and adds nothing.
pub async fn fulfill(
    id: web::Path<String>,
    request: HttpRequest,
    internal_token: web::Data<InternalToken>,
    state: web::Data<AppState>,
) -> Result<web::Json<LikesBody>, ApiError> {
    internal_token.check(&request)?;
    let id: MysfitId = id.parse()?;
    let key = headers::like_key(&request)?;
    let key = key.ok_or_else(|| ApiError::bad_request("a like is counted under an Idempotency-Key"))?;
    telemetry::annotate("mysfit_id", id.to_string());
    let count = state.store.add_like(id, key).await?;
    tracing::info!(
        mysfit.id = %id, mysfit.likes = count.likes, like.is_repeat = count.is_repeat,
        "likes of mysfit {id}: {}", count.likes,
    );
    Ok(web::Json(LikesBody::new(id, count.likes)))
}
