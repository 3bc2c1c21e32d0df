//! How the list is looked at: its order, its length, what it is grouped by, and where it continues.

use std::cmp::Ordering;
use std::time::Duration;

use crate::console::attribute::Attribute;
use crate::console::error::PageError;
use crate::console::link::Link;
use crate::document::{Timestamp, TraceId};

/// The lengths of a page that there are.
pub(in crate::console) const LENGTHS: [usize; 3] = [50, 200, 1_000];

/// The state of the list; all of it is in the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console) struct Listing {
    pub(super) sort: Sort,
    /// The most rows of a page.
    pub(super) rows: usize,
    pub(super) by: Option<Attribute>,
    /// The list continues after this trace.
    pub(super) after: Option<Place>,
}

/// The order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Newest,
    Oldest,
    Slowest,
    Fastest,
}

const SORTS: [(Sort, &str); 4] =
    [(Sort::Newest, "newest"), (Sort::Oldest, "oldest"), (Sort::Slowest, "slowest"), (Sort::Fastest, "fastest")];

/// A place in the list: what it is sorted by, and the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    key: i64,
    id: TraceId,
}

impl Default for Listing {
    fn default() -> Self {
        let [rows, ..] = LENGTHS;
        Self { sort: Sort::Newest, rows, by: None, after: None }
    }
}

impl Listing {
    /// Reads the parameters of a URL.
    ///
    /// # Errors
    /// Names what is not understood and what would be.
    pub(in crate::console) fn parse(value: impl Fn(&str) -> Option<String>) -> Result<Self, PageError> {
        let default = Self::default();
        Ok(Self {
            sort: value("sort").map_or(Ok(default.sort), |word| parse_sort(&word))?,
            rows: value("rows").map_or(Ok(default.rows), |text| parse_rows(&text))?,
            by: value("by").map(|word| parse_by(&word)).transpose()?,
            after: value("after").map(|text| parse_after(&text)).transpose()?,
        })
    }

    /// Adds what differs from the usual to a link, except the place where the list continues.
    pub(in crate::console) fn add_to(&self, link: Link) -> Link {
        let default = Self::default();
        link.with_some("sort", (self.sort != default.sort).then(|| self.sort.word()))
            .with_some("rows", (self.rows != default.rows).then(|| self.rows.to_string()).as_deref())
            .with_some("by", self.by.as_ref().map(Attribute::word).as_deref())
    }

    /// Says whether a trace stands behind the place where the list continues.
    pub(super) fn is_behind(&self, place: Place) -> bool {
        self.after.is_none_or(|after| self.sort.compare(&after, &place) == Ordering::Less)
    }
}

impl Sort {
    pub(super) fn word(self) -> &'static str {
        SORTS.iter().find(|(sort, _)| *sort == self).map_or("", |(_, word)| word)
    }

    /// The other direction of the same column.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Newest => Self::Oldest,
            Self::Oldest => Self::Newest,
            Self::Slowest => Self::Fastest,
            Self::Fastest => Self::Slowest,
        }
    }

    /// The place of a trace. Those that have not answered stand at the end.
    pub(super) fn place(self, id: TraceId, start: Timestamp, response: Option<Duration>) -> Place {
        let micros = response.map(|time| i64::try_from(time.as_micros()).unwrap_or(i64::MAX));
        let key = match self {
            Self::Newest | Self::Oldest => start.micros(),
            Self::Slowest => micros.unwrap_or(-1),
            Self::Fastest => micros.unwrap_or(i64::MAX),
        };
        Place { key, id }
    }

    /// What comes first in the list is less.
    pub(super) fn compare(self, one: &Place, other: &Place) -> Ordering {
        match self {
            Self::Newest | Self::Slowest => other.cmp(one),
            Self::Oldest | Self::Fastest => one.cmp(other),
        }
    }
}

impl Place {
    /// The place as it stands in a URL.
    pub(super) fn value(self) -> String {
        format!("{}.{}", self.key, self.id)
    }
}

fn parse_sort(word: &str) -> Result<Sort, PageError> {
    SORTS.into_iter().find(|(_, known)| *known == word).map(|(sort, _)| sort).ok_or_else(|| {
        let known = SORTS.map(|(_, word)| word).join(", ");
        PageError::bad_request(format!("The list cannot be sorted by \u{201c}{word}\u{201d}. Choose one of {known}."))
    })
}

fn parse_rows(text: &str) -> Result<usize, PageError> {
    let known = text.parse().ok().filter(|rows| LENGTHS.contains(rows));
    known.ok_or_else(|| {
        let known = LENGTHS.map(|rows| rows.to_string()).join(", ");
        PageError::bad_request(format!("A page has no \u{201c}{text}\u{201d} rows. Choose one of {known}."))
    })
}

fn parse_by(word: &str) -> Result<Attribute, PageError> {
    Attribute::parse(word).ok_or_else(|| {
        let known = Attribute::fixed().map(|one| one.word().into_owned()).collect::<Vec<_>>().join(", ");
        PageError::bad_request(format!(
            "Traces cannot be grouped by \u{201c}{word}\u{201d}. Choose one of {known}, or annotation.KEY."
        ))
    })
}

fn parse_after(text: &str) -> Result<Place, PageError> {
    text.split_once('.')
        .and_then(|(key, id)| Some(Place { key: key.parse().ok()?, id: TraceId::parse(id)? }))
        .ok_or_else(|| {
            PageError::bad_request("This link into the list of traces is damaged. Start from its beginning.")
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn listing(query: &str) -> Result<Listing, PageError> {
        let values: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Listing::parse(|name| values.get(name).cloned())
    }

    #[test]
    fn the_list_survives_its_own_link() {
        for query in ["", "sort=slowest", "sort=fastest&rows=1000", "by=url", "by=annotation.a+b&rows=200"] {
            let one = listing(query).unwrap();
            let link = one.add_to(Link::to("/traces")).to_string();
            assert_eq!(listing(link.split_once('?').map_or("", |(_, query)| query)).unwrap(), one, "{query}");
        }
        assert_eq!(Listing::default().add_to(Link::to("/traces")).to_string(), "/traces");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in ["sort=best", "rows=7", "rows=-1", "by=colour", "after=1.2", "after=x"] {
            assert!(matches!(listing(query), Err(PageError::BadRequest { .. })), "{query}");
        }
    }

    #[test]
    fn a_place_in_the_list_reads_back_and_orders_it() {
        let id = |n: u8| TraceId::from_bytes([n; 16]);
        let at = |sort: Sort, n: u8, seconds: Option<u64>| {
            sort.place(id(n), Timestamp::from_micros(i64::from(n)), seconds.map(Duration::from_secs))
        };
        for (sort, _) in SORTS {
            let place = at(sort, 7, Some(1));
            assert_eq!(parse_after(&place.value()).unwrap(), place);
            let listing = Listing { sort, after: Some(place), ..Listing::default() };
            assert!(!listing.is_behind(place), "no trace stands behind itself");
            assert!(listing.is_behind(at(sort, 8, Some(1))) != listing.is_behind(at(sort, 6, Some(1))), "{sort:?}");
            let slow = matches!(sort, Sort::Slowest | Sort::Fastest);
            assert!(!slow || listing.is_behind(at(sort, 1, None)), "what has not answered comes last");
        }
    }
}
