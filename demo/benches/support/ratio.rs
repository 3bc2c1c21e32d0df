//! What two systems that were measured side by side, round by round, say about each other.

use std::fmt;

/// The middle one of the ratios of all rounds, and an interval that holds the true one in 95 of 100 cases.
pub(crate) struct Ratio {
    pub(crate) median: f64,
    low: f64,
    high: f64,
}

impl Ratio {
    /// Compares what was measured in the same rounds.
    pub(crate) fn of(of: &[f64], off: &[f64]) -> Self {
        let mut ratios: Vec<f64> = of.iter().zip(off).map(|(of, off)| of / off).collect();
        ratios.sort_by(f64::total_cmp);
        let left_out = left_out(ratios.len());
        let end = |ratio: Option<&f64>| ratio.copied().unwrap_or(f64::NAN);
        let (low, high) = (end(ratios.get(left_out)), end(ratios.iter().rev().nth(left_out)));
        Self { median: median(&ratios), low, high }
    }

    /// Whether it is below `aim`, and how certainly.
    pub(crate) fn verdict(&self, aim: f64) -> &'static str {
        if self.high <= aim {
            "held"
        } else if self.low > aim {
            "missed"
        } else if self.median <= aim {
            "held by the median"
        } else {
            "missed by the median"
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} – {:.2})", self.median, self.low, self.high)
    }
}

/// How many of so many sorted numbers may be left out at each end, so that those between hold the true median in 95 of 100 cases. Each
/// number is as likely above it as below, whatever their distribution, so how many are below it is binomial. With fewer than six numbers
/// there is no such interval, and none is left out.
fn left_out(numbers: usize) -> usize {
    let mut exactly = 0.5_f64.powf(numbers as f64); // the probability that so many are below
    let mut at_most = exactly;
    let mut below = 0;
    while at_most <= 0.025 {
        exactly *= (numbers - below) as f64 / (below + 1) as f64;
        at_most += exactly;
        below += 1;
    }
    below.saturating_sub(1)
}

/// The middle one of some numbers.
pub(crate) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
