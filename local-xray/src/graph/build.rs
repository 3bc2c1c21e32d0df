//! Adds traces up to a graph.
//!
//! Every piece of work counts in the window that it began in, so adjoining windows add up and none counts twice.

use std::collections::{BTreeMap, HashMap};

use crate::document::{Segment, Timestamp, TraceId, Window};
use crate::store::Trace;

use super::calls::{Calls, Part};
use super::identity::Key;
use super::{Edge, EdgeKind, Histogram, Service, ServiceGraph, State, Statistics};

/// The service graph of all work in these traces that began in the window.
pub fn service_graph<'a>(traces: impl IntoIterator<Item = &'a Trace>, window: Window) -> ServiceGraph {
    let traces: HashMap<TraceId, Calls<'a>> = traces.into_iter().map(|trace| (trace.id(), Calls::of(trace))).collect();
    let mut builder = Builder { window, nodes: BTreeMap::new() };
    for calls in traces.values() {
        for part in calls.parts() {
            builder.add_part(part, calls);
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
    /// Counts one segment or subsegment at the node and the edges that it speaks for.
    fn add_part(&mut self, part: Part<'a>, calls: &Calls<'a>) {
        let piece = part.piece;
        let is_segment = part.owner.is_some_and(|owner| owner.id == piece.id);
        if is_segment && self.window.contains(piece.start_time) {
            self.add_segment(piece);
        }
        if calls.is_unanswered_call(piece) && self.window.contains(piece.start_time) {
            let callee = Key::of_call(piece);
            self.node(&callee).count(piece);
            self.add_call(part.owner, callee, piece);
        }
        self.add_answers(part, calls);
    }

    fn add_segment(&mut self, segment: &'a Segment) {
        let key = Key::of_segment(segment);
        let is_entry = segment.parent_id.is_none();
        let node = self.node(&key);
        node.is_active = true;
        node.is_root |= is_entry;
        node.count(segment);
        if is_entry && !is_synthetic_client(segment) {
            let client = self.node(&key.client());
            client.extend(segment);
            client.edge(key, EdgeKind::Call).count(segment);
        }
    }

    /// The edges to the segments that name this piece as parent. A call counts once for each node that answered it, in
    /// the caller's numbers; where the parent is no call (a segment, or internal work), only the child has numbers.
    fn add_answers(&mut self, part: Part<'a>, calls: &Calls<'a>) {
        let mut counted = Vec::new();
        for answer in calls.answers_to(part.piece) {
            let callee = Key::of_segment(answer);
            let numbers = if part.piece.is_downstream_call() { part.piece } else { answer };
            let is_repeated = part.piece.is_downstream_call() && counted.contains(&callee);
            if self.window.contains(numbers.start_time) && !is_repeated {
                counted.push(callee.clone());
                self.add_call(part.owner, callee, numbers);
            }
        }
    }

    fn add_call(&mut self, caller: Option<&'a Segment>, callee: Key<'a>, numbers: &Segment) {
        let Some(caller) = caller else { return };
        let node = self.node(&Key::of_segment(caller));
        node.is_active = true;
        node.calls_span = Some(extended(node.calls_span, numbers));
        node.edge(callee, EdgeKind::Call).count(numbers);
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

/// A canary is a client itself: its own node stands where the client would be drawn.
fn is_synthetic_client(segment: &Segment) -> bool {
    segment.origin.as_deref().is_some_and(|origin| origin.to_ascii_lowercase().starts_with("client::synthetic"))
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
