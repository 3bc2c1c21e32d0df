//! Transaction Search's way to read traces: a retrieval is started, then fetched page by page.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use actix_web::web;

use crate::document::{Timestamp, TraceId, Window};
use crate::graph;
use crate::refusal::{Refusal, check_length, check_range};
use crate::settings::Retrieval;
use crate::state::AppState;
use crate::store::Trace;

use super::answer::{Answer, Outcome};
use super::error::ApiError;
use super::input::Input;
use super::page_token::{self, PageToken};
use super::time;
use super::traces::trace_out;
use super::wire::{
    Done, GetRetrievedTracesGraph, ListRetrievedTraces, RetrievalToken, RetrievedGraphAnswer, RetrievedService,
    RetrievedTrace, RetrievedTracesAnswer, StartRetrievalAnswer, StartTraceRetrieval, TraceFormat, services,
};

/// The most traces that one retrieval may ask for.
const MAX_TRACES: usize = 100;
/// The most traces in one page.
const TRACES_A_PAGE: usize = 5;
/// The most spans of one trace in one page; a longer trace comes in several parts.
const SPANS_A_PART: usize = 100;
/// The longest token, in characters.
const MAX_TOKEN: usize = 1_020;

/// `StartTraceRetrieval`.
pub(super) async fn start(
    state: web::Data<AppState>,
    Input(input): Input<StartTraceRetrieval>,
) -> Outcome<StartRetrievalAnswer> {
    let window = time::window(state.limits, input.start_time, input.end_time)?;
    // Both ends of this window are inclusive.
    let window = Window { end: Timestamp::from_micros(window.end.micros().saturating_add(1)), ..window };
    check_range("TraceIds: the number of ids", input.trace_ids.len(), 0..=MAX_TRACES)?;
    let parse = |id: &String| {
        TraceId::parse(id).ok_or_else(|| Refusal::invalid(format!("TraceIds: {id:?} is not the id of a trace")))
    };
    let trace_ids = input.trace_ids.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let now = Timestamp::now();
    let retrieval_token = state.settings.change(|settings| Ok(settings.retrievals.start(trace_ids, window, now)))?;
    Ok(Answer(StartRetrievalAnswer { retrieval_token }))
}

/// `ListRetrievedTraces`.
pub(super) async fn list(
    state: web::Data<AppState>,
    Input(input): Input<ListRetrievedTraces>,
) -> Outcome<RetrievedTracesAnswer> {
    if input.trace_format == Some(TraceFormat::Otel) {
        return Err(ApiError::invalid_request(
            "TraceFormat: only XRAY is answered here, since traces are kept as segments",
        ));
    }
    let retrieval = find(&state, &input.retrieval_token)?;
    let token = PageToken::of_query(&input.retrieval_token);
    let after: Option<Place> = input.next_token.as_deref().map(|sent| token.read(sent)).transpose()?;
    let mut parts: Vec<(Place, RetrievedTrace)> =
        parts(&traces(&state, &retrieval)).into_iter().filter(|(place, _)| Some(*place) > after).collect();
    let is_last = parts.len() <= TRACES_A_PAGE;
    parts.truncate(TRACES_A_PAGE);
    let next_token = parts.last().filter(|_| !is_last).map(|(place, _)| token.write(place));
    let traces = parts.into_iter().map(|(_, part)| part).collect();
    Ok(Answer(RetrievedTracesAnswer { retrieval_status: status(&retrieval), trace_format: "XRAY", traces, next_token }))
}

/// `GetRetrievedTracesGraph`, in one page. Links between traces are part of the graph's edges here, so none are listed.
pub(super) async fn graph(
    state: web::Data<AppState>,
    Input(input): Input<GetRetrievedTracesGraph>,
) -> Outcome<RetrievedGraphAnswer> {
    page_token::none_was_issued(input.next_token.as_deref())?;
    let retrieval = find(&state, &input.retrieval_token)?;
    let traces = traces(&state, &retrieval);
    let graph = graph::service_graph(traces.iter().map(AsRef::as_ref), Window::ALL);
    let services = services(graph).into_iter().map(|service| RetrievedService { service, links: [] }).collect();
    Ok(Answer(RetrievedGraphAnswer { retrieval_status: status(&retrieval), services }))
}

/// `CancelTraceRetrieval`.
pub(super) async fn cancel(state: web::Data<AppState>, Input(input): Input<RetrievalToken>) -> Outcome<Done> {
    check_length("RetrievalToken", &input.retrieval_token, 0..=MAX_TOKEN)?;
    state.settings.change(|settings| settings.retrievals.cancel(&input.retrieval_token))?;
    Ok(Answer(Done {}))
}

/// Where a part stands: the number of its trace among those that were asked for, and its number in the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(usize, usize);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (trace, part) = text.split_once('.').ok_or(())?;
        Ok(Self(trace.parse().map_err(|_| ())?, part.parse().map_err(|_| ())?))
    }
}

fn find(state: &AppState, token: &str) -> Result<Retrieval, Refusal> {
    check_length("RetrievalToken", token, 0..=MAX_TOKEN)?;
    state.settings.read(|settings| settings.retrievals.find(token, Timestamp::now()).cloned())
}

/// The traces that are there, in the order in which they were asked for.
fn traces(state: &AppState, retrieval: &Retrieval) -> Vec<Arc<Trace>> {
    if retrieval.is_cancelled {
        return Vec::new();
    }
    let snapshot = state.store.snapshot();
    let found = retrieval.trace_ids.iter().filter_map(|id| snapshot.trace(*id));
    found.filter(|trace| retrieval.window.overlaps(trace.start_time(), trace.end_time())).collect()
}

fn parts(traces: &[Arc<Trace>]) -> Vec<(Place, RetrievedTrace)> {
    let mut parts = Vec::new();
    for (number, trace) in traces.iter().enumerate() {
        let trace = trace_out(trace);
        let mut spans = trace.segments.into_iter().peekable();
        for part in 0.. {
            let spans: Vec<_> = spans.by_ref().take(SPANS_A_PART).collect();
            if spans.is_empty() {
                break;
            }
            parts.push((Place(number, part), RetrievedTrace { id: trace.id.clone(), duration: trace.duration, spans }));
        }
    }
    parts
}

fn status(retrieval: &Retrieval) -> &'static str {
    if retrieval.is_cancelled { "CANCELLED" } else { "COMPLETE" }
}
