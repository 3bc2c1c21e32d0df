//! About how much memory a segment takes. Counted by walking it, a tenth of the work of writing it down to measure it.

use std::mem::size_of;

use serde_json::{Map, Value};

use super::json::{Json, Members};
use super::{AnnotationValue, Cause, Exception, Http, HttpRequest, Link, Segment, SegmentId, ServiceInfo, Sql};

/// What an entry of a map costs besides its key and its value's own memory.
const ENTRY: usize = 2 * size_of::<usize>();

impl Segment {
    /// About how many bytes this segment or subsegment takes, without what is below it.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>()
            + self.name.len()
            + texts([&self.origin, &self.user, &self.resource_arn])
            + self.http.as_deref().map_or(0, http)
            + self.aws.as_deref().map_or(0, |aws| members(aws.members()))
            + self.sql.as_deref().map_or(0, sql)
            + self.service.as_deref().map_or(0, service)
            + self.cause.as_deref().map_or(0, cause)
            + self.annotations.iter().map(|(key, value)| key.len() + annotation(value)).sum::<usize>()
            + self.metadata.len()
            + self.links.iter().map(link).sum::<usize>()
            + self.precursor_ids.len() * size_of::<SegmentId>()
    }
}

fn texts<const N: usize>(texts: [&Option<String>; N]) -> usize {
    texts.into_iter().flatten().map(String::len).sum()
}

fn http(http: &Http) -> usize {
    let request = |it: &HttpRequest| texts([&it.method, &it.url, &it.user_agent, &it.client_ip]);
    size_of::<Http>() + http.request.as_ref().map_or(0, request)
}

fn sql(sql: &Sql) -> usize {
    let Sql {
        connection_string,
        url,
        sanitized_query,
        database_type,
        database_version,
        driver_version,
        user,
        preparation,
    } = sql;
    size_of::<Sql>()
        + texts([
            connection_string,
            url,
            sanitized_query,
            database_type,
            database_version,
            driver_version,
            user,
            preparation,
        ])
}

fn service(service: &ServiceInfo) -> usize {
    let ServiceInfo { version, runtime, runtime_version, compiler, compiler_version } = service;
    size_of::<ServiceInfo>() + texts([version, runtime, runtime_version, compiler, compiler_version])
}

fn cause(cause: &Cause) -> usize {
    match cause {
        Cause::Reference(id) => id.len(),
        Cause::Exceptions(it) => {
            let paths: usize = it.paths.iter().map(|path| size_of::<String>() + path.len()).sum();
            let exceptions: usize = it.exceptions.iter().map(exception).sum();
            texts([&it.working_directory, &it.message]) + paths + exceptions
        }
    }
}

fn exception(exception: &Exception) -> usize {
    let Exception { id, message, kind, cause, stack, .. } = exception;
    let frames = stack.iter().map(|frame| size_of_val(frame) + texts([&frame.path, &frame.label]));
    size_of::<Exception>() + texts([id, message, kind, cause]) + frames.sum::<usize>()
}

fn annotation(value: &AnnotationValue) -> usize {
    let text = if let AnnotationValue::String(text) = value { text.len() } else { 0 };
    ENTRY + size_of::<AnnotationValue>() + text
}

fn link(link: &Link) -> usize {
    size_of::<Link>() + map(&link.attributes)
}

fn map(map: &Map<String, Value>) -> usize {
    map.iter().map(|(key, it)| ENTRY + key.len() + value(it)).sum()
}

fn members(members: &Members<'_>) -> usize {
    members.iter().map(|(key, value)| size_of_val(key) + key.len() + json(value)).sum()
}

/// As deep as the value: no JSON that was read is deeper than its reader allows.
fn value(it: &Value) -> usize {
    size_of::<Value>()
        + match it {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(value).sum(),
            Value::Object(object) => map(object),
        }
}

/// As deep as the value, too.
fn json(value: &Json<'_>) -> usize {
    size_of::<Json<'_>>()
        + match value {
            Json::Null | Json::Flag(_) | Json::Number(_) => 0,
            Json::Text(text) => text.len(),
            Json::List(items) => items.iter().map(json).sum(),
            Json::Object(object) => members(object),
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::parse;

    #[test]
    fn whatever_a_sender_makes_longer_takes_more_memory() {
        let long = "x".repeat(10_000);
        let memory = |more: Value| {
            let mut document = json!({ "trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "70de5b6f19ff9a0a",
                "name": "shop", "start_time": 1, "end_time": 2 });
            for (key, value) in more.as_object().unwrap() {
                document[key] = value.clone();
            }
            parse(document.to_string()).unwrap().remove(0).segment.memory()
        };
        let bare = memory(json!({}));
        let check = |more: Value| assert!(memory(more.clone()) >= bare + 10_000, "{more}");
        check(json!({ "user": long }));
        check(json!({ "http": { "request": { "url": long } } }));
        check(json!({ "aws": { "ecs": { "container": long } } }));
        check(json!({ "sql": { "sanitized_query": long } }));
        check(json!({ "service": { "version": long } }));
        check(json!({ "cause": { "exceptions": [{ "stack": [{ "label": long }] }] } }));
        check(json!({ "cause": { "paths": [long] } }));
        check(json!({ "annotations": { "a": long } }));
        check(json!({ "metadata": { "default": [{ "a": long }] } }));
        check(json!({ "metadata": { "default": vec![1; 5_000] } }));
        check(json!({ "links": [{ "trace_id": "1-5759e988-bd862e3fe1be46a994272793", "attributes": { "a": long } }] }));
        check(json!({ "precursor_ids": vec!["70de5b6f19ff9a0a"; 1_250] }));
    }
}
