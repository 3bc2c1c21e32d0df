//! What a rule decided in the last minutes: a bar for each window of ten seconds, and the sums.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::console::format;
use crate::document::Timestamp;
use crate::sampling::{Rule, Statistics};

/// How far back the bars go.
const SHOWN: Duration = Duration::from_mins(5);
const WINDOW_MICROS: i64 = 10_000_000;
const WINDOWS: i64 = 30;
/// The size of the drawing; a bar takes 6 of its width.
const HEIGHT: f64 = 28.0;

/// Ready to print.
#[derive(Default)]
pub(in crate::console) struct Trend {
    pub(super) bars: Vec<Bar>,
    /// `240 matched · 12 sampled · 2 borrowed`; empty when nobody asked for the rule.
    pub(super) words: String,
}

/// One window: all requests, and in front of them those that were kept.
pub(super) struct Bar {
    pub(super) x: i64,
    pub(super) all: (String, String),
    pub(super) kept: (String, String),
    pub(super) title: String,
}

impl Trend {
    pub(super) fn of(rule: &Rule, statistics: &[&Statistics], now: Timestamp) -> Self {
        let oldest = now.before(SHOWN);
        let windows: BTreeMap<i64, &Statistics> = statistics
            .iter()
            .filter(|window| window.rule_name == rule.name && window.window_start >= oldest)
            .map(|window| (window.window_start.micros() / WINDOW_MICROS, *window))
            .collect();
        let most = windows.values().map(|window| window.requests).max().unwrap_or_default();
        let latest = now.micros() / WINDOW_MICROS;
        let bars = windows.iter().map(|(at, window)| bar(WINDOWS - 1 - (latest - at), window, most, now));
        Self { bars: bars.filter(|bar| bar.x >= 0).collect(), words: words(&windows) }
    }
}

/// Clients that do not count borrowed requests among the sampled ones may keep more than they sampled.
fn kept(window: &Statistics) -> u64 {
    window.sampled.max(window.borrowed).min(window.requests)
}

fn bar(place: i64, window: &Statistics, most: u64, now: Timestamp) -> Bar {
    let height = |count: u64| count as f64 / most.max(1) as f64 * HEIGHT;
    let shape = |count: u64| (format!("{:.1}", HEIGHT - height(count)), format!("{:.1}", height(count)));
    Bar {
        x: place * 6,
        all: shape(window.requests),
        kept: shape(kept(window)),
        title: format!(
            "{}: {}",
            format::age(now, window.window_start),
            counts(window.requests, window.sampled, window.borrowed)
        ),
    }
}

fn words(windows: &BTreeMap<i64, &Statistics>) -> String {
    let sum = |count: fn(&Statistics) -> u64| windows.values().map(|window| count(window)).sum::<u64>();
    if windows.is_empty() {
        return String::new();
    }
    counts(sum(|window| window.requests), sum(|window| window.sampled), sum(|window| window.borrowed))
}

fn counts(requests: u64, sampled: u64, borrowed: u64) -> String {
    let [requests, sampled, borrowed] = [requests, sampled, borrowed].map(format::count);
    format!("{requests} matched · {sampled} sampled · {borrowed} borrowed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_stand_at_their_place_and_add_up() {
        let now = Timestamp::from_micros(1_000_000_000);
        let window = |seconds: i64, requests, borrowed, sampled| Statistics {
            rule_name: "likes".to_owned(),
            window_start: Timestamp::from_micros(seconds * 1_000_000),
            requests,
            borrowed,
            sampled,
        };
        let windows = [window(600, 9, 9, 9), window(990, 20, 1, 5), window(1_000, 10, 2, 0)];
        let windows: Vec<&Statistics> = windows.iter().collect();
        let trend = Trend::of(&Rule::of_everything("likes"), &windows, now);
        assert_eq!(trend.words, "30 matched · 5 sampled · 3 borrowed");
        let places: Vec<_> = trend.bars.iter().map(|bar| (bar.x, bar.all.1.as_str(), bar.kept.1.as_str())).collect();
        assert_eq!(places, [(168, "28.0", "7.0"), (174, "14.0", "2.8")]);
        assert!(Trend::of(&Rule::of_everything("other"), &windows, now).words.is_empty());
    }
}
