//! Points in time and half-open windows of time, in whole microseconds.
//!
//! X-Ray writes times as floating seconds. Microseconds since the epoch fit a float well enough until the year 2106 that a
//! time that came in with microseconds prints back the same digits.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 2^32 seconds in microseconds: up to here floats of seconds lie less than half a microsecond apart.
const MAX_MICROS: f64 = 4_294_967_296e6;

/// A point in time: microseconds since the Unix epoch. Serialises as floating seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch, the earliest time that a document may carry.
    pub const EPOCH: Self = Self(0);
    /// Later than any time a document can carry.
    pub const MAX: Self = Self(i64::MAX);

    /// Takes microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Takes nanoseconds since the epoch (how OTLP writes times), rounded down to microseconds; `None` when too late to
    /// be exact.
    #[expect(clippy::cast_precision_loss, reason = "only compared, far from where floats are coarse")]
    pub fn from_nanos(nanos: u64) -> Option<Self> {
        let micros = i64::try_from(nanos / 1_000).ok()?;
        (micros as f64 <= MAX_MICROS).then_some(Self(micros))
    }

    /// Takes floating seconds since the epoch, rounded to the nearest microsecond; `None` when negative, not a number,
    /// or too late to be exact.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let micros = (seconds * 1e6).round();
        (0.0..=MAX_MICROS).contains(&micros).then_some(Self(micros as i64))
    }

    /// The present, by the system clock.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Floating seconds since the epoch.
    #[expect(clippy::cast_precision_loss, reason = "exact below MAX_MICROS, which parsing ensures")]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The time that has passed since `earlier`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This time moved back by `duration`, at most to the epoch.
    pub fn before(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros).max(0))
    }
}

/// What lies before the epoch becomes the epoch.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.seconds())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.seconds())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Self::from_seconds(seconds).ok_or_else(|| D::Error::custom("not a time between 1970 and 2106"))
    }
}

/// A half-open window of time: from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first point inside the window.
    pub start: Timestamp,
    /// The first point after the window.
    pub end: Timestamp,
}

impl Window {
    /// The window that holds every time.
    pub const ALL: Self = Self { start: Timestamp::EPOCH, end: Timestamp::MAX };

    /// The window of the given length that ends just after `now`, so that `now` itself is inside.
    pub fn last(length: Duration, now: Timestamp) -> Self {
        Self { start: now.before(length), end: Timestamp(now.0.saturating_add(1)) }
    }

    /// What lies in both windows; where they do not touch, a window that holds nothing.
    pub fn common(self, other: Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end) }
    }

    /// Says whether `time` lies inside.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }

    /// Says whether anything that lasted from `start` to `end`, both inclusive, was going on inside the window.
    pub fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        start < self.end && self.start <= end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scientific_notation_is_the_same_time() {
        let parsed: f64 = serde_json::from_str("1.478293361271234E9").unwrap();
        let time = Timestamp::from_seconds(parsed).unwrap();
        assert_eq!(time.micros(), 1_478_293_361_271_234);
        assert_eq!(serde_json::to_string(&time).unwrap(), "1478293361.271234");
    }

    #[test]
    fn whole_seconds_print_with_a_fraction() {
        assert_eq!(serde_json::to_string(&Timestamp::from_micros(1_767_225_600_000_000)).unwrap(), "1767225600.0");
    }

    #[test]
    fn times_that_cannot_be_exact_are_refused() {
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e300, 4_294_967_297.0] {
            assert_eq!(Timestamp::from_seconds(seconds), None, "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn microseconds_survive_json(micros in 0_i64..=4_294_967_296_000_000) {
            let text = serde_json::to_string(&Timestamp::from_micros(micros)).unwrap();
            let seconds: f64 = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(Timestamp::from_seconds(seconds), Some(Timestamp::from_micros(micros)));
        }
    }
}
