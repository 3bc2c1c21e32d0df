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
            other if is_busy(&other) => StoreError::Unreachable(other),
            other => StoreError::Failed(other),
        }
    }
}

/// Whether somebody else held a SQLite file for too long.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: &str = "5"; // PostgreSQL's codes have five characters
    error.as_database_error().and_then(|error| error.code()).as_deref() == Some(SQLITE_BUSY)
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
