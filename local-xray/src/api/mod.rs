//! The X-Ray API: every operation is a POST to a path of its own, JSON in, JSON out.
//!
//! Requests may be signed or not; no signature is checked. What is not implemented yet says so in its error, and
//! `README.md` lists it.

mod answer;
mod error;
mod graph;
mod groups;
mod input;
mod page_token;
mod sampling_rules;
mod sampling_targets;
mod segments;
mod settings;
mod summaries;
mod tags;
mod time;
mod traces;
mod wire;

use actix_web::{HttpRequest, HttpResponse, ResponseError, Route, web};

use self::answer::Outcome;
use self::error::ApiError;
use self::wire::Done;

/// One operation of X-Ray.
struct Operation {
    name: &'static str,
    path: &'static str,
    /// `None` while it is not implemented.
    route: Option<fn() -> Route>,
}

const fn implemented(name: &'static str, path: &'static str, route: fn() -> Route) -> Operation {
    Operation { name, path, route: Some(route) }
}

const fn missing(name: &'static str, path: &'static str) -> Operation {
    Operation { name, path, route: None }
}

/// All operations of API version 2016-04-12, by name.
const OPERATIONS: [Operation; 38] = [
    implemented("BatchGetTraces", "/Traces", || web::post().to(traces::batch_get)),
    missing("CancelTraceRetrieval", "/CancelTraceRetrieval"),
    implemented("CreateGroup", "/CreateGroup", || web::post().to(groups::create)),
    implemented("CreateSamplingRule", "/CreateSamplingRule", || web::post().to(sampling_rules::create)),
    implemented("DeleteGroup", "/DeleteGroup", || web::post().to(groups::delete)),
    missing("DeleteResourcePolicy", "/DeleteResourcePolicy"),
    implemented("DeleteSamplingRule", "/DeleteSamplingRule", || web::post().to(sampling_rules::delete)),
    implemented("GetEncryptionConfig", "/EncryptionConfig", || web::post().to(settings::encryption_config)),
    implemented("GetGroup", "/GetGroup", || web::post().to(groups::get)),
    implemented("GetGroups", "/Groups", || web::post().to(groups::list)),
    implemented("GetIndexingRules", "/GetIndexingRules", || web::post().to(settings::indexing_rules)),
    missing("GetInsight", "/Insight"),
    missing("GetInsightEvents", "/InsightEvents"),
    missing("GetInsightImpactGraph", "/InsightImpactGraph"),
    missing("GetInsightSummaries", "/InsightSummaries"),
    missing("GetRetrievedTracesGraph", "/GetRetrievedTracesGraph"),
    implemented("GetSamplingRules", "/GetSamplingRules", || web::post().to(sampling_rules::list)),
    implemented("GetSamplingStatisticSummaries", "/SamplingStatisticSummaries", || {
        web::post().to(sampling_targets::statistics)
    }),
    implemented("GetSamplingTargets", "/SamplingTargets", || web::post().to(sampling_targets::targets)),
    implemented("GetServiceGraph", "/ServiceGraph", || web::post().to(graph::service_graph)),
    missing("GetTimeSeriesServiceStatistics", "/TimeSeriesServiceStatistics"),
    implemented("GetTraceGraph", "/TraceGraph", || web::post().to(graph::trace_graph)),
    implemented("GetTraceSegmentDestination", "/GetTraceSegmentDestination", || web::post().to(settings::destination)),
    implemented("GetTraceSummaries", "/TraceSummaries", || web::post().to(summaries::get)),
    implemented("ListResourcePolicies", "/ListResourcePolicies", || web::post().to(settings::resource_policies)),
    missing("ListRetrievedTraces", "/ListRetrievedTraces"),
    implemented("ListTagsForResource", "/ListTagsForResource", || web::post().to(tags::list)),
    missing("PutEncryptionConfig", "/PutEncryptionConfig"),
    missing("PutResourcePolicy", "/PutResourcePolicy"),
    implemented("PutTelemetryRecords", "/TelemetryRecords", || web::post().to(segments::put_telemetry)),
    implemented("PutTraceSegments", "/TraceSegments", || web::post().to(segments::put)),
    missing("StartTraceRetrieval", "/StartTraceRetrieval"),
    implemented("TagResource", "/TagResource", || web::post().to(tags::tag)),
    implemented("UntagResource", "/UntagResource", || web::post().to(tags::untag)),
    implemented("UpdateGroup", "/UpdateGroup", || web::post().to(groups::update)),
    missing("UpdateIndexingRule", "/UpdateIndexingRule"),
    implemented("UpdateSamplingRule", "/UpdateSamplingRule", || web::post().to(sampling_rules::update)),
    missing("UpdateTraceSegmentDestination", "/UpdateTraceSegmentDestination"),
];

/// Adds the operations to an application.
pub(crate) fn routes(service: &mut web::ServiceConfig) {
    for operation in &OPERATIONS {
        let route = operation.route.map_or_else(|| web::post().to(not_implemented), |route| route());
        service.route(operation.path, route);
    }
}

/// The answer to a call of something that is no operation.
pub(crate) fn unknown_operation(request: &HttpRequest) -> HttpResponse {
    let message = format!("{} {} is not an operation of X-Ray", request.method(), request.path());
    ApiError::unknown_operation(message).error_response()
}

async fn not_implemented(request: HttpRequest) -> Outcome<Done> {
    let name = OPERATIONS.iter().find(|operation| operation.path == request.path()).map_or("this", |it| it.name);
    Err(ApiError::invalid_request(format!("{name} is not implemented yet by this local X-Ray")))
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
    fn the_readme_says_what_is_implemented() {
        for operation in &OPERATIONS {
            let verdict = if operation.route.is_some() { "yes" } else { "not yet" };
            let row = format!("| `{}` | {verdict} |", operation.name);
            assert!(README.contains(&row), "README.md lacks the row {row}");
        }
    }
}
