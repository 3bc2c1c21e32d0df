//! What is sent: an endless mix of likes and lists that is a pure function of the seed.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;
use uuid::Uuid;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// `POST /mysfits/{mysfit}/like` under a key of its own.
    Like { mysfit: String, key: Uuid },
    /// `GET /mysfits`.
    List,
}

/// What requests are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Like,
    List,
}

impl Request {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Like { .. } => Kind::Like,
            Self::List => Kind::List,
        }
    }
}

impl Kind {
    /// As people read it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Like => "likes",
            Self::List => "GET /mysfits",
        }
    }
}

/// All requests of one seed, in order.
#[derive(Debug)]
pub(super) struct Mix {
    random: StdRng,
    mysfits: Vec<String>,
    like_share: f64,
}

impl Mix {
    /// Likes of these mysfits with the probability `like_share`, from 0 to 1, and lists; an empty roster has no requests.
    pub(super) fn new(seed: u64, mut mysfits: Vec<String>, like_share: f64) -> Self {
        mysfits.sort_unstable();
        Self { random: StdRng::seed_from_u64(seed), mysfits, like_share }
    }
}

impl Iterator for Mix {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let mysfit = self.mysfits.choose(&mut self.random)?.clone();
        let key = uuid::Builder::from_random_bytes(self.random.random()).into_uuid();
        let is_like = self.random.random_bool(self.like_share);
        Some(if is_like { Request::Like { mysfit, key } } else { Request::List })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(seed: u64, like_share: f64) -> Vec<Request> {
        Mix::new(seed, vec!["b".into(), "a".into()], like_share).take(1_000).collect()
    }

    #[test]
    fn one_seed_is_one_mix() {
        assert_eq!(requests(7, 0.5), requests(7, 0.5));
        assert_ne!(requests(7, 0.5), requests(8, 0.5));
    }

    #[test]
    fn likes_have_their_share() {
        let check = |share, at_least, at_most| {
            let likes = requests(7, share).iter().filter(|request| request.kind() == Kind::Like).count();
            assert!((at_least..=at_most).contains(&likes), "{likes} likes of 1000 at {share}");
        };
        check(0.0, 0, 0);
        check(0.25, 200, 300);
        check(1.0, 1_000, 1_000);
    }

    #[test]
    fn without_mysfits_there_is_nothing_to_send() {
        assert_eq!(Mix::new(7, Vec::new(), 0.0).next(), None);
    }
}
