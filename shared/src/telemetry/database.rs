//! The span around a query, in both generations of semantic conventions, so that the same database node appears on the map through
//! our own exporter, a collector and the local X-Ray; and the metrics of queries and of the pools that they wait at.
//!
//! A query begins before it has a connection, so that a database that cannot be reached is a fault on the map too:
//!
//! ```no_run
//! # use shared::telemetry::database::{Connections, Database};
//! # async fn connect() -> Result<(), std::io::Error> { Ok(()) }
//! # async fn fetch(_: &mut ()) -> Result<Vec<u64>, std::io::Error> { Ok(vec![]) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let database = Database::postgresql("mysfits", "db", 5432);
//! let pool = database.pool("readers", 10, || Connections { used: 1, idle: 2 });
//! let query = database.query("SELECT mysfits", "SELECT id FROM mysfits");
//! let mut connection = query.connection(&pool, connect()).await?;
//! let rows = query.returning(fetch(&mut connection), Vec::len).await?;
//! # Ok(())
//! # }
//! ```

use std::fmt::Display;
use std::future::Future;
use std::time::Instant;

use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use super::metrics::database::{PoolMetrics, QueryMetrics};

pub use super::metrics::database::Connections;

/// A database as it appears on the map.
#[derive(Clone, Debug)]
pub struct Database {
    system: &'static str,
    name: String,
    server: Option<(String, u16)>,
    user: Option<String>,
    metrics: QueryMetrics,
}

impl Database {
    /// An SQLite database; appears as `name@sqlite`.
    pub fn sqlite(name: impl Into<String>) -> Self {
        Self { system: "sqlite", name: name.into(), server: None, user: None, metrics: QueryMetrics::new() }
    }

    /// A PostgreSQL database; appears as `name@host`.
    pub fn postgresql(name: impl Into<String>, host: impl Into<String>, port: u16) -> Self {
        let server = Some((host.into(), port));
        Self { system: "postgresql", name: name.into(), server, user: None, metrics: QueryMetrics::new() }
    }

    /// Adds the user that the queries run as.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The name of the node on the map.
    pub fn peer_service(&self) -> String {
        let host = self.server.as_ref().map_or(self.system, |(host, _)| host);
        format!("{}@{host}", self.name)
    }

    /// A pool of at most `max` connections, for its metrics; `name` tells the pools of one database apart. `connections` is asked
    /// before each export, on another thread, for as long as the process runs; it must not wait.
    pub fn pool(&self, name: &str, max: u32, connections: impl Fn() -> Connections + Send + Sync + 'static) -> Pool {
        Pool { metrics: PoolMetrics::new(format!("{} {name}", self.peer_service()), max, connections) }
    }

    /// Begins a query inside a client span. `operation` is a short name such as `SELECT mysfits`; `statement` holds placeholders, never
    /// values.
    pub fn query(&self, operation: &'static str, statement: &'static str) -> Query {
        let span = || {
            let builder = SpanBuilder::from_name(operation).with_kind(SpanKind::Client);
            builder.with_attributes(self.attributes(operation, statement))
        };
        Query {
            context: super::start(&Context::current(), span),
            metrics: self.metrics.clone(),
            started: Instant::now(),
            measured: self.measured(operation),
            ended: false,
        }
    }

    /// What tells one query from another in metrics.
    fn measured(&self, operation: &'static str) -> Vec<KeyValue> {
        let mut measured = vec![
            KeyValue::new("db.system.name", self.system),
            KeyValue::new("db.namespace", self.name.clone()),
            KeyValue::new("db.operation.name", verb(operation)),
        ];
        measured.extend(self.address());
        measured
    }

    fn address(&self) -> impl Iterator<Item = KeyValue> {
        let pair = |(host, port): &(String, u16)| {
            [KeyValue::new("server.address", host.clone()), KeyValue::new("server.port", i64::from(*port))]
        };
        self.server.as_ref().map(pair).into_iter().flatten()
    }

    pub(super) fn attributes(&self, operation: &'static str, statement: &'static str) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("db.system", self.system),
            KeyValue::new("db.system.name", self.system),
            KeyValue::new("db.name", self.name.clone()),
            KeyValue::new("db.namespace", self.name.clone()),
            KeyValue::new("db.statement", statement),
            KeyValue::new("db.query.text", statement),
            KeyValue::new("db.operation.name", verb(operation)),
            KeyValue::new("peer.service", self.peer_service()),
        ];
        attributes.extend(self.address());
        attributes.extend(self.user.clone().map(|user| KeyValue::new("db.user", user)));
        attributes
    }
}

/// The first word of an operation, such as `SELECT`.
fn verb(operation: &'static str) -> &'static str {
    operation.split(' ').next().unwrap_or(operation)
}

/// The pool that queries get their connections from.
#[derive(Clone, Debug)]
pub struct Pool {
    metrics: PoolMetrics,
}

/// A query that has begun. It ends with its result, or, when nobody waits for that any more, where it is dropped.
#[derive(Debug)]
#[must_use = "a query ends with `returning` or `affecting`"]
pub struct Query {
    context: Context,
    metrics: QueryMetrics,
    started: Instant,
    measured: Vec<KeyValue>,
    ended: bool,
}

impl Query {
    /// Waits for a connection of `pool`, and notes in milliseconds how long that took.
    ///
    /// # Errors
    /// Those of `connecting`, untouched; one is a fault of the query.
    pub async fn connection<C, E: Display>(
        &self,
        pool: &Pool,
        connecting: impl Future<Output = Result<C, E>>,
    ) -> Result<C, E> {
        let waiting = pool.metrics.ask();
        let outcome = connecting.with_context(self.context.clone()).await;
        let waited = waiting.obtained();
        self.set(KeyValue::new("db.client.connection.wait_ms", waited.as_secs_f64() * 1e3));
        outcome.inspect_err(|error| self.failed(error))
    }

    /// Runs `work` to its end; `rows` counts what it came back with.
    ///
    /// # Errors
    /// Those of `work`, untouched; one marks the span as a fault and is its cause.
    pub async fn returning<T, E: Display>(
        self,
        work: impl Future<Output = Result<T, E>>,
        rows: impl FnOnce(&T) -> usize,
    ) -> Result<T, E> {
        let rows = |result: &T| u64::try_from(rows(result)).unwrap_or(u64::MAX);
        self.run("db.response.returned_rows", work, rows).await
    }

    /// Runs `work` to its end; `rows` counts what it changed.
    ///
    /// # Errors
    /// Those of `work`, untouched; one marks the span as a fault and is its cause.
    pub async fn affecting<T, E: Display>(
        self,
        work: impl Future<Output = Result<T, E>>,
        rows: impl FnOnce(&T) -> u64,
    ) -> Result<T, E> {
        self.run("db.response.affected_rows", work, rows).await
    }

    async fn run<T, E: Display>(
        mut self,
        rows_key: &'static str,
        work: impl Future<Output = Result<T, E>>,
        rows: impl FnOnce(&T) -> u64,
    ) -> Result<T, E> {
        let outcome = work.with_context(self.context.clone()).await;
        match &outcome {
            Ok(result) => {
                self.set(KeyValue::new(rows_key, i64::try_from(rows(result)).unwrap_or(i64::MAX)));
                self.end(None);
            }
            Err(error) => {
                self.failed(error);
                self.end(Some("database"));
            }
        }
        outcome
    }

    fn set(&self, attribute: KeyValue) {
        self.context.span().set_attribute(attribute);
    }

    fn failed(&self, error: &impl Display) {
        let message = error.to_string();
        let attributes =
            vec![KeyValue::new("exception.type", "database"), KeyValue::new("exception.message", message.clone())];
        self.context.span().add_event("exception", attributes);
        self.context.span().set_status(Status::error(message));
    }

    fn end(&mut self, error: Option<&'static str>) {
        self.ended = true;
        self.context.span().end();
        self.measured.extend(error.map(|word| KeyValue::new("error.type", word)));
        self.metrics.record(self.started, &self.measured);
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        if !self.ended {
            // Without a connection, or given up halfway: either way the database has answered nothing.
            self.set(KeyValue::new("error.type", "unanswered"));
            self.end(Some("unanswered"));
        }
    }
}
