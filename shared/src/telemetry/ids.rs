//! Trace ids in X-Ray's form, and the adoption of one that came without a parent span.
//!
//! A span without a valid parent gets its trace id from the id generator, and the SDK offers no other way to choose it. So the
//! generator looks into the context that is current while the span starts.

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_aws::trace::XrayIdGenerator;
use opentelemetry_sdk::trace::IdGenerator;

use super::propagation::Incoming;

/// X-Ray's id generator, with a Root that a load balancer has already given out taking precedence.
#[derive(Debug, Default)]
pub(super) struct AdoptingIdGenerator {
    fresh: XrayIdGenerator,
}

impl IdGenerator for AdoptingIdGenerator {
    fn new_trace_id(&self) -> TraceId {
        let adopted = Context::map_current(|context| context.get::<Incoming>().and_then(|incoming| incoming.root));
        adopted.unwrap_or_else(|| self.fresh.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.fresh.new_span_id()
    }
}
