//! `GetTraceSummaries`: newest first, a page at a time.

use std::sync::Arc;

use actix_web::web;

use crate::app::AppState;
use crate::document::{Segment, TraceId, Window};
use crate::store::{Snapshot, Trace};
use crate::summary::summarise;

use super::answer::{Answer, Outcome};
use super::error::ApiError;
use super::input::Input;
use super::page_token::{PageToken, Position};
use super::time::window;
use super::wire::{GetTraceSummaries, SamplingStrategyName, TimeRangeType, TraceSummariesAnswer, TraceSummaryOut};

/// How many summaries make a page.
const PAGE: usize = 100;

pub(super) async fn get(
    state: web::Data<AppState>,
    Input(input): Input<GetTraceSummaries>,
) -> Outcome<TraceSummariesAnswer> {
    let window = window(input.start_time, input.end_time)?;
    no_filter(input.filter_expression.as_deref())?;
    let share = share(&input)?;
    let token = PageToken::of_query(&(window.start, window.end, input.time_range_type as u8, share.to_bits()));
    let after = input.next_token.as_deref().map(|sent| token.read(sent)).transpose()?;

    let matching = matching(&state.store.snapshot(), window, input.time_range_type);
    let is_behind = |trace: &Trace| after.is_none_or(|after| Position::of(trace) < after);
    let mut rest = matching.iter().filter(|trace| is_behind(trace));
    let page: Vec<_> = rest.by_ref().take(PAGE).collect();
    let next = page.last().filter(|_| rest.next().is_some()).map(|last| token.write(Position::of(last)));
    let sampled = page.iter().filter(|trace| is_sampled(trace.id(), share));
    Ok(Answer(TraceSummariesAnswer {
        trace_summaries: sampled.map(|trace| TraceSummaryOut::from(summarise(trace))).collect(),
        approximate_time: page.last().map_or(window.start, |oldest| oldest.start_time()),
        traces_processed_count: page.len(),
        next_token: next,
    }))
}

/// Filters are refused rather than half understood.
fn no_filter(expression: Option<&str>) -> Result<(), ApiError> {
    match expression.map(str::trim) {
        None | Some("") => Ok(()),
        Some(_) => {
            Err(ApiError::invalid_request("FilterExpression is not implemented yet by this local X-Ray; leave it out"))
        }
    }
}

/// The share of traces that was asked for, from 0 to 1.
fn share(input: &GetTraceSummaries) -> Result<f64, ApiError> {
    let Some(strategy) = input.sampling_strategy.filter(|_| input.sampling == Some(true)) else { return Ok(1.0) };
    match (strategy.name, strategy.value.unwrap_or(1.0)) {
        (SamplingStrategyName::PartialScan, _) => Ok(1.0),
        (SamplingStrategyName::FixedRate, share) if (0.0..=1.0).contains(&share) => Ok(share),
        (SamplingStrategyName::FixedRate, _) => {
            Err(ApiError::invalid_request("the Value of SamplingStrategy FixedRate lies between 0 and 1"))
        }
    }
}

/// Decides by the trace id alone, so that every call keeps the same traces.
fn is_sampled(id: TraceId, share: f64) -> bool {
    f64::from(id.random_bits()) < share * 4_294_967_296.0
}

/// The traces that the window asks for, newest first.
fn matching(snapshot: &Snapshot, window: Window, range: TimeRangeType) -> Vec<Arc<Trace>> {
    let ends_inside = |segment: &Segment| segment.end_time.is_some_and(|end| window.contains(end));
    match range {
        TimeRangeType::TraceId => snapshot.traces_started_in(window),
        TimeRangeType::Event => snapshot.traces_between(window),
        TimeRangeType::Service => {
            let mut traces = snapshot.traces_between(window);
            traces.retain(|trace| trace.segments().iter().any(ends_inside));
            traces
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_rate_keeps_its_share_and_always_the_same_traces() {
        let ids = (0..4_000_u64).map(|n| {
            let spread = u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            TraceId::from_bytes((spread << 32 | spread).to_be_bytes())
        });
        let kept = |share: f64| ids.clone().filter(|id| is_sampled(*id, share)).count();
        assert_eq!(kept(0.0), 0);
        assert_eq!(kept(1.0), 4_000);
        assert!((900..1_100).contains(&kept(0.25)), "{}", kept(0.25));
    }
}
