//! OTLP's metrics, of which nothing is kept here.
//!
//! Many SDKs send them wherever their one endpoint points, and would log an error every minute if that were refused. So a request is
//! read, and answered as the protocol has it: every data point was rejected, and this is why. Whoever hears that must not send them
//! again. The console's Intake counts documents, and these are none.

use actix_web::{HttpRequest, HttpResponse, web};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::MetricsService;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use tonic::{Request, Response, Status};

use super::body::Partial;
use super::http::{answered, failed_to_read, read_request};

const REASON: &str = "metrics are not kept: a local X-Ray takes traces and logs; OTEL_METRICS_EXPORTER=none stops them";

/// `POST /v1/metrics`.
pub(super) async fn metrics(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    match read_request(&request, payload).await {
        Ok((encoding, request)) => answered(encoding, Ok(answer(&request)), |answer: &ExportMetricsServiceResponse| {
            answer.partial_success.as_ref().map(|partial| Partial {
                name: "rejectedDataPoints",
                rejected: partial.rejected_data_points,
                message: &partial.error_message,
            })
        }),
        Err((encoding, unreadable)) => failed_to_read(encoding, &unreadable),
    }
}

/// The same over gRPC.
pub(super) struct Metrics;

#[tonic::async_trait]
impl MetricsService for Metrics {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        Ok(Response::new(answer(request.get_ref())))
    }
}

fn answer(request: &ExportMetricsServiceRequest) -> ExportMetricsServiceResponse {
    let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    let points: usize = scopes.flat_map(|scope| &scope.metrics).map(|metric| count(metric.data.as_ref())).sum();
    let partial_success = (points > 0).then(|| ExportMetricsPartialSuccess {
        rejected_data_points: i64::try_from(points).unwrap_or(i64::MAX),
        error_message: REASON.to_owned(),
    });
    ExportMetricsServiceResponse { partial_success }
}

fn count(data: Option<&Data>) -> usize {
    match data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
        None => 0,
    }
}
