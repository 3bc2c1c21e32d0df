//! What the demo writes to standard output: lines, and on a terminal a live block beneath them that is rewritten in place.

use std::cell::Cell;
use std::io::{IsTerminal as _, Write as _};
use std::rc::Rc;

/// What is assumed where there is no terminal to ask.
const PLAIN_COLUMNS: usize = 80;

/// Standard output, as a terminal or as plain text; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    is_terminal: bool,
    has_colour: bool,
    live_rows: Rc<Cell<usize>>,
}

impl Screen {
    /// Looks at standard output and `NO_COLOR`.
    pub(crate) fn on_stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let refuses_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_terminal, has_colour: is_terminal && !refuses_colour, live_rows: Rc::default() }
    }

    /// Whether somebody watches, so that a block may be rewritten.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether colours may be written.
    pub(crate) const fn has_colour(&self) -> bool {
        self.has_colour
    }

    /// Columns that may be used.
    pub(crate) fn columns(&self) -> usize {
        size().map_or(PLAIN_COLUMNS, |(columns, _)| columns)
    }

    /// The start of a line, short enough that the terminal does not wrap it.
    pub(crate) fn fitting(&self, line: &str) -> String {
        line.chars().take(self.columns().saturating_sub(1)).collect()
    }

    /// Whether a live block stays in sight as a whole, with no line that the terminal would wrap.
    pub(crate) fn has_room_for(&self, block: &str) -> bool {
        self.is_terminal && size().is_some_and(|(columns, rows)| fits(block, columns, rows))
    }

    /// Writes text and a line end in the place of the live block, if there is one.
    pub(crate) fn line(&self, text: &str) {
        write(&over(self.live_rows.take(), &format!("{text}\n"), self.is_terminal));
    }

    /// Rewrites the live block; without a terminal this does nothing.
    pub(crate) fn live(&self, text: &str) {
        if self.is_terminal {
            let rows = text.lines().count();
            write(&over(self.live_rows.replace(rows), text, true));
        }
    }

    /// Emphasises a word where there are colours.
    pub(crate) fn bold(&self, text: &str) -> String {
        if self.has_colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Text that replaces so many rows above the cursor. Rows are overwritten and only then cleared, so that nothing flickers.
fn over(rows: usize, text: &str, is_terminal: bool) -> String {
    if !is_terminal {
        return text.to_owned();
    }
    let to_first_row = match rows {
        0 | 1 => "\r".to_owned(),
        more => format!("\r\x1b[{}A", more - 1),
    };
    format!("{to_first_row}{}\x1b[K\x1b[J", text.replace('\n', "\x1b[K\n"))
}

/// Whether a block leaves a row free and needs no more columns than there are; colours take none.
fn fits(block: &str, columns: usize, rows: usize) -> bool {
    block.lines().count() < rows && block.lines().all(|line| visible_columns(line) <= columns)
}

/// Characters of a line without its colour sequences, each of which starts with an escape and ends with an `m`.
fn visible_columns(line: &str) -> usize {
    let mut is_colour = false;
    let is_visible = |c: &char| {
        let was_colour = is_colour;
        is_colour = *c == '\x1b' || (was_colour && *c != 'm');
        !was_colour && !is_colour
    };
    line.chars().filter(is_visible).count()
}

/// Columns and rows of the terminal, where there is one.
fn size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
}

/// A reader who has gone (`mysfits | head`) is no reason to leave children without a parent.
fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    let _reader_gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::{fits, over};

    #[test]
    fn a_block_is_overwritten_row_by_row_and_then_cleared() {
        let check = |rows, text, expected| assert_eq!(over(rows, text, true), expected);
        check(0, "one\n", "\rone\x1b[K\n\x1b[K\x1b[J");
        check(1, "one", "\rone\x1b[K\x1b[J");
        check(3, "a\nb", "\r\x1b[2Aa\x1b[K\nb\x1b[K\x1b[J");
    }

    #[test]
    fn without_a_terminal_text_stays_text() {
        assert_eq!(over(0, "one\n", false), "one\n");
    }

    #[test]
    fn a_block_fits_when_no_row_scrolls_away_and_no_line_wraps() {
        let check = |block, columns, rows, expected| assert_eq!(fits(block, columns, rows), expected, "{block:?}");
        check("abc\nde", 3, 3, true);
        check("abc\nde", 3, 2, false);
        check("abc\nde", 2, 3, false);
        check("╭─╮", 3, 2, true);
        check("\x1b[32mabc\x1b[0m", 3, 2, true);
        check("\x1b[32mabcd\x1b[0m", 3, 2, false);
    }
}
