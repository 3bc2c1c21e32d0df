//! Numbers and times as text. Pure: the present is a parameter.

use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

use crate::document::Timestamp;

/// A duration with three significant digits at most: `840 µs`, `3.2 ms`, `38 ms`, `3.84 s`, `2 min 5 s`, `3 h 20 min`.
pub(super) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let seconds = duration.as_secs_f64();
    match micros {
        0 => "0 ms".to_owned(),
        1..1_000 => format!("{micros} µs"),
        1_000..9_950 => format!("{:.1} ms", seconds * 1e3),
        9_950..999_500 => format!("{:.0} ms", seconds * 1e3),
        999_500..9_995_000 => format!("{seconds:.2} s"),
        9_995_000..59_950_000 => format!("{seconds:.1} s"),
        _ => long_duration((seconds).round()),
    }
}

fn long_duration(seconds: f64) -> String {
    let pair = |size: f64, unit: &str, small: f64, small_unit: &str| {
        let (large, rest) = ((seconds / size).floor(), (seconds % size / small).floor());
        if rest == 0.0 { format!("{large} {unit}") } else { format!("{large} {unit} {rest} {small_unit}") }
    };
    if seconds < 3_600.0 {
        pair(60.0, "min", 1.0, "s")
    } else if seconds < 86_400.0 {
        pair(3_600.0, "h", 60.0, "min")
    } else {
        pair(86_400.0, "d", 3_600.0, "h")
    }
}

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

fn calendar(at: Timestamp) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.micros()) * 1_000).ok()
}

/// A count with thousands set apart: `12,480`.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 trace`, `12 traces`.
pub(super) fn plural(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(number)) }
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

/// A share in percent; never `0 %` for something or `100 %` for less than everything.
#[expect(clippy::cast_precision_loss, reason = "a rounded number for a reader")]
pub(super) fn percent(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0 %".to_owned();
    }
    let share = part as f64 / whole as f64 * 100.0;
    if share < 1.0 {
        "<1 %".to_owned()
    } else if part < whole && share > 99.0 {
        ">99 %".to_owned()
    } else {
        format!("{share:.0} %")
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
    fn durations_read_like_a_stopwatch() {
        let check = |micros, expected| assert_eq!(duration(Duration::from_micros(micros)), expected, "{micros} µs");
        check(0, "0 ms");
        check(840, "840 µs");
        check(3_200, "3.2 ms");
        check(9_940, "9.9 ms");
        check(38_400, "38 ms");
        check(999_400, "999 ms");
        check(999_600, "1.00 s");
        check(3_840_000, "3.84 s");
        check(12_340_000, "12.3 s");
        check(59_960_000, "1 min");
        check(125_000_000, "2 min 5 s");
        check(12_000_000_000, "3 h 20 min");
        check(180_000_000_000, "2 d 2 h");
    }

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
        assert!(!exact(Timestamp::MAX).is_empty(), "a time beyond the calendar still prints");
    }

    #[test]
    fn counts_and_shares_tell_no_lies() {
        assert_eq!((count(0), count(999), count(1_000)), ("0".into(), "999".into(), "1,000".into()));
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!((plural(1, "trace"), plural(0, "trace")), ("1 trace".into(), "0 traces".into()));
        assert_eq!(
            (percent(0, 0), percent(1, 1_000), percent(999, 1_000)),
            ("0 %".into(), "<1 %".into(), ">99 %".into())
        );
        assert_eq!((percent(1, 4), percent(4, 4)), ("25 %".into(), "100 %".into()));
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
