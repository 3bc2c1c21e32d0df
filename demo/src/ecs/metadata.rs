//! What the endpoint says about a task and its container, in the members that AWS documents for its versions.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-response.html>

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::task::{CLUSTER, Task, ZONE};

/// Which members an answer has: version 4 added some, and 2 and 3 have the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    UpTo3,
    V4,
}

/// A task with its only container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TaskMetadata {
    cluster: &'static str,
    #[serde(rename = "TaskARN")]
    task_arn: String,
    family: String,
    revision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_name: Option<String>,
    desired_status: &'static str,
    known_status: &'static str,
    availability_zone: &'static str,
    containers: [ContainerMetadata; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    launch_type: Option<&'static str>,
}

/// A container, that is a process.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContainerMetadata {
    docker_id: String,
    name: String,
    docker_name: String,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    labels: BTreeMap<&'static str, String>,
    desired_status: &'static str,
    known_status: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(rename = "Type")]
    kind: &'static str,
    networks: [Network; 1],
    #[serde(rename = "ContainerARN", skip_serializing_if = "Option::is_none")]
    container_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_driver: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    network_mode: &'static str,
    #[serde(rename = "IPv4Addresses")]
    ipv4_addresses: [&'static str; 1],
    #[serde(flatten)]
    attachment: Option<Attachment>,
}

/// What version 4 says about the network interface: here it is the loopback.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attachment {
    attachment_index: u64,
    #[serde(rename = "MACAddress")]
    mac_address: &'static str,
    #[serde(rename = "IPv4SubnetCIDRBlock")]
    ipv4_subnet: &'static str,
    #[serde(rename = "PrivateDNSName")]
    private_dns_name: &'static str,
}

const LOOPBACK: Attachment = Attachment {
    attachment_index: 0,
    mac_address: "00:00:00:00:00:00",
    ipv4_subnet: "127.0.0.0/8",
    private_dns_name: "localhost",
};

/// Describes a task.
pub(super) fn task(task: &Task, version: Version) -> TaskMetadata {
    let is_4 = version == Version::V4;
    TaskMetadata {
        cluster: CLUSTER,
        task_arn: task.arn(),
        family: task.family.clone(),
        revision: REVISION,
        service_name: is_4.then(|| task.family.clone()),
        desired_status: "RUNNING",
        known_status: status(task),
        availability_zone: ZONE,
        containers: [container(task, version)],
        launch_type: is_4.then_some("FARGATE"),
    }
}

const REVISION: &str = "1";

/// Describes the container of a task.
pub(super) fn container(task: &Task, version: Version) -> ContainerMetadata {
    let is_4 = version == Version::V4;
    ContainerMetadata {
        docker_id: task.container_id.clone(),
        name: task.family.clone(),
        docker_name: task.family.clone(),
        image: format!("mysfits/{}:local", task.family),
        image_id: task.image_id.clone(),
        labels: BTreeMap::from([
            ("com.amazonaws.ecs.cluster", CLUSTER.to_owned()),
            ("com.amazonaws.ecs.container-name", task.family.clone()),
            ("com.amazonaws.ecs.task-arn", task.arn()),
            ("com.amazonaws.ecs.task-definition-family", task.family.clone()),
            ("com.amazonaws.ecs.task-definition-version", REVISION.to_owned()),
        ]),
        desired_status: "RUNNING",
        known_status: status(task),
        created_at: timestamp(task.created),
        started_at: task.started.map(timestamp),
        kind: "NORMAL",
        networks: [Network {
            network_mode: "awsvpc",
            ipv4_addresses: ["127.0.0.1"],
            attachment: is_4.then_some(LOOPBACK),
        }],
        container_arn: is_4.then(|| task.container_arn()),
        log_driver: is_4.then_some("json-file"), // true here: the lines go to a file, and to no log group
    }
}

/// A task is running once its process was seen.
const fn status(task: &Task) -> &'static str {
    if task.started.is_some() { "RUNNING" } else { "CREATED" }
}

/// A moment as ECS writes it: RFC 3339 in UTC.
pub(super) fn timestamp(time: SystemTime) -> String {
    OffsetDateTime::from(time).format(&Rfc3339).unwrap_or_default()
}
