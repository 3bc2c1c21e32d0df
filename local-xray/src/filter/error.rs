//! What is wrong with an expression, shown at the place where it is wrong.

use std::fmt;
use std::ops::Range;

/// The longest stretch of the expression, in characters, that an error shows on either side of the place it points at.
const SHOWN_CHARS: usize = 60;

/// Where something stands in the text of an expression, in bytes.
pub type Span = Range<usize>;

/// Why an expression was refused. Prints as the reason, the line of text with carets below the place, and a hint where
/// there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    text: String,
    problem: Problem,
}

/// A reason to refuse an expression, before it is known which text it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Problem {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    pub(super) fn within(self, text: &str) -> FilterError {
        FilterError { text: text.to_owned(), problem: self }
    }
}

impl FilterError {
    /// The bytes of the expression that the error points at; empty and at the end when something is missing there.
    pub fn span(&self) -> Span {
        self.problem.span.clone()
    }

    /// What was wrong or expected, without the place.
    pub fn message(&self) -> &str {
        &self.problem.message
    }

    /// What to write instead, when that can be guessed.
    pub fn hint(&self) -> Option<&str> {
        self.problem.hint.as_deref()
    }

    /// The place as people count: the first character is 1.
    fn position(&self) -> usize {
        self.before().chars().count() + 1
    }

    fn before(&self) -> &str {
        self.text.get(..self.problem.span.start).unwrap_or(&self.text)
    }

    /// The shown part of the line that the error starts in: what stands before the place, at it, and after it.
    fn excerpt(&self) -> [String; 3] {
        let line_end = |text: &str| text.find('\n').unwrap_or(text.len());
        let before = self.before().rsplit('\n').next().unwrap_or_default();
        let from_place = self.text.get(self.problem.span.start..).unwrap_or_default();
        let line = from_place.get(..line_end(from_place)).unwrap_or_default();
        let (place, after) = line.split_at_checked(self.problem.span.len()).unwrap_or((line, ""));
        let skipped = before.chars().count().saturating_sub(SHOWN_CHARS);
        let ellipsis = if skipped > 0 { "…" } else { "" };
        let before: String = before.chars().skip(skipped).map(printable).collect();
        [format!("{ellipsis}{before}"), shortened(place), shortened(after)]
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, place, after] = self.excerpt();
        let indent = before.chars().count();
        let carets = "^".repeat(place.chars().count().max(1));
        writeln!(f, "{} (at character {})", self.problem.message, self.position())?;
        writeln!(f, "  {before}{place}{after}")?;
        write!(f, "  {:indent$}{carets}", "")?;
        match &self.problem.hint {
            Some(hint) => write!(f, "\n{hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FilterError {}

/// The start of a text, with a mark where it was cut.
fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).map(printable).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// Tabs and other control characters would move the carets away from their place.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}
