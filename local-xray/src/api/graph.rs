//! `GetServiceGraph` and `GetTraceGraph`. Both answer in one page.

use actix_web::web;

use crate::app::AppState;
use crate::document::{TraceId, Window};
use crate::graph;

use super::answer::{Answer, Outcome};
use super::groups;
use super::input::Input;
use super::page_token;
use super::time::window;
use super::wire::{GetServiceGraph, GetTraceGraph, GraphAnswer, ServiceGraphAnswer, services};

pub(super) async fn service_graph(
    state: web::Data<AppState>,
    Input(input): Input<GetServiceGraph>,
) -> Outcome<ServiceGraphAnswer> {
    let window = window(input.start_time, input.end_time)?;
    groups::only_default(&input.group)?;
    page_token::none_was_issued(input.next_token.as_deref())?;
    let traces = state.store.snapshot().traces_between(window);
    let graph = graph::service_graph(traces.iter().map(AsRef::as_ref), window);
    Ok(Answer(ServiceGraphAnswer {
        start_time: window.start,
        end_time: window.end,
        services: services(graph),
        contains_old_group_versions: false,
    }))
}

/// The graph of the traces that are known; ids of others are passed over.
pub(super) async fn trace_graph(
    state: web::Data<AppState>,
    Input(input): Input<GetTraceGraph>,
) -> Outcome<GraphAnswer> {
    page_token::none_was_issued(input.next_token.as_deref())?;
    let snapshot = state.store.snapshot();
    let mut ids: Vec<TraceId> = input.trace_ids.iter().filter_map(|id| TraceId::parse(id)).collect();
    ids.sort_unstable();
    ids.dedup();
    let traces: Vec<_> = ids.into_iter().filter_map(|id| snapshot.trace(id)).collect();
    let graph = graph::service_graph(traces.iter().map(AsRef::as_ref), Window::ALL);
    Ok(Answer(GraphAnswer { services: services(graph) }))
}
