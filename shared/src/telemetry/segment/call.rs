//! What a span says about the call that it is, read as collectors read it. The translator knows only a part of it, and on roots nothing.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value, json};

use super::span::{DATABASE_HOST, DATABASE_NAME, NAMES, database_system, first_text, starts_work, text};

/// Members of the `aws` block, by the attributes they come from.
const AWS_MEMBERS: [(&str, &[&str]); 9] = [
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
/// How all of these attributes begin, and those of an operation.
const AWS_ATTRIBUTES: [&str; 3] = ["aws.", "messaging.", "rpc."];
const DATABASE_PORT: [&str; 2] = ["net.peer.port", "server.port"];

/// Whom a span calls, and for what.
#[derive(Debug)]
pub(super) struct Call {
    namespace: Option<&'static str>,
    aws: Map<String, Value>,
    sql_url: Option<String>,
    /// The attributes that the blocks tell.
    told: Vec<&'static str>,
    /// The attributes that the translator takes without telling them; a segment has no `sql` block.
    untold: Vec<(&'static str, String)>,
    untold_on_segments: Vec<(&'static str, String)>,
}

impl Call {
    pub(super) fn of(span: &SpanData) -> Self {
        let mut told = Vec::new();
        let aws = aws_members(span, &mut told);
        let lost_on_segments = DATABASE_NAME.iter().chain(&DATABASE_HOST).chain(&DATABASE_PORT);
        let is_database = database_system(span).is_some();
        Self {
            namespace: namespace(span),
            aws,
            sql_url: sql_url(span),
            untold: untold(span, &told),
            untold_on_segments: texts(span, lost_on_segments.filter(|_| is_database)),
            told,
        }
    }

    /// Puts the call into the blocks of a document.
    pub(super) fn fill(&self, fields: &mut Map<String, Value>) {
        if let Some(namespace) = self.namespace {
            fields.insert("namespace".to_owned(), namespace.into());
        }
        if let Some(aws) = fields.get_mut("aws").and_then(Value::as_object_mut) {
            // To the translator any RPC method is an operation of AWS.
            aws.remove("operation");
        }
        if !self.aws.is_empty()
            && let Some(aws) = fields.entry("aws").or_insert_with(|| json!({})).as_object_mut()
        {
            aws.extend(self.aws.clone());
        }
        let sql = fields.get_mut("sql").and_then(Value::as_object_mut);
        if let (Some(sql), Some(url)) = (sql, &self.sql_url) {
            sql.insert("url".to_owned(), url.as_str().into());
        }
    }

    /// Whether a block of the document tells this attribute.
    pub(super) fn tells(&self, key: &str, fields: &Map<String, Value>) -> bool {
        let is_in_url = || DATABASE_HOST.contains(&key) || DATABASE_PORT.contains(&key);
        self.told.contains(&key) || (fields.contains_key("sql") && is_in_url())
    }

    /// What is metadata because no block tells it.
    pub(super) fn untold(&self, is_segment: bool) -> impl Iterator<Item = (String, Value)> {
        let on_segments = self.untold_on_segments.iter().filter(move |_| is_segment);
        self.untold.iter().chain(on_segments).map(|(key, text)| ((*key).to_owned(), text.as_str().into()))
    }
}

fn is_aws_api(span: &SpanData) -> bool {
    first_text(span, &["rpc.system", "rpc.system.name"]).as_deref() == Some("aws-api")
}

/// Messages to and from a broker have no namespace in the collectors' reading, and so the broker has no node; ours has one.
fn namespace(span: &SpanData) -> Option<&'static str> {
    let is_named_by_aws = text(span, "aws.service").is_some() && text(span, "peer.service").is_none();
    let is_message = matches!(span.span_kind, SpanKind::Producer | SpanKind::Consumer)
        && text(span, "messaging.system").is_some()
        && !starts_work(span);
    if is_aws_api(span) || (is_named_by_aws && !starts_work(span)) {
        Some("aws")
    } else if span.span_kind == SpanKind::Client || is_message {
        Some("remote")
    } else {
        None
    }
}

fn aws_members(span: &SpanData, told: &mut Vec<&'static str>) -> Map<String, Value> {
    let mut members = Map::new();
    let may_be_told =
        |attribute: &KeyValue| AWS_ATTRIBUTES.iter().any(|start| attribute.key.as_str().starts_with(start));
    if !span.attributes.iter().any(may_be_told) {
        return members; // as nearly always
    }
    let operation: &[&str] = if is_aws_api(span) { &["aws.operation", "rpc.method"] } else { &["aws.operation"] };
    let table = [("operation", operation)].into_iter().chain(AWS_MEMBERS);
    for (member, keys) in table {
        let found = keys.iter().find_map(|key| Some((*key, text(span, key)?)));
        if let Some((key, text)) = found {
            // Newer conventions write `Service/Method`.
            let text = if key == "rpc.method" { text.rsplit('/').next().unwrap_or(&text) } else { &text };
            members.insert(member.to_owned(), text.into());
            told.push(key);
        }
    }
    members
}

/// A database with no host, such as a file, is told by its name alone.
fn sql_url(span: &SpanData) -> Option<String> {
    let system = database_system(span)?;
    let database = first_text(span, &DATABASE_NAME).unwrap_or_default();
    let Some(host) = first_text(span, &DATABASE_HOST) else { return Some(format!("{system}:{database}")) };
    let port = first_text(span, &DATABASE_PORT).map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{system}://{host}{port}/{database}"))
}

fn untold(span: &SpanData, told: &[&'static str]) -> Vec<(&'static str, String)> {
    // Who works on a message is named after its service, so the name of the other side is told nowhere else.
    let names = NAMES.iter().filter(|_| starts_work(span));
    texts(span, names.chain(["rpc.method"].iter().filter(|key| !told.contains(key))))
}

fn texts<'a>(span: &SpanData, keys: impl Iterator<Item = &'a &'static str>) -> Vec<(&'static str, String)> {
    keys.filter_map(|key| Some((*key, text(span, key)?.into_owned()))).collect()
}
