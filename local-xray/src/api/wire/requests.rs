//! What the data-plane operations take, and the short answers among theirs.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::api::time::RequestTime;
use crate::limits::MAX_ITEMS;
use crate::settings::Reference;

/// An operation without input; members are ignored.
#[derive(Deserialize)]
pub(in crate::api) struct Nothing {}

/// An operation that takes nothing but the token of the next page.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct NextPage {
    pub(in crate::api) next_token: Option<String>,
}

/// An answer without output.
#[derive(Serialize)]
pub(in crate::api) struct Done {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct PutTraceSegments {
    #[serde(deserialize_with = "documents")]
    pub(in crate::api) trace_segment_documents: Vec<String>,
}

/// Reads a list of documents, and stops where it gets too long: a compressed body can hold very many empty ones.
fn documents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Documents;

    impl<'de> Visitor<'de> for Documents {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a sequence")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
            let mut documents = Vec::new();
            while let Some(document) = list.next_element()? {
                if documents.len() == MAX_ITEMS {
                    return Err(A::Error::custom(format!("there are more than {MAX_ITEMS} documents")));
                }
                documents.push(document);
            }
            Ok(documents)
        }
    }

    deserializer.deserialize_seq(Documents)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct PutTraceSegmentsAnswer {
    pub(in crate::api) unprocessed_trace_segments: Vec<UnprocessedTraceSegment>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct UnprocessedTraceSegment {
    /// Null when the id could not be read.
    pub(in crate::api) id: Option<String>,
    pub(in crate::api) error_code: &'static str,
    pub(in crate::api) message: String,
}

/// Daemons report their own counters; there is nothing to answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct PutTelemetryRecords {
    pub(in crate::api) telemetry_records: Vec<TelemetryRecord>,
}

#[derive(Deserialize)]
pub(in crate::api) struct TelemetryRecord {
    #[serde(rename = "Timestamp")]
    _timestamp: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct BatchGetTraces {
    pub(in crate::api) trace_ids: Vec<String>,
    pub(in crate::api) next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct BatchGetTracesAnswer {
    pub(in crate::api) traces: Vec<TraceOut>,
    pub(in crate::api) unprocessed_trace_ids: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct TraceOut {
    pub(in crate::api) id: String,
    /// Seconds.
    pub(in crate::api) duration: f64,
    pub(in crate::api) limit_exceeded: bool,
    pub(in crate::api) segments: Vec<SegmentOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SegmentOut {
    pub(in crate::api) id: String,
    /// JSON, as a string.
    pub(in crate::api) document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetServiceGraph {
    pub(in crate::api) start_time: RequestTime,
    pub(in crate::api) end_time: RequestTime,
    group_name: Option<String>,
    #[serde(rename = "GroupARN")]
    group_arn: Option<String>,
    pub(in crate::api) next_token: Option<String>,
}

impl GetServiceGraph {
    pub(in crate::api) fn group(&self) -> Reference {
        Reference { name: self.group_name.clone(), arn: self.group_arn.clone() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetTraceGraph {
    pub(in crate::api) trace_ids: Vec<String>,
    pub(in crate::api) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetTraceSummaries {
    pub(in crate::api) start_time: RequestTime,
    pub(in crate::api) end_time: RequestTime,
    #[serde(default)]
    pub(in crate::api) time_range_type: TimeRangeType,
    #[serde(default)]
    pub(in crate::api) sampling: Option<bool>,
    pub(in crate::api) sampling_strategy: Option<SamplingStrategy>,
    pub(in crate::api) filter_expression: Option<String>,
    pub(in crate::api) next_token: Option<String>,
}

/// What must lie in the window for a trace to match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(in crate::api) enum TimeRangeType {
    /// The start of the trace.
    #[default]
    TraceId,
    /// Any moment of the trace.
    Event,
    /// The end of any segment.
    Service,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingStrategy {
    pub(in crate::api) name: SamplingStrategyName,
    pub(in crate::api) value: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(in crate::api) enum SamplingStrategyName {
    /// The service may stop early; here it never does.
    PartialScan,
    /// The service keeps the given share.
    FixedRate,
}
