//! Two distributions of response times over each other. Each bar is a share of its own set, so that a small set can be
//! seen beside a large one.

use crate::console::histogram::{bins, milliseconds};
use crate::graph::Histogram;

/// Size of the picture.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 112.0;
/// About how many bins get a label.
const LABELS: usize = 8;
/// Something that happened is never drawn lower.
const LEAST: f64 = 1.5;

/// Ready to print.
pub(in crate::console) struct Chart {
    pub(super) bins: Vec<Bin>,
}

/// The two bars of one band.
pub(super) struct Bin {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) a: Option<Bar>,
    pub(super) b: Option<Bar>,
    pub(super) title: String,
    pub(super) tick: Option<String>,
}

pub(super) struct Bar {
    pub(super) y: String,
    pub(super) height: String,
}

/// `None` when no trace of either set has answered.
#[expect(clippy::cast_precision_loss, reason = "lengths for the eye")]
pub(super) fn chart(a: &Histogram, b: &Histogram) -> Option<Chart> {
    let mut all = a.clone();
    all.merge(b);
    let bands: Vec<(u64, u64)> = bins(&all).into_iter().map(|(band, _)| band).collect();
    let shares: Vec<[f64; 2]> = bands.iter().map(|band| [share(a, *band), share(b, *band)]).collect();
    let highest = shares.iter().flatten().copied().fold(0.0, f64::max);
    if highest <= 0.0 {
        return None;
    }
    let step = WIDTH / bands.len() as f64;
    let labelled = bands.len().div_ceil(LABELS).max(1);
    let bar = |share: f64| {
        let height = (share / highest * (HEIGHT - 4.0)).max(LEAST);
        (share > 0.0).then(|| Bar { y: format!("{:.1}", HEIGHT - height), height: format!("{height:.1}") })
    };
    let bins = bands.iter().zip(&shares).enumerate().map(|(place, (band, [in_a, in_b]))| {
        let edge = |millis: u64| milliseconds(millis);
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        Bin {
            x: format!("{:.1}", place as f64 * step + 1.0),
            width: format!("{:.1}", (step - 2.0).max(0.5)),
            a: bar(*in_a),
            b: bar(*in_b),
            title: format!("{} to {}: A {}, B {}", edge(band.0), edge(band.1), percent(*in_a), percent(*in_b)),
            tick: place.is_multiple_of(labelled).then(|| edge(band.0)),
        }
    });
    Some(Chart { bins: bins.collect() })
}

#[expect(clippy::cast_precision_loss, reason = "a share for the eye")]
fn share(histogram: &Histogram, (from, below): (u64, u64)) -> f64 {
    let inside: u64 =
        histogram.entries().filter(|(millis, _)| (from..below).contains(millis)).map(|(_, count)| count).sum();
    inside as f64 / histogram.total_count().max(1) as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn of(millis: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        millis.iter().for_each(|millis| histogram.add(Duration::from_millis(*millis)));
        histogram
    }

    #[test]
    fn bars_are_shares_of_their_own_set() {
        let chart = chart(&of(&[10, 10, 10, 25]), &of(&[25])).unwrap();
        let drawn = |bar: &Option<Bar>| bar.as_ref().map(|bar| bar.height.clone());
        let bars: Vec<_> = chart.bins.iter().map(|bin| (drawn(&bin.a), drawn(&bin.b))).collect();
        let height = |height: &str| Some(height.to_owned());
        assert_eq!(bars, [(height("81.0"), None), (None, None), (height("27.0"), height("108.0"))]);
        assert_eq!(chart.bins[2].title, "20 ms to 30 ms: A 25.0 %, B 100.0 %");
        assert_eq!(chart.bins[0].tick.as_deref(), Some("10 ms"));
        assert!(super::chart(&of(&[]), &of(&[])).is_none());
    }
}
