//! The service graph on the wire.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::document::Timestamp;
use crate::graph::{Edge, EdgeKind, Histogram, Service, ServiceGraph, Statistics};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct ServiceGraphAnswer {
    pub(in crate::api) start_time: Timestamp,
    pub(in crate::api) end_time: Timestamp,
    pub(in crate::api) services: Vec<ServiceOut>,
    pub(in crate::api) contains_old_group_versions: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GraphAnswer {
    pub(in crate::api) services: Vec<ServiceOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct ServiceOut {
    reference_id: usize,
    name: String,
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    service_type: Option<String>,
    state: &'static str,
    start_time: Timestamp,
    end_time: Timestamp,
    edges: Vec<EdgeOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_statistics: Option<StatisticsOut>,
    duration_histogram: Vec<HistogramEntry>,
    response_time_histogram: Vec<HistogramEntry>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EdgeOut {
    reference_id: usize,
    start_time: Timestamp,
    end_time: Timestamp,
    summary_statistics: EdgeStatistics,
    response_time_histogram: Vec<HistogramEntry>,
    aliases: Vec<AliasOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_type: Option<&'static str>,
    received_event_age_histogram: Vec<HistogramEntry>,
}

/// Links have an empty object here.
#[derive(Serialize)]
#[serde(untagged)]
enum EdgeStatistics {
    Call(StatisticsOut),
    Link(Map<String, Value>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AliasOut {
    name: String,
    names: Vec<String>,
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    service_type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct StatisticsOut {
    ok_count: u64,
    error_statistics: ErrorStatistics,
    fault_statistics: FaultStatistics,
    total_count: u64,
    /// Seconds.
    total_response_time: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorStatistics {
    throttle_count: u64,
    other_count: u64,
    total_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FaultStatistics {
    other_count: u64,
    total_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct HistogramEntry {
    /// Seconds.
    value: f64,
    count: u64,
}

/// A graph's services on the wire.
pub(in crate::api) fn services(graph: ServiceGraph) -> Vec<ServiceOut> {
    graph.services.into_iter().map(ServiceOut::from).collect()
}

impl From<Service> for ServiceOut {
    fn from(service: Service) -> Self {
        Self {
            reference_id: service.reference_id,
            name: service.name,
            names: service.names,
            root: service.root.then_some(true),
            account_id: service.account_id,
            service_type: service.service_type,
            state: service.state.as_str(),
            start_time: service.start_time,
            end_time: service.end_time,
            edges: service.edges.into_iter().map(EdgeOut::from).collect(),
            summary_statistics: service.statistics.map(StatisticsOut::from),
            duration_histogram: entries(&service.duration_histogram),
            response_time_histogram: entries(&service.response_time_histogram),
        }
    }
}

impl From<Edge> for EdgeOut {
    fn from(edge: Edge) -> Self {
        let is_link = edge.kind == EdgeKind::Link;
        let aliases = edge.aliases.into_iter();
        Self {
            reference_id: edge.target,
            start_time: edge.start_time,
            end_time: edge.end_time,
            summary_statistics: match edge.kind {
                EdgeKind::Call => EdgeStatistics::Call(edge.statistics.into()),
                EdgeKind::Link => EdgeStatistics::Link(Map::new()),
            },
            response_time_histogram: entries(&edge.response_time_histogram),
            aliases: aliases
                .map(|alias| AliasOut { name: alias.name, names: alias.names, service_type: alias.service_type })
                .collect(),
            edge_type: is_link.then_some("link"),
            received_event_age_histogram: entries(&edge.received_event_age_histogram),
        }
    }
}

impl From<Statistics> for StatisticsOut {
    fn from(statistics: Statistics) -> Self {
        Self {
            ok_count: statistics.ok_count,
            error_statistics: ErrorStatistics {
                throttle_count: statistics.throttle_count,
                other_count: statistics.error_count,
                total_count: statistics.throttle_count + statistics.error_count,
            },
            fault_statistics: FaultStatistics {
                other_count: statistics.fault_count,
                total_count: statistics.fault_count,
            },
            total_count: statistics.total_count(),
            total_response_time: statistics.total_response_time.as_secs_f64(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of any real duration are exact in a float")]
pub(super) fn entries(histogram: &Histogram) -> Vec<HistogramEntry> {
    histogram.entries().map(|(millis, count)| HistogramEntry { value: millis as f64 / 1e3, count }).collect()
}
