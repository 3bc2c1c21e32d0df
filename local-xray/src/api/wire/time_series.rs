//! Numbers over time on the wire.

use serde::{Deserialize, Serialize};

use crate::api::time::RequestTime;
use crate::arn::Reference;
use crate::document::Timestamp;
use crate::graph::{Band, Point};

use super::graph::{HistogramEntry, StatisticsOut, entries};

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
    pub(in crate::api) forecast_statistics: Option<bool>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    service_forecast_statistics: Option<ForecastOut>,
    response_time_histogram: Vec<HistogramEntry>,
}

/// The faults that were expected.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ForecastOut {
    fault_count_high: u64,
    fault_count_low: u64,
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
            service_forecast_statistics: None,
            response_time_histogram: entries(&point.response_times),
        }
    }

    /// Adds what was expected of the period.
    pub(in crate::api) fn with_forecast(self, band: Option<Band>) -> Self {
        let forecast = band.map(|band| ForecastOut { fault_count_high: band.high, fault_count_low: band.low });
        Self { service_forecast_statistics: forecast, ..self }
    }
}
