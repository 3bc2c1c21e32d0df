//! An expression with the place where it is wrong, as pages show it: the text cut at the place, the reason, the hint.

use crate::filter::FilterError;

/// Ready to print.
pub(super) struct Marked {
    /// The expression before the place of the error, at it, and after it.
    pub(super) text: [String; 3],
    pub(super) message: String,
    /// The place as people count.
    pub(super) character: usize,
    pub(super) hint: Option<String>,
    /// The expression as the hint would have it.
    pub(super) corrected: Option<String>,
}

impl Marked {
    /// Marks the place in the text that the error is about.
    pub(super) fn new(text: &str, error: &FilterError) -> Self {
        let (before, rest) = text.split_at_checked(error.span().start).unwrap_or((text, ""));
        let (place, after) = rest.split_at_checked(error.span().len()).unwrap_or((rest, ""));
        Self {
            character: before.chars().count() + 1,
            text: [before.to_owned(), place.to_owned(), after.to_owned()],
            message: error.message().to_owned(),
            hint: error.hint().map(str::to_owned),
            corrected: error.hint().and_then(meant).map(|word| format!("{before}{word}{after}")),
        }
    }
}

/// The word that a hint offers.
fn meant(hint: &str) -> Option<&str> {
    hint.strip_prefix("did you mean `")?.strip_suffix("`?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter;

    #[test]
    fn the_word_that_was_meant_is_taken_from_the_hint() {
        let error = filter::parse("é AND responsetme > 5").unwrap_err();
        assert_eq!(Marked::new("é AND responsetme > 5", &error).text[0], "", "the first error counts");
        let error = filter::parse("ok AND responsetme > 5").unwrap_err();
        let marked = Marked::new("ok AND responsetme > 5", &error);
        assert_eq!(marked.text, ["ok AND ", "responsetme", " > 5"]);
        assert_eq!((marked.character, marked.corrected.as_deref()), (8, Some("ok AND responsetime > 5")));
        assert_eq!(meant("write `!` for not"), None);
    }
}
