//! One span becomes one document, or two where it is both the root of its service and a call.

use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Map, Value};

use crate::document::{Aws, Document, Kind, Namespace, Rejection, Segment};

use super::annotations;
use super::attributes::{Attributes, as_text};
use super::aws;
use super::cause;
use super::http;
use super::identity::{Identity, Parent};
use super::links;
use super::metadata::{self, Leftovers};
use super::naming::{self, Named};
use super::resource::Resource;
use super::role::{Role, role};
use super::sql;

/// The library that made a span or a log line, as metadata.
#[derive(Debug, Default)]
pub(super) struct Scope(pub(super) Map<String, Value>);

impl Scope {
    pub(super) fn new(scope: Option<&InstrumentationScope>, schema_url: &str) -> Self {
        let mut members = Map::new();
        let mut put = |key: &str, value: Value| members.insert(format!("otel.scope.{key}"), value);
        if let Some(scope) = scope {
            for (key, value) in Attributes::new(&scope.attributes).into_map() {
                put(&key, value);
            }
            if scope.dropped_attributes_count > 0 {
                put("dropped_attributes_count", scope.dropped_attributes_count.into());
            }
            for (key, text) in [("name", &scope.name), ("version", &scope.version)] {
                if !text.is_empty() {
                    put(key, text.as_str().into());
                }
            }
        }
        if !schema_url.is_empty() {
            put("schema_url", schema_url.into());
        }
        Self(members)
    }
}

/// Translates one span.
///
/// # Errors
/// When the span has no place in a trace; the path is that of the member within the span.
pub(super) fn documents(span: &Span, resource: &Resource, scope: &Scope) -> Result<Vec<Document>, Rejection> {
    let identity = Identity::read(span)?;
    let attributes = Attributes::new(&span.attributes);
    let kind = SpanKind::try_from(span.kind).unwrap_or(SpanKind::Unspecified);
    let source = Source { span, kind, role: role(kind, identity.parent, &attributes), identity, resource, scope };
    let segments = match source.role {
        Role::SegmentAndCall => source.service_and_call(attributes),
        Role::Segment | Role::CallingSegment | Role::Subsegment => vec![source.segment(attributes)],
    };
    let document = |segment| Document { trace_id: identity.trace_id, segment, notes: Vec::new() };
    Ok(segments.into_iter().map(document).collect())
}

struct Source<'a> {
    span: &'a Span,
    kind: SpanKind,
    role: Role,
    identity: Identity,
    resource: &'a Resource,
    scope: &'a Scope,
}

impl Source<'_> {
    /// The document that a span becomes by itself.
    fn segment(&self, mut attributes: Attributes) -> Segment {
        let named = Named {
            kind: self.kind,
            role: self.role,
            span_name: &self.span.name,
            attributes: &attributes,
            resource: self.resource,
        };
        let name = naming::name(named);
        let is_segment = matches!(self.role, Role::Segment | Role::CallingSegment);
        let kind = if is_segment { Kind::Segment } else { Kind::Subsegment };
        let mut segment = Segment::new(kind, self.identity.id, name.text.as_str(), self.identity.start_time);
        segment.end_time = self.identity.end_time;
        segment.parent_id = self.identity.parent.id();
        segment.namespace = naming::namespace(self.kind, self.role, &attributes, &name);
        segment.annotations = annotations::annotations(&attributes, self.resource);
        segment.aws = self.aws(&mut attributes, is_segment);
        segment.http = http::http(self.span, self.kind, &mut attributes).map(Arc::new);
        segment.sql = if is_segment { None } else { sql::sql(self.kind, &mut attributes).map(Arc::new) };
        segment.user = attributes.take_text(&["enduser.id", "user.id"]);
        if is_segment {
            segment.origin = self.resource.origin.clone();
            segment.service = self.resource.service.clone();
        }
        self.take_identity(&mut attributes, &segment, name.attribute);
        self.finish(&mut segment, attributes);
        segment
    }

    /// Flags, cause, links and metadata: what depends on the blocks.
    fn finish(&self, segment: &mut Segment, mut attributes: Attributes) {
        let flags = cause::flags(self.span, segment.http.as_deref());
        (segment.error, segment.throttle, segment.fault) = (flags.error, flags.throttle, flags.fault);
        let failure = cause::failure(self.span, self.kind, &self.identity);
        annotations::take_annotated(&mut attributes, &segment.annotations);
        let (links, broken_links) = links::links(self.span);
        segment.links = links;
        let span_name = Some(self.span.name.as_str()).filter(|span_name| *span_name != segment.name);
        let leftovers = Leftovers { attributes, failure: &failure, broken_links, span_name };
        let mut metadata = metadata::of_span(self.span, leftovers, &self.scope.0);
        // A subsegment whose parent is elsewhere may be the only word of its process.
        if segment.kind == Kind::Segment || matches!(self.identity.parent, Parent::Remote(_)) {
            metadata = metadata::with_resource(metadata, self.resource);
        }
        segment.metadata = metadata.into();
        segment.cause = failure.cause.map(Arc::new);
    }

    /// Where a segment ran and why it was sampled, and what was called.
    fn aws(&self, attributes: &mut Attributes, is_segment: bool) -> Option<Arc<Aws>> {
        let mut members = if is_segment { self.aws_of_service(attributes) } else { Map::new() };
        members.extend(aws::call(attributes));
        (!members.is_empty()).then(|| Arc::new(members.into()))
    }

    fn aws_of_service(&self, attributes: &mut Attributes) -> Map<String, Value> {
        let mut members = self.resource.aws.clone();
        aws::sampled_by(attributes, &mut members);
        members
    }

    /// Removes what the name, the namespace and the role already say.
    fn take_identity(&self, attributes: &mut Attributes, segment: &Segment, name_attribute: Option<&str>) {
        attributes.drop_if("aws.span.kind", |_| true);
        if let Some(key) = name_attribute {
            attributes.drop_if(key, |value| as_text(value).as_deref() == Some(&segment.name));
        }
        // Several conventions repeat the callee's name.
        attributes.drop_if("peer.service", |value| as_text(value).as_deref() == Some(&segment.name));
        if segment.namespace == Some(Namespace::Aws) {
            for key in ["rpc.system", "rpc.system.name"] {
                attributes.drop_if(key, |value| as_text(value).as_deref() == Some("aws-api"));
            }
        }
    }

    /// A segment of the service, and in it the call. Both last as long as the span and end as it does.
    fn service_and_call(&self, mut attributes: Attributes) -> Vec<Segment> {
        let aws = self.aws_of_service(&mut attributes);
        let call = Segment { parent_id: Some(self.identity.derived_id(0)), ..self.segment(attributes.clone()) };
        let own_name = attributes.text(&["aws.local.service"]);
        let name = own_name.or_else(|| self.resource.attributes.text(&["service.name"]));
        let is_consumer = self.kind == SpanKind::Consumer;
        let service = Segment {
            parent_id: self.identity.parent.id(),
            end_time: call.end_time,
            origin: self.resource.origin.clone(),
            service: self.resource.service.clone(),
            aws: (!aws.is_empty()).then(|| Arc::new(aws.into())),
            user: call.user.clone(),
            error: call.error,
            throttle: call.throttle,
            fault: call.fault,
            annotations: annotations::of_the_service(&call.annotations),
            metadata: metadata::of_resource(self.resource).into(),
            links: if is_consumer { call.links.clone() } else { Vec::new() },
            ..Segment::new(
                Kind::Segment,
                self.identity.derived_id(0),
                naming::clean(name.as_deref().unwrap_or_default()),
                self.identity.start_time,
            )
        };
        let links = if is_consumer { Vec::new() } else { call.links.clone() };
        let namespace = call.namespace.or(Some(Namespace::Remote));
        vec![service, Segment { links, namespace, ..call }]
    }
}
