//! From traces to a map: services as nodes, calls between them as edges, with counts, times and histograms.
//!
//! Pure and deterministic: the same traces give the same graph, in whatever order they came. A node's numbers come from
//! the service's own segments, an edge's numbers from the caller's subsegments.

mod build;
mod calls;
mod edge;
mod forecast;
mod identity;
mod measured;
mod naming;
mod node;
mod series;
mod statistics;
mod sums;
mod task;
#[cfg(test)]
mod tests;
pub mod why;
mod work;

pub use self::build::service_graph;
pub(crate) use self::calls::{Calls, Count};
pub use self::edge::{Alias, Edge, EdgeKind};
pub use self::forecast::{Band, fault_forecast};
pub(crate) use self::identity::Key;
pub use self::identity::{ServiceId, ServiceRef};
pub use self::measured::Measured;
pub use self::naming::{inferred_name, inferred_type};
pub use self::node::{Service, State};
pub use self::series::{Point, Series, period_count};
pub use self::statistics::{Histogram, Statistics};
pub(crate) use self::sums::Sums;
pub use self::work::{EdgeWork, NodeWork, TraceWork, trace_work};

/// A service graph, or the graph of a few traces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceGraph {
    /// The nodes; `services[i].reference_id == i`.
    pub services: Vec<Service>,
}
