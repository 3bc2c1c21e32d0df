//! A row as both drivers hand it over, and the mysfit it becomes; and the few numbers that both stores tell about themselves.

use std::fmt::Display;
use std::str::FromStr;

use shared::telemetry::database::Connections;

use crate::domain::Mysfit;
use crate::store::StoreError;

/// The columns of every mysfit query, in the order of `statements.rs`.
pub(super) type MysfitRow = (String, String, String, String, i64, String, String, i64, bool);

/// Reads a row; a value that no type of ours can take is an error naming its column.
pub(super) fn read_mysfit(row: MysfitRow) -> Result<Mysfit, StoreError> {
    let (id, name, species, description, age, good_evil, law_chaos, likes, adopted) = row;
    Ok(Mysfit {
        age: count(&id, "age", age)?,
        good_evil: word(&id, "good_evil", &good_evil)?,
        law_chaos: word(&id, "law_chaos", &law_chaos)?,
        likes: count(&id, "likes", likes)?,
        id: word(&id, "id", &id)?,
        name,
        species,
        description,
        adopted,
    })
}

/// Reads a number that is never negative.
pub(super) fn count(id: impl Display, column: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Unreadable { id: id.to_string(), column, value: value.to_string() })
}

fn word<T: FromStr>(id: &str, column: &'static str, value: &str) -> Result<T, StoreError> {
    value.parse().map_err(|_| StoreError::Unreadable { id: id.to_owned(), column, value: value.to_owned() })
}

/// How many rows a query for at most one has found.
pub(super) fn count_found<T>(found: &Option<T>) -> usize {
    usize::from(found.is_some())
}

/// What a pool of `open` connections does, of which `idle` do nothing.
pub(super) fn connections(open: u32, idle: usize) -> Connections {
    let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(open); // the two are read one after the other
    Connections { used: open - idle, idle }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::roster::ROSTER;

    fn row() -> MysfitRow {
        let id = ROSTER[0].id.to_string();
        (id, "A".into(), "B".into(), "C".into(), 43, "Evil".into(), "Lawful".into(), 7, true)
    }

    #[test]
    fn a_row_becomes_a_mysfit() {
        let mysfit = read_mysfit(row()).unwrap();
        assert_eq!((mysfit.id, mysfit.age, mysfit.likes, mysfit.adopted), (ROSTER[0].id, 43, 7, true));
    }

    #[test]
    fn connections_are_used_or_idle() {
        assert_eq!(connections(4, 1), Connections { used: 3, idle: 1 });
        assert_eq!(connections(1, 2), Connections { used: 0, idle: 1 });
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        fn check(change: impl Fn(&mut MysfitRow), column: &str) {
            let mut row = row();
            change(&mut row);
            let message = read_mysfit(row).unwrap_err().to_string();
            assert!(message.contains(&format!("stored {column} of")), "{message}");
        }
        check(|row| row.0 = "ghost".into(), "id");
        check(|row| row.4 = -1, "age");
        check(|row| row.5 = "good".into(), "good_evil");
        check(|row| row.6 = "".into(), "law_chaos");
        check(|row| row.7 = -1, "likes");
    }
}
