//! Faults on purpose, as the original Like service had them: most likes are slow, some answer 404, a few are fine. Two more wait until
//! they are asked for: a 500, and a trace header that is dropped on the way to the monolith.
//!
//! What happens to a like is a pure function of the seed and of its `Idempotency-Key`, so a retried like meets the same
//! fate and a counted run can be repeated exactly. This file decides; [`burner`] makes a slow like worth profiling.

pub mod burner;
mod pi;

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest slowness that can be asked for, in milliseconds: well past every caller's deadline.
pub const MAX_SLOW_MS: u64 = 60_000;

/// What shares that were written in decimals may add up to above 1.
const ROUNDING: f64 = 1e-9;

/// Whether faults are injected at all; the values of `CHAOSMODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Faults are injected by their shares.
    On,
    /// Every like is fine.
    Off,
}

/// Which faults are injected, how often and for how long; also the JSON that `GET /chaos` answers.
///
/// Likes that meet no fault are fine: their share is whatever the faults leave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Whether faults are injected at all.
    pub mode: Mode,
    /// Decides together with a like's key what happens to it.
    pub seed: u64,
    /// Share of slow likes, 0 to 1.
    pub slow_share: f64,
    /// Share of likes that answer 404, 0 to 1.
    pub not_found_share: f64,
    /// Share of likes that answer 500, 0 to 1.
    pub failed_share: f64,
    /// Share of likes whose trace header the monolith never sees, 0 to 1.
    pub dropped_header_share: f64,
    /// Shortest slowness in milliseconds.
    pub slow_min_ms: u64,
    /// Longest slowness in milliseconds.
    pub slow_max_ms: u64,
}

impl Settings {
    /// Returns the original's shares with the given mode and seed.
    pub const fn original(mode: Mode, seed: u64) -> Self {
        Self {
            mode,
            seed,
            slow_share: 0.64,
            not_found_share: 0.25,
            failed_share: 0.0,
            dropped_header_share: 0.0,
            slow_min_ms: 1_200,
            slow_max_ms: 3_500,
        }
    }

    /// Returns these settings with the members of a change put in their place, or says which member is impossible.
    pub fn changed_by(self, change: &Change) -> Result<Self, InvalidSettings> {
        let changed = Self {
            mode: change.mode.unwrap_or(self.mode),
            seed: change.seed.unwrap_or(self.seed),
            slow_share: change.slow_share.unwrap_or(self.slow_share),
            not_found_share: change.not_found_share.unwrap_or(self.not_found_share),
            failed_share: change.failed_share.unwrap_or(self.failed_share),
            dropped_header_share: change.dropped_header_share.unwrap_or(self.dropped_header_share),
            slow_min_ms: change.slow_min_ms.unwrap_or(self.slow_min_ms),
            slow_max_ms: change.slow_max_ms.unwrap_or(self.slow_max_ms),
        };
        changed.validated()
    }

    /// Returns what happens to the like with this key; `None` is a fine like.
    pub fn fault_for(&self, key: &str) -> Option<Fault> {
        if self.mode == Mode::Off {
            return None;
        }
        let (kind, length) = two_fractions(self.seed, key);
        // New faults stand behind the original's two, so that a seed still means what it meant before there were any.
        let up_to_slow = self.slow_share;
        let up_to_not_found = up_to_slow + self.not_found_share;
        let up_to_failed = up_to_not_found + self.failed_share;
        let up_to_dropped = up_to_failed + self.dropped_header_share;
        match kind {
            kind if kind < up_to_slow => Some(Fault::Slow { wall_time: self.slowness(length) }),
            kind if kind < up_to_not_found => Some(Fault::NotFound),
            kind if kind < up_to_failed => Some(Fault::Failed),
            kind if kind < up_to_dropped => Some(Fault::DroppedHeader),
            _ => None,
        }
    }

    /// The shares of all faults, each with its member's name.
    const fn shares(&self) -> [(&'static str, f64); 4] {
        [
            ("slow_share", self.slow_share),
            ("not_found_share", self.not_found_share),
            ("failed_share", self.failed_share),
            ("dropped_header_share", self.dropped_header_share),
        ]
    }

    /// Spreads slowness evenly over the logarithm of time, so that short ones are common and long ones still happen.
    fn slowness(&self, fraction: f64) -> Duration {
        let (shortest, longest) = (self.shortest().as_secs_f64(), self.longest().as_secs_f64());
        if shortest <= 0.0 {
            return self.longest().mul_f64(fraction); // no logarithm starts at zero
        }
        Duration::from_secs_f64(shortest * (longest / shortest).powf(fraction))
    }

    const fn shortest(&self) -> Duration {
        Duration::from_millis(self.slow_min_ms)
    }

    const fn longest(&self) -> Duration {
        Duration::from_millis(self.slow_max_ms)
    }

    fn validated(self) -> Result<Self, InvalidSettings> {
        if let Some((member, value)) = self.shares().into_iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            return Err(InvalidSettings::Share { member, value });
        }
        let sum: f64 = self.shares().into_iter().map(|(_, share)| share).sum();
        if sum > 1.0 + ROUNDING {
            return Err(InvalidSettings::Sum { sum });
        }
        if self.slow_min_ms > self.slow_max_ms || self.slow_max_ms > MAX_SLOW_MS {
            return Err(InvalidSettings::Times { min: self.slow_min_ms, max: self.slow_max_ms });
        }
        Ok(self)
    }
}

/// The JSON that `PUT /chaos` takes: members left out keep their value.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// See [`Settings::mode`].
    pub mode: Option<Mode>,
    /// See [`Settings::seed`].
    pub seed: Option<u64>,
    /// See [`Settings::slow_share`].
    pub slow_share: Option<f64>,
    /// See [`Settings::not_found_share`].
    pub not_found_share: Option<f64>,
    /// See [`Settings::failed_share`].
    pub failed_share: Option<f64>,
    /// See [`Settings::dropped_header_share`].
    pub dropped_header_share: Option<f64>,
    /// See [`Settings::slow_min_ms`].
    pub slow_min_ms: Option<u64>,
    /// See [`Settings::slow_max_ms`].
    pub slow_max_ms: Option<u64>,
}

/// Why a change of the settings was refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum InvalidSettings {
    /// A share is no share.
    #[error("{member} is {value}, expected a number from 0 to 1")]
    Share {
        /// The member's name in the JSON.
        member: &'static str,
        /// What it held.
        value: f64,
    },
    /// The shares leave no room for each other.
    #[error("the shares of all faults add up to {sum:.3}, expected at most 1")]
    Sum {
        /// What they add up to.
        sum: f64,
    },
    /// The times are in the wrong order or too long.
    #[error("slowness from {min} to {max} ms, expected slow_min_ms <= slow_max_ms <= {MAX_SLOW_MS}")]
    Times {
        /// Shortest slowness asked for.
        min: u64,
        /// Longest slowness asked for.
        max: u64,
    },
}

/// What is done to a like on purpose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The like takes this long before it goes on, while a thread of the process burns CPU.
    Slow {
        /// How long the like is held up.
        wall_time: Duration,
    },
    /// The like answers 404 and goes no further.
    NotFound,
    /// The like answers 500 and goes no further.
    Failed,
    /// The like is counted, and the monolith is not told which trace it belongs to.
    DroppedHeader,
}

impl Fault {
    /// Returns the value of the trace's `chaos_fault` annotation.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Slow { .. } => "slow",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
            Self::DroppedHeader => "dropped_header",
        }
    }
}

/// The settings in force, shared by all workers and switchable while running.
#[derive(Debug)]
pub struct Switch(RwLock<Settings>);

impl Switch {
    /// Starts with the given settings.
    pub const fn new(settings: Settings) -> Self {
        Self(RwLock::new(settings))
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> Settings {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a change into force and returns the new settings; an invalid one changes nothing.
    pub fn change(&self, change: &Change) -> Result<Settings, InvalidSettings> {
        let mut settings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *settings = settings.changed_by(change)?;
        Ok(*settings)
    }
}

/// Two independent fractions in [0, 1) from one hash; SHA-256 because it is the same on every platform and in every release.
fn two_fractions(seed: u64, key: &str) -> (f64, f64) {
    let digest: [u8; 32] =
        Sha256::new().chain_update(seed.to_le_bytes()).chain_update(key.as_bytes()).finalize().into();
    let (first, rest) = digest.split_first_chunk::<8>().expect("a digest has 32 bytes");
    let second = rest.first_chunk::<8>().expect("a digest has 32 bytes");
    (fraction(*first), fraction(*second))
}

/// The upper 53 bits as a fraction: as many as a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit into the mantissa")]
fn fraction(bytes: [u8; 8]) -> f64 {
    (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ON: Settings = Settings::original(Mode::On, 7);

    fn count(settings: &Settings, likes: usize) -> (usize, usize, usize) {
        let mut counted = (0, 0, 0);
        for like in 0..likes {
            match settings.fault_for(&format!("key-{like}")) {
                Some(Fault::Slow { .. }) => counted.0 += 1,
                Some(Fault::NotFound) => counted.1 += 1,
                Some(fault) => panic!("the original has no {}", fault.name()),
                None => counted.2 += 1,
            }
        }
        counted
    }

    #[test]
    fn shares_are_those_of_the_original() {
        let (slow, not_found, fine) = count(&ON, 100_000);
        assert_eq!((slow, not_found, fine), (63_729, 25_108, 11_163), "of 64,000, 25,000 and 11,000 expected");
    }

    #[test]
    fn faults_that_are_asked_for_take_from_the_fine_likes_only() {
        let more =
            ON.changed_by(&Change { failed_share: Some(0.06), dropped_header_share: Some(0.05), ..Change::default() });
        let more = more.unwrap();
        let mut counted = std::collections::BTreeMap::new();
        for key in (0..100_000).map(|like| format!("key-{like}")) {
            let fate = more.fault_for(&key);
            if let Some(before) = ON.fault_for(&key) {
                assert_eq!(fate, Some(before));
            }
            if let Some(fault) = fate {
                *counted.entry(fault.name()).or_insert(0) += 1;
            }
        }
        let expected = [("dropped_header", 5_106), ("failed", 6_057), ("not_found", 25_108), ("slow", 63_729)];
        assert_eq!(counted.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn another_seed_gives_other_likes_the_same_shares() {
        let fates = |seed| {
            (0..1_000).map(|n| Settings::original(Mode::On, seed).fault_for(&format!("key-{n}"))).collect::<Vec<_>>()
        };
        assert_eq!(fates(7), fates(7));
        assert_ne!(fates(7), fates(8));
    }

    #[test]
    fn nothing_happens_while_chaos_is_off() {
        assert_eq!(count(&Settings::original(Mode::Off, 7), 1_000), (0, 0, 1_000));
    }

    #[test]
    fn slowness_is_spread_over_the_logarithm_of_time() {
        let lengths: Vec<Duration> = (0..100_000)
            .filter_map(|n| match ON.fault_for(&format!("key-{n}")) {
                Some(Fault::Slow { wall_time }) => Some(wall_time),
                _ => None,
            })
            .collect();
        let geometric_middle = Duration::from_secs_f64((1.2_f64 * 3.5).sqrt());
        let below = lengths.iter().filter(|length| **length < geometric_middle).count();
        assert!(lengths.iter().all(|length| (ON.shortest()..=ON.longest()).contains(length)));
        assert!(
            below.abs_diff(lengths.len() / 2) < lengths.len() / 50,
            "{below} of {} are below the middle",
            lengths.len()
        );
    }

    #[test]
    fn a_change_replaces_what_it_names_and_keeps_the_rest() {
        let check = |change: Change, expected: Result<Settings, InvalidSettings>| {
            assert_eq!(ON.changed_by(&change), expected, "{change:?}");
        };
        check(Change::default(), Ok(ON));
        check(Change { mode: Some(Mode::Off), ..Change::default() }, Ok(Settings { mode: Mode::Off, ..ON }));
        check(Change { slow_share: Some(0.75), ..Change::default() }, Ok(Settings { slow_share: 0.75, ..ON }));
        check(
            Change { slow_share: Some(0.0), not_found_share: Some(1.0), ..Change::default() },
            Ok(Settings { slow_share: 0.0, not_found_share: 1.0, ..ON }),
        );
        check(
            Change { slow_share: Some(1.5), ..Change::default() },
            Err(InvalidSettings::Share { member: "slow_share", value: 1.5 }),
        );
        check(
            Change { not_found_share: Some(-0.1), ..Change::default() },
            Err(InvalidSettings::Share { member: "not_found_share", value: -0.1 }),
        );
        check(
            Change { failed_share: Some(2.0), ..Change::default() },
            Err(InvalidSettings::Share { member: "failed_share", value: 2.0 }),
        );
        check(Change { slow_share: Some(1.0), ..Change::default() }, Err(InvalidSettings::Sum { sum: 1.25 }));
        check(
            Change { slow_min_ms: Some(4_000), ..Change::default() },
            Err(InvalidSettings::Times { min: 4_000, max: 3_500 }),
        );
        check(
            Change { slow_max_ms: Some(60_001), ..Change::default() },
            Err(InvalidSettings::Times { min: 1_200, max: 60_001 }),
        );
    }

    #[test]
    fn a_misspelt_member_is_refused() {
        let error = serde_json::from_str::<Change>(r#"{"slow_shares":0.5}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `slow_shares`"), "{error}");
    }

    proptest! {
        #[test]
        fn a_retry_meets_the_same_fate(seed: u64, key in "\\PC{0,64}", min in 0_u64..60_000, spread in 0_u64..60_000) {
            let settings = Settings {
                slow_min_ms: min,
                slow_max_ms: (min + spread).min(MAX_SLOW_MS),
                ..Settings::original(Mode::On, seed)
            };
            let fate = settings.fault_for(&key);
            prop_assert_eq!(fate, settings.fault_for(&key));
            if let Some(Fault::Slow { wall_time }) = fate {
                let slack = Duration::from_micros(1); // of floating point
                prop_assert!(wall_time + slack >= settings.shortest() && wall_time <= settings.longest() + slack);
            }
        }
    }
}
