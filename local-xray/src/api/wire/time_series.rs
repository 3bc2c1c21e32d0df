//! Numbers over time on the wire.

use serde::{Deserialize, Serialize};

use crate::api::time::RequestTime;
use crate::arn::Reference;
use crate::document::Timestamp;
use crate::graph::Point;

use super::graph::{HistogramEntry, StatisticsOut, entries};

/// `ForecastStatistics` is taken and changes nothing: there are no forecasts, and their member is left out.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetTimeSeriesServiceStatistics {
    pub(in crate::api) start_time: RequestTime,
    pub(in crate::api) end_time: RequestTime,
    group_name: Option<String>,
    #[serde(rename = "GroupARN")]
    group_arn: Option<String>,
    pub(in crate::api) entity_selector_expression: Option<String>,
    /// Seconds.
    pub(in crate::api) period: Option<u32>,
    #[serde(rename = "ForecastStatistics")]
    _forecast_statistics: Option<bool>,
    pub(in crate::api) next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct TimeSeriesAnswer {
    pub(in crate::api) time_series_service_statistics: Vec<TimeSeriesPoint>,
    pub(in crate::api) contains_old_group_versions: bool,
}

/// Either kind of statistics is there, never both.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct TimeSeriesPoint {
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_summary_statistics: Option<StatisticsOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_summary_statistics: Option<StatisticsOut>,
    response_time_histogram: Vec<HistogramEntry>,
}

impl GetTimeSeriesServiceStatistics {
    pub(in crate::api) fn group(&self) -> Reference {
        Reference { name: self.group_name.clone(), arn: self.group_arn.clone() }
    }
}

impl TimeSeriesPoint {
    pub(in crate::api) fn new(point: &Point, is_of_edges: bool) -> Self {
        let statistics = StatisticsOut::from(point.statistics);
        let (edge, service) = if is_of_edges { (Some(statistics), None) } else { (None, Some(statistics)) };
        Self {
            timestamp: point.start,
            edge_summary_statistics: edge,
            service_summary_statistics: service,
            response_time_histogram: entries(&point.response_times),
        }
    }
}
