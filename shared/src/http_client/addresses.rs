//! Where a service is: at one address or at several, each with a breaker of its own, and whose turn it is.
//!
//! Calls go round among the addresses that answer. One whose breaker is open is passed over until its pause is over; then a single call is
//! its probe. A call that is repeated goes to an address that it has not tried yet, where there is one. The list may be replaced while calls
//! are under way: those end where they began, and an address that stays keeps its breaker.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use reqwest::Url;

use super::breaker::{Breaker, Permit};

/// How many addresses one service may have.
pub(super) const MAX_ADDRESSES: usize = 100;

/// Texts that are no list of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressesError {
    /// An entry is not an `http://` URL, has no host, or holds a name or password, which would show up in traces and logs.
    #[error("not an http:// URL with a host and without a password")]
    NotAUrl,
    /// There is no entry.
    #[error("there is no address in it")]
    Empty,
    /// An address is there twice, and would get twice its share.
    #[error("{0} is named twice")]
    Twice(String),
    /// There are too many entries.
    #[error("more than {MAX_ADDRESSES} addresses")]
    TooMany,
}

/// One address, as the origin of a URL.
#[derive(Debug)]
pub(super) struct Address {
    base: Url,
    breaker: Breaker,
}

impl Address {
    /// The URL of a path there.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    fn text(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }
}

/// When an address is given a pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) failures: u32,
    pub(super) pause: Duration,
}

/// The addresses of one service, shared by the workers of a process.
#[derive(Debug)]
pub(super) struct Addresses {
    list: ArcSwap<Vec<Arc<Address>>>,
    turn: AtomicUsize,
    patience: Patience,
}

impl Addresses {
    pub(super) fn new<'a>(urls: impl IntoIterator<Item = &'a str>, patience: Patience) -> Result<Self, AddressesError> {
        let addresses = Self { list: ArcSwap::default(), turn: AtomicUsize::new(0), patience };
        addresses.replace(urls)?;
        Ok(addresses)
    }

    /// The same addresses with other patience, all of them in good standing.
    pub(super) fn with_patience(&self, patience: Patience) -> Self {
        let afresh =
            |address: &Arc<Address>| Arc::new(Address { base: address.base.clone(), breaker: breaker(patience) });
        let list = self.list.load().iter().map(afresh).collect();
        Self { list: ArcSwap::from_pointee(list), turn: AtomicUsize::new(0), patience }
    }

    /// Replaces the list; those that stay keep their breakers.
    pub(super) fn replace<'a>(&self, urls: impl IntoIterator<Item = &'a str>) -> Result<(), AddressesError> {
        let bases = urls.into_iter().map(parse).collect::<Result<Vec<Url>, _>>()?;
        let mut seen = HashSet::new();
        match bases.iter().find(|base| !seen.insert(base.as_str())) {
            Some(twice) => return Err(AddressesError::Twice(twice.as_str().trim_end_matches('/').to_owned())),
            None if bases.is_empty() => return Err(AddressesError::Empty),
            None if bases.len() > MAX_ADDRESSES => return Err(AddressesError::TooMany),
            None => {}
        }
        let before = self.list.load();
        let address = |base: Url| match before.iter().find(|address| address.base == base) {
            Some(stays) => Arc::clone(stays),
            None => Arc::new(Address { base, breaker: breaker(self.patience) }),
        };
        self.list.store(Arc::new(bases.into_iter().map(address).collect()));
        Ok(())
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.list.load().iter().map(|address| address.text().to_owned()).collect()
    }

    /// Those that are given a pause.
    pub(super) fn resting(&self) -> Vec<String> {
        let list = self.list.load();
        list.iter().filter(|address| !address.breaker.is_closed()).map(|address| address.text().to_owned()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.list.load().len()
    }

    /// Whether somebody answers, as far as we know, whom `tried` does not name.
    pub(super) fn has_others(&self, tried: &[Arc<Address>]) -> bool {
        self.list.load().iter().any(|address| !is_among(address, tried) && address.breaker.is_closed())
    }

    /// Whose turn it is, and leave to call there; `None` while every breaker is open.
    pub(super) fn next(&self, tried: &[Arc<Address>], now: Instant) -> Option<(Arc<Address>, Permit)> {
        let list = self.list.load();
        if let [only] = list.as_slice() {
            return Some((Arc::clone(only), only.breaker.permit(now)?));
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (again, fresh): (Vec<_>, Vec<_>) = list.iter().partition(|address| is_among(address, tried));
        [fresh, again].into_iter().find_map(|group| {
            // Whoever may be back is asked first: nobody else would find out.
            let (up, away): (Vec<&Arc<Address>>, Vec<_>) = group.into_iter().partition(|one| one.breaker.is_closed());
            let in_turn = up.iter().cycle().skip(turn.checked_rem(up.len()).unwrap_or_default()).take(up.len());
            away.iter().chain(in_turn).find_map(|one| Some((Arc::clone(one), one.breaker.permit(now)?)))
        })
    }
}

fn is_among(address: &Arc<Address>, tried: &[Arc<Address>]) -> bool {
    tried.iter().any(|one| Arc::ptr_eq(one, address))
}

fn breaker(Patience { failures, pause }: Patience) -> Breaker {
    Breaker::new(failures, pause)
}

fn parse(text: &str) -> Result<Url, AddressesError> {
    let usable = |url: &Url| url.scheme() == "http" && url.has_host();
    let is_open = |url: &Url| url.username().is_empty() && url.password().is_none();
    let mut url =
        Url::parse(text.trim()).ok().filter(|url| usable(url) && is_open(url)).ok_or(AddressesError::NotAUrl)?;
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { failures: 1, pause: Duration::from_secs(5) };

    fn addresses(urls: &[&str]) -> Addresses {
        Addresses::new(urls.iter().copied(), PATIENCE).unwrap()
    }

    /// The address of the next call, which ends well or badly.
    fn call(addresses: &Addresses, tried: &[Arc<Address>], now: Instant, is_well: bool) -> Option<String> {
        let (address, permit) = addresses.next(tried, now)?;
        match is_well {
            true => permit.answered(),
            false => permit.failed(now),
        }
        Some(address.text().trim_start_matches("http://").to_owned())
    }

    #[test]
    fn a_list_is_made_of_plain_http_urls_each_once() {
        fn check(urls: &[&str], expected: Result<&[&str], AddressesError>) {
            let listed = Addresses::new(urls.iter().copied(), PATIENCE).map(|addresses| addresses.texts());
            assert_eq!(listed, expected.map(|urls| urls.iter().map(|url| (*url).to_owned()).collect()), "{urls:?}");
        }
        check(&["http://a:1", " http://b:2/ "], Ok(&["http://a:1", "http://b:2"]));
        check(&["http://a:1/like?x=y#z"], Ok(&["http://a:1"]));
        check(&["http://a:80", "http://[::1]:81"], Ok(&["http://a", "http://[::1]:81"]));
        check(&[], Err(AddressesError::Empty));
        check(&["http://a:1", ""], Err(AddressesError::NotAUrl));
        check(&["https://a:1"], Err(AddressesError::NotAUrl));
        check(&["a:1"], Err(AddressesError::NotAUrl));
        check(&["http://me:hunter2@a:1"], Err(AddressesError::NotAUrl));
        check(&["http://a:1", "http://a:1/"], Err(AddressesError::Twice("http://a:1".to_owned())));
        let many: Vec<String> = (0..=MAX_ADDRESSES).map(|number| format!("http://a:{}", number + 1)).collect();
        check(&many.iter().map(String::as_str).collect::<Vec<_>>(), Err(AddressesError::TooMany));
    }

    #[test]
    fn calls_go_round_among_those_that_answer() {
        let now = Instant::now();
        let addresses = addresses(&["http://a:1", "http://b:2", "http://c:3"]);
        let round = |addresses: &Addresses, now| -> Vec<String> {
            (0..6).filter_map(|_| call(addresses, &[], now, true)).collect()
        };
        assert_eq!(round(&addresses, now), ["a:1", "b:2", "c:3", "a:1", "b:2", "c:3"]);
        assert_eq!(call(&addresses, &[], now, false).as_deref(), Some("a:1"));
        assert_eq!(addresses.resting(), ["http://a:1"]);
        let without_a = round(&addresses, now);
        assert_eq!(without_a.iter().filter(|one| *one == "b:2").count(), 3, "{without_a:?}");
        assert_eq!(without_a.iter().filter(|one| *one == "c:3").count(), 3, "{without_a:?}");
        let later = now + PATIENCE.pause;
        assert_eq!(call(&addresses, &[], later, false).as_deref(), Some("a:1"), "the probe");
        assert_ne!(call(&addresses, &[], later, true).as_deref(), Some("a:1"));
        assert_eq!(call(&addresses, &[], later + PATIENCE.pause, true).as_deref(), Some("a:1"), "the next probe");
        assert!(addresses.resting().is_empty());
        let all = round(&addresses, later);
        assert!(
            ["a:1", "b:2", "c:3"].iter().all(|one| all.iter().filter(|other| other == one).count() == 2),
            "{all:?}"
        );
    }

    #[test]
    fn a_repetition_goes_elsewhere_while_there_is_an_elsewhere() {
        let now = Instant::now();
        let addresses = addresses(&["http://a:1", "http://b:2"]);
        let (first, permit) = addresses.next(&[], now).unwrap();
        permit.answered();
        let mut tried = vec![first];
        assert!(addresses.has_others(&tried));
        let (second, permit) = addresses.next(&tried, now).unwrap();
        permit.answered();
        assert!(!Arc::ptr_eq(&tried[0], &second));
        tried.push(second);
        assert!(!addresses.has_others(&tried));
        assert!(addresses.next(&tried, now).is_some(), "then to one that was tried");
    }

    #[test]
    fn nobody_is_called_while_every_breaker_is_open() {
        let now = Instant::now();
        let addresses = addresses(&["http://a:1", "http://b:2"]);
        assert!(call(&addresses, &[], now, false).is_some() && call(&addresses, &[], now, false).is_some());
        assert_eq!(call(&addresses, &[], now, true), None);
    }

    #[test]
    fn an_address_that_stays_on_the_list_keeps_its_breaker() {
        let now = Instant::now();
        let addresses = addresses(&["http://a:1", "http://b:2"]);
        assert_eq!(call(&addresses, &[], now, false).as_deref(), Some("a:1"));
        addresses.replace(["http://c:3", "http://a:1"]).unwrap();
        assert_eq!(
            (addresses.texts(), addresses.resting()),
            (vec!["http://c:3".to_owned(), "http://a:1".to_owned()], vec!["http://a:1".to_owned()])
        );
        assert_eq!(call(&addresses, &[], now, true).as_deref(), Some("c:3"));
        assert_eq!(addresses.replace([]), Err(AddressesError::Empty));
        assert_eq!(addresses.len(), 2, "a list that is refused changes nothing");
    }
}
