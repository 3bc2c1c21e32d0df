//! Taking a like: its fate first, then the monolith's answer, passed on as it is.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, web};
use shared::error::ApiError;
use shared::http_client::IDEMPOTENCY_KEY;
use shared::telemetry;
use tracing::Instrument as _;

use crate::chaos::burner::Burner;
use crate::chaos::{Fault, Switch};
use crate::like::{LikeKey, MalformedLikeKey, MalformedMysfitId, MysfitId};
use crate::monolith_client::{MonolithClient, TraceHeader};

/// Counts one like, unless chaos loses it.
pub(crate) async fn add(
    request: HttpRequest,
    id: web::Path<String>,
    switch: web::Data<Switch>,
    burner: web::Data<Burner>,
    monolith: web::Data<MonolithClient>,
) -> Result<HttpResponse, ApiError> {
    let id: MysfitId = id.parse()?;
    let key = key_of(request.headers())?;
    telemetry::annotate("mysfit_id", id.to_string());
    let mut trace_header = TraceHeader::Sent;
    if let Some(fault) = switch.settings().fault_for(key.as_str()) {
        telemetry::annotate("chaos_fault", fault.name());
        tracing::info!(mysfit.id = %id, chaos.fault = fault.name(), "chaos meets a like of mysfit {id}: {}", fault.name());
        trace_header = suffer(fault, &burner).await?;
    }
    let answer = monolith.fulfill_like(&id, &key, trace_header).await?;
    if answer.status == StatusCode::UNAUTHORIZED {
        // It is our token that is wrong, and no visitor can show a better one.
        let cause = anyhow::anyhow!("the monolith does not accept our INTERNAL_TOKEN");
        return Err(ApiError::bad_gateway("the monolith does not accept calls of the Like service").caused_by(cause));
    }
    let status = answer.status.as_u16();
    tracing::info!(mysfit.id = %id, http.status = status, "the monolith answered a like of mysfit {id} with {status}");
    Ok(answer.into_response())
}

/// The caller's key, or a new one for callers without; with more than one nobody could say which of them counts.
fn key_of(headers: &HeaderMap) -> Result<LikeKey, ApiError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(LikeKey::random()) };
    if values.next().is_some() {
        return Err(ApiError::bad_request("there is more than one Idempotency-Key"));
    }
    Ok(value.to_str().map_err(|_| MalformedLikeKey)?.parse()?)
}

/// Slowness is waited out without holding a worker; the CPU burns on a thread of its own meanwhile, until the like goes on or its
/// caller gives up.
async fn suffer(fault: Fault, burner: &Burner) -> Result<TraceHeader, ApiError> {
    match fault {
        Fault::NotFound => Err(ApiError::not_found("the like got lost on its way to the mysfit")),
        Fault::Failed => Err(ApiError::internal(anyhow::anyhow!("chaos makes this like fail (chaos_fault = failed)"))),
        Fault::DroppedHeader => Ok(TraceHeader::Dropped),
        Fault::Slow { wall_time } => {
            let burning = burner.burn();
            tokio::time::sleep(wall_time).instrument(tracing::info_span!("chaos")).await;
            drop(burning);
            Ok(TraceHeader::Sent)
        }
    }
}

impl From<MalformedMysfitId> for ApiError {
    fn from(error: MalformedMysfitId) -> Self {
        Self::not_found(error.to_string())
    }
}

impl From<MalformedLikeKey> for ApiError {
    fn from(error: MalformedLikeKey) -> Self {
        Self::bad_request(error.to_string())
    }
}
