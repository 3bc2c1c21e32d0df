//! Outcomes, stacked: what went well lowest.

use crate::console::link::Link;
use crate::console::{format, health};
use crate::document::{Outcome, Window};
use crate::graph::Statistics;

use super::{HEIGHT, LEAST, OverTime, Part, px};

/// What the height of a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum Scale {
    /// All columns with work are equally high: what counts is how it is shared out.
    Shares,
    /// The number of calls.
    Counts,
}

/// The outcomes of each period; `None` when nothing was counted in any.
pub(in crate::console) fn outcomes(points: &[(Window, Statistics)], scale: Scale, traces: &Link) -> Option<OverTime> {
    let most = points.iter().map(|(_, statistics)| statistics.total_count()).max().filter(|&most| most > 0)?;
    let whole = |statistics: &Statistics| if scale == Scale::Shares { statistics.total_count() } else { most };
    let fill = |statistics: &Statistics| (words(statistics), stack(statistics, whole(statistics)));
    let top = if scale == Scale::Counts { format!("up to {}", format::count(most)) } else { String::new() };
    Some(OverTime { top, ..OverTime::new("Outcomes over time", points, traces, fill)? })
}

/// The outcomes of one period from the bottom up.
fn stack(statistics: &Statistics, whole: u64) -> Vec<Part> {
    let mut top = HEIGHT;
    let mut parts = Vec::new();
    for outcome in health::OUTCOMES {
        let count = health::count(statistics, outcome);
        if count > 0 {
            let height = (count as f64 / whole.max(1) as f64 * HEIGHT).max(LEAST).min(top);
            top -= height;
            parts.push(Part { y: px(top), height: px(height), state: health::word(outcome), class: "" });
        }
    }
    parts
}

/// `12 calls: 10 ok, 2 fault`.
pub(super) fn words(statistics: &Statistics) -> String {
    let total = format::plural(statistics.total_count(), "call");
    let occurred = |outcome: &Outcome| health::count(statistics, *outcome) > 0;
    let word = |outcome| format!("{} {}", format::count(health::count(statistics, outcome)), health::word(outcome));
    let outcomes: Vec<String> = health::OUTCOMES.into_iter().filter(occurred).map(word).collect();
    if outcomes.is_empty() { total } else { format!("{total}: {}", outcomes.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{bars, by_minute};
    use super::*;

    fn statistics((ok_count, fault_count): (u64, u64)) -> Statistics {
        Statistics { ok_count, fault_count, ..Statistics::default() }
    }

    fn drawn(counts: &[(u64, u64)], scale: Scale) -> Vec<Vec<(String, &'static str)>> {
        bars(outcomes(&by_minute(counts.iter().copied().map(statistics)), scale, &Link::to("/traces")))
    }

    #[test]
    fn columns_are_shared_out_by_outcome() {
        let part = |height: &str, state| (height.to_owned(), state);
        let counts = [(3, 1), (0, 0), (8, 0)];
        assert_eq!(
            drawn(&counts, Scale::Shares),
            [vec![part("36.0", "ok"), part("12.0", "fault")], vec![], vec![part("48.0", "ok")]]
        );
        assert_eq!(drawn(&counts, Scale::Counts)[0], [part("18.0", "ok"), part("6.0", "fault")]);
        let rare = &drawn(&[(100_000, 1)], Scale::Shares)[0];
        assert_eq!(rare[1], part("0.0", "fault"), "never over the top");
    }

    #[test]
    fn columns_lead_to_the_traces_behind_them() {
        let points = by_minute([statistics((3, 1))]);
        let chart = outcomes(&points, Scale::Shares, &Link::to("/traces").with("node", "a"));
        let column = chart.expect("there is work").columns.remove(0);
        assert_eq!(column.href, "/traces?node=a&time=0-60");
        assert_eq!(column.title, "00:00:00–00:01:00 UTC: 4 calls: 3 ok, 1 fault");
        assert!(outcomes(&by_minute([Statistics::default()]), Scale::Shares, &Link::to("/traces")).is_none());
    }
}
