//! A creature looking for a home, with what visitors have done about it so far.

use crate::domain::{GoodEvil, LawChaos, MysfitId};

/// One mysfit as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mysfit {
    /// Its id.
    pub id: MysfitId,
    /// What it answers to.
    pub name: String,
    /// What it is.
    pub species: String,
    /// Two or three sentences about it.
    pub description: String,
    /// Its age in years.
    pub age: u64,
    /// Whether it means well.
    pub good_evil: GoodEvil,
    /// Whether it follows rules.
    pub law_chaos: LawChaos,
    /// How many likes were counted.
    pub likes: u64,
    /// Whether it has found a home.
    pub adopted: bool,
}

impl Mysfit {
    /// Its name as it stands in URLs, such as `twilight-glitter`.
    pub fn slug(&self) -> String {
        self.name.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-")
    }
}
