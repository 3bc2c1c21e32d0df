//! What clients reported about each rule, added up in windows of ten seconds.
//!
//! A report counts in the window in which it arrives: clocks of services differ, and some clients send odd times.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::document::Timestamp;

use super::Report;

/// How long a window is, in microseconds.
const WINDOW_MICROS: i64 = 10_000_000;
/// How long windows are kept.
const KEPT: Duration = Duration::from_mins(15);

/// One rule's numbers in one window, over all clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// The rule.
    pub rule_name: String,
    /// When the window began.
    pub window_start: Timestamp,
    /// Requests that the rule decided.
    pub requests: u64,
    /// Requests kept on credit, before the client had a quota.
    pub borrowed: u64,
    /// Requests kept by quota or by rate. Some clients count borrowed ones here, others do not.
    pub sampled: u64,
}

/// The recent windows.
#[derive(Debug, Clone, Default)]
pub struct StatisticsTable {
    windows: BTreeMap<(Timestamp, String), Statistics>,
}

impl StatisticsTable {
    /// Counts a report, and lets go of windows that are too old. A report of nothing opens no window.
    pub fn add(&mut self, report: &Report, now: Timestamp) {
        let oldest = now.before(KEPT);
        self.windows.retain(|(start, _), _| *start >= oldest);
        if report.requests == 0 && report.sampled == 0 && report.borrowed == 0 {
            return;
        }
        let window_start = Timestamp::from_micros(now.micros() - now.micros().rem_euclid(WINDOW_MICROS));
        let empty =
            || Statistics { rule_name: report.rule_name.clone(), window_start, requests: 0, borrowed: 0, sampled: 0 };
        let window = self.windows.entry((window_start, report.rule_name.clone())).or_insert_with(empty);
        window.requests = window.requests.saturating_add(report.requests);
        window.borrowed = window.borrowed.saturating_add(report.borrowed);
        window.sampled = window.sampled.saturating_add(report.sampled);
    }

    /// The windows that are not too old, earliest first.
    pub fn list(&self, now: Timestamp) -> Vec<&Statistics> {
        let oldest = now.before(KEPT);
        self.windows.values().filter(|window| window.window_start >= oldest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn report(rule: &str, requests: u64, borrowed: u64, sampled: u64) -> Report {
        Report { rule_name: rule.to_owned(), client_id: "c".to_owned(), requests, borrowed, sampled }
    }

    #[test]
    fn reports_add_up_in_windows_of_ten_seconds() {
        let mut table = StatisticsTable::default();
        let reports = [
            (1_000, report("likes", 10, 1, 2)),
            (1_009, report("likes", 5, 0, 1)),
            (1_009, report("Default", 1, 1, 0)),
            (1_009, report("idle", 0, 0, 0)),
            (1_010, report("likes", 3, 0, 3)),
        ];
        for (seconds, report) in &reports {
            table.add(report, at(*seconds));
        }
        let rows = |now: i64| {
            let row = |window: &Statistics| {
                let start = window.window_start.micros() / 1_000_000;
                (start, window.rule_name.clone(), window.requests, window.borrowed, window.sampled)
            };
            table.list(at(now)).into_iter().map(row).collect::<Vec<_>>()
        };
        let late = (1_010, "likes".to_owned(), 3, 0, 3);
        let early = [(1_000, "Default".to_owned(), 1, 1, 0), (1_000, "likes".to_owned(), 15, 1, 3)];
        assert_eq!(rows(1_010), [&early[..], std::slice::from_ref(&late)].concat());
        assert_eq!(rows(1_000 + 901), [late], "quarter of an hour later the first window is gone");
        assert_eq!(rows(10_000), []);
    }

    #[test]
    fn old_windows_do_not_pile_up() {
        let mut table = StatisticsTable::default();
        (0..1_000).for_each(|window| table.add(&report("likes", 1, 0, 1), at(window * 10)));
        assert_eq!(table.windows.len(), 91);
    }
}
