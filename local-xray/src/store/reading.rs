//! Questions about many traces at once. They go from entry to entry, newest first, and read documents last.

use std::time::Duration;

use crate::document::Window;
use crate::filter::{Filter, Selector};
use crate::graph::{Point, ServiceGraph, series, service_graph, trace_work};

use super::{Entry, Position, Range, Snapshot};

impl Snapshot {
    /// The traces that a window means, latest start first; with `after`, those further down the list. Costs as much as
    /// the caller takes.
    pub fn entries(&self, range: Range, window: Window, after: Option<Position>) -> impl Iterator<Item = Entry> {
        let is_meant = move |entry: &Entry| range != Range::Served || entry.was_served_in(window);
        let started = self.published.state.started_in(window, after);
        let went_on = (range != Range::Started).then(|| self.published.state.went_on_into(window, after));
        started.chain(went_on.into_iter().flatten()).filter(is_meant)
    }

    /// The service graph of all work that began in the window, in traces for which the expression holds.
    pub fn graph(&self, window: Window, filter: &Filter) -> ServiceGraph {
        let matching = self.entries(Range::Active, window, None).filter(|entry| entry.matches(filter));
        graph_of(matching, window)
    }

    /// Work by period: that of the selected nodes as they saw it, or of the selected edges as their callers saw it.
    /// Without a selector all edges are meant.
    pub fn series(&self, window: Window, period: Duration, filter: &Filter, selector: Option<&Selector>) -> Vec<Point> {
        let matching = self.entries(Range::Active, window, None).filter(|entry| entry.matches(filter));
        let traces: Vec<_> = matching.filter_map(|entry| entry.trace()).collect();
        let work = traces.iter().flat_map(|trace| {
            let work = trace_work(trace);
            let nodes =
                work.nodes.into_iter().filter(|node| selector.is_some_and(|selector| selector.selects_node(&node.id)));
            let edges = work
                .edges
                .into_iter()
                .filter(|edge| selector.is_none_or(|selector| selector.selects_edge(&edge.source, &edge.target)));
            let pieces = nodes.flat_map(|node| node.segments).chain(edges.flat_map(|edge| edge.calls));
            pieces.collect::<Vec<_>>()
        });
        series(work, window, period)
    }
}

/// The service graph of all work in these traces that began in the window.
pub fn graph_of(entries: impl IntoIterator<Item = Entry>, window: Window) -> ServiceGraph {
    let traces: Vec<_> = entries.into_iter().filter_map(|entry| entry.trace()).collect();
    service_graph(traces.iter().map(AsRef::as_ref), window)
}
