//! The store in a SQLite file.
//!
//! All writes go through one connection and reads through a pool of their own: with write-ahead logging readers never
//! wait for the writer, and writers that queue for one connection are faster than writers that fight for a file lock.

use std::future::Future;
use std::time::Duration;

use futures_util::future::BoxFuture;
use shared::telemetry::database::Database;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::row::{self, MysfitRow};
use super::statements::{self, ADOPT, CHECK_READY, COPY_ENTRY, COUNT_LIKE, FIND, FIND_LIKES, Statement, TAKE_LIKE_KEY};
use super::{AddLikeError, AdoptError, Answer, LikeCount, OpenError, Store, migrations};
use crate::config::SqliteConfig;
use crate::domain::roster::{ROSTER, RosterEntry};
use crate::domain::{LikeKey, Mysfit, MysfitId, Selection};

/// Connections for reading.
const READERS: u32 = 4;

/// How long a call waits for a connection, or for another process that holds the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// Mysfits and likes in a SQLite database.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    database: Database,
}

impl SqliteStore {
    /// Opens the database, brings its tables up to date and copies the roster into it.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be opened or its tables cannot be brought up to date.
    pub async fn open(config: &SqliteConfig) -> Result<Self, OpenError> {
        let options = config
            .options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal) // with WAL: survives a killed process; a power cut may cost the last likes
            .busy_timeout(PATIENCE)
            .foreign_keys(true);
        let connect = |source| OpenError::Connect { name: config.name(), source };
        let writer = pool(1).connect_with(options.clone()).await.map_err(connect)?;
        let readers = if config.in_memory {
            writer.clone() // the database is the connection, so there is no second one to read from
        } else {
            pool(READERS).connect_with(options.pragma("query_only", "on")).await.map_err(connect)?
        };
        let store = SqliteStore { writer, readers, database: Database::sqlite(config.name()) };
        store.prepare(config).await?;
        Ok(store)
    }

    async fn prepare(&self, config: &SqliteConfig) -> Result<(), OpenError> {
        let migrate = |source| OpenError::Migrate { name: config.name(), source };
        migrations::sqlite().run(&self.writer).await.map_err(migrate)?;
        self.copy_roster().await.map_err(|source| OpenError::Roster { name: config.name(), source })
    }

    async fn copy_roster(&self) -> Result<(), sqlx::Error> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for (position, entry) in (0_i64..).zip(ROSTER) {
            let RosterEntry { id, name, species, age, good_evil, law_chaos, description } = entry;
            sqlx::query(COPY_ENTRY)
                .bind(id.to_string())
                .bind(position)
                .bind(name)
                .bind(species)
                .bind(description)
                .bind(age.cast_signed())
                .bind(good_evil.as_str())
                .bind(law_chaos.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }

    async fn traced<T>(
        &self,
        statement: Statement,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        self.database.query(statement.operation, statement.sql, work).await
    }
}

/// A pool whose connections stay: opening a file anew gains nothing, and in memory it would lose everything.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
}

impl Store for SqliteStore {
    fn list(&self, selection: Selection) -> Answer<'_, Vec<Mysfit>> {
        Box::pin(async move {
            let (statement, value) = statements::list(selection);
            let mut query = sqlx::query_as::<_, MysfitRow>(statement.sql);
            if let Some(value) = value {
                query = query.bind(value);
            }
            let rows = self.traced(statement, query.fetch_all(&self.readers)).await?;
            rows.into_iter().map(row::read_mysfit).collect()
        })
    }

    fn find(&self, id: MysfitId) -> Answer<'_, Option<Mysfit>> {
        Box::pin(async move {
            let query = sqlx::query_as(FIND.sql).bind(id.to_string());
            let found = self.traced(FIND, query.fetch_optional(&self.readers)).await?;
            found.map(row::read_mysfit).transpose()
        })
    }

    fn add_like(&self, id: MysfitId, key: LikeKey) -> Answer<'_, LikeCount, AddLikeError> {
        Box::pin(async move {
            let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
            let take = sqlx::query(TAKE_LIKE_KEY.sql).bind(id.to_string()).bind(key.as_str());
            let taken = self.traced(TAKE_LIKE_KEY, take.execute(&mut *transaction)).await?;
            let is_repeat = taken.rows_affected() == 0;
            let statement = if is_repeat { FIND_LIKES } else { COUNT_LIKE };
            let count = sqlx::query_scalar(statement.sql).bind(id.to_string());
            let likes = self.traced(statement, count.fetch_optional(&mut *transaction)).await?;
            transaction.commit().await?;
            let likes = row::count(id, "likes", likes.ok_or(AddLikeError::UnknownMysfit(id))?)?;
            Ok(LikeCount { likes, is_repeat })
        })
    }

    fn adopt(&self, id: MysfitId) -> Answer<'_, Mysfit, AdoptError> {
        Box::pin(async move {
            let adopt = sqlx::query_as(ADOPT.sql).bind(id.to_string());
            match self.traced(ADOPT, adopt.fetch_optional(&self.writer)).await? {
                Some(adopted) => Ok(row::read_mysfit(adopted)?),
                None => Err(AdoptError::of_unchanged(id, self.find(id).await?)),
            }
        })
    }

    fn check_ready(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            sqlx::query(CHECK_READY).fetch_one(&self.readers).await?;
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.readers.close().await;
            self.writer.close().await;
        })
    }
}
