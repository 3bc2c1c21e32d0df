//! Numbers and times as pages print them. Pure: the present is a parameter. What terminals print too is in
//! [`crate::words`], and is here for the pages.

use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

use crate::document::{Timestamp, Window};

pub(super) use crate::words::{count, duration, percent, plural};

/// How long ago something happened, in one unit: `now`, `12 s ago`, `3 min ago`.
pub(super) fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.since(then).as_secs();
    match seconds {
        0 => "now".to_owned(),
        1..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// The exact time: `2026-11-22 17:24:23.123456 UTC`.
pub(super) fn exact(at: Timestamp) -> String {
    let shape = format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6] UTC");
    calendar(at).and_then(|at| at.format(shape).ok()).unwrap_or_else(|| format!("{} s", at.seconds()))
}

/// The time of day: `17:24:23 UTC`.
pub(super) fn clock(at: Timestamp) -> String {
    let shape = format_description!("[hour]:[minute]:[second] UTC");
    calendar(at).and_then(|at| at.format(shape).ok()).unwrap_or_default()
}

/// A stretch of time within a day: `17:24:00–17:25:00 UTC`.
pub(super) fn span(time: Window) -> String {
    let (start, end) = (clock(time.start), clock(time.end));
    format!("{}–{end}", start.trim_end_matches(" UTC"))
}

/// The time of day to the millisecond: `17:24:23.123`; with the date in front on another day than the present one.
pub(super) fn moment(now: Timestamp, at: Timestamp) -> String {
    let time = format_description!("[hour]:[minute]:[second].[subsecond digits:3]");
    let date = format_description!("[year]-[month]-[day]");
    let Some(moment) = calendar(at) else { return format!("{} s", at.seconds()) };
    let is_today = calendar(now).is_some_and(|now| now.date() == moment.date());
    let date = if is_today { None } else { moment.format(date).ok().map(|date| format!("{date} ")) };
    date.unwrap_or_default() + &moment.format(time).unwrap_or_default()
}

fn calendar(at: Timestamp) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.micros()) * 1_000).ok()
}

/// How many per minute: `0.02/min`, `12.4/min`, `1,280/min`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rounded number for a reader"
)]
pub(super) fn rate(number: u64, span: Duration) -> String {
    let per_minute = number as f64 / (span.as_secs_f64() / 60.0).max(f64::EPSILON);
    if per_minute < 0.995 {
        format!("{per_minute:.2}/min")
    } else if per_minute < 99.5 {
        format!("{per_minute:.1}/min")
    } else {
        format!("{}/min", count(per_minute.round() as u64))
    }
}

/// A size: `412 bytes`, `8.0 MiB`.
#[expect(clippy::cast_precision_loss, reason = "a rounded number for a reader")]
pub(super) fn bytes(bytes: u64) -> String {
    let scaled = bytes as f64;
    match bytes {
        0..1_024 => plural(bytes, "byte"),
        1_024..1_048_576 => format!("{:.1} KiB", scaled / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", scaled / 1_048_576.0),
        _ => format!("{:.1} GiB", scaled / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_use_one_unit() {
        let check = |seconds: i64, expected| {
            assert_eq!(age(Timestamp::from_micros(seconds * 1_000_000), Timestamp::EPOCH), expected);
        };
        check(0, "now");
        check(12, "12 s ago");
        check(200, "3 min ago");
        check(7_300, "2 h ago");
        check(200_000, "2 d ago");
        assert_eq!(age(Timestamp::EPOCH, Timestamp::from_micros(5_000_000)), "now");
    }

    #[test]
    fn exact_times_have_microseconds() {
        let at = Timestamp::from_micros(1_478_293_361_271_036);
        assert_eq!(exact(at), "2016-11-04 21:02:41.271036 UTC");
        assert_eq!(clock(at), "21:02:41 UTC");
        assert_eq!(span(Window { start: at.before(Duration::from_secs(60)), end: at }), "21:01:41–21:02:41 UTC");
        assert_eq!(moment(at, at), "21:02:41.271");
        assert_eq!(moment(Timestamp::EPOCH, at), "2016-11-04 21:02:41.271");
        assert!(!exact(Timestamp::MAX).is_empty(), "a time beyond the calendar still prints");
    }

    #[test]
    fn rates_are_per_minute() {
        assert_eq!(rate(1, Duration::from_secs(3_000)), "0.02/min");
        assert_eq!(rate(62, Duration::from_secs(300)), "12.4/min");
        assert_eq!(rate(6_400, Duration::from_secs(300)), "1,280/min");
    }

    #[test]
    fn sizes_use_binary_units() {
        assert_eq!((bytes(1), bytes(8 << 20)), ("1 byte".into(), "8.0 MiB".into()));
    }
}
