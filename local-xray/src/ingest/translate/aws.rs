//! The `aws` block of a call: which operation on which resource.

use serde_json::{Map, Value};

use super::attributes::Attributes;
use super::naming::is_aws_api;

/// Members that are one text, by the attributes they come from.
const TEXTS: [(&str, &[&str]); 9] = [
    ("account_id", &["aws.account_id", "aws.account.id"]),
    ("region", &["aws.region"]),
    ("request_id", &["aws.request_id", "aws.requestId"]),
    ("queue_url", &["aws.queue_url", "aws.queue.url", "aws.sqs.queue.url", "messaging.url"]),
    ("table_name", &["aws.table_name", "aws.table.name"]),
    ("bucket_name", &["aws.s3.bucket", "aws.bucket.name"]),
    ("key", &["aws.s3.key"]),
    ("topic_arn", &["aws.sns.topic.arn"]),
    ("function_name", &["aws.lambda.function.name"]),
];

/// Takes the members of the block; empty when the span does not call AWS.
pub(super) fn call(attributes: &mut Attributes) -> Map<String, Value> {
    let mut members = Map::new();
    if let Some(operation) = operation(attributes) {
        members.insert("operation".to_owned(), operation.into());
    }
    for (member, keys) in TEXTS {
        if let Some(text) = attributes.take_text(keys) {
            members.insert(member.to_owned(), text.into());
        }
    }
    if is_aws_api(attributes)
        && let Some(region) = attributes.take_text(&["cloud.region"])
    {
        members.entry("region").or_insert(region.into());
    }
    if let Some(tables) = attributes.take_texts("aws.dynamodb.table_names") {
        match tables.as_slice() {
            [table] => members.entry("table_name").or_insert(table.as_str().into()),
            tables => members.entry("table_names").or_insert(tables.into()),
        };
    }
    members
}

/// The attribute by which X-Ray's samplers name the rule that let a trace in.
const SAMPLING_RULE: &str = "aws.xray.sampling_rule";

/// Takes the name of the sampling rule into the block of a segment, where the X-Ray SDKs write it.
pub(super) fn sampled_by(attributes: &mut Attributes, members: &mut Map<String, Value>) {
    let Some(rule) = attributes.take_text(&[SAMPLING_RULE]) else { return };
    if let Value::Object(xray) = members.entry("xray").or_insert_with(|| Map::new().into()) {
        xray.insert("sampling_rule_name".to_owned(), rule.into());
    }
}

/// The operation; RPC methods of other systems are no AWS operations and stay metadata.
fn operation(attributes: &mut Attributes) -> Option<String> {
    if let Some(operation) = attributes.take_text(&["aws.operation"]) {
        return Some(operation);
    }
    if !is_aws_api(attributes) {
        return None;
    }
    let method = attributes.take_text(&["rpc.method"])?;
    Some(method.rsplit_once('/').map_or(method.as_str(), |(_, operation)| operation).to_owned())
}
