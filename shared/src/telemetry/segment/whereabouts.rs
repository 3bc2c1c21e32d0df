//! Where a service runs, as X-Ray has it: on segments only, the zone beside the task, and the log groups that CloudWatch joins traces with.

use opentelemetry::{Array, Value as Attribute};
use opentelemetry_sdk::Resource;
use serde_json::{Map, Value, json};

use super::document::resource_text;

/// What the translator says of the resource in every document, and collectors say of a segment.
const OF_SEGMENTS: [&str; 5] = ["account_id", "region", "ec2", "ecs", "eks"];

/// Corrects the `aws` block, before what a call says about itself goes into it.
pub(super) fn mend(aws: &mut Map<String, Value>, resource: &Resource, is_segment: bool) {
    let platform = resource_text(resource, "cloud.platform").unwrap_or_default();
    if platform != "aws_elastic_beanstalk" {
        // Every service with a version would be one of Elastic Beanstalk's.
        aws.remove("elastic_beanstalk");
    }
    if !is_segment {
        aws.retain(|member, _| !OF_SEGMENTS.contains(&member.as_str()));
        return;
    }
    if platform == "aws_ecs" {
        // A zone alone makes nothing an instance of EC2.
        aws.remove("ec2");
        let zone = resource_text(resource, "cloud.availability_zone");
        if let (Some(zone), Some(ecs)) = (zone, aws.get_mut("ecs").and_then(Value::as_object_mut)) {
            ecs.insert("availability_zone".to_owned(), zone.into());
        }
    }
    if let Some(groups) = log_groups(resource) {
        aws.insert("cloudwatch_logs".to_owned(), groups);
    }
}

/// The translator reads them on spans only, and writes one object where X-Ray wants a list.
fn log_groups(resource: &Resource) -> Option<Value> {
    if let Some(arns) = texts(resource, "aws.log.group.arns") {
        // arn:aws:logs:region:account:log-group:NAME or …:NAME:*
        let group = |arn: &String| match arn.split(':').nth(6) {
            Some(name) => json!({ "arn": arn, "log_group": name }),
            None => json!({ "arn": arn }),
        };
        return Some(arns.iter().map(group).collect());
    }
    Some(texts(resource, "aws.log.group.names")?.iter().map(|name| json!({ "log_group": name })).collect())
}

fn texts(resource: &Resource, key: &'static str) -> Option<Vec<String>> {
    match resource.get(&key.into())? {
        Attribute::Array(Array::String(texts)) if !texts.is_empty() => {
            Some(texts.iter().map(|text| text.as_str().to_owned()).collect())
        }
        _ => None,
    }
}
