//! The store on a PostgreSQL server.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use shared::telemetry::database::Database;
use sqlx::postgres::PgPoolOptions;
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
        let first = options.connect().await.map_err(|source| OpenError::Connect { name: name(), source })?;
        first.close().await.map_err(|source| OpenError::Connect { name: name(), source })?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let pool = pool.connect_lazy_with(options);
        let options = &config.options;
        let database = Database::postgresql(config.name(), options.get_host(), options.get_port());
        let tables = Tables { pool, database: database.with_user(options.get_username()) };
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
        let rows = self.traced(statement, query.fetch_all(&self.pool)).await?;
        rows.into_iter().map(row::read_mysfit).collect()
    }

    async fn find(&self, id: MysfitId) -> Result<Option<Mysfit>, StoreError> {
        let query = sqlx::query_as(FIND.sql).bind(id.to_string());
        let found = self.traced(FIND, query.fetch_optional(&self.pool)).await?;
        found.map(row::read_mysfit).transpose()
    }

    /// Two calls with one key meet at the primary key of `likes`: the second waits there until the first has committed.
    async fn add_like(&self, id: MysfitId, key: &LikeKey) -> Result<LikeCount, AddLikeError> {
        let mut transaction = self.pool.begin().await?;
        let take = sqlx::query(TAKE_LIKE_KEY.sql).bind(id.to_string()).bind(key.as_str());
        let taken = self.traced(TAKE_LIKE_KEY, take.execute(&mut *transaction)).await?;
        let is_repeat = taken.rows_affected() == 0;
        let statement = if is_repeat { FIND_LIKES } else { COUNT_LIKE };
        let count = sqlx::query_scalar(statement.sql).bind(id.to_string());
        let likes = self.traced(statement, count.fetch_optional(&mut *transaction)).await?;
        transaction.commit().await?;
        let likes = row::count(id, "likes", likes.ok_or(AddLikeError::UnknownMysfit(id))?)?;
        Ok(LikeCount { likes, is_repeat })
    }

    async fn adopt(&self, id: MysfitId) -> Result<Mysfit, AdoptError> {
        let adopt = sqlx::query_as(ADOPT.sql).bind(id.to_string());
        match self.traced(ADOPT, adopt.fetch_optional(&self.pool)).await? {
            Some(adopted) => Ok(row::read_mysfit(adopted)?),
            None => Err(AdoptError::of_unchanged(id, self.find(id).await?)),
        }
    }

    async fn check_ready(&self) -> Result<(), StoreError> {
        sqlx::query(CHECK_READY).fetch_one(&self.pool).await?;
        Ok(())
    }

    async fn traced<T>(
        &self,
        statement: Statement,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        self.database.query(statement.operation, statement.sql, work).await
    }
}
