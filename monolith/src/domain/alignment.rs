//! The two axes every mysfit is sorted by. Their words are the same in the API, in the site's links and in the store.

use std::fmt;
use std::str::FromStr;

/// Whether a mysfit means well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoodEvil {
    /// Means well.
    Good,
    /// Has not made up its mind.
    Neutral,
    /// Means trouble.
    Evil,
}

/// Whether a mysfit follows rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LawChaos {
    /// Follows rules.
    Lawful,
    /// Follows some rules on some days.
    Neutral,
    /// Follows nothing.
    Chaotic,
}

/// The word is none of the axis' three.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such alignment `{0}`")]
pub struct UnknownAlignment(String);

impl GoodEvil {
    /// Every value, in the order in which the site offers them.
    pub const ALL: [GoodEvil; 3] = [GoodEvil::Good, GoodEvil::Neutral, GoodEvil::Evil];

    /// The word used for it everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            GoodEvil::Good => "Good",
            GoodEvil::Neutral => "Neutral",
            GoodEvil::Evil => "Evil",
        }
    }
}

impl LawChaos {
    /// Every value, in the order in which the site offers them.
    pub const ALL: [LawChaos; 3] = [LawChaos::Lawful, LawChaos::Neutral, LawChaos::Chaotic];

    /// The word used for it everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            LawChaos::Lawful => "Lawful",
            LawChaos::Neutral => "Neutral",
            LawChaos::Chaotic => "Chaotic",
        }
    }
}

impl FromStr for GoodEvil {
    type Err = UnknownAlignment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|value| value.as_str() == text).ok_or_else(|| UnknownAlignment(text.to_owned()))
    }
}

impl FromStr for LawChaos {
    type Err = UnknownAlignment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|value| value.as_str() == text).ok_or_else(|| UnknownAlignment(text.to_owned()))
    }
}

impl fmt::Display for GoodEvil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for LawChaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
