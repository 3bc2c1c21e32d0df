//! Transaction Search's way to read traces: a retrieval is started, then fetched page by page.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use actix_web::web;

use crate::document::{Timestamp, Window};
use crate::graph::{self, Service, ServiceId};
use crate::refusal::{Refusal, check_length, check_range};
use crate::settings::Retrieval;
use crate::state::AppState;
use crate::store::Trace;

use super::answer::{Answer, Lifted, LiftedOutcome, Outcome};
use super::input::Input;
use super::page_token::{self, PageToken};
use super::time;
use super::traces::{trace_ids, trace_out};
use super::wire::{
    Done, GetRetrievedTracesGraph, GraphLink, ListRetrievedTraces, RetrievalToken, RetrievedGraphAnswer,
    RetrievedService, RetrievedTrace, RetrievedTracesAnswer, SegmentOut, StartRetrievalAnswer, StartTraceRetrieval,
    TraceFormat, TraceOut, services,
};

/// The most traces that one retrieval may ask for.
const MAX_TRACES: usize = 100;
/// The most traces in one page.
const TRACES_A_PAGE: usize = 5;
/// The most spans of one trace in one page; a longer trace comes in several parts.
const SPANS_A_PART: usize = 100;
/// The most links of one service.
const MAX_LINKS: usize = 100;
/// What a linked trace is to the one that links to it. X-Ray documents no value; span links name what came before.
const LINKED: &str = "parent";
/// The longest token, in characters.
const MAX_TOKEN: usize = 1_020;

/// `StartTraceRetrieval`.
pub(super) async fn start(
    state: web::Data<AppState>,
    Input(input): Input<StartTraceRetrieval>,
) -> LiftedOutcome<StartRetrievalAnswer> {
    let (window, beyond) = state.limits.check(|limits| time::window(limits, input.start_time, input.end_time))?;
    // Both ends of this window are inclusive.
    let window = Window { end: Timestamp::from_micros(window.end.micros().saturating_add(1)), ..window };
    check_range("TraceIds: the number of ids", input.trace_ids.len(), 0..=MAX_TRACES)?;
    let trace_ids = trace_ids(&input.trace_ids)?;
    let now = Timestamp::now();
    let retrieval_token = state.settings.change(|settings| Ok(settings.retrievals.start(trace_ids, window, now)))?;
    Ok(Lifted(Answer(StartRetrievalAnswer { retrieval_token }), beyond))
}

/// `ListRetrievedTraces`.
pub(super) async fn list(
    state: web::Data<AppState>,
    Input(input): Input<ListRetrievedTraces>,
) -> Outcome<RetrievedTracesAnswer> {
    let trace_format = input.trace_format.unwrap_or_default();
    let retrieval = find(&state, &input.retrieval_token)?;
    let token = PageToken::of_query(&(&input.retrieval_token, trace_format));
    let after: Option<Place> = input.next_token.as_deref().map(|sent| token.read(sent)).transpose()?;
    let mut parts: Vec<(Place, RetrievedTrace)> = parts(&traces(&state, &retrieval), trace_format)
        .into_iter()
        .filter(|(place, _)| Some(*place) > after)
        .collect();
    let is_last = parts.len() <= TRACES_A_PAGE;
    parts.truncate(TRACES_A_PAGE);
    let next_token = parts.last().filter(|_| !is_last).map(|(place, _)| token.write(place));
    let traces = parts.into_iter().map(|(_, part)| part).collect();
    Ok(Answer(RetrievedTracesAnswer { retrieval_status: status(&retrieval), trace_format, traces, next_token }))
}

/// `GetRetrievedTracesGraph`, in one page.
pub(super) async fn graph(
    state: web::Data<AppState>,
    Input(input): Input<GetRetrievedTracesGraph>,
) -> Outcome<RetrievedGraphAnswer> {
    page_token::none_was_issued(input.next_token.as_deref())?;
    let retrieval = find(&state, &input.retrieval_token)?;
    let traces = traces(&state, &retrieval);
    let graph = graph::service_graph(traces.iter().map(AsRef::as_ref), Window::ALL);
    let mut links = links_by_service(&traces);
    let links: Vec<_> =
        graph.services.iter().map(|service| links.remove(&id_of(service)).unwrap_or_default()).collect();
    let services = services(graph).into_iter().zip(links);
    let services = services.map(|(service, links)| RetrievedService { service, links }).collect();
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

/// The traces that each service's segments link to: one entry a trace that links, as many as an answer may hold.
fn links_by_service(traces: &[Arc<Trace>]) -> HashMap<ServiceId, Vec<GraphLink>> {
    let mut links: HashMap<ServiceId, Vec<GraphLink>> = HashMap::new();
    for trace in traces {
        let mut linked: HashMap<ServiceId, Vec<String>> = HashMap::new();
        for segment in trace.segments() {
            for link in segment.descendants().flat_map(|part| &part.links) {
                let ids = linked.entry(ServiceId::of_segment(segment)).or_default();
                let id = link.trace_id.to_string();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        for (service, destination_trace_ids) in linked {
            let of_service = links.entry(service).or_default();
            if of_service.len() < MAX_LINKS {
                let source_trace_id = trace.id().to_string();
                of_service.push(GraphLink { reference_type: LINKED, source_trace_id, destination_trace_ids });
            }
        }
    }
    links
}

fn id_of(service: &Service) -> ServiceId {
    ServiceId {
        name: service.name.clone(),
        service_type: service.service_type.clone(),
        account_id: service.account_id.clone(),
    }
}

fn parts(traces: &[Arc<Trace>], format: TraceFormat) -> Vec<(Place, RetrievedTrace)> {
    let mut parts = Vec::new();
    for (number, trace) in traces.iter().enumerate() {
        let TraceOut { segments, id, duration, .. } = trace_out(trace);
        let mut spans = match format {
            TraceFormat::Xray => segments,
            TraceFormat::Otel => spans(trace),
        }
        .into_iter();
        for part in 0.. {
            let spans: Vec<_> = spans.by_ref().take(SPANS_A_PART).collect();
            if spans.is_empty() {
                break;
            }
            parts.push((Place(number, part), RetrievedTrace { id: id.clone(), duration, spans }));
        }
    }
    parts
}

fn spans(trace: &Trace) -> Vec<SegmentOut> {
    let spans = crate::spans::spans(trace).into_iter();
    spans.map(|span| SegmentOut { id: span.id.to_string(), document: span.document.to_string() }).collect()
}

fn status(retrieval: &Retrieval) -> &'static str {
    if retrieval.is_cancelled { "CANCELLED" } else { "COMPLETE" }
}
