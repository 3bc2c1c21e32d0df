//! What a segment says beside its identity, as attributes: by the name that today's conventions have for it, else under
//! `aws.xray.` and the document's own name.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::document::{Cause, Exceptions, Kind, Namespace, Segment};

/// Where the translation of spans files what has no member in a document.
const DEFAULT: &str = "default";

const HTTP: [(&str, &str); 6] = [
    ("request.method", "http.request.method"),
    ("request.url", "url.full"),
    ("request.user_agent", "user_agent.original"),
    ("request.client_ip", "client.address"),
    ("response.status", "http.response.status_code"),
    ("response.content_length", "http.response.body.size"),
];

const SQL: [(&str, &str); 4] = [
    ("database_type", "db.system.name"),
    ("sanitized_query", "db.query.text"),
    ("connection_string", "db.connection_string"),
    ("user", "db.user"),
];

const AWS: [(&str, &str); 5] = [
    ("xray.sampling_rule_name", "aws.xray.sampling_rule"),
    ("bucket_name", "aws.s3.bucket"),
    ("key", "aws.s3.key"),
    ("topic_arn", "aws.sns.topic.arn"),
    ("function_name", "aws.lambda.function.name"),
];

const SERVICE: [(&str, &str); 3] = [
    ("version", "service.version"),
    ("runtime", "process.runtime.name"),
    ("runtime_version", "process.runtime.version"),
];

/// The texts and attributes of one span.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) resource: Map<String, Value>,
    pub(super) scope: Map<String, Value>,
    pub(super) attributes: Map<String, Value>,
    pub(super) status_message: Option<Value>,
}

/// Everything about a part of the work that `service` did; the service is unknown where its segment has not come.
pub(super) fn told(part: &Segment, service: Option<&Segment>) -> Told {
    let mut told = Told { name: part.name.clone(), ..Told::default() };
    file_metadata(part, &mut told);
    told.attributes.extend(blocks(part));
    told.attributes.extend(annotations(part));
    told.attributes.extend(marks(part));
    if let Some(service) = service {
        told.resource.extend(of_service(service));
    }
    told
}

/// A block by its members' paths: under the conventions' name where `names` has one, else under `prefix`.
pub(super) fn named(block: &impl Serialize, prefix: &str, names: &[(&str, &str)]) -> Map<String, Value> {
    let mut leaves = Map::new();
    flatten(String::new(), serde_json::to_value(block).unwrap_or_default(), &mut leaves);
    let name = |path: String| match names.iter().find(|(of, _)| *of == path) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("{prefix}.{path}"),
    };
    leaves.into_iter().map(|(path, value)| (name(path), value)).collect()
}

fn flatten(path: String, value: Value, leaves: &mut Map<String, Value>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() { key } else { format!("{path}.{key}") };
                flatten(path, value, leaves);
            }
        }
        Value::Null => {}
        leaf => {
            leaves.insert(path, leaf);
        }
    }
}

fn blocks(part: &Segment) -> Map<String, Value> {
    let mut attributes = Map::new();
    attributes.extend(part.http.as_deref().into_iter().flat_map(|http| named(http, "aws.xray.http", &HTTP)));
    attributes.extend(part.sql.as_deref().into_iter().flat_map(|sql| named(sql, "aws.xray.sql", &SQL)));
    attributes.extend(part.aws.as_deref().into_iter().flat_map(|aws| named(aws, "aws", &AWS)));
    match part.cause.as_deref() {
        Some(Cause::Reference(id)) => attributes.extend([("aws.xray.cause".to_owned(), id.as_str().into())]),
        Some(Cause::Exceptions(cause)) => {
            // The exceptions themselves are events.
            let rest = Exceptions { exceptions: Vec::new(), ..cause.clone() };
            attributes.extend(named(&rest, "aws.xray.cause", &[]));
        }
        None => {}
    }
    attributes
}

/// Annotations keep their keys, and are listed as annotations.
fn annotations(part: &Segment) -> Map<String, Value> {
    let mut attributes: Map<String, Value> =
        part.annotations.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    if !attributes.is_empty() {
        let keys: Vec<&String> = part.annotations.keys().collect();
        attributes.insert("aws.xray.annotations".to_owned(), json!(keys));
    }
    attributes
}

/// The members that are no block.
fn marks(part: &Segment) -> Map<String, Value> {
    let callee: &[&str] = match part.namespace {
        Some(Namespace::Aws) => &["rpc.service"],
        Some(Namespace::Remote) => &["peer.service"],
        None => &[],
    };
    let texts = callee.iter().map(|key| (*key, part.name.as_str().into()));
    let flags = [
        ("aws.xray.inprogress", part.is_in_progress()),
        ("aws.xray.error", part.error),
        ("aws.xray.throttle", part.throttle),
        ("aws.xray.fault", part.fault),
        ("aws.xray.traced", part.traced),
    ];
    let flags = flags.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| (key, true.into()));
    let rest = [
        ("rpc.system", (part.namespace == Some(Namespace::Aws)).then(|| "aws-api".into())),
        ("enduser.id", part.user.as_deref().map(Value::from)),
        ("aws.xray.precursor_ids", (!part.precursor_ids.is_empty()).then(|| json!(part.precursor_ids))),
    ];
    let rest = rest.into_iter().filter_map(|(key, value)| Some((key, value?)));
    texts.chain(flags).chain(rest).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Metadata of the default namespace is attributes; spans that came as spans have left more there. Another namespace is
/// one attribute, as text.
fn file_metadata(part: &Segment, told: &mut Told) {
    for (namespace, value) in part.metadata.to_map() {
        match value {
            Value::Object(members) if namespace == DEFAULT => {
                for (key, value) in members {
                    file_default(&key, value, told);
                }
            }
            Value::Object(_) => {
                told.attributes.insert(format!("aws.xray.metadata.{namespace}"), value.to_string().into());
            }
            other => {
                told.attributes.insert(format!("aws.xray.metadata.{namespace}"), other);
            }
        }
    }
}

fn file_default(key: &str, value: Value, told: &mut Told) {
    match (key, &value) {
        ("otel.span.name", Value::String(name)) => told.name.clone_from(name),
        ("otel.status.message", _) => told.status_message = Some(value),
        _ => {
            let (shelf, key) = match (key.strip_prefix("otel.resource."), key.strip_prefix("otel.scope.")) {
                (Some(key), _) => (&mut told.resource, key),
                (_, Some(key)) => (&mut told.scope, key),
                _ => (&mut told.attributes, key),
            };
            shelf.insert(key.to_owned(), value);
        }
    }
}

/// What all spans of one segment share.
fn of_service(service: &Segment) -> Map<String, Value> {
    let mut resource = Map::new();
    resource.extend(service.service.as_deref().into_iter().flat_map(|info| named(info, "aws.xray.service", &SERVICE)));
    let mut put = |key: &str, text: Option<&str>| resource.extend(text.map(|text| (key.to_owned(), text.into())));
    // A call without a service of its own is a segment that is named after its callee.
    put("service.name", (service.kind == Kind::Segment && service.namespace.is_none()).then_some(&service.name));
    put("cloud.resource_id", service.resource_arn.as_deref());
    if let Some(origin) = service.origin.as_deref() {
        match platform(origin) {
            Some((platform, launch_type)) => {
                put("cloud.provider", Some("aws"));
                put("cloud.platform", Some(platform));
                put("aws.ecs.launchtype", launch_type);
            }
            None => put("aws.xray.origin", Some(origin)),
        }
    }
    resource
}

fn platform(origin: &str) -> Option<(&'static str, Option<&'static str>)> {
    Some(match origin {
        "AWS::AppRunner::Service" => ("aws_app_runner", None),
        "AWS::EKS::Container" => ("aws_eks", None),
        "AWS::ElasticBeanstalk::Environment" => ("aws_elastic_beanstalk", None),
        "AWS::ECS::EC2" => ("aws_ecs", Some("ec2")),
        "AWS::ECS::Fargate" => ("aws_ecs", Some("fargate")),
        "AWS::ECS::Container" => ("aws_ecs", None),
        "AWS::EC2::Instance" => ("aws_ec2", None),
        _ => return None,
    })
}
