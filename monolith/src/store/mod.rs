//! Where the mysfits and their likes are kept: one trait, two databases.
//!
//! SQLite is the embedded default, PostgreSQL the database of a deployment. Both hold the same two tables, run the same
//! statements (`statements.rs`) and pass the same conformance suite (`tests/store/`). A trait object rather than
//! `sqlx::Any`, which cannot read every column type, and rather than a type parameter, which every handler would carry.
//!
//! A store keeps three promises: a like key adds to a mysfit's count at most once, nothing but the roster creates a
//! mysfit, and an adoption happens once.

mod connection_thread;
mod error;
mod migrations;
mod postgres;
mod row;
mod sqlite;
mod statements;

use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use self::error::{AddLikeError, AdoptError, OpenError, StoreError};
pub use self::postgres::PostgresStore;
pub use self::sqlite::SqliteStore;
use crate::config::DatabaseConfig;
use crate::domain::{LikeKey, Mysfit, MysfitId, Selection};

/// What a store call comes back with.
pub type Answer<'a, T, E = StoreError> = BoxFuture<'a, Result<T, E>>;

/// How a like went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LikeCount {
    /// The mysfit's likes, this one included.
    pub likes: u64,
    /// Whether the key had been counted before, so that nothing was added now.
    pub is_repeat: bool,
}

/// Keeps mysfits and likes.
pub trait Store: Send + Sync {
    /// Lists the selected mysfits in the roster's order.
    fn list(&self, selection: Selection) -> Answer<'_, Vec<Mysfit>>;

    /// Finds one mysfit; `None` for an unknown id.
    fn find(&self, id: MysfitId) -> Answer<'_, Option<Mysfit>>;

    /// Counts one like, unless this key was counted before, and answers with the mysfit's count.
    fn add_like(&self, id: MysfitId, key: LikeKey) -> Answer<'_, LikeCount, AddLikeError>;

    /// Marks a mysfit as adopted and answers with it as it now is.
    fn adopt(&self, id: MysfitId) -> Answer<'_, Mysfit, AdoptError>;

    /// Makes sure that the database answers.
    fn check_ready(&self) -> Answer<'_, ()>;

    /// Ends every connection.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Opens the configured database, brings its tables up to date and copies the roster into it.
///
/// # Errors
///
/// Fails when the database cannot be reached or its tables cannot be brought up to date.
pub async fn open(config: &DatabaseConfig) -> Result<Arc<dyn Store>, OpenError> {
    Ok(match config {
        DatabaseConfig::Sqlite(config) => Arc::new(SqliteStore::open(config).await?),
        DatabaseConfig::Postgres(config) => Arc::new(PostgresStore::open(config).await?),
    })
}
