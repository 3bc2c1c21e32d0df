//! Retrievals on the wire.

use serde::{Deserialize, Serialize};

use crate::api::time::RequestTime;

use super::graph::ServiceOut;
use super::requests::SegmentOut;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct StartTraceRetrieval {
    pub(in crate::api) trace_ids: Vec<String>,
    pub(in crate::api) start_time: RequestTime,
    pub(in crate::api) end_time: RequestTime,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct StartRetrievalAnswer {
    pub(in crate::api) retrieval_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct RetrievalToken {
    pub(in crate::api) retrieval_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct ListRetrievedTraces {
    pub(in crate::api) retrieval_token: String,
    pub(in crate::api) trace_format: Option<TraceFormat>,
    pub(in crate::api) next_token: Option<String>,
}

/// How the spans of a trace are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::api) enum TraceFormat {
    /// Segment documents.
    #[default]
    Xray,
    /// OpenTelemetry spans.
    Otel,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct RetrievedTracesAnswer {
    pub(in crate::api) retrieval_status: &'static str,
    pub(in crate::api) trace_format: TraceFormat,
    pub(in crate::api) traces: Vec<RetrievedTrace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next_token: Option<String>,
}

/// A trace, or a part of a long one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct RetrievedTrace {
    pub(in crate::api) id: String,
    /// Seconds.
    pub(in crate::api) duration: f64,
    /// Segments or spans, by the format.
    pub(in crate::api) spans: Vec<SegmentOut>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetRetrievedTracesGraph {
    pub(in crate::api) retrieval_token: String,
    pub(in crate::api) next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct RetrievedGraphAnswer {
    pub(in crate::api) retrieval_status: &'static str,
    pub(in crate::api) services: Vec<RetrievedService>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct RetrievedService {
    pub(in crate::api) service: ServiceOut,
    pub(in crate::api) links: Vec<GraphLink>,
}

/// From a trace to those that led to it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GraphLink {
    pub(in crate::api) reference_type: &'static str,
    pub(in crate::api) source_trace_id: String,
    pub(in crate::api) destination_trace_ids: Vec<String>,
}
