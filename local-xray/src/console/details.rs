//! What a segment or subsegment carries, block by block, as text for its row on the trace page.

use serde::Serialize;

use crate::document::{Cause, Exception, Exceptions, Segment};

use super::format;

/// All blocks that are there.
pub(super) struct Details {
    /// Identity and times.
    pub(super) overview: Vec<Fact>,
    pub(super) http: Vec<Fact>,
    pub(super) sql: Vec<Fact>,
    pub(super) annotations: Vec<Fact>,
    pub(super) exceptions: Vec<Failure>,
    /// Indented JSON.
    pub(super) aws: Option<String>,
    /// Indented JSON.
    pub(super) metadata: Option<String>,
    /// Ids of traces that are linked to.
    pub(super) links: Vec<String>,
}

/// A name and a value.
pub(super) type Fact = (String, String);

/// An exception with its stack.
pub(super) struct Failure {
    pub(super) kind: String,
    pub(super) message: String,
    /// `label at path:line`, innermost first.
    pub(super) stack: Vec<String>,
    /// What was left out, and what caused it.
    pub(super) notes: Vec<String>,
}

/// Collects everything a row can show.
pub(super) fn details(part: &Segment) -> Details {
    Details {
        overview: overview(part),
        http: http(part),
        sql: sql(part),
        annotations: part.annotations.iter().map(|(key, value)| (key.clone(), value.to_string())).collect(),
        exceptions: part.cause.as_deref().into_iter().flat_map(failures).collect(),
        aws: part.aws.as_deref().and_then(pretty),
        metadata: (!part.metadata.is_empty()).then(|| pretty(&part.metadata)).flatten(),
        links: part.links.iter().map(|link| link.trace_id.to_string()).collect(),
    }
}

/// Keeps the facts that are there.
fn facts<const N: usize>(facts: [(&str, Option<String>); N]) -> Vec<Fact> {
    facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn overview(part: &Segment) -> Vec<Fact> {
    let service = part.service.as_deref();
    let flags: Vec<&str> = [("fault", part.fault), ("error", part.error), ("throttle", part.throttle)]
        .into_iter()
        .filter_map(|(name, is_set)| is_set.then_some(name))
        .collect();
    facts([
        ("id", Some(part.id.to_string())),
        ("parent", part.parent_id.map(|id| id.to_string())),
        ("start", Some(format::exact(part.start_time))),
        ("end", Some(part.end_time.map_or_else(|| "in progress".to_owned(), format::exact))),
        ("duration", part.response_time().map(format::duration)),
        ("flags", (!flags.is_empty()).then(|| flags.join(", "))),
        ("origin", part.origin.clone()),
        ("namespace", part.namespace.as_ref().map(|namespace| format!("{namespace:?}").to_lowercase())),
        ("user", part.user.clone()),
        ("resource", part.resource_arn.clone()),
        ("version", service.and_then(|service| service.version.clone())),
        ("runtime", service.and_then(|service| joined(&service.runtime, &service.runtime_version))),
        ("compiler", service.and_then(|service| joined(&service.compiler, &service.compiler_version))),
    ])
}

fn joined(name: &Option<String>, version: &Option<String>) -> Option<String> {
    match (name, version) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        (name, version) => name.clone().or_else(|| version.clone()),
    }
}

fn http(part: &Segment) -> Vec<Fact> {
    let Some(http) = &part.http else { return Vec::new() };
    let request = http.request.as_ref();
    let response = http.response.as_ref();
    let forwarded = request.and_then(|request| request.x_forwarded_for).unwrap_or(false);
    let client = request.and_then(|request| request.client_ip.clone());
    facts([
        ("method", request.and_then(|request| request.method.clone())),
        ("url", request.and_then(|request| request.url.clone())),
        ("status", response.and_then(|response| response.status).map(|status| status.to_string())),
        ("length", response.and_then(|response| response.content_length).map(|length| length.to_string())),
        ("client", client.map(|ip| if forwarded { format!("{ip} (from X-Forwarded-For)") } else { ip })),
        ("user agent", request.and_then(|request| request.user_agent.clone())),
        ("traced", request.and_then(|request| request.traced).map(|traced| traced.to_string())),
    ])
}

fn sql(part: &Segment) -> Vec<Fact> {
    let Some(sql) = &part.sql else { return Vec::new() };
    facts([
        ("query", sql.sanitized_query.clone()),
        ("database", joined(&sql.database_type, &sql.database_version)),
        ("url", sql.url.clone()),
        ("connection", sql.connection_string.clone()),
        ("driver", sql.driver_version.clone()),
        ("user", sql.user.clone()),
        ("preparation", sql.preparation.clone()),
    ])
}

fn failures(cause: &Cause) -> Vec<Failure> {
    match cause {
        Cause::Reference(id) => vec![Failure {
            kind: "exception".to_owned(),
            message: format!("recorded elsewhere in this trace, as {id}"),
            stack: Vec::new(),
            notes: Vec::new(),
        }],
        Cause::Exceptions(Exceptions { message, exceptions, .. }) => {
            let bare = message.iter().map(|message| Failure {
                kind: "cause".to_owned(),
                message: message.clone(),
                stack: Vec::new(),
                notes: Vec::new(),
            });
            bare.chain(exceptions.iter().map(failure)).collect()
        }
    }
}

fn failure(exception: &Exception) -> Failure {
    let stack = exception.stack.iter().map(|frame| {
        let line = frame.line.map(|line| format!(":{line}")).unwrap_or_default();
        let path = frame.path.as_deref().unwrap_or("?");
        format!("{} at {path}{line}", frame.label.as_deref().unwrap_or("?"))
    });
    let notes = facts([
        ("frames left out", exception.truncated.filter(|&frames| frames > 0).map(|frames| frames.to_string())),
        ("exceptions left out", exception.skipped.filter(|&skipped| skipped > 0).map(|skipped| skipped.to_string())),
        ("caused by", exception.cause.clone()),
        ("raised by", exception.remote.filter(|&remote| remote).map(|_| "the callee".to_owned())),
    ]);
    Failure {
        kind: exception.kind.clone().unwrap_or_else(|| "exception".to_owned()),
        message: exception.message.clone().unwrap_or_default(),
        stack: stack.collect(),
        notes: notes.into_iter().map(|(name, value)| format!("{name}: {value}")).collect(),
    }
}

fn pretty(value: &impl Serialize) -> Option<String> {
    serde_json::to_string_pretty(value).ok()
}
