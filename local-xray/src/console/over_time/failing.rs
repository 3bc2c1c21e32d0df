//! The share of work that failed, against the share that is put up with.

use crate::console::format;
use crate::console::link::Link;
use crate::document::Window;
use crate::graph::Statistics;

use super::outcomes::words;
use super::{HEIGHT, OverTime, px, standing};

/// All work that did not end well: errors, throttling and faults.
pub(in crate::console) fn failing_count(statistics: &Statistics) -> u64 {
    statistics.total_count() - statistics.ok_count
}

/// The same in percent of all work; `None` without any.
pub(in crate::console) fn failing_share(statistics: &Statistics) -> Option<f64> {
    let total = statistics.total_count();
    (total > 0).then(|| failing_count(statistics) as f64 / total as f64 * 100.0)
}

/// The failing share of each period, with a line at the threshold, in percent; `None` when nothing was counted in any.
pub(in crate::console) fn failing(points: &[(Window, Statistics)], threshold: f64, traces: &Link) -> Option<OverTime> {
    let shares = points.iter().filter_map(|(_, statistics)| failing_share(statistics));
    // The line stands at half the height until some period goes beyond.
    let top = shares.reduce(f64::max)?.max(threshold * 2.0).clamp(1.0, 100.0);
    let fill = |statistics: &Statistics| {
        let share = failing_share(statistics).unwrap_or(0.0);
        let state = if share > threshold { "fault" } else { "" };
        let part = (share > 0.0).then(|| standing(share / top, state, "tolerated"));
        let failing = format::percent(failing_count(statistics), statistics.total_count());
        (format!("{failing} failing of {}", words(statistics)), part.into_iter().collect())
    };
    let is_within = threshold <= top;
    let line = if is_within { format!(", line at {threshold} %") } else { String::new() };
    Some(OverTime {
        top: format!("up to {top:.0} %{line}"),
        level: is_within.then(|| px(HEIGHT - threshold / top * HEIGHT)),
        ..OverTime::new("Share of failing requests over time", points, traces, fill)?
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{bars, by_minute};
    use super::*;

    fn points(counts: &[(u64, u64)]) -> Vec<(Window, Statistics)> {
        by_minute(counts.iter().map(|&(ok_count, error_count)| Statistics {
            ok_count,
            error_count,
            ..Statistics::default()
        }))
    }

    #[test]
    fn what_is_beyond_the_threshold_is_marked() {
        let traces = Link::to("/traces");
        let points = points(&[(95, 5), (0, 0), (90, 10), (10, 0)]);
        let chart = failing(&points, 5.0, &traces).expect("there is work");
        assert_eq!((chart.top.as_str(), chart.level.as_deref()), ("up to 10 %, line at 5 %", Some("24.0")));
        assert_eq!(chart.columns[2].title, "00:02:00–00:03:00 UTC: 10 % failing of 100 calls: 90 ok, 10 error");
        assert_eq!(
            bars(Some(chart)),
            [vec![("24.0".to_owned(), "")], vec![], vec![("48.0".to_owned(), "fault")], vec![]]
        );
    }

    #[test]
    fn shares_are_of_all_work() {
        let check = |counts, expected| {
            assert_eq!(failing_share(&points(&[counts])[0].1), expected, "{counts:?}");
        };
        check((0, 0), None);
        check((3, 1), Some(25.0));
        check((0, 1), Some(100.0));
        assert!(failing(&points(&[(0, 0)]), 5.0, &Link::to("/traces")).is_none());
        assert!(failing(&points(&[(0, 2)]), 100.0, &Link::to("/traces")).is_some_and(|chart| chart.level.is_some()));
    }
}
