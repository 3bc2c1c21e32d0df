//! The span around a query, in both generations of semantic conventions, so that the same database node appears on the map through
//! our own exporter, a collector and the local X-Ray.

use std::future::Future;

use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

/// A database as it appears on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    system: &'static str,
    name: String,
    server: Option<(String, u16)>,
    user: Option<String>,
}

impl Database {
    /// An SQLite database; appears as `name@sqlite`.
    pub fn sqlite(name: impl Into<String>) -> Self {
        Self { system: "sqlite", name: name.into(), server: None, user: None }
    }

    /// A PostgreSQL database; appears as `name@host`.
    pub fn postgresql(name: impl Into<String>, host: impl Into<String>, port: u16) -> Self {
        Self { system: "postgresql", name: name.into(), server: Some((host.into(), port)), user: None }
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

    /// Runs `work` inside a client span. `operation` is a short name such as `SELECT mysfits`; `statement` holds placeholders, never
    /// values. An error marks the span as a fault and is its cause.
    ///
    /// # Errors
    /// Those of `work`, untouched.
    pub async fn query<T, E: std::fmt::Display>(
        &self,
        operation: &'static str,
        statement: &'static str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let tracer = super::tracer();
        let builder = tracer.span_builder(operation).with_kind(SpanKind::Client);
        let span = builder.with_attributes(self.attributes(operation, statement)).start(&tracer);
        let context = Context::current_with_span(span);
        let result = work.with_context(context.clone()).await;
        if let Err(error) = &result {
            let message = error.to_string();
            let attributes =
                vec![KeyValue::new("exception.type", "database"), KeyValue::new("exception.message", message.clone())];
            context.span().add_event("exception", attributes);
            context.span().set_status(Status::error(message));
        }
        context.span().end();
        result
    }

    pub(super) fn attributes(&self, operation: &'static str, statement: &'static str) -> Vec<KeyValue> {
        let verb = operation.split(' ').next().unwrap_or(operation);
        let mut attributes = vec![
            KeyValue::new("db.system", self.system),
            KeyValue::new("db.system.name", self.system),
            KeyValue::new("db.name", self.name.clone()),
            KeyValue::new("db.namespace", self.name.clone()),
            KeyValue::new("db.statement", statement),
            KeyValue::new("db.query.text", statement),
            KeyValue::new("db.operation.name", verb),
            KeyValue::new("peer.service", self.peer_service()),
        ];
        if let Some((host, port)) = &self.server {
            attributes.push(KeyValue::new("server.address", host.clone()));
            attributes.push(KeyValue::new("server.port", i64::from(*port)));
        }
        attributes.extend(self.user.clone().map(|user| KeyValue::new("db.user", user)));
        attributes
    }
}
