//! The store on a PostgreSQL server.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use shared::telemetry::database::{Database, Pool};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Postgres};

use super::connection_thread::ConnectionThread;
use super::error::is_of_the_server;
use super::row::{self, MysfitRow};
use super::statements::{self, ADD_LIKE, ADOPT, CHECK_READY, COPY_ENTRY, FIND, FIND_LIKES, Statement};
use super::{AddLikeError, AdoptError, Answer, LikeCount, OpenError, Store, StoreError, migrations};
use crate::config::PostgresConfig;
use crate::domain::roster::{ROSTER, RosterEntry};
use crate::domain::{LikeKey, Mysfit, MysfitId, Selection};

/// Connections to the server. Ten monoliths stay below the hundred that PostgreSQL allows by default.
const CONNECTIONS: u32 = 10;

/// How long the start waits for a server that takes the connection and says nothing.
const FIRST_CONNECTION: Duration = Duration::from_secs(10);

/// How long the end waits for the last calls.
const LAST_CALLS: Duration = Duration::from_secs(3);

/// After this many milliseconds the server itself gives a statement up, be it slow or waiting for a lock.
const STATEMENT_TIMEOUT_MS: &str = "3000";

/// After this long without an answer the connection counts as dead: a server whose machine is gone sends nothing, not even an end.
const SILENCE: Duration = Duration::from_secs(4);

/// A connection that rested for longer is asked whether it still works before it is used. A busy one is not: it would cost each call a
/// second round trip, and what breaks within a second is for one caller to try again.
const RESTED: Duration = Duration::from_secs(1);

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
    trust: Arc<Trust>,
    database: Database,
    observed: Pool,
}

/// Which connections may still be used. A server that restarts, falls silent or becomes a reader does so for all of its connections at
/// once: the first caller that meets it spares the others the same, and the next connection goes to whoever has the name by then.
#[derive(Debug, Default)]
struct Trust {
    lost_at: Mutex<Option<Instant>>,
}

impl Trust {
    /// Ends the use of every connection that was made before now.
    fn lose(&self) {
        *self.lost_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection that was made so long ago may be used.
    fn covers(&self, age: Duration) -> bool {
        let lost_at = *self.lost_at.lock().unwrap_or_else(PoisonError::into_inner);
        lost_at.is_none_or(|lost_at| age < lost_at.elapsed())
    }
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
                let closed = tokio::time::timeout(LAST_CALLS, tables.pool.close()).await;
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
        // Not the pool for good: its statements end after a few seconds, and a migration may wait for that of another monolith.
        let preparing = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
        let migrated = migrations::postgres().run(&preparing).await;
        migrated.map_err(|source| OpenError::Migrate { name: name(), source })?;
        copy_roster(&preparing).await.map_err(|source| OpenError::Roster { name: name(), source })?;
        preparing.close().await;

        let trust = Arc::new(Trust::default());
        let options = options.options([("statement_timeout", STATEMENT_TIMEOUT_MS)]);
        let pool = pool(options, config.patience, Arc::clone(&trust));
        let options = &config.options;
        let database = Database::postgresql(config.name(), options.get_host(), options.get_port());
        let (counted, database) = (pool.clone(), database.with_user(options.get_username()));
        let connections = move || row::connections(counted.size(), counted.num_idle());
        let observed = database.pool("pool", CONNECTIONS, connections);
        Ok(Tables { pool, trust, database, observed })
    }

    async fn list(&self, selection: Selection) -> Result<Vec<Mysfit>, StoreError> {
        let (statement, value) = statements::list(selection);
        let mut query = sqlx::query_as::<_, MysfitRow>(statement.sql);
        if let Some(value) = value {
            query = query.bind(value);
        }
        let rows = self.ask(statement, |server| Box::pin(query.fetch_all(server)), Vec::len).await?;
        rows.into_iter().map(row::read_mysfit).collect()
    }

    async fn find(&self, id: MysfitId) -> Result<Option<Mysfit>, StoreError> {
        let query = sqlx::query_as(FIND.sql).bind(id.to_string());
        let found = self.ask(FIND, |server| Box::pin(query.fetch_optional(server)), row::count_found).await?;
        found.map(row::read_mysfit).transpose()
    }

    /// Two calls with one key meet at the primary key of `likes`: the second waits there until the first has committed. It then asks
    /// for the count by itself, because its first statement still sees the world of before.
    async fn add_like(&self, id: MysfitId, key: &LikeKey) -> Result<LikeCount, AddLikeError> {
        let add = sqlx::query_scalar(ADD_LIKE.sql).bind(id.to_string()).bind(key.as_str().to_owned());
        let added: Option<i64> =
            self.ask(ADD_LIKE, |server| Box::pin(add.fetch_optional(server)), row::count_found).await?;
        if let Some(likes) = added {
            return Ok(LikeCount { likes: row::count(id, "likes", likes)?, is_repeat: false });
        }
        let find = sqlx::query_scalar(FIND_LIKES.sql).bind(id.to_string());
        let found: Option<i64> =
            self.ask(FIND_LIKES, |server| Box::pin(find.fetch_optional(server)), row::count_found).await?;
        let likes = found.ok_or(AddLikeError::UnknownMysfit(id))?;
        Ok(LikeCount { likes: row::count(id, "likes", likes)?, is_repeat: true })
    }

    async fn adopt(&self, id: MysfitId) -> Result<Mysfit, AdoptError> {
        let adopt = sqlx::query_as(ADOPT.sql).bind(id.to_string());
        match self.ask(ADOPT, |server| Box::pin(adopt.fetch_optional(server)), row::count_found).await? {
            Some(adopted) => Ok(row::read_mysfit(adopted)?),
            None => Err(AdoptError::of_unchanged(id, self.find(id).await?)),
        }
    }

    async fn check_ready(&self) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        let answer = answer_in_time(sqlx::query(CHECK_READY).fetch_one(&mut *connection)).await;
        self.give_back(connection, &answer);
        answer?;
        Ok(())
    }

    /// Runs a statement on a connection of the pool, inside a span that also covers the wait for the connection; `rows` counts what it
    /// came back with.
    async fn ask<T>(
        &self,
        statement: Statement,
        work: impl Work<T>,
        rows: impl FnOnce(&T) -> usize,
    ) -> Result<T, sqlx::Error> {
        let query = self.database.query(statement.operation, statement.sql);
        let mut connection = query.connection(&self.observed, self.pool.acquire()).await?;
        let answer = query.returning(answer_in_time(work(&mut connection)), rows).await;
        self.give_back(connection, &answer);
        answer
    }

    /// Lets the pool have the connection again, unless it broke, fell silent (the pool would wait for it, too) or leads to a server that
    /// takes no changes any more.
    fn give_back<T>(&self, connection: PoolConnection<Postgres>, answer: &Result<T, sqlx::Error>) {
        if answer.as_ref().is_err_and(is_of_the_server) {
            self.trust.lose();
            drop(connection.detach());
        }
    }
}

async fn answer_in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let silence = || sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server does not answer"));
    tokio::time::timeout(SILENCE, work).await.unwrap_or_else(|_| Err(silence()))
}

/// What is done with a connection.
trait Work<T>: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send {}

impl<T, W: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send> Work<T> for W {}

/// A pool that connects when it is first asked, and again whenever the server has been away.
fn pool(options: PgConnectOptions, patience: Duration, trust: Arc<Trust>) -> PgPool {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(patience)
        .test_before_acquire(false)
        .before_acquire(move |connection, metadata| {
            let is_trusted = trust.covers(metadata.age);
            Box::pin(async move {
                if is_trusted && metadata.idle_for > RESTED {
                    connection.ping().await?;
                }
                Ok(is_trusted)
            })
        })
        .connect_lazy_with(options)
}

/// One transaction, whose rows are changed in the roster's order: two monoliths that start at once wait for each other and never in a circle.
async fn copy_roster(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
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
