//! What the visitors do: an endless plan that is a pure function of the seed.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

/// The paths a visitor may look at before choosing: everything, or one of the site's filters.
const LISTS: [&str; 5] = [
    "/mysfits",
    "/mysfits?filter=GoodEvil&value=Good",
    "/mysfits?filter=GoodEvil&value=Evil",
    "/mysfits?filter=LawChaos&value=Lawful",
    "/mysfits?filter=LawChaos&value=Chaotic",
];

/// One visitor's way through the site, which ends with a like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    /// The paths looked at first, in order.
    pub(crate) pages: Vec<String>,
    /// The id of the mysfit that is liked.
    pub(crate) mysfit: String,
    /// The `Idempotency-Key` of the like.
    pub(crate) key: Uuid,
}

/// All visits of one seed, in order.
#[derive(Debug)]
pub(crate) struct Plan {
    random: StdRng,
    mysfits: Vec<String>,
}

impl Plan {
    /// Makes the plan for visitors who choose among these mysfits; an empty list makes an empty plan.
    pub(crate) fn new(seed: u64, mysfits: Vec<String>) -> Self {
        Self { random: StdRng::seed_from_u64(seed), mysfits }
    }
}

impl Iterator for Plan {
    type Item = Visit;

    fn next(&mut self) -> Option<Visit> {
        let mysfit = self.mysfits.choose(&mut self.random)?.clone();
        let mut pages = Vec::new();
        if self.random.random_bool(0.3) {
            pages.push("/".to_owned());
        }
        pages.extend(LISTS.choose(&mut self.random).map(|path| (*path).to_owned()));
        if self.random.random_bool(0.5) {
            pages.push(format!("/mysfits/{mysfit}"));
        }
        let key = uuid::Builder::from_random_bytes(self.random.random()).into_uuid();
        Some(Visit { pages, mysfit, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn visits(seed: u64) -> Vec<Visit> {
        Plan::new(seed, vec!["a".into(), "b".into(), "c".into()]).take(500).collect()
    }

    #[test]
    fn one_seed_is_one_plan() {
        assert_eq!(visits(7), visits(7));
        assert_ne!(visits(7), visits(8));
    }

    #[test]
    fn no_two_likes_share_a_key() {
        let keys: HashSet<Uuid> = visits(7).into_iter().map(|visit| visit.key).collect();
        assert_eq!(keys.len(), 500);
    }

    #[test]
    fn every_mysfit_and_every_list_is_visited() {
        let visits = visits(7);
        let mysfits: HashSet<_> = visits.iter().map(|visit| visit.mysfit.as_str()).collect();
        let pages: HashSet<_> = visits.iter().flat_map(|visit| &visit.pages).map(String::as_str).collect();
        assert_eq!(mysfits.len(), 3);
        assert!(LISTS.iter().all(|list| pages.contains(list)));
        assert!(pages.contains("/") && pages.contains("/mysfits/a"));
    }

    #[test]
    fn without_mysfits_nobody_comes() {
        assert_eq!(Plan::new(7, Vec::new()).next(), None);
    }
}
