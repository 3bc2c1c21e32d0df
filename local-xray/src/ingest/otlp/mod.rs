//! OTLP over HTTP and gRPC, and inside datagrams: requests are decoded here, and translated by the `translate` module.
//!
//! Spans that cannot be taken never spoil the others: the sender is told how many were refused and why the first of them
//! was, the console lists the latest ones.

mod body;
mod datagram;
mod grpc;
mod http;
mod metrics;

use actix_web::web;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};

use prost::Message as _;

use crate::document::{ErrorCode, Rejection};
use crate::limits::MAX_ITEMS;
use crate::store::NotStored;

use super::translate::translate;
use super::{Door, Intake};

pub(super) use self::datagram::{is_otlp, read as read_datagram};
pub(crate) use self::grpc::GrpcServer;

/// The largest request, compressed or not. AWS takes 5 MB; a collector on a laptop may send more at once.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// When a sender is to try again what could not be stored.
const RETRY_AFTER_SECONDS: u16 = 1;

/// Reads a body as `POST /v1/traces` does.
///
/// # Errors
/// When it holds no request; the words are those for the sender.
pub(crate) fn read_body(content_type: &str, body: &[u8]) -> Result<ExportTraceServiceRequest, String> {
    body::read(content_type, body, MAX_REQUEST_BYTES).1.map_err(|unreadable| unreadable.to_string())
}

/// Adds the OTLP/HTTP paths to an application. Handlers find [`crate::state::AppState`] as `web::Data`.
pub fn routes(service: &mut web::ServiceConfig) {
    service
        .service(web::resource("/v1/traces").post(http::traces).default_service(web::to(http::method_not_allowed)))
        .service(web::resource("/v1/metrics").post(metrics::metrics).default_service(web::to(http::method_not_allowed)))
        .service(web::resource("/v1/logs").to(http::traces_only));
}

/// Why nothing of a request was taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("more than {MAX_ITEMS} spans, scopes and resources in one request")]
    TooMany,
    #[error(transparent)]
    NotStored(#[from] NotStored),
}

/// How many messages a request holds that become, or hold, spans.
fn items(request: &ExportTraceServiceRequest) -> usize {
    let resources = &request.resource_spans;
    let scopes = resources.iter().flat_map(|resource| &resource.scope_spans);
    let spans: usize = scopes.clone().map(|scope| scope.spans.len()).sum();
    resources.len() + scopes.count() + spans
}

/// Stores what can be stored of a request, counts the rest, and says so.
async fn take(
    request: ExportTraceServiceRequest,
    intake: &Intake,
    door: Door,
) -> Result<ExportTraceServiceResponse, NotTaken> {
    if items(&request) > MAX_ITEMS {
        intake.reject(Rejection::new(ErrorCode::InvalidRequest, "$", NotTaken::TooMany.to_string()), door);
        return Err(NotTaken::TooMany);
    }
    let _admission = intake.admit(request.encoded_len(), door)?;
    let translation = translate(&request);
    if !translation.documents.is_empty() {
        intake.submit(translation.documents, door).await?;
    }
    let partial_success = translation.rejections.first().map(|first| ExportTracePartialSuccess {
        rejected_spans: i64::try_from(translation.rejections.len()).unwrap_or(i64::MAX),
        error_message: format!("{}: {first}", first.code),
    });
    for rejection in translation.rejections {
        intake.reject(rejection, door);
    }
    Ok(ExportTraceServiceResponse { partial_success })
}
