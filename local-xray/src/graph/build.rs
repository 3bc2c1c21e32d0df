//! Adds traces up to a graph.
//!
//! Every piece of work counts in the window that it began in, so adjoining windows add up and none counts twice.

use std::collections::{BTreeMap, HashMap};

use crate::document::{Segment, Timestamp, TraceId, Window};
use crate::store::Trace;

use super::calls::{Calls, Count, Part};
use super::identity::Key;
use super::{Edge, EdgeKind, Histogram, Service, ServiceGraph, State, Statistics};

/// The service graph of all work in these traces that began in the window.
pub fn service_graph<'a>(traces: impl IntoIterator<Item = &'a Trace>, window: Window) -> ServiceGraph {
    let traces: HashMap<TraceId, Calls<'a>> = traces.into_iter().map(|trace| (trace.id(), Calls::of(trace))).collect();
    let mut builder = Builder { window, nodes: BTreeMap::new() };
    for calls in traces.values() {
        for count in calls.parts().flat_map(|part| calls.counts_of(part)) {
            builder.add_count(count);
        }
    }
    // Links come last: they join nodes, and never make one.
    for part in traces.values().flat_map(Calls::parts) {
        builder.add_links(part, &traces);
    }
    builder.finish()
}

struct Builder<'a> {
    window: Window,
    nodes: BTreeMap<Key<'a>, Node<'a>>,
}

#[derive(Default)]
struct Node<'a> {
    is_active: bool,
    is_root: bool,
    span: Option<(Timestamp, Timestamp)>,
    /// Stands in for `span` when only calls, and no work of the node itself, began in the window.
    calls_span: Option<(Timestamp, Timestamp)>,
    statistics: Statistics,
    durations: Histogram,
    response_times: Histogram,
    edges: BTreeMap<(Key<'a>, EdgeKind), EdgeSum>,
}

#[derive(Default)]
struct EdgeSum {
    statistics: Statistics,
    response_times: Histogram,
    event_ages: Histogram,
}

impl<'a> Builder<'a> {
    fn add_count(&mut self, count: Count<'a>) {
        if !self.window.contains(count.piece().start_time) {
            return;
        }
        match count {
            Count::Segment { node, segment, is_entry } => {
                let node = self.node(&node);
                node.is_active = true;
                node.is_root |= is_entry;
                node.count(segment);
            }
            Count::Inferred { node, call } => self.node(&node).count(call),
            Count::Entry { client, callee, segment } => {
                let client = self.node(&client);
                client.extend(segment);
                client.edge(callee, EdgeKind::Call).count(segment);
            }
            Count::Call { caller, callee, piece } => {
                let node = self.node(&caller);
                node.is_active = true;
                node.calls_span = Some(extended(node.calls_span, piece));
                node.edge(callee, EdgeKind::Call).count(piece);
            }
        }
    }

    /// The dashed edges from queues to the segment that took messages up, in a trace of its own.
    fn add_links(&mut self, part: Part<'a>, traces: &HashMap<TraceId, Calls<'a>>) {
        let (Some(consumer), piece) = (part.owner, part.piece) else { return };
        if !self.window.contains(piece.start_time) {
            return;
        }
        let target = Key::of_segment(consumer);
        for link in &piece.links {
            let Some(producer) = traces.get(&link.trace_id) else { continue };
            for call in linked_calls(producer, link.id.and_then(|id| producer.part(id))) {
                if let Some(queue) = self.nodes.get_mut(&Key::of_call(call)) {
                    let sent = call.end_time.unwrap_or(call.start_time);
                    let edge = queue.edge(target.clone(), EdgeKind::Link);
                    edge.event_ages.add(piece.start_time.since(sent));
                }
            }
        }
    }

    fn node(&mut self, key: &Key<'a>) -> &mut Node<'a> {
        self.nodes.entry(key.clone()).or_default()
    }

    fn finish(mut self) -> ServiceGraph {
        self.add_missing_targets();
        let numbers: HashMap<Key<'a>, usize> = self.nodes.keys().cloned().zip(0..).collect();
        let services = self.nodes.into_iter().enumerate();
        ServiceGraph { services: services.map(|(number, (key, node))| node.finish(number, &key, &numbers)).collect() }
    }

    /// A call can begin in the window and its answer after it: the node is drawn then, without numbers.
    fn add_missing_targets(&mut self) {
        let edges = self
            .nodes
            .values()
            .flat_map(|node| node.edges.keys().map(move |(target, _)| (target.clone(), node.span())));
        let missing: Vec<_> = edges.filter(|(target, _)| !self.nodes.contains_key(target)).collect();
        for (target, span) in missing {
            let node = self.node(&target);
            node.is_active = true;
            node.span = node.span.or(span);
        }
    }
}

/// The calls that a link points at: the one it names, or the queues that the named segment (or, without a name, any
/// segment of the trace) wrote to.
fn linked_calls<'a>(producer: &Calls<'a>, named: Option<Part<'a>>) -> Vec<&'a Segment> {
    match named {
        Some(part) if producer.is_unanswered_call(part.piece) => vec![part.piece],
        Some(Part { owner: Some(owner), .. }) => {
            producer.unanswered_calls_of(owner).filter(|call| is_queue(call)).collect()
        }
        _ => producer
            .parts()
            .map(|part| part.piece)
            .filter(|piece| producer.is_unanswered_call(piece) && is_queue(piece))
            .collect(),
    }
}

fn is_queue(call: &Segment) -> bool {
    matches!(super::inferred_type(call).as_deref(), Some("AWS::SQS::Queue" | "AWS::SQS" | "AWS::SNS"))
}

/// The span of time that also covers `piece`.
fn extended(span: Option<(Timestamp, Timestamp)>, piece: &Segment) -> (Timestamp, Timestamp) {
    let (start, end) = (piece.start_time, piece.end_time.unwrap_or(piece.start_time));
    let (first, last) = span.unwrap_or((start, end));
    (first.min(start), last.max(end))
}

impl<'a> Node<'a> {
    fn count(&mut self, piece: &Segment) {
        self.extend(piece);
        self.statistics.add(piece);
        if let Some(response_time) = piece.response_time() {
            self.response_times.add(response_time);
            self.durations.add(piece.last_activity().since(piece.first_activity()));
        }
    }

    fn extend(&mut self, piece: &Segment) {
        self.span = Some(extended(self.span, piece));
    }

    fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.span.or(self.calls_span)
    }

    fn edge(&mut self, target: Key<'a>, kind: EdgeKind) -> &mut EdgeSum {
        self.edges.entry((target, kind)).or_default()
    }

    fn finish(self, number: usize, key: &Key<'a>, numbers: &HashMap<Key<'a>, usize>) -> Service {
        let id = key.to_service_id();
        let (start_time, end_time) = self.span().unwrap_or((Timestamp::EPOCH, Timestamp::EPOCH));
        let edges = self
            .edges
            .into_iter()
            .filter_map(|((target, kind), sum)| Some(sum.finish(*numbers.get(&target)?, kind, start_time, end_time)));
        Service {
            reference_id: number,
            names: vec![id.name.clone()],
            name: id.name,
            service_type: id.service_type,
            account_id: id.account_id,
            state: if self.is_active { State::Active } else { State::Unknown },
            root: self.is_root,
            start_time,
            end_time,
            edges: edges.collect(),
            statistics: (!key.is_client()).then_some(self.statistics),
            duration_histogram: self.durations,
            response_time_histogram: self.response_times,
        }
    }
}

impl EdgeSum {
    fn count(&mut self, piece: &Segment) {
        self.statistics.add(piece);
        if let Some(response_time) = piece.response_time() {
            self.response_times.add(response_time);
        }
    }

    fn finish(self, target: usize, kind: EdgeKind, start_time: Timestamp, end_time: Timestamp) -> Edge {
        Edge {
            target,
            start_time,
            end_time,
            kind,
            statistics: self.statistics,
            response_time_histogram: self.response_times,
            received_event_age_histogram: self.event_ages,
            aliases: Vec::new(),
        }
    }
}
