//! Page tokens: where the next page begins, bound to the query that it continues.
//!
//! For summaries the place is the last trace of the page before, not a count, so traces that arrive between two pages neither
//! repeat nor hide others.

use std::fmt::{self, Debug};
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::error::ApiError;

/// Reads and writes the tokens of one query.
pub(crate) struct PageToken {
    query: String,
}

impl PageToken {
    /// `query` is everything that must not change between two pages.
    pub(crate) fn of_query(query: &impl Debug) -> Self {
        Self { query: format!("{query:?}") }
    }

    /// The token of the page that follows a place.
    pub(crate) fn write(&self, place: &impl fmt::Display) -> String {
        let place = place.to_string();
        format!("{place}.{}", self.seal(&place))
    }

    /// # Errors
    /// When this query did not issue the token.
    pub(crate) fn read<P: FromStr>(&self, token: &str) -> Result<P, ApiError> {
        let (place, seal) = token.rsplit_once('.').ok_or_else(invalid)?;
        let is_ours = seal == self.seal(place);
        place.parse().ok().filter(|_| is_ours).ok_or_else(invalid)
    }

    /// Ties a place to the query. It guards against mistakes, not against attackers: a forged place shows nothing that
    /// a query would not.
    fn seal(&self, place: &str) -> String {
        let digest = Sha256::digest(format!("{place} {}", self.query));
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Refuses a token for an operation that answers in one page.
pub(super) fn none_was_issued(token: Option<&str>) -> Result<(), ApiError> {
    if token.is_some() { Err(invalid()) } else { Ok(()) }
}

fn invalid() -> ApiError {
    ApiError::invalid_request("NextToken does not belong to this query")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Timestamp, TraceId};
    use crate::store::Position;
    use proptest::prelude::*;

    fn position() -> Position {
        let id = TraceId::parse("1-5759e988-bd862e3fe1be46a994272793").unwrap();
        Position { start: Timestamp::from_micros(1_767_225_600_000_001), id }
    }

    #[test]
    fn a_token_belongs_to_the_query_that_issued_it() {
        let query = PageToken::of_query(&(1, 2));
        let token = query.write(&position());
        assert_eq!(query.read::<Position>(&token).ok(), Some(position()));
        assert!(PageToken::of_query(&(1, 3)).read::<Position>(&token).is_err());
        assert!(query.read::<Position>(&token.replace("2793", "2794")).is_err());
    }

    #[test]
    fn a_place_before_the_epoch_is_none() {
        let query = PageToken::of_query(&());
        let place = |start: &str| format!("{start}.{}", position().id);
        assert_eq!(query.read::<Position>(&query.write(&place("0"))).ok().map(|p| p.start), Some(Timestamp::EPOCH));
        for start in ["-1", "ffffffffffffffff", "10000000000000000", ""] {
            assert!(query.read::<Position>(&query.write(&place(start))).is_err(), "{start}");
        }
    }

    proptest! {
        #[test]
        fn no_token_panics(token in ".{0,80}") {
            prop_assert!(PageToken::of_query(&()).read::<Position>(&token).is_err());
        }
    }
}
