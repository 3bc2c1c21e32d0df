//! `GET /logs.json`: log lines as the console's Logs page finds them, for programs. X-Ray has no such operation.
//!
//! `q`, `level`, `service` and `trace` ask as on that page; `start` and `end` are seconds since the epoch; `limit` is
//! the number of lines in one answer, latest first, and `before` goes on where an answer said `next`.

use std::collections::HashMap;

use actix_web::web;

use crate::document::{Timestamp, Window};
use crate::logs::{LogQuery, Place};
use crate::state::AppState;

use super::error::ApiError;
use super::wire::LogsAnswer;

/// How many lines one answer holds, unless it is asked for fewer or more.
const LINES: usize = 100;
const MOST_LINES: usize = 10_000;

pub(crate) async fn get(
    state: web::Data<AppState>,
    parameters: web::Query<HashMap<String, String>>,
) -> Result<web::Json<LogsAnswer>, ApiError> {
    let parameters = parameters.into_inner();
    let text = |name: &str| parameters.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let time = |name: &str| {
        let time =
            text(name).map(|text| text.parse().ok().and_then(Timestamp::from_seconds)).map(|time| time.ok_or(name));
        time.transpose()
            .map_err(|name| ApiError::invalid_request(format!("{name}: not a time in seconds since the epoch")))
    };
    let window =
        Window { start: time("start")?.unwrap_or(Timestamp::EPOCH), end: time("end")?.unwrap_or(Timestamp::MAX) };
    let query = LogQuery { window, ..LogQuery::read(text).map_err(ApiError::invalid_request)? };
    let before: Option<Place> = text("before")
        .map(str::parse)
        .transpose()
        .map_err(|_| ApiError::invalid_request("before: not a place that an answer named as `next`"))?;
    let limit =
        text("limit").map_or(Some(LINES), |text| text.parse().ok().filter(|limit| (1..=MOST_LINES).contains(limit)));
    let limit =
        limit.ok_or_else(|| ApiError::invalid_request(format!("limit: not a number from 1 to {MOST_LINES}")))?;
    let snapshot = state.logs.snapshot();
    // A search may read every line, which takes too long for a thread that answers requests.
    let answer = web::block(move || {
        let behind = snapshot.find(&query).filter(|(place, _)| before.is_none_or(|before| *place < before));
        LogsAnswer::new(behind, limit)
    });
    answer.await.map(web::Json).map_err(|_| ApiError::stopping())
}
