//! `GetTimeSeriesServiceStatistics`: the numbers of nodes or edges by period. It answers in one page.

use std::time::Duration;

use actix_web::web;

use crate::document::Window;
use crate::filter::{Selector, parse_selector};
use crate::graph::{fault_forecast, period_count};
use crate::refusal::{Refusal, check_length, check_range};
use crate::state::AppState;

use super::answer::{Answer, Lifted, LiftedOutcome};
use super::error::ApiError;
use super::input::Input;
use super::page_token;
use super::time::window;
use super::wire::{GetTimeSeriesServiceStatistics, TimeSeriesAnswer, TimeSeriesPoint};

/// The period when none is asked for, in seconds.
const DEFAULT_PERIOD: u32 = 60;
/// The most periods in one answer.
const MAX_PERIODS: usize = 20_000;

pub(super) async fn get(
    state: web::Data<AppState>,
    Input(input): Input<GetTimeSeriesServiceStatistics>,
) -> LiftedOutcome<TimeSeriesAnswer> {
    let (window, beyond) = state.limits.check(|limits| window(limits, input.start_time, input.end_time))?;
    page_token::none_was_issued(input.next_token.as_deref())?;
    let selector = input.entity_selector_expression.as_deref().map(selector).transpose()?;
    let is_of_edges = selector.as_ref().is_none_or(Selector::is_of_edges);
    let wants_forecast = input.forecast_statistics == Some(true);
    if wants_forecast && is_of_edges {
        let message = "ForecastStatistics: there are forecasts for services only, so EntitySelectorExpression must name \
                       one, as in id(name: \"like service\")";
        return Err(ApiError::invalid_request(message));
    }
    let period = period(input.period, window)?;
    let filter = state.settings.groups().filter(&input.group())?;
    let snapshot = state.store.snapshot();
    let points = web::block(move || snapshot.series(window, period, &filter, selector.as_ref()));
    let points = points.await.map_err(|_| ApiError::stopping())?;
    let forecast = if wants_forecast { fault_forecast(&points) } else { vec![None; points.len()] };
    let points = points.iter().zip(forecast);
    let out = points.map(|(point, band)| TimeSeriesPoint::new(point, is_of_edges).with_forecast(band));
    let answer = TimeSeriesAnswer { time_series_service_statistics: out.collect(), contains_old_group_versions: false };
    Ok(Lifted(Answer(answer), beyond))
}

fn selector(text: &str) -> Result<Selector, Refusal> {
    check_length("EntitySelectorExpression", text, 1..=500)?;
    parse_selector(text).map_err(|error| Refusal::invalid(format!("EntitySelectorExpression: {error}")))
}

fn period(seconds: Option<u32>, window: Window) -> Result<Duration, Refusal> {
    let seconds = seconds.unwrap_or(DEFAULT_PERIOD);
    check_range("Period", seconds, 1..=i32::MAX.unsigned_abs())?;
    let period = Duration::from_secs(seconds.into());
    let count = period_count(window, period);
    if count > MAX_PERIODS {
        let message =
            format!("Period: the window holds {count} periods of {seconds} s, and at most {MAX_PERIODS} are answered");
        return Err(Refusal::invalid(message));
    }
    Ok(period)
}
