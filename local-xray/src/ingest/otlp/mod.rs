//! OTLP over HTTP and gRPC, and inside datagrams: requests are decoded here, and translated by the `translate` module.
//!
//! Spans and log records that cannot be taken never spoil the others: the sender is told how many were refused and why
//! the first of them was, the console lists the latest ones.

mod body;
mod datagram;
mod grpc;
mod http;
mod logs;
mod metrics;

use actix_web::web;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};

use prost::Message;
use serde::de::DeserializeOwned;

use crate::document::{ErrorCode, Rejection};
use crate::limits::MAX_ITEMS;
use crate::store::{Arrival, NotStored};

use super::translate::translate;
use super::{Door, Intake};

pub(super) use self::datagram::{is_otlp, read as read_datagram};
pub(crate) use self::grpc::GrpcServer;

/// The largest request, compressed or not. AWS takes 5 MB; a collector on a laptop may send more at once.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// What all spans or log records of a request may take once each of them has been given a copy of what it shares with
/// the others: so that a large resource with many small spans does not fill the memory.
const MAX_COPIED_BYTES: usize = 256 << 20;

/// When a sender is to try again what could not be stored.
const RETRY_AFTER_SECONDS: u16 = 1;

/// Reads a body as `POST /v1/traces` and `POST /v1/logs` do.
///
/// # Errors
/// When it holds no request; the words are those for the sender.
pub(crate) fn read_body<R: Message + Default + DeserializeOwned>(content_type: &str, body: &[u8]) -> Result<R, String> {
    body::read(content_type, body, MAX_REQUEST_BYTES).1.map_err(|unreadable| unreadable.to_string())
}

/// Adds the OTLP/HTTP paths to an application. Handlers find [`crate::state::AppState`] as `web::Data`.
pub fn routes(service: &mut web::ServiceConfig) {
    service
        .service(web::resource("/v1/traces").post(http::traces).default_service(web::to(http::method_not_allowed)))
        .service(web::resource("/v1/metrics").post(metrics::metrics).default_service(web::to(http::method_not_allowed)))
        .service(web::resource("/v1/logs").post(logs::logs).default_service(web::to(http::method_not_allowed)));
}

/// Why nothing of a request was taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("more than {MAX_ITEMS} {what}, scopes and resources in one request")]
    TooMany { what: &'static str },
    #[error(
        "more than {MAX_COPIED_BYTES} bytes, once each record has a copy of its resource and scope: send fewer at once"
    )]
    TooWide,
    #[error(transparent)]
    NotStored(#[from] NotStored),
}

/// Refuses, and counts, a request that would become too many records, or too large ones. It goes by what the request
/// holds: for each resource its bytes and its scopes; for each scope its bytes and the number of its records.
fn check_size(
    what: &'static str,
    resources: impl Iterator<Item = (usize, impl Iterator<Item = (usize, usize)>)>,
    intake: &Intake,
    door: Door,
) -> Result<(), NotTaken> {
    let (mut items, mut copied) = (0_usize, 0_usize);
    for (of_resource, scopes) in resources {
        items += 1;
        for (of_scope, records) in scopes {
            items += 1 + records;
            copied = copied.saturating_add(records.saturating_mul(of_resource + of_scope));
        }
    }
    let why = match (items > MAX_ITEMS, copied > MAX_COPIED_BYTES) {
        (true, _) => NotTaken::TooMany { what },
        (_, true) => NotTaken::TooWide,
        _ => return Ok(()),
    };
    intake.reject(Rejection::new(ErrorCode::InvalidRequest, "$", why.to_string()), door);
    Err(why)
}

/// For each resource its bytes and its scopes; for each scope its bytes and how many spans it holds.
fn sizes(request: &ExportTraceServiceRequest) -> impl Iterator<Item = (usize, impl Iterator<Item = (usize, usize)>)> {
    request.resource_spans.iter().map(|resource| {
        let bytes = resource.schema_url.len() + resource.resource.as_ref().map_or(0, prost::Message::encoded_len);
        let scopes = resource.scope_spans.iter().map(|scope| {
            let bytes = scope.schema_url.len() + scope.scope.as_ref().map_or(0, prost::Message::encoded_len);
            (bytes, scope.spans.len())
        });
        (bytes, scopes)
    })
}

/// Stores what can be stored of a request, counts the rest, and says so.
async fn take(
    request: ExportTraceServiceRequest,
    intake: &Intake,
    door: Door,
) -> Result<ExportTraceServiceResponse, NotTaken> {
    check_size("spans", sizes(&request), intake, door)?;
    let _admission = intake.admit(request.encoded_len(), door)?;
    let translation = translate(&request);
    if !translation.documents.is_empty() {
        intake.submit(translation.documents.into_iter().map(Arrival::from).collect(), door).await?;
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
