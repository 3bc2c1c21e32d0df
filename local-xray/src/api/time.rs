//! Times in requests: numbers of seconds, as clients send them, or ISO 8601, as people type them.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::document::{Timestamp, Window};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// A time in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RequestTime(pub(super) Timestamp);

impl<'de> Deserialize<'de> for RequestTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RequestTimeVisitor).map(Self)
    }
}

struct RequestTimeVisitor;

impl Visitor<'_> for RequestTimeVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since the epoch or an ISO 8601 time")
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Timestamp, E> {
        Timestamp::from_seconds(seconds).ok_or_else(|| E::invalid_value(Unexpected::Float(seconds), &self))
    }

    #[expect(clippy::cast_precision_loss, reason = "times that would lose precision are out of range")]
    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Timestamp, E> {
        self.visit_f64(seconds as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "times that would lose precision are out of range")]
    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Timestamp, E> {
        self.visit_f64(seconds as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        iso(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Reads ISO 8601; without an offset the time is UTC.
fn iso(text: &str) -> Option<Timestamp> {
    if let Some(seconds) = text.parse().ok().and_then(Timestamp::from_seconds) {
        return Some(seconds);
    }
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(text, &Iso8601::DEFAULT))
        .or_else(|_| PrimitiveDateTime::parse(text, &Iso8601::DEFAULT).map(PrimitiveDateTime::assume_utc))
        .ok()?;
    let micros = i64::try_from(time.unix_timestamp_nanos() / 1_000).ok()?;
    (micros >= 0).then(|| Timestamp::from_micros(micros))
}

/// The window between two times of a request, when it is none too long.
pub(super) fn window(limits: Limits, start: RequestTime, end: RequestTime) -> Result<Window, Refusal> {
    let (RequestTime(start), RequestTime(end)) = (start, end);
    if start > end {
        return Err(Refusal::invalid("StartTime is after EndTime"));
    }
    match limits.window() {
        Some(longest) if end.since(start) > longest => {
            let hours = longest.as_secs() / 3_600;
            Err(Refusal::invalid(format!("EndTime is more than {hours} hours after StartTime")))
        }
        _ => Ok(Window { start, end }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_iso() {
        let check = |json: &str, expected: Option<i64>| {
            let micros = serde_json::from_str::<RequestTime>(json).ok().map(|time| time.0.micros());
            assert_eq!(micros, expected, "{json}");
        };
        check("1767225600", Some(1_767_225_600_000_000));
        check("1767225600.5", Some(1_767_225_600_500_000));
        check("1.7672256E9", Some(1_767_225_600_000_000));
        check(r#""1767225600""#, Some(1_767_225_600_000_000));
        check(r#""2026-01-01T00:00:00Z""#, Some(1_767_225_600_000_000));
        check(r#""2026-01-01T01:00:00.25+01:00""#, Some(1_767_225_600_250_000));
        check(r#""2026-01-01T00:00:00""#, Some(1_767_225_600_000_000));
        check(r#""yesterday""#, None);
        check("-1", None);
        check("null", None);
        check("[]", None);
    }
}
