//! A story as segment documents, one a service, with the calls embedded, as the X-Ray SDKs send them from Fargate.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::document::{
    AnnotationValue, Aws, Document, Http, HttpRequest, HttpResponse, Kind, Metadata, Namespace, Segment, SegmentId,
    ServiceInfo, Sql,
};

use super::story::{Call, Callee, Story, Work};

pub(super) const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
pub(super) const QUERY: &str = "SELECT id, name, likes FROM mysfits WHERE id = $1";

impl Story {
    /// One document for each service that took part, callers before callees.
    pub fn documents(&self) -> Vec<Document> {
        let mut documents = Vec::new();
        self.tell_segments(&self.root, None, &mut documents);
        documents
    }

    fn tell_segments(&self, work: &Work, parent_id: Option<SegmentId>, documents: &mut Vec<Document>) {
        documents.push(Document { trace_id: self.trace_id, segment: segment(work, parent_id), notes: Vec::new() });
        for call in &work.calls {
            if let Callee::Service(callee) = &call.callee {
                self.tell_segments(callee, Some(call.id), documents);
            }
        }
    }
}

fn segment(work: &Work, parent_id: Option<SegmentId>) -> Segment {
    let request = HttpRequest {
        user_agent: Some(USER_AGENT.to_owned()),
        client_ip: Some("10.0.1.17".to_owned()),
        x_forwarded_for: parent_id.is_none().then_some(true),
        ..request(work)
    };
    let annotations = work.annotations.iter();
    flagged(Segment {
        parent_id,
        end_time: Some(work.end),
        http: Some(Arc::new(Http { request: Some(request), ..exchange(work) })),
        origin: Some("AWS::ECS::Fargate".to_owned()),
        aws: Some(Arc::new(compute(work))),
        service: Some(Arc::new(ServiceInfo { version: Some("1.4.2".to_owned()), ..ServiceInfo::default() })),
        annotations: annotations
            .map(|(key, value)| ((*key).to_owned(), AnnotationValue::String(value.clone())))
            .collect(),
        metadata: metadata(work),
        subsegments: work.calls.iter().map(|call| subsegment(call, work.id)).collect(),
        ..Segment::new(Kind::Segment, work.id, work.service.clone(), work.start)
    })
}

fn subsegment(call: &Call, parent_id: SegmentId) -> Segment {
    let bare = Segment {
        parent_id: Some(parent_id),
        end_time: Some(call.end),
        namespace: Some(Namespace::Remote),
        ..Segment::new(Kind::Subsegment, call.id, call.name(), call.start)
    };
    match &call.callee {
        Callee::Service(work) => {
            let request = HttpRequest { traced: Some(true), ..request(work) };
            flagged(Segment { http: Some(Arc::new(Http { request: Some(request), ..exchange(work) })), ..bare })
        }
        Callee::Database(_) => {
            let sql = Sql {
                sanitized_query: Some(QUERY.to_owned()),
                database_type: Some("postgresql".to_owned()),
                ..Sql::default()
            };
            Segment { sql: Some(Arc::new(sql)), ..bare }
        }
    }
}

fn request(work: &Work) -> HttpRequest {
    HttpRequest { method: Some(work.method.to_owned()), url: Some(url(work)), ..HttpRequest::default() }
}

fn exchange(work: &Work) -> Http {
    let response = HttpResponse { status: Some(work.status.into()), content_length: Some(64) };
    Http { request: None, response: Some(response) }
}

pub(super) fn url(work: &Work) -> String {
    format!("http://{}.internal:8080{}", work.service.replace(' ', "-"), work.path)
}

/// Flags follow the status, as the SDKs set them.
fn flagged(segment: Segment) -> Segment {
    let status = segment.http.as_deref().and_then(Http::status).unwrap_or_default();
    Segment { error: (400..500).contains(&status), throttle: status == 429, fault: status >= 500, ..segment }
}

fn compute(work: &Work) -> Aws {
    let block = json!({
        "ecs": {
            "container": work.service,
            "container_id": "9f0d5a2f6d3e4b7c8a1b2c3d4e5f60718293a4b5-0265927825",
            "container_arn": "arn:aws:ecs:eu-west-1:123456789012:container/mysfits/9f0d5a2f6d3e4b7c8a1b2c3d4e5f6071",
        },
        "xray": { "sdk": "X-Ray for Java", "sdk_version": "2.18.2", "auto_instrumentation": false },
    });
    match block {
        Value::Object(members) => members.into(),
        _ => Aws::default(),
    }
}

fn metadata(work: &Work) -> Metadata {
    let about = json!({ "route": work.path, "thread": "worker-3", "attempt": 1 });
    Map::from_iter([("default".to_owned(), about)]).into()
}
