//! Trace summaries on the wire.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Number;

use crate::document::{AnnotationValue, Timestamp};
use crate::graph::ServiceId;
use crate::summary::{HttpSummary, RootCause, RootCauseEntity, RootCauseService, TraceSummary};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct TraceSummariesAnswer {
    pub(in crate::api) trace_summaries: Vec<TraceSummaryOut>,
    pub(in crate::api) approximate_time: Timestamp,
    pub(in crate::api) traces_processed_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct TraceSummaryOut {
    id: String,
    start_time: Timestamp,
    duration: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_time: Option<f64>,
    has_fault: bool,
    has_error: bool,
    has_throttle: bool,
    is_partial: bool,
    /// Always there, because some readers do not check.
    http: HttpOut,
    annotations: BTreeMap<String, Vec<AnnotationOut>>,
    users: Vec<UserOut>,
    service_ids: Vec<ServiceIdOut>,
    #[serde(rename = "ResourceARNs")]
    resource_arns: Vec<ResourceOut>,
    instance_ids: Vec<InstanceOut>,
    availability_zones: Vec<ZoneOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_point: Option<ServiceIdOut>,
    fault_root_causes: Vec<RootCauseOut>,
    error_root_causes: Vec<RootCauseOut>,
    response_time_root_causes: Vec<RootCauseOut>,
    revision: u32,
}

#[derive(Serialize)]
struct HttpOut {
    #[serde(rename = "HttpURL", skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(rename = "HttpStatus", skip_serializing_if = "Option::is_none")]
    status: Option<i64>,
    #[serde(rename = "HttpMethod", skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(rename = "UserAgent", skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(rename = "ClientIp", skip_serializing_if = "Option::is_none")]
    client_ip: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AnnotationOut {
    annotation_value: AnnotationValueOut,
    service_ids: Vec<ServiceIdOut>,
}

#[derive(Serialize)]
enum AnnotationValueOut {
    #[serde(rename = "StringValue")]
    String(String),
    #[serde(rename = "NumberValue")]
    Number(Number),
    #[serde(rename = "BooleanValue")]
    Boolean(bool),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserOut {
    user_name: String,
    service_ids: Vec<ServiceIdOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceIdOut {
    name: String,
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    service_type: Option<String>,
}

#[derive(Serialize)]
struct ResourceOut {
    #[serde(rename = "ARN")]
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InstanceOut {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ZoneOut {
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RootCauseOut {
    client_impacting: bool,
    services: Vec<RootCauseServiceOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RootCauseServiceOut {
    #[serde(flatten)]
    service: ServiceIdOut,
    entity_path: Vec<EntityOut>,
    inferred: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EntityOut {
    name: String,
    /// Response times only.
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<f64>,
    /// Faults and errors only.
    #[serde(skip_serializing_if = "Option::is_none")]
    exceptions: Option<Vec<ExceptionOut>>,
    remote: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ExceptionOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl From<TraceSummary> for TraceSummaryOut {
    fn from(summary: TraceSummary) -> Self {
        let annotations = summary.annotations.into_iter();
        let users = summary.users.into_iter();
        Self {
            id: summary.id.to_string(),
            start_time: summary.start_time,
            duration: milliseconds(summary.duration),
            response_time: summary.response_time.map(milliseconds),
            has_fault: summary.has_fault,
            has_error: summary.has_error,
            has_throttle: summary.has_throttle,
            is_partial: summary.is_partial,
            http: summary.http.into(),
            annotations: annotations
                .map(|(key, values)| {
                    let values = values.into_iter().map(|entry| AnnotationOut {
                        annotation_value: entry.value.into(),
                        service_ids: service_ids(entry.service_ids),
                    });
                    (key, values.collect())
                })
                .collect(),
            users: users
                .map(|user| UserOut { user_name: user.name, service_ids: service_ids(user.service_ids) })
                .collect(),
            service_ids: service_ids(summary.service_ids),
            resource_arns: summary.resource_arns.into_iter().map(|arn| ResourceOut { arn }).collect(),
            instance_ids: summary.instance_ids.into_iter().map(|id| InstanceOut { id }).collect(),
            availability_zones: summary.availability_zones.into_iter().map(|name| ZoneOut { name }).collect(),
            entry_point: summary.entry_point.map(ServiceIdOut::from),
            fault_root_causes: root_causes(summary.fault_root_causes),
            error_root_causes: root_causes(summary.error_root_causes),
            response_time_root_causes: root_causes(summary.response_time_root_causes),
            revision: summary.revision,
        }
    }
}

/// Seconds, rounded to the millisecond as X-Ray's summaries are.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e3).round() / 1e3
}

fn service_ids(ids: Vec<ServiceId>) -> Vec<ServiceIdOut> {
    ids.into_iter().map(ServiceIdOut::from).collect()
}

fn root_causes(causes: Vec<RootCause>) -> Vec<RootCauseOut> {
    let out = |cause: RootCause| RootCauseOut {
        client_impacting: cause.client_impacting,
        services: cause.services.into_iter().map(RootCauseServiceOut::from).collect(),
    };
    causes.into_iter().map(out).collect()
}

impl From<HttpSummary> for HttpOut {
    fn from(http: HttpSummary) -> Self {
        Self {
            url: http.url,
            status: http.status,
            method: http.method,
            user_agent: http.user_agent,
            client_ip: http.client_ip,
        }
    }
}

impl From<AnnotationValue> for AnnotationValueOut {
    fn from(value: AnnotationValue) -> Self {
        match value {
            AnnotationValue::String(text) => Self::String(text),
            AnnotationValue::Number(number) => Self::Number(number),
            AnnotationValue::Boolean(flag) => Self::Boolean(flag),
        }
    }
}

impl From<ServiceId> for ServiceIdOut {
    fn from(id: ServiceId) -> Self {
        Self { names: vec![id.name.clone()], name: id.name, account_id: id.account_id, service_type: id.service_type }
    }
}

impl From<RootCauseService> for RootCauseServiceOut {
    fn from(service: RootCauseService) -> Self {
        Self {
            service: service.service.into(),
            entity_path: service.entity_path.into_iter().map(EntityOut::from).collect(),
            inferred: service.inferred,
        }
    }
}

impl From<RootCauseEntity> for EntityOut {
    fn from(entity: RootCauseEntity) -> Self {
        let exceptions = entity.exceptions.into_iter();
        let exceptions = exceptions.map(|it| ExceptionOut { name: it.name, message: it.message }).collect();
        Self {
            name: entity.name,
            exceptions: entity.coverage.is_none().then_some(exceptions),
            coverage: entity.coverage,
            remote: entity.remote,
        }
    }
}
