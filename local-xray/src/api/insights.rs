//! Insights: there are none. Nothing here looks for anomalies, so every list is empty and no id is known.

use actix_web::web;
use uuid::Uuid;

use crate::refusal::{Refusal, check_range};
use crate::state::AppState;

use super::answer::{Answer, Outcome};
use super::input::Input;
use super::page_token;
use super::time::window;
use super::wire::{
    Done, GetInsight, GetInsightEvents, GetInsightImpactGraph, GetInsightSummaries, InsightSummariesAnswer,
};

/// `GetInsightSummaries`.
pub(super) async fn summaries(
    state: web::Data<AppState>,
    Input(input): Input<GetInsightSummaries>,
) -> Outcome<InsightSummariesAnswer> {
    // Insights cover days, so the longest window of other queries is no bound here.
    window(Default::default(), input.start_time, input.end_time)?;
    state.settings.read(|settings| settings.groups.find(&input.group()).map(drop))?;
    let states = input.states.unwrap_or_default();
    check_range("States: the number of states", states.len(), 0..=1)?;
    check_range("MaxResults", input.max_results.unwrap_or(1), 1..=100)?;
    page_token::none_was_issued(input.next_token.as_deref())?;
    Ok(Answer(InsightSummariesAnswer { insight_summaries: [] }))
}

/// `GetInsight`.
pub(super) async fn get(Input(input): Input<GetInsight>) -> Outcome<Done> {
    Err(unknown(&input.insight_id).into())
}

/// `GetInsightEvents`.
pub(super) async fn events(Input(input): Input<GetInsightEvents>) -> Outcome<Done> {
    check_range("MaxResults", input.max_results.unwrap_or(1), 1..=50)?;
    Err(unknown(&input.insight_id).into())
}

/// `GetInsightImpactGraph`.
pub(super) async fn impact_graph(Input(input): Input<GetInsightImpactGraph>) -> Outcome<Done> {
    window(Default::default(), input.start_time, input.end_time)?;
    Err(unknown(&input.insight_id).into())
}

fn unknown(id: &str) -> Refusal {
    match Uuid::try_parse(id) {
        Ok(_) if id.len() == 36 => Refusal::invalid(format!("InsightId: there is no insight {id}")),
        _ => Refusal::invalid(format!("InsightId: {id:?} is not a UUID")),
    }
}
