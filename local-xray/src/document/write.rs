//! A segment as X-Ray's JSON.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Document, Http, Kind, Namespace, Segment, TraceId};

/// The JSON text of one document of a trace, as `BatchGetTraces` returns it.
pub fn to_document(trace_id: TraceId, segment: &Segment) -> String {
    text(serde_json::to_string(&TopLevel { trace_id, segment }))
}

/// The JSON text of one document of a trace, indented for a person.
pub fn pretty_document(trace_id: TraceId, segment: &Segment) -> String {
    text(serde_json::to_string_pretty(&TopLevel { trace_id, segment }))
}

fn text(written: Result<String, serde_json::Error>) -> String {
    written.expect("every map key of a segment is a string, and nothing else can fail")
}

impl Document {
    /// The JSON text of this document.
    pub fn to_json(&self) -> String {
        to_document(self.trace_id, &self.segment)
    }
}

/// A segment with what only the outermost object carries: the trace id, the parent, and the type of an independent
/// subsegment.
struct TopLevel<'a> {
    trace_id: TraceId,
    segment: &'a Segment,
}

impl Serialize for TopLevel<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trace_id", &self.trace_id)?;
        if self.segment.kind == Kind::Subsegment {
            map.serialize_entry("type", "subsegment")?;
        }
        optional(&mut map, "parent_id", self.segment.parent_id.as_ref())?;
        write_members(self.segment, &mut map)?;
        map.end()
    }
}

/// An embedded subsegment: no trace id, no parent, no type. Its place says all that.
impl Serialize for Segment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write_members(self, &mut map)?;
        map.end()
    }
}

impl Serialize for Namespace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Aws => "aws",
            Self::Remote => "remote",
        })
    }
}

fn write_members<M: SerializeMap>(segment: &Segment, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("id", &segment.id)?;
    map.serialize_entry("name", &segment.name)?;
    map.serialize_entry("start_time", &segment.start_time)?;
    optional(map, "end_time", segment.end_time.as_ref())?;
    flag(map, "in_progress", segment.is_in_progress())?;
    optional(map, "namespace", segment.namespace.as_ref())?;
    optional(map, "origin", segment.origin.as_ref())?;
    optional(map, "user", segment.user.as_ref())?;
    optional(map, "resource_arn", segment.resource_arn.as_ref())?;
    flag(map, "error", segment.error)?;
    flag(map, "throttle", segment.throttle)?;
    flag(map, "fault", segment.fault)?;
    told_that_all_is_well(segment, map)?;
    flag(map, "traced", segment.traced)?;
    flag(map, "inferred", segment.inferred)?;
    optional(map, "cause", segment.cause.as_deref())?;
    optional(map, "http", segment.http.as_deref())?;
    optional(map, "aws", segment.aws.as_deref())?;
    optional(map, "sql", segment.sql.as_deref())?;
    optional(map, "service", segment.service.as_deref())?;
    optional(map, "annotations", Some(&segment.annotations).filter(|map| !map.is_empty()))?;
    optional(map, "metadata", Some(&segment.metadata).filter(|map| !map.is_empty()))?;
    optional(map, "links", Some(&segment.links).filter(|list| !list.is_empty()))?;
    optional(map, "precursor_ids", Some(&segment.precursor_ids).filter(|list| !list.is_empty()))?;
    optional(map, "subsegments", Some(&segment.subsegments).filter(|list| !list.is_empty()))
}

/// Without any flag a reader goes by the HTTP status. Where the sender knew better, the document has to say so.
fn told_that_all_is_well<M: SerializeMap>(segment: &Segment, map: &mut M) -> Result<(), M::Error> {
    let status = segment.http.as_deref().and_then(Http::status).unwrap_or(0);
    let would_be_flagged = (400..600).contains(&status);
    let flagged = segment.error || segment.throttle || segment.fault;
    if would_be_flagged && !flagged { map.serialize_entry("error", &false) } else { Ok(()) }
}

fn optional<M: SerializeMap>(map: &mut M, key: &str, value: Option<&impl Serialize>) -> Result<(), M::Error> {
    match value {
        Some(value) => map.serialize_entry(key, value),
        None => Ok(()),
    }
}

fn flag<M: SerializeMap>(map: &mut M, key: &str, value: bool) -> Result<(), M::Error> {
    if value { map.serialize_entry(key, &true) } else { Ok(()) }
}
