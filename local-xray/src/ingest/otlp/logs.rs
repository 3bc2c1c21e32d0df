//! OTLP's logs: over HTTP and gRPC, by the rules that hold for spans.
//!
//! A log record becomes a line in `translate`; the intake stores it, counts it beside the documents of the same door,
//! and tells the sender to come back when too much is on its way.

use actix_web::{HttpRequest, HttpResponse, web};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::LogsService;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use prost::Message as _;
use tonic::{Request, Response, Status};

use crate::document::{ErrorCode, Timestamp};
use crate::ingest::translate::lines;
use crate::ingest::{Door, Intake};
use crate::state::AppState;

use super::body::Partial;
use super::grpc::status;
use super::http::{answered, read_request, refused};
use super::{NotTaken, check_size};

/// `POST /v1/logs`.
pub(super) async fn logs(request: HttpRequest, payload: web::Payload, state: web::Data<AppState>) -> HttpResponse {
    let (encoding, request) = match read_request(&request, payload).await {
        Ok(read) => read,
        Err((encoding, unreadable)) => return refused(&state, encoding, &unreadable, ErrorCode::InvalidLogRecord),
    };
    let answer = take(request, &state.intake, Door::OtlpHttp).await;
    answered(encoding, answer, |answer: &ExportLogsServiceResponse| {
        answer.partial_success.as_ref().map(|partial| Partial {
            name: "rejectedLogRecords",
            rejected: partial.rejected_log_records,
            message: &partial.error_message,
        })
    })
}

/// The same over gRPC.
pub(super) struct Logs {
    pub(super) intake: Intake,
}

#[tonic::async_trait]
impl LogsService for Logs {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        take(request.into_inner(), &self.intake, Door::OtlpGrpc).await.map(Response::new).map_err(|why| status(&why))
    }
}

/// Stores what can be stored of a request, counts the rest, and says so.
async fn take(
    request: ExportLogsServiceRequest,
    intake: &Intake,
    door: Door,
) -> Result<ExportLogsServiceResponse, NotTaken> {
    check_size("log records", sizes(&request), intake, door)?;
    let _admission = intake.admit(request.encoded_len(), door)?;
    let lines = lines(&request, Timestamp::now());
    if !lines.records.is_empty() {
        intake.submit_lines(&lines.records, door).await?;
    }
    let partial_success = lines.rejections.first().map(|first| ExportLogsPartialSuccess {
        rejected_log_records: i64::try_from(lines.rejections.len()).unwrap_or(i64::MAX),
        error_message: format!("{}: {first}", first.code),
    });
    for rejection in lines.rejections {
        intake.reject(rejection, door);
    }
    Ok(ExportLogsServiceResponse { partial_success })
}

/// For each resource its bytes and its scopes; for each scope its bytes and how many records it holds.
fn sizes(request: &ExportLogsServiceRequest) -> impl Iterator<Item = (usize, impl Iterator<Item = (usize, usize)>)> {
    request.resource_logs.iter().map(|resource| {
        let bytes = resource.schema_url.len() + resource.resource.as_ref().map_or(0, prost::Message::encoded_len);
        let scopes = resource.scope_logs.iter().map(|scope| {
            let bytes = scope.schema_url.len() + scope.scope.as_ref().map_or(0, prost::Message::encoded_len);
            (bytes, scope.log_records.len())
        });
        (bytes, scopes)
    })
}
