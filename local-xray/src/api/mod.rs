//! The X-Ray API: every operation is a POST to a path of its own, JSON in, JSON out.
//!
//! Requests may be signed or not; no signature is checked. `README.md` says where an answer differs
//! from X-Ray's on purpose.

mod account;
mod answer;
mod error;
mod graph;
mod groups;
mod input;
mod insights;
mod intake;
mod logs;
pub(crate) mod page_token;
mod policies;
mod retrieval;
mod sampling_rules;
mod sampling_targets;
mod segments;
mod summaries;
mod tags;
mod time;
mod time_series;
mod traces;
mod wire;

use actix_web::{HttpRequest, HttpResponse, ResponseError, Route, web};

use self::error::ApiError;
pub(crate) use self::intake::get as intake;
pub(crate) use self::logs::get as logs;

/// One operation of X-Ray.
struct Operation {
    name: &'static str,
    path: &'static str,
    route: fn() -> Route,
}

const fn operation(name: &'static str, path: &'static str, route: fn() -> Route) -> Operation {
    Operation { name, path, route }
}

/// All operations of API version 2016-04-12, by name.
const OPERATIONS: [Operation; 38] = [
    operation("BatchGetTraces", "/Traces", || web::post().to(traces::batch_get)),
    operation("CancelTraceRetrieval", "/CancelTraceRetrieval", || web::post().to(retrieval::cancel)),
    operation("CreateGroup", "/CreateGroup", || web::post().to(groups::create)),
    operation("CreateSamplingRule", "/CreateSamplingRule", || web::post().to(sampling_rules::create)),
    operation("DeleteGroup", "/DeleteGroup", || web::post().to(groups::delete)),
    operation("DeleteResourcePolicy", "/DeleteResourcePolicy", || web::post().to(policies::delete)),
    operation("DeleteSamplingRule", "/DeleteSamplingRule", || web::post().to(sampling_rules::delete)),
    operation("GetEncryptionConfig", "/EncryptionConfig", || web::post().to(account::encryption)),
    operation("GetGroup", "/GetGroup", || web::post().to(groups::get)),
    operation("GetGroups", "/Groups", || web::post().to(groups::list)),
    operation("GetIndexingRules", "/GetIndexingRules", || web::post().to(account::indexing_rules)),
    operation("GetInsight", "/Insight", || web::post().to(insights::get)),
    operation("GetInsightEvents", "/InsightEvents", || web::post().to(insights::events)),
    operation("GetInsightImpactGraph", "/InsightImpactGraph", || web::post().to(insights::impact_graph)),
    operation("GetInsightSummaries", "/InsightSummaries", || web::post().to(insights::summaries)),
    operation("GetRetrievedTracesGraph", "/GetRetrievedTracesGraph", || web::post().to(retrieval::graph)),
    operation("GetSamplingRules", "/GetSamplingRules", || web::post().to(sampling_rules::list)),
    operation("GetSamplingStatisticSummaries", "/SamplingStatisticSummaries", || {
        web::post().to(sampling_targets::statistics)
    }),
    operation("GetSamplingTargets", "/SamplingTargets", || web::post().to(sampling_targets::targets)),
    operation("GetServiceGraph", "/ServiceGraph", || web::post().to(graph::service_graph)),
    operation("GetTimeSeriesServiceStatistics", "/TimeSeriesServiceStatistics", || web::post().to(time_series::get)),
    operation("GetTraceGraph", "/TraceGraph", || web::post().to(graph::trace_graph)),
    operation("GetTraceSegmentDestination", "/GetTraceSegmentDestination", || web::post().to(account::destination)),
    operation("GetTraceSummaries", "/TraceSummaries", || web::post().to(summaries::get)),
    operation("ListResourcePolicies", "/ListResourcePolicies", || web::post().to(policies::list)),
    operation("ListRetrievedTraces", "/ListRetrievedTraces", || web::post().to(retrieval::list)),
    operation("ListTagsForResource", "/ListTagsForResource", || web::post().to(tags::list)),
    operation("PutEncryptionConfig", "/PutEncryptionConfig", || web::post().to(account::put_encryption)),
    operation("PutResourcePolicy", "/PutResourcePolicy", || web::post().to(policies::put)),
    operation("PutTelemetryRecords", "/TelemetryRecords", || web::post().to(segments::put_telemetry)),
    operation("PutTraceSegments", "/TraceSegments", || web::post().to(segments::put)),
    operation("StartTraceRetrieval", "/StartTraceRetrieval", || web::post().to(retrieval::start)),
    operation("TagResource", "/TagResource", || web::post().to(tags::tag)),
    operation("UntagResource", "/UntagResource", || web::post().to(tags::untag)),
    operation("UpdateGroup", "/UpdateGroup", || web::post().to(groups::update)),
    operation("UpdateIndexingRule", "/UpdateIndexingRule", || web::post().to(account::update_indexing_rule)),
    operation("UpdateSamplingRule", "/UpdateSamplingRule", || web::post().to(sampling_rules::update)),
    operation("UpdateTraceSegmentDestination", "/UpdateTraceSegmentDestination", || {
        web::post().to(account::update_destination)
    }),
];

/// Adds the operations to an application.
pub(crate) fn routes(service: &mut web::ServiceConfig) {
    for operation in &OPERATIONS {
        service.route(operation.path, (operation.route)());
    }
}

/// The answer to a call of something that is no operation.
pub(crate) fn unknown_operation(request: &HttpRequest) -> HttpResponse {
    let path = request.path();
    let meant = OPERATIONS.iter().find(|operation| path.strip_prefix('/') == Some(operation.name));
    let hint = meant.map(|operation| format!("; {} is POST {}", operation.name, operation.path));
    let message = format!("{} {path} is not an operation of X-Ray{}", request.method(), hint.unwrap_or_default());
    ApiError::unknown_operation(message).error_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!("../../README.md");

    #[test]
    fn operations_are_listed_once_and_by_name() {
        assert!(OPERATIONS.is_sorted_by(|a, b| a.name < b.name));
        let mut paths: Vec<_> = OPERATIONS.iter().map(|operation| operation.path).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), OPERATIONS.len());
    }

    #[test]
    fn the_readme_has_a_row_for_each_operation() {
        let section = README.lines().skip_while(|line| *line != "## Operations").skip(1);
        let section = section.take_while(|line| !line.starts_with("## "));
        let rows = section.filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let rows: Vec<_> = rows.map(|(name, _)| name).collect();
        let names: Vec<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(rows, names);
    }
}
