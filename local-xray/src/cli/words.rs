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
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut used = 1; // for the ellipsis
    let fits = |character: &char| {
        used += character.width().unwrap_or(0);
        used <= width
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Columns that the text takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

#[cfg(test)]
mod tests {
    use super::*;

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
