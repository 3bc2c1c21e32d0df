//! Words, numbers and colours of the map.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::model::{Node, Numbers};

/// What a piece of text means; the words say it too, the colour only repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quiet,
    Strong,
    Ok,
    Error,
    Throttle,
    Fault,
}

impl Style {
    /// ANSI parameters that end the style before and begin this one, in the basic colours, which follow the reader's
    /// own theme.
    pub(super) fn ansi(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Quiet => "0;2",
            Self::Strong => "0;1",
            Self::Ok => "0;32",
            Self::Error => "0;33",
            Self::Throttle => "0;35",
            Self::Fault => "0;31",
        }
    }
}

/// Replaces control characters, which could drive the terminal, and leaves out characters of no width.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .filter_map(|character| match character.width() {
            None => Some(char::REPLACEMENT_CHARACTER),
            Some(0) => None,
            Some(_) => Some(character),
        })
        .collect()
}

/// Columns that the text takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Shortens the text to at most `width` columns, with an ellipsis where something was cut.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1; // for the ellipsis
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

/// Lines of a node's box, in full; what does not fit is shortened when drawn.
pub(super) fn node_lines(node: &Node) -> Vec<(String, Style)> {
    let mut lines = vec![(node.name.clone(), Style::Strong)];
    lines.extend(node.kind.iter().map(|kind| (kind.clone(), Style::Plain)));
    lines.extend(node.state.iter().map(|state| (state.clone(), Style::Quiet)));
    if let Some(average) = node.numbers.average {
        let plural = if node.numbers.total == 1 { "" } else { "s" };
        lines.push((format!("{} request{plural}", node.numbers.total), Style::Plain));
        lines.push((format!("avg {}", duration(average)), Style::Plain));
    }
    lines.extend(node.numbers.shares());
    if node.calls_itself {
        lines.push(("↺ calls itself".to_owned(), Style::Plain));
    }
    lines
}

impl Numbers {
    /// The worst thing that happened, as a style.
    pub(super) fn style(&self) -> Style {
        match self {
            Self { total: 0, .. } => Style::Plain,
            Self { fault: 1.., .. } => Style::Fault,
            Self { throttle: 1.., .. } => Style::Throttle,
            Self { error: 1.., .. } => Style::Error,
            _ => Style::Ok,
        }
    }

    /// One text for each kind of failure that occurred, such as `25 % error`.
    fn shares(&self) -> impl Iterator<Item = (String, Style)> {
        let total = self.total;
        [
            (self.fault, "fault", Style::Fault),
            (self.throttle, "throttle", Style::Throttle),
            (self.error, "error", Style::Error),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(move |(count, word, style)| (format!("{} {word}", share(count, total)), style))
    }

    /// All outcomes on one line: `ok`, or the shares of what failed.
    pub(super) fn outcome(&self) -> String {
        let shares: Vec<String> = self.shares().map(|(text, _)| text).collect();
        match (self.total, shares.is_empty()) {
            (0, _) => String::new(),
            (_, true) => "ok".to_owned(),
            (_, false) => shares.join(", "),
        }
    }
}

/// A share in whole per cent; never 0 for something that happened, never 100 for something that did not always happen.
fn share(count: u64, total: u64) -> String {
    let per_cent = (u128::from(count) * 200 + u128::from(total)) / (u128::from(total) * 2).max(1);
    match per_cent.min(100) {
        0 if count > 0 => "<1 %".to_owned(),
        100 if count < total => ">99 %".to_owned(),
        per_cent => format!("{per_cent} %"),
    }
}

/// A duration with the unit and precision that a reader needs: `0.4 ms`, `31 ms`, `1.21 s`, `75 s`.
pub(super) fn duration(seconds: f64) -> String {
    let millis = seconds * 1_000.0;
    if !seconds.is_finite() {
        "?".to_owned()
    } else if millis < 9.95 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_two_or_three_digits() {
        let check = |seconds: f64, expected: &str| assert_eq!(duration(seconds), expected);
        check(0.0, "0.0 ms");
        check(0.000_4, "0.4 ms");
        check(0.009_96, "10 ms");
        check(0.031_4, "31 ms");
        check(0.999_6, "1.00 s");
        check(1.214, "1.21 s");
        check(9.996, "10.0 s");
        check(75.2, "75 s");
        check(f64::NAN, "?");
    }

    #[test]
    fn shares_never_round_to_nothing_or_to_everything() {
        let check = |count, total, expected: &str| assert_eq!(share(count, total), expected);
        check(1, 4, "25 %");
        check(1, 3, "33 %");
        check(2, 3, "67 %");
        check(1, 1_000, "<1 %");
        check(999, 1_000, ">99 %");
        check(7, 7, "100 %");
        check(u64::MAX, u64::MAX, "100 %");
        check(3, 0, "100 %"); // an endpoint that miscounts must not stop the map
    }

    #[test]
    fn names_cannot_drive_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{200b}\nc"), "a\u{fffd}[2Jb\u{fffd}c");
    }

    #[test]
    fn long_text_is_cut_by_columns() {
        let check = |text: &str, width, expected: &str| assert_eq!(shorten(text, width), expected);
        check("monolith", 8, "monolith");
        check("monolith", 7, "monoli…");
        check("神話の生き物", 7, "神話の…");
        check("神話の生き物", 6, "神話…");
    }
}
