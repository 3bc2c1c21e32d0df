//! The request header that our handlers read.

use actix_web::HttpRequest;
use shared::error::ApiError;
use shared::http_client::IDEMPOTENCY_KEY;

use crate::domain::LikeKey;
use crate::domain::like_key::MalformedLikeKey;

/// Reads the `Idempotency-Key`; one that is there must be right, and only one may be there.
pub(super) fn like_key(request: &HttpRequest) -> Result<Option<LikeKey>, ApiError> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ApiError::bad_request("there is more than one Idempotency-Key"));
    }
    let text = value.to_str().map_err(|_| MalformedLikeKey)?;
    Ok(Some(text.parse()?))
}
