//! Text from traces as a terminal may show it.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Replaces control characters, which could drive the terminal, and leaves out characters of no width.
pub(super) fn printable(text: &str) -> String {
    let shown = |character: char| match character.width() {
        None => Some(char::REPLACEMENT_CHARACTER),
        Some(0) => None,
        Some(_) => Some(character),
    };
    text.chars().filter_map(shown).collect()
}

/// Shortens the text to at most `width` columns, with an ellipsis where something was cut.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1; // for the ellipsis
    let fits = |character: &char| {
        used += character.width().unwrap_or(0);
        used <= width
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Seconds with the unit and precision that a reader needs: `0.4 ms`, `31 ms`, `1.21 s`, `75 s`.
pub(super) fn duration(seconds: f64) -> String {
    let millis = seconds * 1_000.0;
    if millis < 9.95 {
        format!("{millis:.1} ms")
    } else if millis < 999.5 {
        format!("{millis:.0} ms")
    } else if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

/// A count with its noun: `1 trace`, `2 traces`.
pub(super) fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
