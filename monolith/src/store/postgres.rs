//! The store on a PostgreSQL server.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use shared::telemetry::database::{Database, Pool, Query};
use sqlx::postgres::{PgPoolOptions, PgQueryResult};
use sqlx::{ConnectOptions, Connection, PgPool};

use super::connection_thread::ConnectionThread;
use super::row::{self, MysfitRow};
use super::statements::{self, ADOPT, CHECK_READY, COPY_ENTRY, COUNT_LIKE, FIND, FIND_LIKES, Statement, TAKE_LIKE_KEY};
use super::{AddLikeError, AdoptError, Answer, LikeCount, OpenError, Store, StoreError, migrations};
use crate::config::PostgresConfig;
use crate::domain::roster::{ROSTER, RosterEntry};
use crate::domain::{LikeKey, Mysfit, MysfitId, Selection};

/// Connections to the server.
const CONNECTIONS: u32 = 10;

/// How long the start waits for a server that takes the connection and says nothing.
const FIRST_CONNECTION: Duration = Duration::from_secs(10);

/// How long a call waits for a connection, and the end for the last call.
const PATIENCE: Duration = Duration::from_secs(3);

/// Mysfits and likes in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    tables: Arc<Tables>,
    thread: ConnectionThread,
}

/// The queries; they run on the connection thread only.
#[derive(Debug)]
struct Tables {
    pool: PgPool,
    database: Database,
    observed: Pool,
}

impl PostgresStore {
    /// Connects, brings the tables up to date and copies the roster into them.
    ///
    /// # Errors
    ///
    /// Fails when the server cannot be reached or its tables cannot be brought up to date.
    pub async fn open(config: &PostgresConfig) -> Result<Self, OpenError> {
        let thread = ConnectionThread::start().map_err(OpenError::Thread)?;
        let config = config.clone();
        let tables = thread.run(async move { Tables::open(&config).await }).await?;
        Ok(PostgresStore { tables: Arc::new(tables), thread })
    }

    async fn run<T, E, F>(&self, work: impl FnOnce(Arc<Tables>) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.thread.run(work(Arc::clone(&self.tables))).await
    }
}

impl Store for PostgresStore {
    fn list(&self, selection: Selection) -> Answer<'_, Vec<Mysfit>> {
        Box::pin(self.run(move |tables| async move { tables.list(selection).await }))
    }

    fn find(&self, id: MysfitId) -> Answer<'_, Option<Mysfit>> {
        Box::pin(self.run(move |tables| async move { tables.find(id).await }))
    }

    fn add_like(&self, id: MysfitId, key: LikeKey) -> Answer<'_, LikeCount, AddLikeError> {
        Box::pin(self.run(move |tables| async move { tables.add_like(id, &key).await }))
    }

    fn adopt(&self, id: MysfitId) -> Answer<'_, Mysfit, AdoptError> {
        Box::pin(self.run(move |tables| async move { tables.adopt(id).await }))
    }

    fn check_ready(&self) -> Answer<'_, ()> {
        Box::pin(self.run(move |tables| async move { tables.check_ready().await }))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let closed = self.run(|tables| async move {
                let closed = tokio::time::timeout(PATIENCE, tables.pool.close()).await;
                Ok::<_, StoreError>(closed.is_ok())
            });
            if !closed.await.unwrap_or(false) {
                tracing::warn!(
                    "queries on {} did not end in time and are cut off",
                    self.tables.database.peer_service()
                );
            }
        })
    }
}

impl Tables {
    async fn open(config: &PostgresConfig) -> Result<Self, OpenError> {
        let name = || format!("{config:?}");
        let options = config.options.clone().application_name(crate::SERVICE_NAME);
        // A pool that cannot connect says only that time ran out; one connection by itself says why.
        let first = tokio::time::timeout(FIRST_CONNECTION, options.connect()).await;
        let first = first.unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())));
        let first = first.map_err(|source| OpenError::Connect { name: name(), source })?;
        first.close().await.map_err(|source| OpenError::Connect { name: name(), source })?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let pool = pool.connect_lazy_with(options);
        let options = &config.options;
        let database = Database::postgresql(config.name(), options.get_host(), options.get_port());
        let (counted, database) = (pool.clone(), database.with_user(options.get_username()));
        let connections = move || row::connections(counted.size(), counted.num_idle());
        let observed = database.pool("pool", CONNECTIONS, connections);
        let tables = Tables { pool, database, observed };
        let migrated = migrations::postgres().run(&tables.pool).await;
        migrated.map_err(|source| OpenError::Migrate { name: name(), source })?;
        tables.copy_roster().await.map_err(|source| OpenError::Roster { name: name(), source })?;
        Ok(tables)
    }

    async fn copy_roster(&self) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
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

    async fn list(&self, selection: Selection) -> Result<Vec<Mysfit>, StoreError> {
        let (statement, value) = statements::list(selection);
        let mut query = sqlx::query_as::<_, MysfitRow>(statement.sql);
        if let Some(value) = value {
            query = query.bind(value);
        }
        let traced = self.query(statement);
        let mut connection = traced.connection(&self.observed, self.pool.acquire()).await?;
        let rows = traced.returning(query.fetch_all(&mut *connection), Vec::len).await?;
        rows.into_iter().map(row::read_mysfit).collect()
    }

    async fn find(&self, id: MysfitId) -> Result<Option<Mysfit>, StoreError> {
        let traced = self.query(FIND);
        let mut connection = traced.connection(&self.observed, self.pool.acquire()).await?;
        let find = sqlx::query_as(FIND.sql).bind(id.to_string());
        let found = traced.returning(find.fetch_optional(&mut *connection), row::count_found).await?;
        found.map(row::read_mysfit).transpose()
    }

    /// Two calls with one key meet at the primary key of `likes`: the second waits there until the first has committed.
    async fn add_like(&self, id: MysfitId, key: &LikeKey) -> Result<LikeCount, AddLikeError> {
        let traced = self.query(TAKE_LIKE_KEY);
        let mut transaction = traced.connection(&self.observed, self.pool.begin()).await?;
        let take = sqlx::query(TAKE_LIKE_KEY.sql).bind(id.to_string()).bind(key.as_str());
        let taken = traced.affecting(take.execute(&mut *transaction), PgQueryResult::rows_affected).await?;
        let is_repeat = taken.rows_affected() == 0;
        let statement = if is_repeat { FIND_LIKES } else { COUNT_LIKE };
        let count = sqlx::query_scalar(statement.sql).bind(id.to_string());
        let counting = count.fetch_optional(&mut *transaction);
        let likes = self.query(statement).returning(counting, row::count_found).await?;
        transaction.commit().await?;
        let likes = row::count(id, "likes", likes.ok_or(AddLikeError::UnknownMysfit(id))?)?;
        Ok(LikeCount { likes, is_repeat })
    }

    async fn adopt(&self, id: MysfitId) -> Result<Mysfit, AdoptError> {
        let traced = self.query(ADOPT);
        let mut connection = traced.connection(&self.observed, self.pool.acquire()).await?;
        let adopt = sqlx::query_as(ADOPT.sql).bind(id.to_string());
        let adopted = traced.returning(adopt.fetch_optional(&mut *connection), row::count_found).await?;
        drop(connection); // one that waits for another while it holds its own could wait for ever
        match adopted {
            Some(adopted) => Ok(row::read_mysfit(adopted)?),
            None => Err(AdoptError::of_unchanged(id, self.find(id).await?)),
        }
    }

    async fn check_ready(&self) -> Result<(), StoreError> {
        sqlx::query(CHECK_READY).fetch_one(&self.pool).await?;
        Ok(())
    }

    fn query(&self, statement: Statement) -> Query {
        self.database.query(statement.operation, statement.sql)
    }
}
