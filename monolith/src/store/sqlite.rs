//! The store in a SQLite file.
//!
//! All writes go through one connection and reads through a pool of their own: with write-ahead logging readers never
//! wait for the writer, and writers that queue for one connection are faster than writers that fight for a file lock.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use shared::telemetry::database::{Database, Pool, Query};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteQueryResult, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};

use super::error;
use super::row::{self, MysfitRow};
use super::statements::{self, ADOPT, CHECK_READY, COPY_ENTRY, COUNT_LIKE, FIND, FIND_LIKES, Statement, TAKE_LIKE_KEY};
use super::{AddLikeError, AdoptError, Answer, LikeCount, OpenError, Store, migrations};
use crate::config::SqliteConfig;
use crate::domain::roster::{ROSTER, RosterEntry};
use crate::domain::{LikeKey, Mysfit, MysfitId, Selection};

/// Connections for reading.
const READERS: u32 = 4;

/// How long a call waits for a connection, and then for another process that holds the file: both together stay below the 5 s that the
/// Like service gives us, so that it hears 503 from us and not 504 from its own clock.
const PATIENCE: Duration = Duration::from_secs(2);

/// Mysfits and likes in a SQLite database.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    /// An idle connection to a database in memory, which ends with its last connection; a call given up halfway may cost the writer's.
    keeper: Option<SqlitePool>,
    database: Database,
    writing: Pool,
    reading: Pool,
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
        let writer = open_file(&options).await.map_err(connect)?;
        let (readers, keeper) = if config.in_memory {
            // One connection for all: readers of a shared memory would meet the writer's locks.
            (writer.clone(), Some(pool(1).connect_with(options).await.map_err(connect)?))
        } else {
            (pool(READERS).connect_with(options.pragma("query_only", "on")).await.map_err(connect)?, None)
        };
        let database = Database::sqlite(config.name());
        let writing = observed(&database, "writer", &writer, 1);
        let reading =
            if config.in_memory { writing.clone() } else { observed(&database, "readers", &readers, READERS) };
        let store = SqliteStore { writer, readers, keeper, database, writing, reading };
        store.prepare(config).await?;
        Ok(store)
    }

    /// Brings tables and roster up to date in one transaction, begun before looking: nothing else would keep another process that
    /// starts at the same moment from creating the same tables.
    async fn prepare(&self, config: &SqliteConfig) -> Result<(), OpenError> {
        let roster = |source| OpenError::Roster { name: config.name(), source };
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(roster)?;
        let migrated = migrations::sqlite().run(&mut *transaction).await;
        migrated.map_err(|source| OpenError::Migrate { name: config.name(), source })?;
        copy_roster(&mut transaction).await.map_err(roster)?;
        transaction.commit().await.map_err(roster)
    }

    fn query(&self, statement: Statement) -> Query {
        self.database.query(statement.operation, statement.sql)
    }
}

/// Opens the writing connection. Two processes that create one file at once collide in the switch to the write-ahead log, where SQLite
/// fails instead of waiting, so the waiting is done here.
async fn open_file(options: &SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let started = Instant::now();
    loop {
        match pool(1).connect_with(options.clone()).await {
            Err(error) if error::is_busy(&error) && started.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
}

async fn copy_roster(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
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
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The metrics of a pool.
fn observed(database: &Database, name: &str, pool: &SqlitePool, max: u32) -> Pool {
    let pool = pool.clone();
    database.pool(name, max, move || row::connections(pool.size(), pool.num_idle()))
}

/// A pool whose connections stay open: opening a file anew gains nothing.
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
            let traced = self.query(statement);
            let mut connection = traced.connection(&self.reading, self.readers.acquire()).await?;
            let rows = traced.returning(query.fetch_all(&mut *connection), Vec::len).await?;
            rows.into_iter().map(row::read_mysfit).collect()
        })
    }

    fn find(&self, id: MysfitId) -> Answer<'_, Option<Mysfit>> {
        Box::pin(async move {
            let traced = self.query(FIND);
            let mut connection = traced.connection(&self.reading, self.readers.acquire()).await?;
            let find = sqlx::query_as(FIND.sql).bind(id.to_string());
            let found = traced.returning(find.fetch_optional(&mut *connection), row::count_found).await?;
            found.map(row::read_mysfit).transpose()
        })
    }

    fn add_like(&self, id: MysfitId, key: LikeKey) -> Answer<'_, LikeCount, AddLikeError> {
        Box::pin(async move {
            let traced = self.query(TAKE_LIKE_KEY);
            let beginning = self.writer.begin_with("BEGIN IMMEDIATE");
            let mut transaction = traced.connection(&self.writing, beginning).await?;
            let take = sqlx::query(TAKE_LIKE_KEY.sql).bind(id.to_string()).bind(key.as_str());
            let taken = traced.affecting(take.execute(&mut *transaction), SqliteQueryResult::rows_affected).await?;
            let is_repeat = taken.rows_affected() == 0;
            let statement = if is_repeat { FIND_LIKES } else { COUNT_LIKE };
            let count = sqlx::query_scalar(statement.sql).bind(id.to_string());
            let counting = count.fetch_optional(&mut *transaction);
            let likes = self.query(statement).returning(counting, row::count_found).await?;
            transaction.commit().await?;
            let likes = row::count(id, "likes", likes.ok_or(AddLikeError::UnknownMysfit(id))?)?;
            Ok(LikeCount { likes, is_repeat })
        })
    }

    fn adopt(&self, id: MysfitId) -> Answer<'_, Mysfit, AdoptError> {
        Box::pin(async move {
            let traced = self.query(ADOPT);
            let mut connection = traced.connection(&self.writing, self.writer.acquire()).await?;
            let adopt = sqlx::query_as(ADOPT.sql).bind(id.to_string());
            let adopted = traced.returning(adopt.fetch_optional(&mut *connection), row::count_found).await?;
            drop(connection); // with a database in memory it is the only one, and the next query wants it
            match adopted {
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
            if let Some(keeper) = &self.keeper {
                keeper.close().await;
            }
        })
    }
}
