//! What a like consists of, as types: whom it is for, and the key that makes it count once.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The id of a mysfit: a UUID in its hyphenated form. Whether such a mysfit exists, the monolith knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MysfitId(Uuid);

/// A text that cannot be the id of any mysfit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no mysfit has this id: ids look like 4e53920c-505a-4a90-a694-b9300791f0ae")]
pub(crate) struct MalformedMysfitId;

impl FromStr for MysfitId {
    type Err = MalformedMysfitId;

    fn from_str(text: &str) -> Result<Self, MalformedMysfitId> {
        // The UUID parser also takes braces, `urn:uuid:` and bare digits: spellings that no URL of ours has.
        let is_hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
        let uuid = Uuid::try_parse(text).ok().filter(|_| is_hyphenated);
        uuid.map(Self).ok_or(MalformedMysfitId)
    }
}

impl fmt::Display for MysfitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// The `Idempotency-Key` of a like: whoever asks again with the same key hears the count and adds nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LikeKey(String);

/// A text that cannot be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an Idempotency-Key is 1 to {} visible ASCII characters", LikeKey::MAX_LENGTH)]
pub(crate) struct MalformedLikeKey;

impl LikeKey {
    /// The longest key accepted, in characters.
    pub(crate) const MAX_LENGTH: usize = 64;

    /// Makes a key that nobody has used before.
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4().to_string())
    }

    /// The key as it stands in the header.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LikeKey {
    type Err = MalformedLikeKey;

    fn from_str(text: &str) -> Result<Self, MalformedLikeKey> {
        let is_sized = (1..=Self::MAX_LENGTH).contains(&text.len());
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_sized && is_visible { Ok(Self(text.to_owned())) } else { Err(MalformedLikeKey) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(text.parse::<MysfitId>().ok().map(|id| id.to_string()).as_deref(), expected, "{text}");
        };
        const ID: &str = "4e53920c-505a-4a90-a694-b9300791f0ae";
        check(ID, Some(ID));
        check("4E53920C-505A-4A90-A694-B9300791F0AE", Some(ID));
        check("4e53920c505a4a90a694b9300791f0ae", None);
        check("{4e53920c-505a-4a90-a694-b9300791f0ae}", None);
        check("../../../secrets-of-the-monolith-inside", None);
        check("ghost", None);
        check("", None);
    }

    #[test]
    fn a_key_is_short_and_visible() {
        let check = |text: &str, is_key: bool| assert_eq!(text.parse::<LikeKey>().is_ok(), is_key, "{text:?}");
        check("a", true);
        check("018f3c2e-7d5a-4c1b-9a53-0c6a7a3e11f2", true);
        check(&"k".repeat(LikeKey::MAX_LENGTH), true);
        check(&"k".repeat(LikeKey::MAX_LENGTH + 1), false);
        check("", false);
        check("two words", false);
        check("clé", false);
    }

    #[test]
    fn random_keys_are_keys_and_differ() {
        let key = LikeKey::random();
        assert_eq!(key.as_str().parse(), Ok(key.clone()));
        assert_ne!(key, LikeKey::random());
    }
}
