//! Root causes: the chain of services, and in each the chain of work, from the entry down to the culprit.
//!
//! X-Ray does not publish how it finds them. Here, for faults and errors: from the root, follow the failed work that
//! ended last, down through subsegments and across to the service that was called, until nothing below has failed. For
//! response times: follow the work that covers most of the root's response time while it covers at least half of it; a
//! trace in which that leads nowhere has no such cause.

use std::collections::{HashMap, HashSet};

use crate::document::{Cause, Exceptions, Segment, SegmentId};
use crate::graph::ServiceId;
use crate::store::{Trace, inferred_segment};

/// The least share of the root's response time that makes work a cause of it.
const SLOW_SHARE: f64 = 0.5;

/// One root cause.
#[derive(Debug, Clone, PartialEq)]
pub struct RootCause {
    /// The problem reached the client.
    pub client_impacting: bool,
    /// From the entry point to the culprit.
    pub services: Vec<RootCauseService>,
}

/// One service on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct RootCauseService {
    /// Which one.
    pub service: ServiceId,
    /// Made up from the call, because the service sent nothing itself.
    pub inferred: bool,
    /// From the service's segment down to the call that leads on, or to the culprit.
    pub entity_path: Vec<RootCauseEntity>,
}

/// One piece of work on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct RootCauseEntity {
    /// Its name.
    pub name: String,
    /// Its share of the root's response time, from 0 to 1 with three decimals; only for response times.
    pub coverage: Option<f64>,
    /// It is a call to another service.
    pub remote: bool,
    /// What was thrown; only for faults and errors.
    pub exceptions: Vec<EntityException>,
}

/// One exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityException {
    /// Its type.
    pub name: Option<String>,
    /// Its message.
    pub message: Option<String>,
}

/// The chain of failed work, when the root failed.
pub(super) fn failed(trace: &Trace, root: Option<&Segment>, has_failed: impl Fn(&Segment) -> bool) -> Vec<RootCause> {
    let Some(root) = root.filter(|root| has_failed(root)) else { return Vec::new() };
    let chain = Chain { answers: answers(trace), coverage_of: None };
    let next = |candidates: &[&Segment]| {
        let failed = candidates.iter().enumerate().filter(|(_, part)| has_failed(part));
        failed.max_by_key(|(_, part)| (part.end_time, part.id)).map(|(index, _)| index)
    };
    vec![RootCause { client_impacting: true, services: chain.follow(root, next) }]
}

/// The chain of slow work, when the root's response time has a cause below the root.
pub(super) fn slow(trace: &Trace, root: Option<&Segment>) -> Vec<RootCause> {
    let Some(root) = root.filter(|root| root.response_time().is_some_and(|time| !time.is_zero())) else {
        return Vec::new();
    };
    let chain = Chain { answers: answers(trace), coverage_of: Some(root) };
    let next = |candidates: &[&Segment]| {
        let slow = candidates.iter().enumerate().filter(|(_, part)| coverage(part, root) >= SLOW_SHARE);
        slow.max_by_key(|(_, part)| (part.response_time(), part.id)).map(|(index, _)| index)
    };
    let services = chain.follow(root, next);
    let is_root_alone = matches!(services.as_slice(), [only] if only.entity_path.len() == 1);
    if is_root_alone { Vec::new() } else { vec![RootCause { client_impacting: true, services }] }
}

/// Real segments by the piece that they name as parent.
fn answers(trace: &Trace) -> HashMap<SegmentId, Vec<&Segment>> {
    let mut answers: HashMap<SegmentId, Vec<&Segment>> = HashMap::new();
    for segment in trace.segments() {
        if let Some(parent) = segment.parent_id {
            answers.entry(parent).or_default().push(segment);
        }
    }
    answers
}

fn coverage(part: &Segment, root: &Segment) -> f64 {
    let (Some(part), Some(root)) = (part.response_time(), root.response_time()) else { return 0.0 };
    part.as_secs_f64() / root.as_secs_f64()
}

struct Chain<'a> {
    answers: HashMap<SegmentId, Vec<&'a Segment>>,
    coverage_of: Option<&'a Segment>,
}

impl<'a> Chain<'a> {
    /// Walks down from `root`. `next` picks one of the children, or says that the culprit is reached.
    fn follow(&self, root: &'a Segment, next: impl Fn(&[&Segment]) -> Option<usize>) -> Vec<RootCauseService> {
        let mut services = vec![RootCauseService {
            service: ServiceId::of_segment(root),
            inferred: false,
            entity_path: vec![self.entity(root)],
        }];
        let mut at = root;
        // Every step leads to a piece that was not visited before, as long as parents do not form a circle.
        let mut visited = HashSet::from([root.id]);
        loop {
            let answers = self.answers.get(&at.id).into_iter().flatten().copied();
            let answers: Vec<&Segment> = answers.filter(|answer| !visited.contains(&answer.id)).collect();
            if let Some(answer) = next(&answers).and_then(|index| answers.get(index)) {
                services.push(RootCauseService {
                    service: ServiceId::of_segment(answer),
                    inferred: false,
                    entity_path: vec![self.entity(answer)],
                });
                visited.insert(answer.id);
                at = answer;
                continue;
            } else if answers.is_empty() && at.is_downstream_call() {
                services.push(self.inferred(at));
                return services;
            }
            let children: Vec<&Segment> = at.subsegments.iter().collect();
            let Some(child) = next(&children).and_then(|index| at.subsegments.get(index)) else { return services };
            if let Some(service) = services.last_mut() {
                service.entity_path.push(self.entity(child));
            }
            visited.insert(child.id);
            at = child;
        }
    }

    fn inferred(&self, call: &Segment) -> RootCauseService {
        let callee = inferred_segment(call);
        RootCauseService { service: ServiceId::of_call(call), inferred: true, entity_path: vec![self.entity(&callee)] }
    }

    fn entity(&self, part: &Segment) -> RootCauseEntity {
        let share = self.coverage_of.map(|root| (coverage(part, root).min(1.0) * 1e3).round() / 1e3);
        let exceptions = match &part.cause {
            Some(Cause::Exceptions(cause)) if share.is_none() => named_exceptions(cause),
            _ => Vec::new(),
        };
        RootCauseEntity { name: part.name.clone(), coverage: share, remote: part.is_downstream_call(), exceptions }
    }
}

fn named_exceptions(cause: &Exceptions) -> Vec<EntityException> {
    let named = cause.exceptions.iter();
    named
        .map(|exception| EntityException { name: exception.kind.clone(), message: exception.message.clone() })
        .collect()
}
