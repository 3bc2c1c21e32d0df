//! Names and types of nodes that send no segments themselves: AWS services, databases, and the rest.

use crate::document::{Aws, Namespace, Segment};

/// How a kind of AWS call becomes a node: the names clients use, and name and type of the node.
struct AwsService {
    /// Spelled in lower case; the comparison ignores case.
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
pub fn inferred_name(call: &Segment) -> String {
    match aws_service(call) {
        Some(service) => match resource(service, call) {
            Some((name, _)) => name.to_owned(),
            None => service.name.to_owned(),
        },
        None => call.name.clone(),
    }
}

/// The type of that node: `AWS::…`, `Database::SQL` or `remote`; `None` when the subsegment is no downstream call.
pub fn inferred_type(call: &Segment) -> Option<String> {
    if !call.is_downstream_call() {
        return None;
    }
    if call.sql.is_some() {
        return Some("Database::SQL".to_owned());
    }
    if call.namespace == Some(Namespace::Remote) {
        return Some("remote".to_owned());
    }
    Some(match aws_service(call) {
        Some(service) => resource(service, call).map_or(service.service_type, |(_, kind)| kind).to_owned(),
        None => format!("AWS::{}", call.name),
    })
}

fn aws_service(call: &Segment) -> Option<&'static AwsService> {
    let name = call.name.to_lowercase();
    let is_aws_call = call.namespace == Some(Namespace::Aws) && call.sql.is_none();
    AWS_SERVICES.iter().find(|service| is_aws_call && service.aliases.contains(&name.as_str()))
}

fn resource<'a>(service: &AwsService, call: &'a Segment) -> Option<(&'a str, &'static str)> {
    let rule = service.resource.as_ref()?;
    Some(((rule.name)(call.aws.as_ref()?)?, rule.service_type))
}
