//! OTLP/gRPC on a thread and runtime of its own.
//!
//! The rest of the local X-Ray lives on actix's single-threaded runtimes, where decoding a large export would hold up
//! the datagram loop. tonic also wants to spawn tasks that may move between threads, which a plain runtime gives it.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::task::{Context, Poll};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{self, LogsServiceServer};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{self, MetricsServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use tokio::sync::oneshot;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::document::{ErrorCode, Rejection};
use crate::ingest::{Door, Intake};
use crate::store::NotStored;

use super::logs::Logs;
use super::metrics::Metrics;
use super::{MAX_REQUEST_BYTES, NotTaken, RETRY_AFTER_SECONDS, take};

/// How long calls may take to finish once the local X-Ray is told to stop.
const DRAIN: Duration = Duration::from_secs(3);

/// The gRPC door at work. Dropping it stops it too, without waiting.
pub(crate) struct GrpcServer {
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl GrpcServer {
    /// Starts serving on a bound listener.
    ///
    /// # Errors
    /// When the operating system refuses a thread, a runtime or the listener's non-blocking mode.
    pub(crate) fn start(listener: TcpListener, intake: Intake) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stop_asked) = oneshot::channel();
        let (stopping, stopped) = oneshot::channel();
        std::thread::Builder::new().name("otlp-grpc".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(serve(listener, intake, stop_asked)) {
                tracing::error!("OTLP/gRPC ended: {error:#}");
            }
            // Nobody may be waiting any more.
            let _ = stopping.send(());
        })?;
        Ok(Self { stop, stopped })
    }

    /// Lets calls finish, but not for ever, then stops.
    pub(crate) async fn stop(self) {
        // Both fail only when the server has ended already.
        let _ = self.stop.send(());
        let _ = self.stopped.await;
    }
}

async fn serve(listener: TcpListener, intake: Intake, stop_asked: oneshot::Receiver<()>) -> anyhow::Result<()> {
    let incoming = TcpIncoming::from(tokio::net::TcpListener::from_std(listener)?).with_nodelay(Some(true));
    let logs = LogsServiceServer::new(Logs { intake: intake.clone() })
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_REQUEST_BYTES);
    let traces = TraceServiceServer::new(Traces { intake: intake.clone() })
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_REQUEST_BYTES);
    let metrics = MetricsServiceServer::new(Metrics)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_REQUEST_BYTES);
    let service = Signals { traces, logs, metrics, intake };
    let (drain, draining) = oneshot::channel::<()>();
    let asked = async move {
        let _ = stop_asked.await;
        drop(drain);
    };
    let too_long = async move {
        let _ = draining.await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        ended = Server::builder().serve_with_incoming_shutdown(service, incoming, asked) => Ok(ended?),
        () = too_long => anyhow::bail!("calls did not finish within {DRAIN:?}"),
    }
}

/// Why nothing of a request was taken, as a status. What could not be stored now may be later: senders repeat a call
/// that exhausted a resource only when they are told when.
pub(super) fn status(why: &NotTaken) -> Status {
    let code = match why {
        NotTaken::TooMany { .. } | NotTaken::TooWide => return Status::resource_exhausted(why.to_string()),
        NotTaken::NotStored(NotStored::QueueFull) => Code::ResourceExhausted,
        NotTaken::NotStored(_) => Code::Unavailable,
    };
    let retry = ErrorDetails::with_retry_info(Some(Duration::from_secs(RETRY_AFTER_SECONDS.into())));
    Status::with_error_details(code, why.to_string(), retry)
}

/// The services of one port, told apart by path. tonic's own router would bring a second web framework along for these
/// three.
#[derive(Clone)]
struct Signals {
    traces: TraceServiceServer<Traces>,
    logs: LogsServiceServer<Logs>,
    metrics: MetricsServiceServer<Metrics>,
    intake: Intake,
}

impl Service<http::Request<Body>> for Signals {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        // Paths are `/service/method`; the service for traces answers `unimplemented` to any that are not its own.
        let (answer, code) = match request.uri().path().trim_start_matches('/').split_once('/') {
            Some((logs_service_server::SERVICE_NAME, _)) => (self.logs.call(request), ErrorCode::InvalidLogRecord),
            // A data point is no document, and so is not counted.
            Some((metrics_service_server::SERVICE_NAME, _)) => return self.metrics.call(request),
            _ => (self.traces.call(request), ErrorCode::InvalidSpan),
        };
        let intake = self.intake.clone();
        Box::pin(async move {
            let answer = answer.await?;
            unread(answer.headers(), code).into_iter().for_each(|rejection| intake.reject(rejection, Door::OtlpGrpc));
            Ok(answer)
        })
    }
}

/// The refusal of a message that tonic could not hand to us: it was too large, broken, or no request. The other
/// statuses are ours, and counted where they are made.
fn unread(headers: &http::HeaderMap, code: ErrorCode) -> Option<Rejection> {
    let status = Status::from_header_map(headers)?;
    let code = match status.code() {
        Code::OutOfRange => ErrorCode::DocumentTooLarge,
        Code::Internal | Code::InvalidArgument => code,
        _ => return None,
    };
    Some(Rejection::new(code, "$", status.message()))
}

struct Traces {
    intake: Intake,
}

#[tonic::async_trait]
impl TraceService for Traces {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        take(request.into_inner(), &self.intake, Door::OtlpGrpc).await.map(Response::new).map_err(|why| status(&why))
    }
}
