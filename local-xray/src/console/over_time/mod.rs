//! Charts of how something went over time: a column for each period, each leading to the traces behind it.
//!
//! The modules below say what a column shows; all charts have the same size and the same periods, so that columns above
//! one another are the same time.

mod failing;
mod outcomes;
mod response_times;
mod tasks;

use crate::document::Window;

use super::format;
use super::link::Link;
use super::view::time_value;

pub(super) use self::failing::{failing, failing_count, failing_share};
pub(super) use self::outcomes::{Scale, outcomes};
pub(super) use self::response_times::response_times;
pub(super) use self::tasks::tasks;

/// The size of the picture.
const WIDTH: f64 = 288.0;
const HEIGHT: f64 = 48.0;
const MAX_COLUMN: f64 = 40.0;
/// Something that happened is never drawn lower.
const LEAST: f64 = 1.5;

/// A chart, ready to print.
pub(super) struct OverTime {
    /// What it is of.
    pub(super) label: &'static str,
    pub(super) columns: Vec<Column>,
    /// What heights stand for; empty where that goes without saying.
    pub(super) top: String,
    /// A height to compare with.
    pub(super) level: Option<String>,
    /// The link that a dragged stretch of time is added to.
    pub(super) brush: String,
    /// The times at both ends.
    pub(super) ends: (String, String),
}

/// One period.
pub(super) struct Column {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) href: String,
    pub(super) title: String,
    pub(super) parts: Vec<Part>,
}

/// One bar of a column.
pub(super) struct Part {
    pub(super) y: String,
    pub(super) height: String,
    /// The outcome whose pattern fills it; empty for a bar without one.
    pub(super) state: &'static str,
    /// A CSS class.
    pub(super) class: &'static str,
}

impl OverTime {
    /// Lays the periods out; `fill` says in words and bars what happened in one.
    fn new<T>(
        label: &'static str,
        points: &[(Window, T)],
        traces: &Link,
        fill: impl Fn(&T) -> (String, Vec<Part>),
    ) -> Option<Self> {
        let (first, last) = (points.first()?.0, points.last()?.0);
        let step = (WIDTH / points.len() as f64).min(MAX_COLUMN);
        let columns = points.iter().enumerate().map(|(place, (time, point))| {
            let (words, parts) = fill(point);
            Column {
                x: format!("{:.1}", place as f64 * step + 0.5),
                width: format!("{:.1}", step - 1.0),
                href: traces.clone().with("time", &time_value(*time)).to_string(),
                title: format!("{}: {words}", format::span(*time)),
                parts,
            }
        });
        Some(Self {
            label,
            columns: columns.collect(),
            top: String::new(),
            level: None,
            brush: traces.to_string(),
            ends: (format::clock(first.start), format::clock(last.end)),
        })
    }
}

/// A bar that stands on the ground, this share of the full height.
fn standing(share: f64, state: &'static str, class: &'static str) -> Part {
    let height = (share * HEIGHT).clamp(LEAST, HEIGHT);
    Part { y: px(HEIGHT - height), height: px(height), state, class }
}

fn px(length: f64) -> String {
    format!("{length:.1}")
}

#[cfg(test)]
mod samples {
    use super::*;
    use crate::document::Timestamp;

    /// One period a minute.
    pub(super) fn by_minute<T>(points: impl IntoIterator<Item = T>) -> Vec<(Window, T)> {
        let at = |minute: i64| Timestamp::from_micros(minute * 60_000_000);
        (0..).zip(points).map(|(minute, point)| (Window { start: at(minute), end: at(minute + 1) }, point)).collect()
    }

    /// Heights and outcomes of the bars of each column.
    pub(super) fn bars(chart: Option<OverTime>) -> Vec<Vec<(String, &'static str)>> {
        let columns = chart.expect("there is work").columns;
        columns
            .into_iter()
            .map(|column| column.parts.into_iter().map(|part| (part.height, part.state)).collect())
            .collect()
    }
}
