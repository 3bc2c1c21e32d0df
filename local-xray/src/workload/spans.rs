//! Stories as OTLP spans: a server span for each service, a client span for each call.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

use crate::document::{SegmentId, Timestamp, TraceId};

use super::segments::{QUERY, USER_AGENT, url};
use super::story::{Call, Callee, Story, Work};

/// One export request with everything that happened, by service, as if each had sent its part.
pub fn export_request(stories: &[Story]) -> ExportTraceServiceRequest {
    let mut services: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for story in stories {
        tell_spans(story.trace_id, &story.root, None, &mut services);
    }
    let resource_spans = services.into_iter().map(|(service, spans)| ResourceSpans {
        resource: Some(Resource { attributes: resource(service), ..Resource::default() }),
        scope_spans: vec![ScopeSpans {
            scope: Some(InstrumentationScope { name: "mysfits".to_owned(), ..InstrumentationScope::default() }),
            spans,
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    });
    ExportTraceServiceRequest { resource_spans: resource_spans.collect() }
}

fn tell_spans<'s>(
    trace_id: TraceId,
    work: &'s Work,
    parent: Option<SegmentId>,
    services: &mut BTreeMap<&'s str, Vec<Span>>,
) {
    let spans = services.entry(&work.service).or_default();
    spans.push(server_span(trace_id, work, parent));
    spans.extend(work.calls.iter().map(|call| client_span(trace_id, call, work.id)));
    for call in &work.calls {
        if let Callee::Service(callee) = &call.callee {
            tell_spans(trace_id, callee, Some(call.id), services);
        }
    }
}

fn server_span(trace_id: TraceId, work: &Work, parent: Option<SegmentId>) -> Span {
    let mut attributes = exchange(work);
    attributes.push(text("client.address", "10.0.1.17"));
    attributes.push(text("user_agent.original", USER_AGENT));
    attributes.extend(work.annotations.iter().map(|(key, value)| text(key, value)));
    let searchable = work.annotations.iter().map(|(key, _)| any((*key).to_owned())).collect();
    attributes.push(attribute("aws.xray.annotations", Any::ArrayValue(ArrayValue { values: searchable })));
    Span {
        kind: SpanKind::Server.into(),
        attributes,
        ..span(trace_id, work.id, parent, &work.path, [work.start, work.end])
    }
}

fn client_span(trace_id: TraceId, call: &Call, parent: SegmentId) -> Span {
    let attributes = match &call.callee {
        Callee::Service(work) => {
            let mut attributes = exchange(work);
            attributes.push(text("peer.service", &work.service));
            attributes
        }
        Callee::Database(name) => {
            let (database, host) = name.split_once('@').unwrap_or((name, "localhost"));
            vec![
                text("db.system.name", "postgresql"),
                text("db.namespace", database),
                text("server.address", host),
                text("db.query.text", QUERY),
            ]
        }
    };
    let bare = span(trace_id, call.id, Some(parent), call.name(), [call.start, call.end]);
    Span { kind: SpanKind::Client.into(), attributes, ..bare }
}

fn span(trace_id: TraceId, id: SegmentId, parent: Option<SegmentId>, name: &str, [start, end]: [Timestamp; 2]) -> Span {
    let nanos = |time: Timestamp| u64::try_from(time.micros()).unwrap_or_default() * 1_000;
    Span {
        trace_id: trace_id.to_bytes().to_vec(),
        span_id: id.to_bytes().to_vec(),
        parent_span_id: parent.map(|parent| parent.to_bytes().to_vec()).unwrap_or_default(),
        name: name.to_owned(),
        start_time_unix_nano: nanos(start),
        end_time_unix_nano: nanos(end),
        ..Span::default()
    }
}

fn exchange(work: &Work) -> Vec<KeyValue> {
    vec![
        text("http.request.method", work.method),
        text("url.full", &url(work)),
        attribute("http.response.status_code", Any::IntValue(work.status.into())),
    ]
}

fn resource(service: &str) -> Vec<KeyValue> {
    vec![
        text("service.name", service),
        text("service.version", "1.4.2"),
        text("cloud.provider", "aws"),
        text("cloud.platform", "aws_ecs"),
        text("aws.ecs.launchtype", "fargate"),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.language", "rust"),
    ]
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Any::StringValue(value.to_owned()))
}

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn any(text: String) -> AnyValue {
    AnyValue { value: Some(Any::StringValue(text)) }
}
