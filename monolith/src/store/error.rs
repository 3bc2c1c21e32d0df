//! What can go wrong in a store, one enum an operation; `handlers/problem.rs` decides the status.

use crate::domain::{Mysfit, MysfitId};

/// The database did not do as it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be reached, or had no connection to spare in time: asking again later may work.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// It refused or failed.
    #[error("the database failed")]
    Failed(#[source] sqlx::Error),
    /// It holds a value that none of our types can take.
    #[error("the stored {column} of mysfit {id} is `{value}`")]
    Unreadable {
        /// The row, as its id is stored.
        id: String,
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// The thread that owns the connections has ended, as it does at shutdown.
    #[error("the store is closed")]
    Closed,
}

/// Why a like was not counted.
#[derive(Debug, thiserror::Error)]
pub enum AddLikeError {
    /// Nobody has this id.
    #[error("no mysfit has the id {0}")]
    UnknownMysfit(MysfitId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a mysfit was not adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// Nobody has this id.
    #[error("no mysfit has the id {0}")]
    UnknownMysfit(MysfitId),
    /// Somebody was faster.
    #[error("{name} is already adopted")]
    AlreadyAdopted {
        /// Whom they adopted.
        name: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no database to talk to.
    #[error("cannot open the database {name}")]
    Connect {
        /// The database, without its password.
        name: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// Its tables could not be brought up to date.
    #[error("cannot bring the tables of the database {name} up to date")]
    Migrate {
        /// The database, without its password.
        name: String,
        /// What the driver said.
        source: sqlx::migrate::MigrateError,
    },
    /// The mysfits could not be written into it.
    #[error("cannot copy the roster into the database {name}")]
    Roster {
        /// The database, without its password.
        name: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The system gave no thread or runtime for the connections.
    #[error("cannot start the thread of the database connections")]
    Thread(#[source] std::io::Error),
    /// That thread has ended before its time.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AdoptError {
    /// Why adopting `id` changed no row, given what is known of it.
    pub(super) fn of_unchanged(id: MysfitId, found: Option<Mysfit>) -> Self {
        match found {
            Some(mysfit) => AdoptError::AlreadyAdopted { name: mysfit.name },
            None => AdoptError::UnknownMysfit(id),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{Io, PoolClosed, PoolTimedOut, Tls, WorkerCrashed};
        match error {
            Io(_) | Tls(_) | PoolTimedOut | PoolClosed | WorkerCrashed => StoreError::Unreachable(error),
            other if is_passing(&other) => StoreError::Unreachable(other),
            other => StoreError::Failed(other),
        }
    }
}

/// Whether asking again later may work, because of what goes on at the database and not because of what it was asked.
fn is_passing(error: &sqlx::Error) -> bool {
    /// PostgreSQL: a transaction gave way to another one, no slot is left, or a statement took too long.
    const PASSING: [&str; 3] = ["40", "53300", "57014"];
    is_of_the_server(error) || is_busy(error) || has_code(error, &PASSING)
}

/// Whether a PostgreSQL server has gone away or has changed its part, so that no connection to it is of use any more.
pub(super) fn is_of_the_server(error: &sqlx::Error) -> bool {
    /// The connection broke, the server shuts down or starts, or it takes no changes: after a failover, connections and for a while
    /// also the name of the cluster lead to what was the writer and is a reader now.
    const GONE: [&str; 3] = ["08", "57P", "25006"];
    matches!(error, sqlx::Error::Io(_)) || has_code(error, &GONE)
}

/// Whether PostgreSQL gave a code that begins like one of these; its codes have five characters, SQLite's fewer.
fn has_code(error: &sqlx::Error, beginnings: &[&str]) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.len() == 5 && beginnings.iter().any(|beginning| code.starts_with(beginning)))
}

/// Whether somebody else held a SQLite file for too long; the low byte of a code is its kind, the rest says more.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: u32 = 5;
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.filter(|code| code.len() < 5); // PostgreSQL's have five characters
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

impl From<sqlx::Error> for AddLikeError {
    fn from(error: sqlx::Error) -> Self {
        AddLikeError::Store(error.into())
    }
}

impl From<sqlx::Error> for AdoptError {
    fn from(error: sqlx::Error) -> Self {
        AdoptError::Store(error.into())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::fmt;

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    /// An error of a database with nothing but a code.
    #[derive(Debug)]
    struct Code(&'static str);

    impl fmt::Display for Code {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Code {}

    impl DatabaseError for Code {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_is_broken() {
        fn check(code: &'static str, passes: bool) {
            let error = StoreError::from(sqlx::Error::Database(Box::new(Code(code))));
            assert_eq!(matches!(error, StoreError::Unreachable(_)), passes, "{code}");
        }
        // SQLite: busy, also while another process recovers the log; a broken rule; a missing table
        check("5", true);
        check("261", true);
        check("1555", false);
        check("1", false);
        // PostgreSQL: shut down, starting up, connection lost, no slot left, deadlock, now a reader; a broken rule; a missing table
        check("57P01", true);
        check("57P03", true);
        check("08006", true);
        check("53300", true);
        check("40P01", true);
        check("25006", true);
        check("23505", false);
        check("42P01", false);
    }
}
