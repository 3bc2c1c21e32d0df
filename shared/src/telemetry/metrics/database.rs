//! Queries, and the connections that they wait for.

use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, UpDownCounter};

use super::{DATABASE_SECONDS, meter};

/// How many connections a pool holds at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Those that a query works with.
    pub used: u32,
    /// Those that wait for one.
    pub idle: u32,
}

/// The instruments of one pool.
#[derive(Clone, Debug)]
pub(crate) struct PoolMetrics {
    pending: UpDownCounter<i64>,
    wait: Histogram<f64>,
    name: [KeyValue; 1],
}

impl PoolMetrics {
    /// Takes the instruments from the telemetry that runs now; `connections` is asked before each export, from another thread.
    pub(crate) fn new(name: String, max: u32, connections: impl Fn() -> Connections + Send + Sync + 'static) -> Self {
        let meter = meter();
        let name = [KeyValue::new("db.client.connection.pool.name", name)];
        let [used, idle] = ["used", "idle"]
            .map(|state| [name.as_slice(), &[KeyValue::new("db.client.connection.state", state)]].concat());
        // The provider keeps an observable instrument and its callback; the handle is nothing to hold on to.
        let _ = meter
            .i64_observable_up_down_counter("db.client.connection.count")
            .with_unit("{connection}")
            .with_description("Connections of the pool, by what they do.")
            .with_callback(move |observer| {
                let now = connections();
                observer.observe(now.used.into(), &used);
                observer.observe(now.idle.into(), &idle);
            })
            .build();
        let of_pool = name.clone();
        let _ = meter
            .i64_observable_up_down_counter("db.client.connection.max")
            .with_unit("{connection}")
            .with_description("How many connections the pool may open.")
            .with_callback(move |observer| observer.observe(max.into(), &of_pool))
            .build();
        let pending = meter.i64_up_down_counter("db.client.connection.pending_requests").with_unit("{request}");
        let wait = meter.f64_histogram("db.client.connection.wait_time").with_unit("s");
        Self {
            pending: pending.with_description("Queries that wait for a connection.").build(),
            wait: wait
                .with_description("How long a query waited for its connection.")
                .with_boundaries(DATABASE_SECONDS.to_vec())
                .build(),
            name,
        }
    }

    /// Somebody asks for a connection.
    pub(crate) fn ask(&self) -> Waiting<'_> {
        self.pending.add(1, &self.name);
        Waiting { metrics: self, since: Instant::now() }
    }
}

/// A wait for a connection; ends when this is dropped, at the latest.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    metrics: &'a PoolMetrics,
    since: Instant,
}

impl Waiting<'_> {
    /// The connection is there; answers how long that took.
    pub(crate) fn obtained(self) -> Duration {
        let waited = self.since.elapsed();
        self.metrics.wait.record(waited.as_secs_f64(), &self.metrics.name);
        waited
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.metrics.pending.add(-1, &self.metrics.name);
    }
}

/// The instrument of all queries on one database.
#[derive(Clone, Debug)]
pub(crate) struct QueryMetrics {
    duration: Histogram<f64>,
}

impl QueryMetrics {
    /// Takes the instrument from the telemetry that runs now.
    pub(crate) fn new() -> Self {
        let meter = meter();
        let duration = meter.f64_histogram("db.client.operation.duration").with_unit("s");
        let duration = duration.with_description("How long a query took, its wait for a connection included.");
        Self { duration: duration.with_boundaries(DATABASE_SECONDS.to_vec()).build() }
    }

    /// One query has ended; `attributes` say which.
    pub(crate) fn record(&self, started: Instant, attributes: &[KeyValue]) {
        self.duration.record(started.elapsed().as_secs_f64(), attributes);
    }
}
