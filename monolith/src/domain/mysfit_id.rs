//! The id of a mysfit: a UUID in its hyphenated form, the shape it has in every URL.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The id of a mysfit; prints in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MysfitId(Uuid);

/// The text is not a UUID in hyphenated form, so no mysfit can have it as its id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of a mysfit")]
pub struct MalformedMysfitId(String);

/// As much of a wrong id as an error message repeats, in characters.
const QUOTED_CHARACTERS: usize = 64;

impl MysfitId {
    /// Takes a UUID that is known to be an id.
    pub const fn new(uuid: Uuid) -> Self {
        MysfitId(uuid)
    }
}

impl FromStr for MysfitId {
    type Err = MalformedMysfitId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The UUID parser also takes braces, `urn:uuid:` and bare digits: spellings that no URL of ours has.
        let is_hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
        match Uuid::try_parse(text) {
            Ok(uuid) if is_hyphenated => Ok(MysfitId(uuid)),
            _ => Err(MalformedMysfitId(text.chars().take(QUOTED_CHARACTERS).collect())),
        }
    }
}

impl fmt::Display for MysfitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        fn check(text: &str, expected: Option<&str>) {
            assert_eq!(text.parse::<MysfitId>().ok().map(|id| id.to_string()).as_deref(), expected, "{text}");
        }
        const ID: &str = "4e53920c-505a-4a90-a694-b9300791f0ae";
        check(ID, Some(ID));
        check("4E53920C-505A-4A90-A694-B9300791F0AE", Some(ID));
        check("4e53920c505a4a90a694b9300791f0ae", None);
        check("{4e53920c-505a-4a90-a694-b9300791f0ae}", None);
        check("urn:uuid:4e53920c-505a-4a90-a694-b9300791f0ae", None);
        check("4e53920c-505a-4a90-a694-b9300791f0a", None);
        check("ghost", None);
        check("", None);
    }

    #[test]
    fn a_long_wrong_id_is_quoted_in_part() {
        let error = "é".repeat(1000).parse::<MysfitId>().unwrap_err();
        assert_eq!(error.to_string().chars().filter(|c| *c == 'é').count(), QUOTED_CHARACTERS);
    }

    proptest! {
        #[test]
        fn what_parses_prints_as_itself(text in "\\PC{0,40}|[0-9a-fA-F-]{30,40}") {
            if let Ok(id) = text.parse::<MysfitId>() {
                prop_assert_eq!(id.to_string(), text.to_lowercase());
            }
        }
    }
}
