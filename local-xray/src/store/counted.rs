//! Counts of many digests added up, with the links between traces still open.
//!
//! A link joins two traces, so it can be counted only when it is known which traces a question is about.

use crate::digest::DigestView;
use crate::document::{SegmentId, Timestamp, TraceId, Window};
use crate::filter::Selector;
use crate::graph::{Calls, Count, Key, Measured, Series, ServiceGraph, ServiceRef, Sums};

use super::Entry;

/// What was counted so far.
#[derive(Default)]
pub(super) struct Counted<'a> {
    sums: Sums<'a>,
    links: Vec<Link<'a>>,
}

/// A message taken up by a service, and where it was sent.
#[derive(Clone)]
struct Link<'a> {
    consumer: Key<'a>,
    begun: Timestamp,
    trace_id: TraceId,
    call: Option<SegmentId>,
}

impl<'a> Counted<'a> {
    /// Counts the work of one trace that began in the window.
    pub(super) fn add(&mut self, digest: &DigestView<'a>, window: Window) {
        digest.counts_in(window).for_each(|count| self.sums.add(count));
        let links = digest.links_in(window);
        self.links.extend(links.map(|(consumer, begun, trace_id, call)| Link { consumer, begun, trace_id, call }));
    }

    /// Counts what another has counted.
    pub(super) fn merge(&mut self, other: &'a Counted<'_>) {
        self.sums.merge(&other.sums);
        self.links.extend(other.links.iter().map(|link| Link { consumer: link.consumer.borrowed(), ..*link }));
    }

    /// The same, to be kept.
    pub(super) fn into_owned(self) -> Counted<'static> {
        let links = self.links.into_iter().map(|link| Link { consumer: link.consumer.into_owned(), ..link });
        Counted { links: links.collect(), sums: self.sums.into_owned() }
    }

    /// The graph. `find` finds the traces that the question is about.
    pub(super) fn finish(mut self, find: impl Fn(TraceId) -> Option<Entry>) -> ServiceGraph {
        for link in self.links {
            let Some(producer) = find(link.trace_id) else { continue };
            for (queue, sent) in linked(&producer, link.call) {
                self.sums.link(&queue, link.consumer.clone(), link.begun.since(sent));
            }
        }
        self.sums.finish()
    }

    /// Adds the selected part of the sums, which are of work that began around `time`, to a series.
    pub(super) fn add_to(&self, series: &mut Series, time: Timestamp, selector: Option<&Selector>) {
        let is_node = |node: ServiceRef<'_>| selector.is_some_and(|selector| selector.selects_node(node));
        let is_edge = |source: ServiceRef<'_>, target: ServiceRef<'_>| {
            selector.is_none_or(|selector| selector.selects_edge(source, target))
        };
        for (statistics, response_times) in self.sums.selected(is_node, is_edge) {
            series.merge(time, statistics, response_times);
        }
    }
}

/// The work of one trace that began in the window, as far as it is selected: that of nodes as they saw it, or of edges
/// as their callers saw it. Without a selector all edges are meant.
pub(super) fn selected_work(digest: &DigestView<'_>, window: Window, selector: Option<&Selector>) -> Vec<Measured> {
    let is_node = |node: &Key<'_>| selector.is_some_and(|selector| selector.selects_node(node.known_as()));
    let is_edge = |caller: &Key<'_>, callee: &Key<'_>| {
        selector.is_none_or(|selector| selector.selects_edge(caller.known_as(), callee.known_as()))
    };
    let is_selected = |count: &Count<'_, Measured>| match count {
        Count::Segment { node, .. } | Count::Inferred { node, .. } => is_node(node),
        Count::Entry { callee, .. } => is_edge(&callee.client(), callee),
        Count::Call { caller, callee, .. } => is_edge(caller, callee),
    };
    digest.counts_in(window).filter(is_selected).map(|count| *count.piece()).collect()
}

/// The queues that a link points at, and when the messages were sent.
fn linked(producer: &Entry, call: Option<SegmentId>) -> Vec<(Key<'static>, Timestamp)> {
    let owned = |(queue, sent): (Key<'_>, Timestamp)| (queue.into_owned(), sent);
    if let Some(linked) = producer.digest().view().linked(call) {
        return linked.into_iter().map(owned).collect();
    }
    let Some(trace) = producer.trace() else { return Vec::new() };
    let calls = Calls::of(&trace).linked(call).into_iter();
    calls.map(|call| owned((Key::of_call(call), call.end_time.unwrap_or(call.start_time)))).collect()
}
