//! JSON in, documents out: the identity of a document must be right, everything else is taken as far as it makes sense.
//!
//! One invalid nested subsegment refuses the whole document, as X-Ray does; the rejection names the JSON path of the
//! culprit and the ids of the outermost object.

use std::borrow::Cow;
use std::sync::Arc;

use super::cause::Exceptions;
use super::json::{Json, Members};
use super::path::Path;
use super::reader::Reader;
use super::rejection::{ErrorCode, Rejection};
use super::{
    AnnotationValue, Annotations, Aws, Cause, Document, Http, Kind, Link, Metadata, Namespace, Segment, SegmentId,
    ServiceInfo, Sql, Timestamp, TraceId,
};

/// The longest name of a segment or subsegment, in characters.
const MAX_NAME_CHARS: usize = 200;

/// Reads one string of JSON: a document, or a list of documents.
///
/// # Errors
/// The first problem that keeps a document from being placed in a trace; nothing of the input is taken then.
pub fn parse(json: impl AsRef<[u8]>) -> Result<Vec<Document>, Rejection> {
    let value: Json<'_> = serde_json::from_slice(json.as_ref())
        .map_err(|error| Rejection::new(ErrorCode::InvalidSegment, "$", format!("not valid JSON: {error}")))?;
    match value {
        Json::Object(members) => Ok(vec![document(members, Path::outermost(None))?]),
        Json::List(items) if items.is_empty() => {
            Err(Rejection::new(ErrorCode::MissingId, "$", "the list holds no document"))
        }
        Json::List(items) => items.into_iter().enumerate().map(|(index, item)| listed(item, index)).collect(),
        _ => Err(Rejection::new(ErrorCode::InvalidSegment, "$", "neither an object nor a list of objects")),
    }
}

/// Says whether X-Ray would take this name: 1 to 200 letters, digits, whitespace or `_ . : / % & # = + \ - @`.
pub fn is_valid_name(name: &str) -> bool {
    let allowed = |c: char| c.is_alphabetic() || c.is_numeric() || c.is_whitespace() || r"_.:/%&#=+\-@".contains(c);
    !name.is_empty() && name.chars().count() <= MAX_NAME_CHARS && name.chars().all(allowed)
}

fn listed(item: Json<'_>, index: usize) -> Result<Document, Rejection> {
    let path = Path::outermost(Some(index));
    match item {
        Json::Object(members) => document(members, path),
        _ => Err(Rejection::new(ErrorCode::InvalidSegment, path.to_string(), "not an object")),
    }
}

fn document(members: Members<'_>, path: Path<'_>) -> Result<Document, Rejection> {
    let as_sent = |member: &str| match members.iter().rev().find(|(name, _)| name == member) {
        Some((_, Json::Text(text))) => Some(text.clone()),
        _ => None,
    };
    let (id, trace_id) = (as_sent("id"), as_sent("trace_id"));
    let mut notes = Vec::new();
    match outermost(Reader::new(members, path, &mut notes)) {
        Ok((trace_id, segment)) => Ok(Document { trace_id, segment, notes }),
        Err(rejection) => {
            Err(Rejection { id: id.map(Cow::into_owned), trace_id: trace_id.map(Cow::into_owned), ..rejection })
        }
    }
}

fn outermost(mut object: Reader<'_>) -> Result<(TraceId, Segment), Rejection> {
    let kind = match object.text("type").as_deref() {
        Some("subsegment") => Kind::Subsegment,
        None | Some("segment") => Kind::Segment,
        Some(_) => {
            object.note("type", "neither `segment` nor `subsegment`, read as a segment");
            Kind::Segment
        }
    };
    let trace_id = required_trace_id(&mut object)?;
    let parent_id = optional_id(&mut object, "parent_id")?;
    if kind == Kind::Subsegment && parent_id.is_none() {
        let reason = "an independent subsegment must name its parent";
        return Err(Rejection::new(ErrorCode::MissingParentId, object.path_of("parent_id"), reason));
    }
    Ok((trace_id, segment(object, kind, parent_id)?))
}

fn segment(mut object: Reader<'_>, kind: Kind, parent_id: Option<SegmentId>) -> Result<Segment, Rejection> {
    let Some(id) = optional_id(&mut object, "id")? else {
        return Err(Rejection::new(ErrorCode::MissingId, object.path_of("id"), "there is no id"));
    };
    let name = required_name(&mut object)?;
    let Some(start_time) = time(&mut object, "start_time", ErrorCode::InvalidStartTime)? else {
        return Err(Rejection::new(
            ErrorCode::MissingStartTime,
            object.path_of("start_time"),
            "there is no start time",
        ));
    };
    let end_time = time(&mut object, "end_time", ErrorCode::InvalidEndTime)?;
    let in_progress = object.flag("in_progress").unwrap_or(false);
    if end_time.is_none() && !in_progress {
        let reason = "there is neither an end time nor `in_progress: true`";
        return Err(Rejection::new(ErrorCode::MissingEndTime, object.path_of("end_time"), reason));
    }
    let subsegments = embedded(&mut object, id)?;
    let mut segment = Segment { parent_id, end_time, subsegments, ..Segment::new(kind, id, name, start_time) };
    details(&mut object, &mut segment);
    flags(&mut object, &mut segment);
    object.finish();
    Ok(segment)
}

/// Everything that can be left out without losing the document.
fn details(object: &mut Reader<'_>, segment: &mut Segment) {
    segment.namespace = match object.text("namespace").as_deref() {
        Some("aws") => Some(Namespace::Aws),
        Some("remote") => Some(Namespace::Remote),
        _ => None,
    };
    segment.origin = object.text("origin");
    segment.user = object.text("user");
    segment.resource_arn = object.text("resource_arn");
    segment.http = object.block("http", Http::read).map(Arc::new);
    segment.aws = object.members("aws").map(Aws::new).map(Arc::new);
    segment.sql = object.block("sql", Sql::read).map(Arc::new);
    segment.service = object.block("service", ServiceInfo::read).map(Arc::new);
    segment.cause = cause(object).map(Arc::new);
    segment.annotations = annotations(object);
    segment.metadata = object.members("metadata").map(Metadata::new).unwrap_or_default();
    segment.links = links(object);
    segment.precursor_ids = precursor_ids(object);
    segment.traced = object.flag("traced").unwrap_or(false);
    if object.flag("inferred") == Some(true) {
        object.note("inferred", "X-Ray's own mark, on what nobody sent");
    }
}

/// The three flags as sent; when the sender says nothing at all, the HTTP status decides.
fn flags(object: &mut Reader<'_>, segment: &mut Segment) {
    let sent = [object.flag("error"), object.flag("throttle"), object.flag("fault")];
    if sent.iter().all(Option::is_none) {
        let status = segment.http.as_deref().and_then(Http::status).unwrap_or(0);
        segment.error = (400..500).contains(&status);
        segment.throttle = status == 429;
        segment.fault = (500..600).contains(&status);
        return;
    }
    [segment.error, segment.throttle, segment.fault] = sent.map(|flag| flag.unwrap_or(false));
}

fn embedded(object: &mut Reader<'_>, parent: SegmentId) -> Result<Vec<Segment>, Rejection> {
    let mut subsegments = Vec::new();
    for (index, item) in object.list("subsegments").into_iter().enumerate() {
        let Json::Object(members) = item else {
            let path = object.path_of_item("subsegments", index);
            return Err(Rejection::new(ErrorCode::InvalidSegment, path, "not an object"));
        };
        let mut embedded = object.nested_item(members, "subsegments", index);
        // Some SDKs repeat on embedded subsegments what their place already says.
        for repeated in ["trace_id", "parent_id", "type"] {
            embedded.take(repeated);
        }
        subsegments.push(segment(embedded, Kind::Subsegment, Some(parent))?);
    }
    Ok(subsegments)
}

fn required_trace_id(object: &mut Reader<'_>) -> Result<TraceId, Rejection> {
    let sent = object
        .take("trace_id")
        .ok_or_else(|| Rejection::new(ErrorCode::MissingTraceId, object.path_of("trace_id"), "there is no trace id"))?;
    sent.as_text().and_then(TraceId::parse).ok_or_else(|| {
        let reason = format!("{sent} is not of the form 1-5759e988-bd862e3fe1be46a994272793");
        Rejection::new(ErrorCode::InvalidTraceId, object.path_of("trace_id"), reason)
    })
}

fn optional_id(object: &mut Reader<'_>, member: &str) -> Result<Option<SegmentId>, Rejection> {
    let Some(sent) = object.take(member).filter(|sent| sent.as_text() != Some("")) else { return Ok(None) };
    let code = if member == "id" { ErrorCode::InvalidId } else { ErrorCode::InvalidParentId };
    let invalid = || Rejection::new(code, object.path_of(member), format!("{sent} is not 16 hexadecimal digits"));
    sent.as_text().and_then(SegmentId::parse).map(Some).ok_or_else(invalid)
}

fn required_name(object: &mut Reader<'_>) -> Result<String, Rejection> {
    let reason = match object.take("name") {
        None => "there is no name".to_owned(),
        Some(Json::Text(name)) if is_valid_name(&name) => return Ok(name.into_owned()),
        Some(Json::Text(name)) if name.is_empty() => "the name is empty".to_owned(),
        Some(Json::Text(name)) if name.chars().count() > MAX_NAME_CHARS => {
            format!("the name is longer than {MAX_NAME_CHARS} characters")
        }
        Some(sent) => {
            format!("{sent} is not a name: letters, digits, whitespace and _ . : / % & # = + \\ - @ are allowed")
        }
    };
    Err(Rejection::new(ErrorCode::InvalidName, object.path_of("name"), reason))
}

fn time(object: &mut Reader<'_>, member: &str, code: ErrorCode) -> Result<Option<Timestamp>, Rejection> {
    let Some(sent) = object.take(member) else { return Ok(None) };
    let invalid = || Rejection::new(code, object.path_of(member), format!("{sent} is not seconds since the epoch"));
    sent.as_seconds().and_then(Timestamp::from_seconds).map(Some).ok_or_else(invalid)
}

fn cause(object: &mut Reader<'_>) -> Option<Cause> {
    match object.take("cause")? {
        Json::Text(id) => Some(Cause::Reference(id.into_owned())),
        Json::Object(members) => Some(Cause::Exceptions(Exceptions::read(object.nested(members, "cause")))),
        _ => {
            object.note("cause", "neither an exception id nor an object");
            None
        }
    }
}

fn annotations(object: &mut Reader<'_>) -> Annotations {
    let mut annotations = Annotations::new();
    for (key, value) in object.object("annotations").unwrap_or_default() {
        match AnnotationValue::from_json(value) {
            Some(value) => {
                annotations.insert(key, value);
            }
            None => object.note(&format!("annotations.{key}"), "neither a string nor a number nor a truth value"),
        }
    }
    annotations
}

fn precursor_ids(object: &mut Reader<'_>) -> Vec<SegmentId> {
    let mut ids = Vec::new();
    for (index, text) in object.texts("precursor_ids").iter().enumerate() {
        match SegmentId::parse(text) {
            Some(id) => ids.push(id),
            None => object.note_item("precursor_ids", index, "not 16 hexadecimal digits"),
        }
    }
    ids
}

fn links(object: &mut Reader<'_>) -> Vec<Link> {
    let read = |mut link: Reader<'_>| {
        let trace_id = link.text("trace_id").as_deref().and_then(TraceId::parse);
        let id = link.text("id").as_deref().and_then(SegmentId::parse);
        let attributes = link.object("attributes").unwrap_or_default();
        if trace_id.is_none() {
            link.note("trace_id", "not a trace id, so the link is left out");
        }
        link.finish();
        Some(Link { trace_id: trace_id?, id, attributes })
    };
    object.blocks("links", read).into_iter().flatten().collect()
}
