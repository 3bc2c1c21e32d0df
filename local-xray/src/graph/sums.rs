//! Counts added up by node and edge: a graph that still grows, by single counts or by sums of others.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::document::Timestamp;

use super::calls::Count;
use super::identity::Key;
use super::{Edge, EdgeKind, Histogram, Measured, Service, ServiceGraph, ServiceRef, State, Statistics};

/// What was counted so far, by node.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Sums<'a> {
    nodes: BTreeMap<Key<'a>, Node<'a>>,
}

#[derive(Debug, Default, Clone, PartialEq)]
struct Node<'a> {
    is_active: bool,
    is_root: bool,
    span: Option<Span>,
    /// Stands in for `span` when only calls, and no work of the node itself, were counted.
    calls_span: Option<Span>,
    statistics: Statistics,
    durations: Histogram,
    response_times: Histogram,
    tasks: BTreeSet<Cow<'a, str>>,
    edges: BTreeMap<(Key<'a>, EdgeKind), EdgeSum>,
}

#[derive(Debug, Default, Clone, PartialEq)]
struct EdgeSum {
    statistics: Statistics,
    response_times: Histogram,
    event_ages: Histogram,
}

/// From the first start to the last end.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Span {
    start: Timestamp,
    end: Timestamp,
}

impl<'a> Sums<'a> {
    /// Counts one piece of work.
    pub(crate) fn add(&mut self, count: Count<'a, Measured>) {
        match count {
            Count::Segment { node, piece, is_entry, task } => {
                let node = self.node(node);
                node.tasks.extend(task.map(Cow::Borrowed));
                node.is_active = true;
                node.is_root |= is_entry;
                node.count(&piece);
            }
            Count::Inferred { node, piece } => self.node(node).count(&piece),
            Count::Entry { callee, piece } => {
                let client = self.node(callee.client());
                client.span = Span::joined(client.span, Some(Span::of(&piece)));
                client.edge(callee, EdgeKind::Call).count(&piece);
            }
            Count::Call { caller, callee, piece } => {
                let node = self.node(caller);
                node.is_active = true;
                node.calls_span = Span::joined(node.calls_span, Some(Span::of(&piece)));
                node.edge(callee, EdgeKind::Call).count(&piece);
            }
        }
    }

    /// Counts one message that was taken up: a dashed edge, if there is a node to draw it from.
    pub(crate) fn link(&mut self, queue: &Key<'a>, consumer: Key<'a>, age: Duration) {
        if let Some(queue) = self.nodes.get_mut(queue) {
            queue.edge(consumer, EdgeKind::Link).event_ages.add(age);
        }
    }

    /// Counts and response times of the nodes, and of the calls on the edges, that are meant.
    pub(crate) fn selected(
        &self,
        is_node: impl Fn(ServiceRef<'_>) -> bool,
        is_edge: impl Fn(ServiceRef<'_>, ServiceRef<'_>) -> bool,
    ) -> Vec<(&Statistics, &Histogram)> {
        let mut selected = Vec::new();
        for (key, node) in &self.nodes {
            if is_node(key.known_as()) {
                selected.push((&node.statistics, &node.response_times));
            }
            let calls = node.edges.iter().filter(|((_, kind), _)| *kind == EdgeKind::Call);
            let meant = calls.filter(|((target, _), _)| is_edge(key.known_as(), target.known_as()));
            selected.extend(meant.map(|(_, edge)| (&edge.statistics, &edge.response_times)));
        }
        selected
    }

    /// Counts what another has counted.
    pub(crate) fn merge(&mut self, other: &'a Sums<'_>) {
        for (key, sum) in &other.nodes {
            let node = self.node(key.borrowed());
            node.is_active |= sum.is_active;
            node.is_root |= sum.is_root;
            node.span = Span::joined(node.span, sum.span);
            node.calls_span = Span::joined(node.calls_span, sum.calls_span);
            node.statistics.merge(&sum.statistics);
            node.durations.merge(&sum.durations);
            node.response_times.merge(&sum.response_times);
            node.tasks.extend(sum.tasks.iter().map(|task| Cow::Borrowed(task.as_ref())));
            for ((target, kind), sum) in &sum.edges {
                let edge = node.edge(target.borrowed(), *kind);
                edge.statistics.merge(&sum.statistics);
                edge.response_times.merge(&sum.response_times);
                edge.event_ages.merge(&sum.event_ages);
            }
        }
    }

    /// The same, to be kept.
    pub(crate) fn into_owned(self) -> Sums<'static> {
        let nodes = self.nodes.into_iter().map(|(key, node)| {
            let edges = node.edges.into_iter().map(|((target, kind), sum)| ((target.into_owned(), kind), sum));
            let tasks = node.tasks.into_iter().map(|task| Cow::Owned(task.into_owned()));
            (key.into_owned(), Node { edges: edges.collect(), tasks: tasks.collect(), ..node })
        });
        Sums { nodes: nodes.collect() }
    }

    fn node(&mut self, key: Key<'a>) -> &mut Node<'a> {
        self.nodes.entry(key).or_default()
    }

    /// The graph of everything that was counted.
    pub(crate) fn finish(mut self) -> ServiceGraph {
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
            let node = self.node(target);
            node.is_active = true;
            node.span = node.span.or(span);
        }
    }
}

impl Span {
    fn of(piece: &Measured) -> Self {
        Self { start: piece.start_time, end: piece.end_time.unwrap_or(piece.start_time) }
    }

    fn joined(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(Self { start: one.start.min(other.start), end: one.end.max(other.end) }),
            (one, other) => one.or(other),
        }
    }
}

impl<'a> Node<'a> {
    fn count(&mut self, piece: &Measured) {
        self.span = Span::joined(self.span, Some(Span::of(piece)));
        self.statistics.add(piece);
        if let Some(response_time) = piece.response_time() {
            self.response_times.add(response_time);
            self.durations.add(piece.duration);
        }
    }

    fn span(&self) -> Option<Span> {
        self.span.or(self.calls_span)
    }

    fn edge(&mut self, target: Key<'a>, kind: EdgeKind) -> &mut EdgeSum {
        self.edges.entry((target, kind)).or_default()
    }

    fn finish(self, number: usize, key: &Key<'a>, numbers: &HashMap<Key<'a>, usize>) -> Service {
        let id = key.to_service_id();
        let Span { start, end } = self.span().unwrap_or(Span { start: Timestamp::EPOCH, end: Timestamp::EPOCH });
        let edges = self
            .edges
            .into_iter()
            .filter_map(|((target, kind), sum)| Some(sum.finish(*numbers.get(&target)?, kind, start, end)));
        Service {
            reference_id: number,
            names: vec![id.name.clone()],
            name: id.name,
            service_type: id.service_type,
            account_id: id.account_id,
            state: if self.is_active { State::Active } else { State::Unknown },
            root: self.is_root,
            start_time: start,
            end_time: end,
            edges: edges.collect(),
            statistics: (!key.is_client()).then_some(self.statistics),
            tasks: self.tasks.into_iter().map(Cow::into_owned).collect(),
            duration_histogram: self.durations,
            response_time_histogram: self.response_times,
        }
    }
}

impl EdgeSum {
    fn count(&mut self, piece: &Measured) {
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
