//! The distribution of response times: bins that grow with the values, percentiles, and the bars as SVG.

#![expect(clippy::cast_precision_loss, reason = "lengths and shares for the eye")]

use std::time::Duration;

use crate::graph::Histogram;

use super::format;
use super::link::Link;
use super::view::band_value;

/// Lower edges of the bins within a decade, times ten.
const STEPS: [u64; 6] = [10, 15, 20, 30, 50, 70];
/// The height of the picture in pixels. It is as wide as its place: lengths across are in percent, so that the words below stay as
/// large as they are.
const HEIGHT: f64 = 96.0;
/// Something that happened is never drawn lower.
const LEAST: f64 = 2.0;
/// The most room for one bar, in percent; few bars would be blocks.
const MAX_STEP: f64 = 14.0;
/// Room between two bars, in percent.
const GAP: f64 = 0.3;
/// About how many bars get a label.
const LABELS: usize = 5;
/// The percentiles that are told.
const TOLD: [(&str, u64); 3] = [("p50", 50), ("p95", 95), ("p99", 99)];

/// A histogram, ready to print.
pub(super) struct Chart {
    /// What it is of.
    pub(super) label: &'static str,
    pub(super) columns: Vec<Column>,
    /// The link that a dragged band is added to.
    pub(super) brush: String,
}

/// The bars of one band of response times.
pub(super) struct Column {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) bars: Vec<Bar>,
    /// The link to the traces in the band.
    pub(super) href: String,
    pub(super) title: String,
    /// The label under the left edge.
    pub(super) tick: Option<String>,
    /// Whether the band is in the one that is picked already.
    pub(super) is_picked: bool,
}

/// One bar.
pub(super) struct Bar {
    pub(super) y: String,
    pub(super) height: String,
    /// A CSS class.
    pub(super) class: &'static str,
}

/// Lays out a histogram; `None` when nothing was counted. Every column adds its band to the link.
pub(super) fn chart(histogram: &Histogram, traces: &Link, picked: Option<(u64, u64)>) -> Option<Chart> {
    let total = histogram.total_count();
    let share = |count: u64| format!("{} ({})", format::count(count), format::percent(count, total));
    let columns = bins(histogram).into_iter().map(|(band, count)| (band, vec![("bar", count as f64)], share(count)));
    lay_out("Distribution of response times", columns.collect(), traces, picked)
}

/// Lays out two distributions over each other; `None` when neither counted anything. Each bar is a share of its own set, so that a
/// small set can be seen beside a large one.
pub(super) fn chart_of_two(a: &Histogram, b: &Histogram, traces: &Link, picked: Option<(u64, u64)>) -> Option<Chart> {
    let mut all = a.clone();
    all.merge(b);
    let columns = bins(&all).into_iter().map(|(band, _)| {
        let (in_a, in_b) = (share_in(a, band), share_in(b, band));
        let words = format!("A {:.1} %, B {:.1} %", in_a * 100.0, in_b * 100.0);
        (band, vec![("bar-a", in_a), ("bar-b", in_b)], words)
    });
    let label = "Distributions of response times of A and B, as shares of each";
    lay_out(label, columns.collect(), traces, picked)
}

/// A band, how high the bar of each class is in it, and what it says.
type Measures = ((u64, u64), Vec<(&'static str, f64)>, String);

fn lay_out(label: &'static str, measures: Vec<Measures>, traces: &Link, picked: Option<(u64, u64)>) -> Option<Chart> {
    let heights = || measures.iter().flat_map(|(_, bars, _)| bars).map(|(_, height)| *height);
    let highest = heights().fold(0.0, f64::max);
    if highest <= 0.0 {
        return None;
    }
    let step = (100.0 / measures.len() as f64).min(MAX_STEP);
    let labelled = measures.len().div_ceil(LABELS);
    let columns = measures.into_iter().enumerate().map(|(place, (band, bars, words))| {
        let (from, below) = (milliseconds(band.0), milliseconds(band.1));
        let bars = bars.into_iter().filter(|(_, height)| *height > 0.0).map(|(class, height)| {
            let height = (height / highest * HEIGHT).max(LEAST);
            Bar { y: format!("{:.1}", HEIGHT - height), height: format!("{height:.1}"), class }
        });
        Column {
            x: format!("{:.2}", place as f64 * step + GAP / 2.0),
            width: format!("{:.2}", step - GAP),
            bars: bars.collect(),
            href: traces.clone().with("band", &band_value(band)).to_string(),
            title: format!("{from} to {below}: {words}"),
            tick: place.is_multiple_of(labelled).then_some(from),
            is_picked: picked.is_some_and(|(from, below)| from <= band.0 && band.1 <= below),
        }
    });
    Some(Chart { label, columns: columns.collect(), brush: traces.to_string() })
}

fn share_in(histogram: &Histogram, (from, below): (u64, u64)) -> f64 {
    let inside = histogram.entries().filter(|(millis, _)| (from..below).contains(millis));
    inside.map(|(_, count)| count).sum::<u64>() as f64 / histogram.total_count().max(1) as f64
}

/// The percentiles that are told, each with its name, in whole milliseconds; none when nothing was counted.
pub(super) fn percentiles(histogram: &Histogram) -> Vec<(&'static str, String)> {
    let told = TOLD.into_iter().filter_map(|(name, percent)| Some((name, percentile(histogram, percent)?)));
    told.map(|(name, millis)| (name, if millis == 0 { "<1 ms".to_owned() } else { milliseconds(millis) })).collect()
}

/// The same of times that are known exactly.
pub(super) fn exact_percentiles(times: &mut [Duration]) -> Vec<(&'static str, String)> {
    times.sort_unstable();
    let at = |percent: u64| {
        let rank = (times.len() as u64 * percent).div_ceil(100);
        times.get(usize::try_from(rank.checked_sub(1)?).ok()?)
    };
    TOLD.into_iter().filter_map(|(name, percent)| Some((name, format::duration(*at(percent)?)))).collect()
}

/// Whole milliseconds, as the edges of bands have them: `0 ms`, `1.5 s`, `2 s`.
pub(super) fn milliseconds(millis: u64) -> String {
    if millis == 0 { "0 ms".to_owned() } else { tidy(format::duration(Duration::from_millis(millis))) }
}

/// Bin edges are round numbers: `2 s`, not `2.00 s`.
fn tidy(text: String) -> String {
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

/// Bins without gaps from the fastest to the slowest entry, as ((from, below) in milliseconds, count).
fn bins(histogram: &Histogram) -> Vec<((u64, u64), u64)> {
    let mut bins: Vec<((u64, u64), u64)> = Vec::new();
    for (millis, count) in histogram.entries() {
        let band = band(millis);
        while let Some(&((_, below), _)) = bins.last().filter(|((_, below), _)| *below < band.1) {
            bins.push((self::band(below), 0));
        }
        match bins.last_mut() {
            Some((last, sum)) if *last == band => *sum += count,
            _ => bins.push((band, count)),
        }
    }
    bins
}

/// The bin that a value falls into.
fn band(millis: u64) -> (u64, u64) {
    let mut decade = 1_u64;
    loop {
        for (index, step) in STEPS.iter().enumerate() {
            let edge = |step: u64| step.saturating_mul(decade) / 10;
            let below = STEPS.get(index + 1).map_or(edge(100), |&next| edge(next));
            if millis < edge(*step) {
                return (0, edge(*step));
            }
            if millis < below {
                return (edge(*step), below);
            }
        }
        let Some(next) = decade.checked_mul(10) else { return (decade, u64::MAX) };
        decade = next;
    }
}

/// The smallest value that at least `percent` of the entries do not exceed, in milliseconds.
pub(super) fn percentile(histogram: &Histogram, percent: u64) -> Option<u64> {
    let rank = (histogram.total_count() * percent).div_ceil(100);
    let mut seen = 0;
    histogram.entries().find_map(|(millis, count)| {
        seen += count;
        (seen >= rank).then_some(millis)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        millis.iter().for_each(|&millis| histogram.add(Duration::from_millis(millis)));
        histogram
    }

    #[test]
    fn bins_have_round_edges() {
        let check = |millis, expected| assert_eq!(band(millis), expected, "{millis} ms");
        check(0, (0, 1));
        check(1, (1, 2));
        check(4, (3, 5));
        check(10, (10, 15));
        check(69, (50, 70));
        check(99, (70, 100));
        check(2_400, (2_000, 3_000));
        assert!(band(u64::MAX).0 > 0);
    }

    #[test]
    fn every_entry_is_in_one_bin_and_bins_leave_no_gap() {
        let histogram = of(&[0, 1, 1, 4, 12, 90, 2_400, 2_400, 61_000]);
        let bins = bins(&histogram);
        assert_eq!(bins.iter().map(|&(_, count)| count).sum::<u64>(), 9);
        assert!(bins.windows(2).all(|pair| pair[0].0.1 == pair[1].0.0), "{bins:?}");
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let histogram = of(&[5, 5, 5, 5, 5, 5, 5, 5, 5, 2_000]);
        assert_eq!(
            (percentile(&histogram, 50), percentile(&histogram, 90), percentile(&histogram, 99)),
            (Some(5), Some(5), Some(2_000))
        );
        assert_eq!(percentile(&of(&[]), 50), None);
    }

    #[test]
    fn percentiles_below_a_millisecond_are_told_as_far_as_they_are_known() {
        let told = |percentiles: Vec<(&'static str, String)>| {
            percentiles.into_iter().map(|(_, time)| time).collect::<Vec<_>>()
        };
        assert_eq!(told(percentiles(&of(&[0, 0, 3, 40]))), ["<1 ms", "40 ms", "40 ms"]);
        let micros = |micros: &[u64]| micros.iter().map(|micros| Duration::from_micros(*micros)).collect::<Vec<_>>();
        assert_eq!(told(exact_percentiles(&mut micros(&[40_200, 130, 410, 2_500]))), ["410 µs", "40 ms", "40 ms"]);
        assert_eq!(told(exact_percentiles(&mut micros(&[2_500]))), ["2.5 ms"; 3]);
        assert!(exact_percentiles(&mut []).is_empty());
    }

    #[test]
    fn an_empty_histogram_has_no_picture() {
        let traces = Link::to("/traces");
        assert!(chart(&of(&[]), &traces, None).is_none() && percentiles(&of(&[])).is_empty());
        assert!(chart_of_two(&of(&[]), &of(&[]), &traces, None).is_none());
        let chart = chart(&of(&[2_000]), &traces, None).unwrap();
        assert_eq!(chart.columns[0].href, "/traces?band=2000-3000");
        assert_eq!(chart.columns[0].tick.as_deref(), Some("2 s"));
    }

    #[test]
    fn bars_of_two_are_shares_of_their_own_set() {
        let picked = Some((20, 30));
        let chart = chart_of_two(&of(&[10, 10, 10, 25]), &of(&[25]), &Link::to("/analytics"), picked).unwrap();
        let bars =
            |column: &Column| column.bars.iter().map(|bar| format!("{} {}", bar.class, bar.height)).collect::<Vec<_>>();
        assert_eq!(bars(&chart.columns[0]), ["bar-a 72.0"]);
        assert!(bars(&chart.columns[1]).is_empty());
        assert_eq!(bars(&chart.columns[2]), ["bar-a 24.0", "bar-b 96.0"]);
        assert_eq!(chart.columns[2].title, "20 ms to 30 ms: A 25.0 %, B 100.0 %");
        assert_eq!(chart.columns[2].href, "/analytics?band=20-30");
        assert_eq!(chart.columns.iter().map(|column| column.is_picked).collect::<Vec<_>>(), [false, false, true]);
    }
}
