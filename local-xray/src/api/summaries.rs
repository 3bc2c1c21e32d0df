//! `GetTraceSummaries`: those that a filter matches, newest first, a page at a time.

use std::sync::Arc;

use actix_web::web;

use crate::document::{Segment, TraceId, Window};
use crate::filter::TraceView;
use crate::state::AppState;
use crate::store::{Snapshot, Trace};
use crate::summary::TraceSummary;

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
    let window = window(state.limits, input.start_time, input.end_time)?;
    let expression = input.filter_expression.as_deref().unwrap_or_default();
    let filter = state.settings.groups().compile(expression)?;
    let share = share(&input)?;
    let token =
        PageToken::of_query(&(window.start, window.end, input.time_range_type as u8, share.to_bits(), expression));
    let after = input.next_token.as_deref().map(|sent| token.read(sent)).transpose()?;

    let snapshot = state.store.snapshot();
    // A filter may look at every trace in the window, which takes too long for a thread that answers requests.
    let page = web::block(move || {
        let traces = traces_in(&snapshot, window, input.time_range_type);
        let sampled = |trace: &Trace| is_sampled(trace.id(), share);
        page(traces.iter().map(Arc::as_ref), after, |view| sampled(view.trace()) && filter.matches(view))
    });
    let page = page.await.map_err(|_| ApiError::stopping())?;
    Ok(Answer(TraceSummariesAnswer {
        approximate_time: page.summaries.last().map_or(window.start, |oldest| oldest.start_time),
        trace_summaries: page.summaries.into_iter().map(TraceSummaryOut::from).collect(),
        traces_processed_count: page.processed,
        next_token: page.next.map(|position| token.write(&position)),
    }))
}

/// One page of summaries.
struct Page {
    summaries: Vec<TraceSummary>,
    /// How many traces were looked at, matching or not.
    processed: usize,
    /// Where the next page goes on; absent when nothing that matches is left.
    next: Option<Position>,
}

/// The first page of matching traces behind `after`. Traces come newest first.
fn page<'t>(
    traces: impl Iterator<Item = &'t Trace>,
    after: Option<Position>,
    matches: impl Fn(&TraceView<'_>) -> bool,
) -> Page {
    let mut page = Page { summaries: Vec::new(), processed: 0, next: None };
    let mut last = None;
    for trace in traces.filter(|trace| after.is_none_or(|after| Position::of(trace) < after)) {
        let view = TraceView::of(trace);
        let matches = matches(&view);
        if matches && page.summaries.len() == PAGE {
            page.next = last;
            break;
        }
        page.processed += 1;
        last = Some(Position::of(trace));
        if matches {
            page.summaries.push(view.into_summary());
        }
    }
    page
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
fn traces_in(snapshot: &Snapshot, window: Window, range: TimeRangeType) -> Vec<Arc<Trace>> {
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
    use crate::document::{Kind, SegmentId, Timestamp};

    fn trace(number: u8) -> Trace {
        let start = Timestamp::from_micros(i64::from(number) * 1_000_000);
        let id = SegmentId::from_bytes([number; 8]);
        Trace::from_segments(TraceId::from_bytes([number; 16]), [Segment::new(Kind::Segment, id, "shop", start)])
    }

    #[test]
    fn pages_of_a_filter_hold_each_match_once_and_look_at_each_trace_once() {
        let traces: Vec<_> = (0..=250).rev().map(trace).collect();
        // 167 traces match; neither the newest nor the oldest does.
        let is_match =
            |trace: &Trace| trace.start_time().micros() / 1_000_000 % 3 != 1 && trace.id() != traces[250].id();
        let expected: Vec<_> = traces.iter().filter(|trace| is_match(trace)).map(Trace::id).collect();
        let (mut found, mut processed, mut after) = (Vec::new(), 0, None);
        loop {
            let page = page(traces.iter(), after, |view| is_match(view.trace()));
            found.extend(page.summaries.iter().map(|summary| summary.id));
            processed += page.processed;
            after = page.next;
            if after.is_none() {
                break;
            }
            assert_eq!(page.summaries.len(), PAGE);
        }
        assert_eq!((found, processed), (expected, traces.len()));
    }

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
