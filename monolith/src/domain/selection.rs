//! Which mysfits a list shows: all of them, or those with one alignment.

use crate::domain::{GoodEvil, LawChaos};

/// The choice that `?filter=…&value=…` expresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Every mysfit.
    All,
    /// Those with this place on the axis of good and evil.
    GoodEvil(GoodEvil),
    /// Those with this place on the axis of law and chaos.
    LawChaos(LawChaos),
}

/// Why a filter and its value select nothing; each message names the choices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// There is no such filter.
    #[error("unknown filter `{0}`: choose GoodEvil or LawChaos")]
    UnknownFilter(String),
    /// The filter has no such value.
    #[error("unknown value `{value}` for the filter {filter}: choose {choices}")]
    UnknownValue {
        /// The filter, which is known.
        filter: &'static str,
        /// The value as it was given.
        value: String,
        /// The values there are.
        choices: &'static str,
    },
    /// A filter came without a value.
    #[error("the filter {filter} needs a value: choose {choices}")]
    MissingValue {
        /// The filter, which is known.
        filter: &'static str,
        /// The values there are.
        choices: &'static str,
    },
    /// A value came without a filter.
    #[error("a value needs a filter: choose GoodEvil or LawChaos")]
    MissingFilter,
}

/// Name of the filter by good and evil.
pub const GOOD_EVIL: &str = "GoodEvil";
/// Name of the filter by law and chaos.
pub const LAW_CHAOS: &str = "LawChaos";

const GOOD_EVIL_CHOICES: &str = "Good, Neutral or Evil";
const LAW_CHAOS_CHOICES: &str = "Lawful, Neutral or Chaotic";

impl Selection {
    /// Reads the two query parameters; both absent is [`Selection::All`].
    ///
    /// # Errors
    ///
    /// Refuses what it does not know and one parameter without the other, naming the choices.
    pub fn parse(filter: Option<&str>, value: Option<&str>) -> Result<Self, SelectionError> {
        match (filter, value) {
            (None, None) => Ok(Selection::All),
            (None, Some(_)) => Err(SelectionError::MissingFilter),
            (Some(GOOD_EVIL), value) => {
                read(GOOD_EVIL, value, GOOD_EVIL_CHOICES, |text| text.parse().ok().map(Selection::GoodEvil))
            }
            (Some(LAW_CHAOS), value) => {
                read(LAW_CHAOS, value, LAW_CHAOS_CHOICES, |text| text.parse().ok().map(Selection::LawChaos))
            }
            (Some(other), _) => Err(SelectionError::UnknownFilter(quoted(other))),
        }
    }
}

fn read(
    filter: &'static str,
    value: Option<&str>,
    choices: &'static str,
    parse: impl Fn(&str) -> Option<Selection>,
) -> Result<Selection, SelectionError> {
    let value = value.ok_or(SelectionError::MissingValue { filter, choices })?;
    parse(value).ok_or_else(|| SelectionError::UnknownValue { filter, value: quoted(value), choices })
}

/// As much of a caller's word as an error message repeats.
fn quoted(word: &str) -> String {
    word.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_and_its_value_become_a_selection() {
        fn check(filter: Option<&str>, value: Option<&str>, expected: Selection) {
            assert_eq!(Selection::parse(filter, value), Ok(expected));
        }
        check(None, None, Selection::All);
        check(Some("GoodEvil"), Some("Good"), Selection::GoodEvil(GoodEvil::Good));
        check(Some("GoodEvil"), Some("Neutral"), Selection::GoodEvil(GoodEvil::Neutral));
        check(Some("GoodEvil"), Some("Evil"), Selection::GoodEvil(GoodEvil::Evil));
        check(Some("LawChaos"), Some("Lawful"), Selection::LawChaos(LawChaos::Lawful));
        check(Some("LawChaos"), Some("Neutral"), Selection::LawChaos(LawChaos::Neutral));
        check(Some("LawChaos"), Some("Chaotic"), Selection::LawChaos(LawChaos::Chaotic));
    }

    #[test]
    fn a_refusal_names_the_choices() {
        fn check(filter: Option<&str>, value: Option<&str>, expected: &str) {
            assert_eq!(Selection::parse(filter, value).unwrap_err().to_string(), expected);
        }
        check(Some("Foo"), Some("Good"), "unknown filter `Foo`: choose GoodEvil or LawChaos");
        check(Some(""), None, "unknown filter ``: choose GoodEvil or LawChaos");
        check(
            Some("GoodEvil"),
            Some("Lawful"),
            "unknown value `Lawful` for the filter GoodEvil: choose Good, Neutral or Evil",
        );
        check(
            Some("LawChaos"),
            Some("chaotic"),
            "unknown value `chaotic` for the filter LawChaos: choose Lawful, Neutral or Chaotic",
        );
        check(Some("GoodEvil"), None, "the filter GoodEvil needs a value: choose Good, Neutral or Evil");
        check(Some("LawChaos"), None, "the filter LawChaos needs a value: choose Lawful, Neutral or Chaotic");
        check(None, Some("Good"), "a value needs a filter: choose GoodEvil or LawChaos");
    }

    #[test]
    fn the_choices_are_those_that_parse() {
        for value in GoodEvil::ALL {
            assert!(GOOD_EVIL_CHOICES.contains(value.as_str()));
        }
        for value in LawChaos::ALL {
            assert!(LAW_CHAOS_CHOICES.contains(value.as_str()));
        }
    }
}
