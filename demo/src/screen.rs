//! What the demo writes to standard output: lines, and on a terminal one live line beneath them.

use std::io::{IsTerminal as _, Write as _};

/// Standard output, as a terminal or as plain text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    is_terminal: bool,
    has_colour: bool,
}

impl Screen {
    /// Looks at standard output and `NO_COLOR`.
    pub(crate) fn on_stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let refuses_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_terminal, has_colour: is_terminal && !refuses_colour }
    }

    /// Whether somebody watches, so that a line may be rewritten.
    pub(crate) const fn is_terminal(self) -> bool {
        self.is_terminal
    }

    /// Whether colours may be written.
    pub(crate) const fn has_colour(self) -> bool {
        self.has_colour
    }

    /// Columns that may be used.
    pub(crate) fn width(self) -> usize {
        const PLAIN: usize = 80;
        let size = rustix::termios::tcgetwinsize(std::io::stdout());
        size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(PLAIN)
    }

    /// Writes text and a line end, above the live line if there is one.
    pub(crate) fn line(self, text: &str) {
        self.write(&format!("{}{text}\n", self.clear()));
    }

    /// Rewrites the live line; without a terminal this does nothing.
    pub(crate) fn live(self, text: &str) {
        if self.is_terminal {
            let fitting: String = text.chars().take(self.width().saturating_sub(1)).collect();
            self.write(&format!("{}{fitting}", self.clear()));
        }
    }

    /// Emphasises a word where there are colours.
    pub(crate) fn bold(self, text: &str) -> String {
        if self.has_colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    const fn clear(self) -> &'static str {
        if self.is_terminal { "\r\x1b[K" } else { "" }
    }

    /// A reader who has gone (`mysfits | head`) is no reason to leave children without a parent.
    fn write(self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _reader_gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}
