//! How many faults were to be expected in a period, going by the periods before it.
//!
//! X-Ray's own forecast is not public. This one is the plainest that can be checked by hand: the mean of the earlier
//! periods, two standard deviations either way.

use super::Point;

/// From so many earlier periods on there is something to go by.
const MIN_HISTORY: usize = 2;
/// Half the width of the band, in standard deviations.
const DEVIATIONS: f64 = 2.0;

/// The band in which a count was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// The least that was expected.
    pub low: u64,
    /// The most that was expected.
    pub high: u64,
}

/// The faults that were expected in each period; `None` where too little came before.
pub fn fault_forecast(points: &[Point]) -> Vec<Option<Band>> {
    forecast(points.iter().map(|point| point.statistics.fault_count))
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below where floats are coarse")]
fn forecast(counts: impl Iterator<Item = u64>) -> Vec<Option<Band>> {
    let (mut sum, mut sum_of_squares) = (0.0, 0.0);
    let bands = counts.enumerate().map(|(before, count)| {
        let band = (before >= MIN_HISTORY).then(|| band(sum / before as f64, sum_of_squares / before as f64));
        let count = count as f64;
        sum += count;
        sum_of_squares += count * count;
        band
    });
    bands.collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float becomes the nearest count")]
fn band(mean: f64, mean_of_squares: f64) -> Band {
    let deviation = (mean_of_squares - mean * mean).max(0.0).sqrt();
    Band {
        low: (mean - DEVIATIONS * deviation).max(0.0).floor() as u64,
        high: (mean + DEVIATIONS * deviation).ceil() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_goes_by_what_came_before() {
        let check = |counts: &[u64], expected: Option<(u64, u64)>| {
            let band = forecast(counts.iter().copied()).pop().flatten();
            assert_eq!(band.map(|band| (band.low, band.high)), expected, "{counts:?}");
        };
        check(&[], None);
        check(&[5, 9], None);
        check(&[5, 5, 700], Some((5, 5)));
        check(&[0, 0, 0, 3], Some((0, 0)));
        check(&[1, 3, 0], Some((0, 4)));
        check(&[10, 10, 14, 14, 0], Some((8, 16)));
    }
}
