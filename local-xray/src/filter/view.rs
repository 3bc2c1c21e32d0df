//! What an expression is asked about: one trace, with its summary and the work behind its nodes and edges.
//!
//! Nothing is derived here. The summary says what summaries say and the graph says who is a node and what is a call, so
//! a filter can never disagree with the map or the trace list. Both are made when a condition first needs them.

use std::cell::OnceCell;

use crate::graph::{TraceWork, trace_work};
use crate::store::Trace;
use crate::summary::{TraceSummary, root_segment, summarise};

use super::answer::Answer;
use super::ast::CauseList;
use super::cause;
use super::keyword::Keyword;
use super::root_cause::CausePattern;
use super::segment::{self, Call, NodeSegment};
use super::subject::{Evidence, IsEdge, IsNode, Subject, Value, Values};

/// One trace, ready to be asked.
pub struct TraceView<'t> {
    trace: &'t Trace,
    summary: OnceCell<TraceSummary>,
    work: OnceCell<TraceWork<'t>>,
}

impl<'t> TraceView<'t> {
    /// Looks at a trace. Costs nothing until something is asked.
    pub fn of(trace: &'t Trace) -> Self {
        Self { trace, summary: OnceCell::new(), work: OnceCell::new() }
    }

    /// The trace itself.
    pub fn trace(&self) -> &'t Trace {
        self.trace
    }

    /// The trace's summary.
    pub fn summary(&self) -> &TraceSummary {
        self.summary.get_or_init(|| summarise(self.trace))
    }

    /// The summary, for a caller that has asked all it wanted.
    pub fn into_summary(self) -> TraceSummary {
        self.summary.into_inner().unwrap_or_else(|| summarise(self.trace))
    }

    /// The trace's nodes and edges.
    pub(super) fn work(&self) -> &TraceWork<'t> {
        self.work.get_or_init(|| trace_work(self.trace))
    }
}

/// The top level: the root segment speaks for most of the trace, the summary for the rest.
impl Subject for TraceView<'_> {
    fn values(&self, keyword: Keyword) -> Values<'_> {
        let summary = || self.summary();
        match keyword {
            Keyword::Throttle => Values::truth(summary().has_throttle),
            Keyword::Partial => Values::truth(summary().is_partial),
            Keyword::Inferred => Values::truth(!self.trace.inferred_segments().is_empty()),
            Keyword::Duration => Values::exactly([Value::Number(summary().duration.as_secs_f64())]),
            Keyword::User => Values::texts(summary().users.iter().map(|user| user.name.as_str())),
            Keyword::AccountId => Values::texts(summary().service_ids.iter().filter_map(|id| id.account_id.as_deref())),
            Keyword::AvailabilityZone => texts(&summary().availability_zones),
            Keyword::InstanceId => texts(&summary().instance_ids),
            Keyword::ResourceArn => texts(&summary().resource_arns),
            _ => root_segment(self.trace).map_or(Values::none(), |root| segment::values(root, keyword)),
        }
    }

    fn annotations(&self, key: &str) -> Values<'_> {
        let values = self.summary().annotations.get(key).map_or(&[][..], Vec::as_slice);
        Values::exactly(values.iter().map(|annotation| Value::from(&annotation.value)))
    }
}

impl Evidence for TraceView<'_> {
    fn any_node(&self, is_meant: IsNode<'_>, ask: &mut dyn FnMut(Option<&dyn Subject>) -> Answer) -> Answer {
        let nodes = self.work().nodes.iter().filter(|node| is_meant(node.id.as_ref()));
        Answer::any(nodes.map(|node| {
            let segments = node.segments.iter().map(|segment| NodeSegment { node: &node.id, segment });
            ask(None).max(Answer::any(segments.map(|segment| ask(Some(&segment)))))
        }))
    }

    fn any_call(&self, is_meant: IsEdge<'_>, ask: &mut dyn FnMut(&dyn Subject) -> Answer) -> Answer {
        let edges = self.work().edges.iter().filter(|edge| is_meant(edge.source.as_ref(), edge.target.as_ref()));
        Answer::any(edges.flat_map(|edge| &edge.calls).map(|call| ask(&Call(call))))
    }

    fn any_cause(&self, list: CauseList, ask: &mut dyn FnMut(&dyn Subject) -> Answer) -> Answer {
        cause::any_element(list, self.summary(), ask)
    }

    fn has_cause(&self, pattern: &CausePattern) -> Answer {
        cause::is_found(pattern, self.summary()).into()
    }
}

fn texts(texts: &[String]) -> Values<'_> {
    Values::texts(texts.iter().map(String::as_str))
}
