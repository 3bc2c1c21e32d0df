//! A trace in a few lines: when, how long, how it went, who took part. Pure, and recomputed whenever it is asked for.
//!
//! The root segment speaks for the trace: what it answered is what the user saw, whatever failed below.

mod index;
mod missing;
mod root_cause;
#[cfg(test)]
mod tests;
mod time;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::document::{Http, Segment, Timestamp, TraceId, Window};
use crate::graph::{Calls, ServiceId, service_graph};
use crate::store::Trace;

pub use self::index::{IndexedAnnotation, IndexedUser};
pub(crate) use self::index::{availability_zones_of, instance_id_of, names_place, resource_arns_of};
pub(crate) use self::missing::Missing;
pub use self::root_cause::{EntityException, RootCause, RootCauseEntity, RootCauseService};
pub(crate) use self::root_cause::{Step, Ways};
pub(crate) use self::time::{Stretch, Times, sum};

/// One trace, summarised.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSummary {
    /// The trace.
    pub id: TraceId,
    /// The earliest start of anything in it.
    pub start_time: Timestamp,
    /// From there to the latest end of anything in it, asynchronous work included.
    pub duration: Duration,
    /// The time until the user had an answer; `None` without a root segment, or while it is in progress.
    pub response_time: Option<Duration>,
    /// The root segment has a fault.
    pub has_fault: bool,
    /// The root segment has an error.
    pub has_error: bool,
    /// Something in the trace was throttled.
    pub has_throttle: bool,
    /// Something is missing: work in progress, a parent, or the answer to a call that announced one.
    pub is_partial: bool,
    /// The request that the root segment served.
    pub http: HttpSummary,
    /// Annotations of the whole trace by key, one entry for each distinct value.
    pub annotations: BTreeMap<String, Vec<IndexedAnnotation>>,
    /// The users that were named in it.
    pub users: Vec<IndexedUser>,
    /// Every node of the trace's graph, clients and inferred ones included.
    pub service_ids: Vec<ServiceId>,
    /// The service that the trace entered by.
    pub entry_point: Option<ServiceId>,
    /// ARNs of resources that took part.
    pub resource_arns: Vec<String>,
    /// EC2 instances that took part.
    pub instance_ids: Vec<String>,
    /// Availability zones that took part.
    pub availability_zones: Vec<String>,
    /// Where the fault of the root segment came from.
    pub fault_root_causes: Vec<RootCause>,
    /// Where the error of the root segment came from.
    pub error_root_causes: Vec<RootCause>,
    /// Where the time went.
    pub response_time_root_causes: Vec<RootCause>,
    /// How many arrivals have changed the trace.
    pub revision: u32,
}

/// The request of the root segment; members are absent when unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpSummary {
    /// The URL.
    pub url: Option<String>,
    /// The response status.
    pub status: Option<i64>,
    /// The method.
    pub method: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
    /// The client's address.
    pub client_ip: Option<String>,
}

/// Summarises one trace.
pub fn summarise(trace: &Trace) -> TraceSummary {
    let root = root_segment(trace);
    let calls = Calls::of(trace);
    let ways = Ways::of(trace, &calls);
    TraceSummary {
        id: trace.id(),
        start_time: trace.start_time(),
        duration: trace.end_time().since(trace.start_time()),
        response_time: root.and_then(Segment::response_time),
        has_fault: root.is_some_and(|root| root.fault),
        has_error: root.is_some_and(|root| root.error),
        has_throttle: parts(trace).any(|part| part.throttle),
        is_partial: Missing::of(trace, &calls).is_some(),
        http: root.and_then(|root| root.http.as_deref()).map(HttpSummary::of).unwrap_or_default(),
        annotations: index::annotations(trace),
        users: index::users(trace),
        service_ids: service_ids(trace),
        entry_point: root.map(ServiceId::of_segment),
        resource_arns: index::resource_arns(trace),
        instance_ids: index::instance_ids(trace),
        availability_zones: index::availability_zones(trace),
        fault_root_causes: root_cause::at_the_end(&ways.to_fault(), None),
        error_root_causes: root_cause::at_the_end(&ways.to_error(), None),
        response_time_root_causes: root_cause::at_the_end(&ways.to_delay(), root),
        revision: trace.revision(),
    }
}

/// The segment that the trace entered by: the earliest one without a parent.
pub fn root_segment(trace: &Trace) -> Option<&Segment> {
    trace.segments().iter().find(|segment| segment.parent_id.is_none())
}

/// Everything in the trace, subsegments without a parent included.
pub(crate) fn parts(trace: &Trace) -> impl Iterator<Item = &Segment> {
    trace.segments().iter().chain(trace.orphans()).flat_map(Segment::descendants)
}

fn service_ids(trace: &Trace) -> Vec<ServiceId> {
    let services = service_graph([trace], Window::ALL).services.into_iter();
    let id = |service: crate::graph::Service| ServiceId {
        name: service.name,
        service_type: service.service_type,
        account_id: service.account_id,
    };
    services.map(id).collect()
}

impl HttpSummary {
    fn of(http: &Http) -> Self {
        let request = http.request.clone().unwrap_or_default();
        Self {
            url: request.url,
            status: http.status(),
            method: request.method,
            user_agent: request.user_agent,
            client_ip: request.client_ip,
        }
    }
}
