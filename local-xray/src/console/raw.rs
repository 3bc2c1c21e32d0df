//! The raw data of a trace: one JSON document with every segment as an object, inferred ones included.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::{Value, json};

use crate::document::to_document;
use crate::state::AppState;
use crate::store::Trace;

use super::error::PageError;
use super::page::{Frame, Section, respond};
use super::trace::trace_id;
use super::view::View;

#[derive(Template)]
#[template(path = "raw.html")]
struct RawPage {
    frame: Frame,
    id: String,
    timeline: String,
    download: String,
    json: String,
}

/// `/traces/{id}/raw`.
pub(super) async fn page(
    view: View,
    id: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    let trace = find(&id, &state)?;
    let here = format!("/traces/{}", trace.id());
    let page = RawPage {
        frame: Frame::still(&format!("Raw data of {}", trace.id()), Section::Traces, &view),
        id: trace.id().to_string(),
        timeline: view.link(&here).to_string(),
        download: format!("{here}/raw.json"),
        json: json_text(&trace),
    };
    respond(StatusCode::OK, &page)
}

/// `/traces/{id}/raw.json`.
pub(super) async fn download(id: web::Path<String>, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    let trace = find(&id, &state)?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}.json\"", trace.id())))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(json_text(&trace)))
}

fn find(id: &str, state: &AppState) -> Result<std::sync::Arc<Trace>, PageError> {
    let id = trace_id(id)?;
    state.store.snapshot().trace(id).ok_or_else(|| PageError::not_found(format!("No trace {id} is stored here.")))
}

pub(super) fn json_text(trace: &Trace) -> String {
    let inferred = trace.inferred_segments();
    let segments: Vec<Value> = trace
        .segments()
        .iter()
        .chain(trace.orphans())
        .chain(&inferred)
        .map(|segment| {
            let text = to_document(trace.id(), segment);
            json!({ "Document": serde_json::from_str::<Value>(&text).unwrap_or(Value::String(text)), "Id": segment.id })
        })
        .collect();
    let duration = trace.end_time().since(trace.start_time()).as_secs_f64();
    let whole = json!({ "Duration": duration, "Id": trace.id(), "Segments": segments });
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}
