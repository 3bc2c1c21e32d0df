//! `GetTraceSummaries`: those that a filter matches, newest first, a page at a time.

use actix_web::web;

use crate::document::TraceId;
use crate::state::AppState;
use crate::store::{Entry, Position, Range};
use crate::summary::{TraceSummary, summarise};

use super::answer::{Answer, Lifted, LiftedOutcome};
use super::error::ApiError;
use super::input::Input;
use super::page_token::PageToken;
use super::time::window;
use super::wire::{GetTraceSummaries, SamplingStrategyName, TimeRangeType, TraceSummariesAnswer, TraceSummaryOut};

/// How many summaries make a page.
const PAGE: usize = 100;

pub(super) async fn get(
    state: web::Data<AppState>,
    Input(input): Input<GetTraceSummaries>,
) -> LiftedOutcome<TraceSummariesAnswer> {
    let (window, beyond) = state.limits.check(|limits| window(limits, input.start_time, input.end_time))?;
    let expression = input.filter_expression.as_deref().unwrap_or_default();
    let filter = state.settings.groups().compile(expression)?;
    let share = share(&input)?;
    let token =
        PageToken::of_query(&(window.start, window.end, input.time_range_type as u8, share.to_bits(), expression));
    let after = input.next_token.as_deref().map(|sent| token.read(sent)).transpose()?;

    let snapshot = state.store.snapshot();
    // A filter may look at every trace in the window, which takes too long for a thread that answers requests.
    let page = web::block(move || {
        let entries = snapshot.entries(range(input.time_range_type), window, after);
        page(entries, |entry| is_sampled(entry.id(), share) && entry.matches(&filter))
    });
    let page = page.await.map_err(|_| ApiError::stopping())?;
    let answer = TraceSummariesAnswer {
        approximate_time: page.summaries.last().map_or(window.start, |oldest| oldest.start_time),
        trace_summaries: page.summaries.into_iter().map(TraceSummaryOut::from).collect(),
        traces_processed_count: page.processed,
        next_token: page.next.map(|position| token.write(&position)),
    };
    Ok(Lifted(Answer(answer), beyond))
}

/// One page of summaries.
struct Page {
    summaries: Vec<TraceSummary>,
    /// How many traces were looked at, matching or not.
    processed: usize,
    /// Where the next page goes on; absent when nothing that matches is left.
    next: Option<Position>,
}

/// The first page of the traces that match.
fn page(entries: impl Iterator<Item = Entry>, matches: impl Fn(&Entry) -> bool) -> Page {
    let mut page = Page { summaries: Vec::new(), processed: 0, next: None };
    let mut last = None;
    for entry in entries {
        let matches = matches(&entry);
        if matches && page.summaries.len() == PAGE {
            page.next = last;
            break;
        }
        page.processed += 1;
        last = Some(entry.position());
        if matches {
            page.summaries.extend(entry.trace().map(|trace| summarise(&trace)));
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

fn range(asked: TimeRangeType) -> Range {
    match asked {
        TimeRangeType::TraceId => Range::Started,
        TimeRangeType::Event => Range::Active,
        TimeRangeType::Service => Range::Served,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::document::{Kind, Segment, SegmentId, Timestamp};
    use crate::store::Trace;

    fn entry(number: u8) -> Entry {
        let start = Timestamp::from_micros(i64::from(number) * 1_000_000);
        let segment = Segment::new(Kind::Segment, SegmentId::from_bytes([number; 8]), "shop", start);
        Entry::of(Arc::new(Trace::from_segments(TraceId::from_bytes([number; 16]), [segment])))
    }

    #[test]
    fn pages_of_a_filter_hold_each_match_once_and_look_at_each_trace_once() {
        let entries: Vec<_> = (0..=250).rev().map(entry).collect();
        // 167 traces match; neither the newest nor the oldest does.
        let is_match =
            |entry: &Entry| entry.position().start.micros() / 1_000_000 % 3 != 1 && entry.id() != entries[250].id();
        let expected: Vec<_> = entries.iter().filter(|entry| is_match(entry)).map(Entry::id).collect();
        let (mut found, mut processed, mut after) = (Vec::new(), 0, None);
        loop {
            let is_behind = |entry: &&Entry| after.is_none_or(|after| entry.position() < after);
            let page = page(entries.iter().filter(is_behind).cloned(), is_match);
            found.extend(page.summaries.iter().map(|summary| summary.id));
            processed += page.processed;
            after = page.next;
            if after.is_none() {
                break;
            }
            assert_eq!(page.summaries.len(), PAGE);
        }
        assert_eq!((found, processed), (expected, entries.len()));
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
