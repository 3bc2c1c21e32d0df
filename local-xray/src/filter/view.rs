//! What an expression is asked about: one trace, with its summary and the work behind its nodes and edges.
//!
//! Nothing is derived here. The summary says what summaries say and the graph says who is a node and what is a call, so
//! a filter can never disagree with the map or the trace list. Both are made when a condition first needs them.

use std::cell::OnceCell;

use crate::graph::{TraceWork, trace_work};
use crate::store::Trace;
use crate::summary::{TraceSummary, root_segment, summarise};

use super::eval::{Subject, Value};
use super::keyword::Keyword;
use super::segment;

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
    fn values(&self, keyword: Keyword) -> Vec<Value<'_>> {
        match keyword {
            Keyword::Throttle => vec![Value::Truth(self.summary().has_throttle)],
            Keyword::Partial => vec![Value::Truth(self.summary().is_partial)],
            Keyword::Inferred => vec![Value::Truth(!self.trace.inferred_segments().is_empty())],
            Keyword::Duration => vec![Value::Number(self.summary().duration.as_secs_f64())],
            Keyword::User => Value::texts(self.summary().users.iter().map(|user| user.name.as_str())),
            Keyword::AccountId => {
                Value::texts(self.summary().service_ids.iter().filter_map(|id| id.account_id.as_deref()))
            }
            Keyword::AvailabilityZone => texts(&self.summary().availability_zones),
            Keyword::InstanceId => texts(&self.summary().instance_ids),
            Keyword::ResourceArn => texts(&self.summary().resource_arns),
            _ => root_segment(self.trace).map_or(Vec::new(), |root| segment::values(root, keyword)),
        }
    }

    fn annotations(&self, key: &str) -> Vec<Value<'_>> {
        let values = self.summary().annotations.get(key).map_or(&[][..], Vec::as_slice);
        values.iter().map(|annotation| Value::from(&annotation.value)).collect()
    }
}

fn texts(texts: &[String]) -> Vec<Value<'_>> {
    Value::texts(texts.iter().map(String::as_str))
}
