//! Adds traces up to a graph.
//!
//! Every piece of work counts in the window that it began in, so adjoining windows add up and none counts twice.

use std::collections::HashMap;

use crate::document::{TraceId, Window};
use crate::store::Trace;

use super::ServiceGraph;
use super::calls::{Calls, Part};
use super::identity::Key;
use super::sums::Sums;

/// The service graph of all work in these traces that began in the window.
pub fn service_graph<'a>(traces: impl IntoIterator<Item = &'a Trace>, window: Window) -> ServiceGraph {
    let traces: HashMap<TraceId, Calls<'a>> = traces.into_iter().map(|trace| (trace.id(), Calls::of(trace))).collect();
    let mut sums = Sums::default();
    for calls in traces.values() {
        let counts = calls.parts().flat_map(|part| calls.counts_of(part));
        let begun = counts.filter(|count| window.contains(count.piece().start_time));
        begun.for_each(|count| sums.add(count.measured()));
    }
    // Links come last: they join nodes, and never make one.
    for part in traces.values().flat_map(Calls::parts) {
        add_links(&mut sums, part, window, &traces);
    }
    sums.finish()
}

/// The dashed edges from queues to the segment that took messages up, in a trace of its own.
fn add_links<'a>(sums: &mut Sums<'a>, part: Part<'a>, window: Window, traces: &HashMap<TraceId, Calls<'a>>) {
    let Some(consumer) = part.owner.filter(|_| window.contains(part.piece.start_time)) else { return };
    for link in &part.piece.links {
        let calls = traces.get(&link.trace_id).map(|producer| producer.linked(link.id)).unwrap_or_default();
        for call in calls {
            let sent = call.end_time.unwrap_or(call.start_time);
            let age = part.piece.start_time.since(sent);
            sums.link(&Key::of_call(call), Key::of_segment(consumer), age);
        }
    }
}
