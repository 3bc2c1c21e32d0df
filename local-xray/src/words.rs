//! Numbers as people read them, the same on pages and in terminals: durations, counts, shares.

use std::time::Duration;

/// A duration with three significant digits at most: `840 µs`, `3.2 ms`, `38 ms`, `3.84 s`, `2 min 5 s`, `3 h 20 min`.
pub(crate) fn duration(duration: Duration) -> String {
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

/// The same of seconds as JSON has them; `?` for what is no duration.
pub(crate) fn seconds(seconds: f64) -> String {
    Duration::try_from_secs_f64(seconds).map_or_else(|_| "?".to_owned(), duration)
}

/// A count with thousands set apart: `12,480`.
pub(crate) fn count(count: u64) -> String {
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
pub(crate) fn plural(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(number)) }
}

/// A share in percent; never `0 %` for something or `100 %` for less than everything, nor more than everything.
#[expect(clippy::cast_precision_loss, reason = "a rounded number for a reader")]
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0 %".to_owned();
    }
    let share = (part as f64 / whole as f64 * 100.0).min(100.0);
    if share < 1.0 {
        "<1 %".to_owned()
    } else if part < whole && share > 99.0 {
        ">99 %".to_owned()
    } else {
        format!("{:.0} %", share.round())
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
    fn seconds_that_no_clock_shows_are_a_question() {
        let check = |value: f64, expected: &str| assert_eq!(seconds(value), expected);
        check(0.000_4, "400 µs");
        check(75.2, "1 min 15 s");
        check(f64::NAN, "?");
        check(f64::INFINITY, "?");
        check(-1.0, "?");
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
        assert_eq!((percent(1, 4), percent(1, 40), percent(4, 4)), ("25 %".into(), "3 %".into(), "100 %".into()));
    }
}
