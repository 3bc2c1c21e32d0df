//! Names and types of nodes that send no segments themselves: AWS services, databases, and the rest.

use std::borrow::Cow;

use crate::document::{Aws, Namespace, Segment};

/// The type of a node that answered a plain call and sent nothing itself.
pub(super) const REMOTE: &str = "remote";
/// The type of a node that answered a database query.
const DATABASE: &str = "Database::SQL";

/// How a kind of AWS call becomes a node: the names clients use, and name and type of the node.
struct AwsService {
    /// Compared without regard to case.
    aliases: &'static [&'static str],
    name: &'static str,
    service_type: &'static str,
    /// A single resource that gets a node of its own, named by a member of the `aws` block.
    resource: Option<Resource>,
}

/// Reads the resource's name out of the `aws` block, and says its type.
struct Resource {
    name: fn(&Aws) -> Option<&str>,
    service_type: &'static str,
}

/// The services whose nodes have been seen in X-Ray.
const AWS_SERVICES: &[AwsService] = &[
    AwsService {
        aliases: &["dynamodb"],
        name: "DynamoDB",
        service_type: "AWS::DynamoDB",
        resource: Some(Resource { name: Aws::table_name, service_type: "AWS::DynamoDB::Table" }),
    },
    AwsService {
        aliases: &["sqs"],
        name: "SQS",
        service_type: "AWS::SQS",
        resource: Some(Resource { name: Aws::queue_url, service_type: "AWS::SQS::Queue" }),
    },
    AwsService {
        aliases: &["s3"],
        name: "S3",
        service_type: "AWS::S3",
        resource: Some(Resource { name: Aws::bucket_name, service_type: "AWS::S3::Bucket" }),
    },
    AwsService {
        aliases: &["lambda"],
        name: "Lambda",
        service_type: "AWS::Lambda",
        resource: Some(Resource { name: Aws::function_name, service_type: "AWS::Lambda" }),
    },
    AwsService { aliases: &["sns"], name: "SNS", service_type: "AWS::SNS", resource: None },
    AwsService { aliases: &["ses", "email"], name: "SES", service_type: "AWS::SES", resource: None },
    AwsService {
        aliases: &["ssm", "simplesystemsmanagement"],
        name: "SSM",
        service_type: "AWS::SimpleSystemsManagement",
        resource: None,
    },
    AwsService {
        aliases: &["secretsmanager", "secrets manager"],
        name: "SecretsManager",
        service_type: "AWS::SecretsManager",
        resource: None,
    },
];

/// The name of the node that a downstream call leads to when no segment answers it.
pub fn inferred_name(call: &Segment) -> &str {
    match aws_service(call) {
        Some(service) => resource(service, call).map_or(service.name, |(name, _)| name),
        None => &call.name,
    }
}

/// The type of that node: `AWS::…`, `Database::SQL` or `remote`; `None` when the subsegment is no downstream call.
pub fn inferred_type(call: &Segment) -> Option<Cow<'_, str>> {
    if !call.is_downstream_call() {
        return None;
    }
    if call.sql.is_some() {
        return Some(DATABASE.into());
    }
    if call.namespace == Some(Namespace::Remote) {
        return Some(REMOTE.into());
    }
    Some(match aws_service(call) {
        Some(service) => resource(service, call).map_or(service.service_type, |(_, service_type)| service_type).into(),
        None => format!("AWS::{}", call.name).into(),
    })
}

fn aws_service(call: &Segment) -> Option<&'static AwsService> {
    let is_aws_call = call.namespace == Some(Namespace::Aws) && call.sql.is_none();
    let is_named = |alias: &&str| alias.eq_ignore_ascii_case(&call.name);
    AWS_SERVICES.iter().find(|service| is_aws_call && service.aliases.iter().any(is_named))
}

fn resource<'a>(service: &AwsService, call: &'a Segment) -> Option<(&'a str, &'static str)> {
    let rule = service.resource.as_ref()?;
    Some(((rule.name)(call.aws.as_deref()?)?, rule.service_type))
}

#[cfg(test)]
mod tests {
    use crate::document::parse;

    use super::*;

    #[test]
    fn downstream_calls_are_named_and_typed_like_x_rays_nodes() {
        let check = |members: &str, expected: Option<(&str, &str)>| {
            let json = format!(
                r#"{{"type": "subsegment", "trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "70de5b6f19ff9a0a",
                    "parent_id": "70de5b6f19ff9a0b", "start_time": 1, "end_time": 2, {members}}}"#
            );
            let call = parse(json).unwrap().remove(0).segment;
            let node = inferred_type(&call);
            assert_eq!(node.as_deref().map(|service_type| (inferred_name(&call), service_type)), expected, "{members}");
        };
        check(
            r#""name": "dynamodb", "namespace": "aws", "aws": {"table_name": "T"}"#,
            Some(("T", "AWS::DynamoDB::Table")),
        );
        check(
            r#""name": "DynamoDB", "namespace": "aws", "aws": {"table_names": ["T"]}"#,
            Some(("T", "AWS::DynamoDB::Table")),
        );
        check(
            r#""name": "DynamoDB", "namespace": "aws", "aws": {"table_names": ["T", "U"]}"#,
            Some(("DynamoDB", "AWS::DynamoDB")),
        );
        check(r#""name": "dynamodb", "namespace": "aws""#, Some(("DynamoDB", "AWS::DynamoDB")));
        check(
            r#""name": "sqs", "namespace": "aws", "aws": {"queue_url": "https://q/1"}"#,
            Some(("https://q/1", "AWS::SQS::Queue")),
        );
        check(r#""name": "S3", "namespace": "aws", "aws": {"bucket_name": "b"}"#, Some(("b", "AWS::S3::Bucket")));
        check(r#""name": "s3", "namespace": "aws""#, Some(("S3", "AWS::S3")));
        check(r#""name": "sns", "namespace": "aws", "aws": {"topic_arn": "t"}"#, Some(("SNS", "AWS::SNS")));
        check(r#""name": "ssm", "namespace": "aws""#, Some(("SSM", "AWS::SimpleSystemsManagement")));
        check(r#""name": "lambda", "namespace": "aws", "aws": {"function_name": "f"}"#, Some(("f", "AWS::Lambda")));
        check(r#""name": "Kinesis", "namespace": "aws""#, Some(("Kinesis", "AWS::Kinesis")));
        check(r#""name": "api.example", "namespace": "remote""#, Some(("api.example", "remote")));
        check(r#""name": "dynamodb", "namespace": "remote""#, Some(("dynamodb", "remote")));
        check(r#""name": "mysfits@db", "namespace": "remote", "sql": {}"#, Some(("mysfits@db", "Database::SQL")));
        check(r#""name": "mysfits@db", "sql": {"database_type": "sqlite"}"#, Some(("mysfits@db", "Database::SQL")));
        check(r#""name": "work""#, None);
        check(r#""name": "work", "namespace": "local""#, None);
    }
}
