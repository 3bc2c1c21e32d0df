//! What all spans and log lines of one process share: where it ran and which build it was.

use std::sync::Arc;

use opentelemetry_proto::tonic::resource::v1::Resource as Message;
use serde_json::{Map, Value, json};

use crate::document::ServiceInfo;

use super::attributes::Attributes;

/// The sender of spans. Its blocks stand on every segment; its attributes are kept whole, as metadata of segments.
#[derive(Debug, Default)]
pub(super) struct Resource {
    pub(super) attributes: Attributes,
    pub(super) origin: Option<String>,
    pub(super) service: Option<Arc<ServiceInfo>>,
    pub(super) aws: Map<String, Value>,
    /// Members of the message beside the attributes.
    pub(super) remarks: Map<String, Value>,
}

impl Resource {
    pub(super) fn new(resource: Option<&Message>, schema_url: &str) -> Self {
        let attributes = Attributes::new(resource.map_or(&[], |resource| &resource.attributes));
        let mut remarks = Map::new();
        if !schema_url.is_empty() {
            remarks.insert("otel.resource.schema_url".to_owned(), schema_url.into());
        }
        if let Some(resource) = resource {
            if resource.dropped_attributes_count > 0 {
                let dropped = resource.dropped_attributes_count;
                remarks.insert("otel.resource.dropped_attributes_count".to_owned(), dropped.into());
            }
            if !resource.entity_refs.is_empty() {
                let entities = resource.entity_refs.iter().map(|entity| {
                    json!({ "type": entity.r#type, "id_keys": entity.id_keys, "description_keys": entity.description_keys,
                        "schema_url": entity.schema_url })
                });
                remarks.insert("otel.resource.entities".to_owned(), entities.collect());
            }
        }
        Self {
            origin: origin(&attributes),
            service: service(&attributes).map(Arc::new),
            aws: aws(&attributes),
            attributes,
            remarks,
        }
    }

    fn is_on_aws(attributes: &Attributes) -> bool {
        attributes.text(&["cloud.provider"]).is_none_or(|provider| provider == "aws")
    }
}

/// The type of compute resource; it becomes the node's type.
fn origin(attributes: &Attributes) -> Option<String> {
    if !Resource::is_on_aws(attributes) {
        return None;
    }
    let origin = match attributes.text(&["cloud.platform"])?.as_str() {
        "aws_app_runner" => "AWS::AppRunner::Service",
        "aws_eks" => "AWS::EKS::Container",
        "aws_elastic_beanstalk" => "AWS::ElasticBeanstalk::Environment",
        "aws_ecs" => match attributes.text(&["aws.ecs.launchtype"]).unwrap_or_default().to_ascii_lowercase().as_str() {
            "ec2" => "AWS::ECS::EC2",
            "fargate" => "AWS::ECS::Fargate",
            _ => "AWS::ECS::Container",
        },
        "aws_ec2" => "AWS::EC2::Instance",
        _ => return None,
    };
    Some(origin.to_owned())
}

fn service(attributes: &Attributes) -> Option<ServiceInfo> {
    let service = ServiceInfo {
        version: attributes.text(&["service.version", "container.image.tag"]),
        runtime: attributes.text(&["process.runtime.name"]),
        runtime_version: attributes.text(&["process.runtime.version"]),
        ..ServiceInfo::default()
    };
    (service != ServiceInfo::default()).then_some(service)
}

/// The `aws` block; none for what runs in somebody else's cloud.
fn aws(attributes: &Attributes) -> Map<String, Value> {
    if !Resource::is_on_aws(attributes) {
        return Map::new();
    }
    let platform = attributes.text(&["cloud.platform"]).unwrap_or_default();
    let has_any = |keys: &[&str]| attributes.text(keys).is_some();
    let mut members = Map::new();
    if let Some(account) = attributes.text(&["cloud.account.id"]) {
        members.insert("account_id".to_owned(), account.into());
    }
    if platform == "aws_ec2" || has_any(&["host.id"]) {
        put(&mut members, "ec2", texts(attributes, &EC2));
    }
    if platform == "aws_ecs" || has_any(&["aws.ecs.task.arn", "aws.ecs.cluster.arn", "container.id", "container.name"])
    {
        put(&mut members, "ecs", texts(attributes, &ECS));
    }
    if platform == "aws_eks" || has_any(&["k8s.cluster.name", "k8s.pod.name"]) {
        put(&mut members, "eks", texts(attributes, &EKS));
    }
    if platform == "aws_elastic_beanstalk" {
        put(&mut members, "elastic_beanstalk", beanstalk(attributes));
    }
    if let Some(groups) = log_groups(attributes) {
        members.insert("cloudwatch_logs".to_owned(), groups);
    }
    put(&mut members, "xray", sdk(attributes));
    members
}

const EC2: [(&str, &str); 4] = [
    ("instance_id", "host.id"),
    ("instance_size", "host.type"),
    ("ami_id", "host.image.id"),
    ("availability_zone", "cloud.availability_zone"),
];

const ECS: [(&str, &str); 8] = [
    ("container", "container.name"),
    ("container_id", "container.id"),
    ("container_arn", "aws.ecs.container.arn"),
    ("cluster_arn", "aws.ecs.cluster.arn"),
    ("task_arn", "aws.ecs.task.arn"),
    ("task_family", "aws.ecs.task.family"),
    ("launch_type", "aws.ecs.launchtype"),
    ("availability_zone", "cloud.availability_zone"),
];

const EKS: [(&str, &str); 3] =
    [("cluster_name", "k8s.cluster.name"), ("pod", "k8s.pod.name"), ("container_id", "container.id")];

fn texts(attributes: &Attributes, members: &[(&str, &str)]) -> Map<String, Value> {
    let present =
        members.iter().filter_map(|(member, key)| Some(((*member).to_owned(), attributes.text(&[key])?.into())));
    present.collect()
}

fn beanstalk(attributes: &Attributes) -> Map<String, Value> {
    let mut members =
        texts(attributes, &[("environment_name", "service.namespace"), ("version_label", "service.version")]);
    let deployment = attributes.text(&["service.instance.id"]).and_then(|id| id.parse::<i64>().ok());
    members.extend(deployment.map(|id| ("deployment_id".to_owned(), id.into())));
    members
}

/// Log groups by ARN, else by name; one text may hold several, joined by `&`.
fn log_groups(attributes: &Attributes) -> Option<Value> {
    let list = |key: &str| {
        let texts = attributes.clone().take_texts(key)?;
        let parts = texts.iter().flat_map(|text| text.split('&')).map(str::trim).filter(|part| !part.is_empty());
        Some(parts.map(str::to_owned).collect::<Vec<_>>()).filter(|parts| !parts.is_empty())
    };
    if let Some(arns) = list("aws.log.group.arns") {
        // arn:aws:logs:region:account:log-group:NAME or …:NAME:*
        let name = |arn: &str| arn.split(':').nth(6).map(str::to_owned);
        let group = |arn: &String| match name(arn) {
            Some(name) => json!({ "arn": arn, "log_group": name }),
            None => json!({ "arn": arn }),
        };
        return Some(arns.iter().map(group).collect());
    }
    Some(list("aws.log.group.names")?.iter().map(|name| json!({ "log_group": name })).collect())
}

fn sdk(attributes: &Attributes) -> Map<String, Value> {
    let mut members = Map::new();
    if let Some(name) = attributes.text(&["telemetry.sdk.name"]) {
        let language = attributes.text(&["telemetry.sdk.language"]).map(|language| format!(" for {language}"));
        members.insert("sdk".to_owned(), (name + language.as_deref().unwrap_or_default()).into());
    }
    members.extend(texts(attributes, &[("sdk_version", "telemetry.sdk.version")]));
    if !members.is_empty() {
        let auto = attributes.text(&["telemetry.auto.version", "telemetry.distro.version"]).is_some();
        members.insert("auto_instrumentation".to_owned(), auto.into());
    }
    members
}

fn put(members: &mut Map<String, Value>, block: &str, content: Map<String, Value>) {
    if !content.is_empty() {
        members.insert(block.to_owned(), content.into());
    }
}
