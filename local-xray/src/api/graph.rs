//! `GetServiceGraph` and `GetTraceGraph`. Both answer in one page.

use actix_web::web;

use crate::document::Window;
use crate::graph;
use crate::limits::Limits;
use crate::state::AppState;

use super::answer::{Answer, Lifted, LiftedOutcome};
use super::error::ApiError;
use super::input::Input;
use super::page_token;
use super::time::window;
use super::traces::trace_ids;
use super::wire::{GetServiceGraph, GetTraceGraph, GraphAnswer, ServiceGraphAnswer, services};

pub(super) async fn service_graph(
    state: web::Data<AppState>,
    Input(input): Input<GetServiceGraph>,
) -> LiftedOutcome<ServiceGraphAnswer> {
    let (window, beyond) = state.limits.check(|limits| window(limits, input.start_time, input.end_time))?;
    page_token::none_was_issued(input.next_token.as_deref())?;
    let filter = state.settings.groups().filter(&input.group())?;
    let snapshot = state.store.snapshot();
    // A filter may look at every trace in the window, which takes too long for a thread that answers requests.
    let graph = web::block(move || snapshot.graph(window, &filter));
    let graph = graph.await.map_err(|_| ApiError::stopping())?;
    let answer = ServiceGraphAnswer {
        start_time: window.start,
        end_time: window.end,
        services: services(graph),
        contains_old_group_versions: false,
    };
    Ok(Lifted(Answer(answer), beyond))
}

/// The graph of the traces that are known; ids of others are passed over, and what is no id is refused.
pub(super) async fn trace_graph(
    state: web::Data<AppState>,
    Input(input): Input<GetTraceGraph>,
) -> LiftedOutcome<GraphAnswer> {
    page_token::none_was_issued(input.next_token.as_deref())?;
    let few = |limits: Limits| if limits.is_strict() { limits.check_trace_ids(input.trace_ids.len()) } else { Ok(()) };
    let ((), beyond) = state.limits.check(few)?;
    let snapshot = state.store.snapshot();
    let mut ids = trace_ids(&input.trace_ids)?;
    ids.sort_unstable();
    ids.dedup();
    let traces: Vec<_> = ids.into_iter().filter_map(|id| snapshot.trace(id)).collect();
    let graph = graph::service_graph(traces.iter().map(AsRef::as_ref), Window::ALL);
    Ok(Lifted(Answer(GraphAnswer { services: services(graph) }), beyond))
}
