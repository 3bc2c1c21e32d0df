//! One trace: what happened, who took part, and when; or, for a trace that is not here, what may have become of it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::document::{Segment, SegmentId, Timestamp, TraceId, Window};
use crate::graph::{self, Calls, why};
use crate::state::AppState;
use crate::store::Trace;
use crate::summary::{Missing, root_segment};

use super::error::PageError;
use super::logs::{TraceLogs, of_trace};
use super::map::{Drawing, Numbers, Options};
use super::page::{Frame, Section, respond};
use super::panel::Panel;
use super::timeline::{Timeline, timeline};
use super::view::View;
use super::why::Explanation;
use super::{format, health, traces};

#[derive(Template)]
#[template(path = "trace.html")]
pub(super) struct TracePage {
    frame: Frame,
    id: String,
    raw: String,
    /// Method and path, or the name of the first service.
    title: String,
    state: &'static str,
    status: String,
    /// The header strip: name, value, exact value on hover.
    strip: Vec<(&'static str, String, String)>,
    partial: Option<&'static str>,
    drawing: Drawing,
    panel: Option<Panel>,
    timeline: Timeline,
    explanations: Vec<Explanation>,
    /// The call of the AWS CLI that fetches the trace.
    command: String,
    download: String,
    /// What services wrote meanwhile.
    logs: Option<TraceLogs>,
}

#[derive(Template)]
#[template(path = "waiting.html")]
pub(super) struct WaitingPage {
    frame: Frame,
    id: String,
    held: String,
}

/// `/traces/{id}`.
pub(super) async fn page(
    view: View,
    id: web::Path<String>,
    query: web::Query<std::collections::HashMap<String, String>>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    let id = trace_id(&id)?;
    let snapshot = state.store.snapshot();
    match snapshot.trace(id) {
        Some(trace) => {
            let open = query.get("row").and_then(|row| SegmentId::parse(row));
            let address = request.connection_info().host().to_owned();
            let page = trace_page(&view, &trace, open, &address, Timestamp::now());
            let logs = of_trace(&state.logs.snapshot(), id, trace.start_time(), &view);
            respond(StatusCode::OK, &TracePage { logs, ..page })
        }
        None => respond(StatusCode::NOT_FOUND, &waiting_page(&view, id, snapshot.report().traces)),
    }
}

/// Reads the id out of the address.
pub(super) fn trace_id(text: &str) -> Result<TraceId, PageError> {
    TraceId::parse(text).ok_or_else(|| {
        PageError::not_found(format!(
            "\u{201c}{text}\u{201d} is not a trace id. A trace id looks like 1-67891233-abcdef012345678912345678: \
             1, then 8 and 24 hexadecimal digits."
        ))
    })
}

fn path(id: TraceId) -> String {
    format!("/traces/{id}")
}

pub(super) fn trace_page(
    view: &View,
    trace: &Trace,
    open: Option<SegmentId>,
    address: &str,
    now: Timestamp,
) -> TracePage {
    let id = trace.id();
    let here = path(id);
    let graph = graph::service_graph([trace], Window::ALL);
    let options = Options::new(Numbers::Count, view.link(&here), view.selected());
    let root = root_segment(trace);
    let partial = Missing::of(trace, &Calls::of(trace)).map(traces::partial);
    let frame = Frame::still(&format!("Trace {id}"), Section::Traces, view);
    TracePage {
        frame: if partial.is_some() { frame.refreshing(&here, view) } else { frame },
        id: id.to_string(),
        raw: view.link(format!("{here}/raw")).to_string(),
        title: title(trace, root),
        state: root.map_or("pending", health::state),
        status: root
            .and_then(|root| root.http.as_deref()?.status())
            .map(|status| status.to_string())
            .unwrap_or_default(),
        strip: strip(trace, root, now),
        partial,
        drawing: Drawing::new(&graph, &options),
        panel: Panel::of_selected(&graph, None, view, &here, Numbers::Count),
        timeline: timeline(trace, open),
        explanations: why::explain([trace]).iter().map(|finding| Explanation::of(finding, view)).collect(),
        command: command(id, address, view.is_protected),
        download: format!("{here}/raw.json"),
        logs: None,
    }
}

/// Signing is needed by nobody but the one who must present a token, as the access key id.
fn command(id: TraceId, address: &str, is_protected: bool) -> String {
    let call = format!("aws xray batch-get-traces --trace-ids {id} --endpoint-url http://{address} --region us-east-1");
    if is_protected {
        format!("AWS_ACCESS_KEY_ID=$LOCAL_XRAY_TOKEN AWS_SECRET_ACCESS_KEY=any {call}")
    } else {
        format!("{call} --no-sign-request")
    }
}

fn title(trace: &Trace, root: Option<&Segment>) -> String {
    let request = root.and_then(|root| root.http.as_deref()?.request.as_ref());
    let url = request.and_then(|request| request.url.as_deref()).map(traces::path_of).unwrap_or_default();
    let title = format!("{} {url}", traces::method(request)).trim().to_owned();
    if !title.is_empty() {
        return title;
    }
    let first = root.or_else(|| trace.segments().first()).or_else(|| trace.orphans().first());
    first.map_or_else(|| "Trace".to_owned(), |part| part.name.clone())
}

fn strip(trace: &Trace, root: Option<&Segment>, now: Timestamp) -> Vec<(&'static str, String, String)> {
    let plain = |name, value| (name, value, String::new());
    let response = root.and_then(Segment::response_time);
    let duration = trace.end_time().since(trace.start_time());
    vec![
        plain("Response time", response.map_or_else(|| "pending".to_owned(), format::duration)),
        plain("Duration", format::duration(duration)),
        ("Age", format::age(now, trace.start_time()), format::exact(trace.start_time())),
        plain("Segments", format::count(trace.segments().len() as u64)),
        plain("Parts", format::count(trace.part_count() as u64)),
    ]
}

pub(super) fn waiting_page(view: &View, id: TraceId, held: usize) -> WaitingPage {
    WaitingPage {
        frame: Frame::still("Waiting for a trace", Section::Traces, view).refreshing(&path(id), view),
        id: id.to_string(),
        held: format::plural(held as u64, "trace"),
    }
}
