//! The key that makes a like count once: whoever asks again with the same key hears the count, and adds nothing.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The value of an `Idempotency-Key` header: 1 to 64 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LikeKey(String);

/// The text cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an Idempotency-Key is 1 to {} visible ASCII characters", LikeKey::MAX_LENGTH)]
pub struct MalformedLikeKey;

impl LikeKey {
    /// The longest key accepted, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// Makes a key that nobody has used before.
    pub fn random() -> Self {
        LikeKey(Uuid::new_v4().to_string())
    }

    /// The key as it stands in the header and in the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LikeKey {
    type Err = MalformedLikeKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_sized = (1..=Self::MAX_LENGTH).contains(&text.len());
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_sized && is_visible { Ok(LikeKey(text.to_owned())) } else { Err(MalformedLikeKey) }
    }
}

impl fmt::Display for LikeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_is_short_and_visible() {
        fn check(text: &str, is_key: bool) {
            assert_eq!(text.parse::<LikeKey>().is_ok(), is_key, "{text:?}");
        }
        check("a", true);
        check("018f3c2e-7d5a-4c1b-9a53-0c6a7a3e11f2", true);
        check("!~", true);
        check(&"k".repeat(64), true);
        check(&"k".repeat(65), false);
        check("", false);
        check("two words", false);
        check("tab\t", false);
        check("clé", false);
        check("\u{7f}", false);
    }

    #[test]
    fn random_keys_are_keys_and_differ() {
        let key = LikeKey::random();
        assert_eq!(key.as_str().parse(), Ok(key.clone()));
        assert_ne!(key, LikeKey::random());
    }

    proptest! {
        #[test]
        fn what_parses_stays_as_it_was_and_fits_a_header(text in "\\PC{0,70}|[!-~]{1,64}|.*") {
            if let Ok(key) = text.parse::<LikeKey>() {
                prop_assert_eq!(key.as_str(), text.as_str());
                prop_assert!(actix_web::http::header::HeaderValue::from_str(key.as_str()).is_ok());
            }
        }
    }
}
