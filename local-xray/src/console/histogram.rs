//! The distribution of response times: bins that grow with the values, percentiles, and the bars as SVG.

use std::time::Duration;

use crate::graph::Histogram;

use super::format;
use super::link::Link;
use super::view::band_value;

/// Lower edges of the bins within a decade, times ten.
const STEPS: [u64; 6] = [10, 15, 20, 30, 50, 70];
/// Size of the picture.
const WIDTH: f64 = 288.0;
const HEIGHT: f64 = 96.0;
const MAX_BAR: f64 = 40.0;

/// A histogram, ready to print.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    /// The link that a dragged band is added to.
    pub(super) brush: String,
}

/// One bar.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
    /// The link to the traces in the bar.
    pub(super) href: String,
    pub(super) title: String,
    /// The label under the bar's left edge.
    pub(super) tick: Option<String>,
}

/// Lays out a histogram; `None` when nothing was counted. Every bar adds its band to the link.
#[expect(clippy::cast_precision_loss, reason = "lengths for the eye")]
pub(super) fn chart(histogram: &Histogram, traces: &Link) -> Option<Chart> {
    let bins = bins(histogram);
    let highest = bins.iter().map(|&(_, count)| count).max()? as f64;
    let total = histogram.total_count();
    let step = (WIDTH / bins.len() as f64).min(MAX_BAR);
    let labelled = (bins.len() / 5).max(1);
    let bars = bins
        .iter()
        .enumerate()
        .map(|(index, &(band, count))| {
            let height = if count == 0 { 0.0 } else { (count as f64 / highest * (HEIGHT - 4.0)).max(2.0) };
            let (from, below) = (milliseconds(band.0), milliseconds(band.1));
            Bar {
                x: format!("{:.1}", index as f64 * step + 0.5),
                y: format!("{:.1}", HEIGHT - height),
                width: format!("{:.1}", step - 1.0),
                height: format!("{height:.1}"),
                href: traces.clone().with("band", &band_value(band)).to_string(),
                title: format!("{from} to {below}: {} ({})", format::count(count), format::percent(count, total)),
                tick: (index % labelled == 0).then_some(from),
            }
        })
        .collect();
    Some(Chart { bars, brush: traces.to_string() })
}

/// The percentiles that are told, each with its name; none when nothing was counted.
pub(super) fn percentiles(histogram: &Histogram) -> Vec<(&'static str, String)> {
    let told = [("p50", 50), ("p95", 95), ("p99", 99)].into_iter();
    told.filter_map(|(name, percent)| Some((name, milliseconds(percentile(histogram, percent)?)))).collect()
}

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
pub(super) fn bins(histogram: &Histogram) -> Vec<((u64, u64), u64)> {
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
    fn an_empty_histogram_has_no_picture() {
        let traces = Link::to("/traces");
        assert!(chart(&of(&[]), &traces).is_none() && percentiles(&of(&[])).is_empty());
        let chart = chart(&of(&[2_000]), &traces).unwrap();
        assert_eq!(chart.bars[0].href, "/traces?band=2000-3000");
        assert_eq!(chart.bars[0].tick.as_deref(), Some("2 s"));
    }
}
