//! Root causes: the chain of services, and in each the chain of work, from the entry down to the culprit.
//!
//! X-Ray does not publish how it finds them. Here, for faults and errors: from the root, follow the failed work that
//! ended last, down through subsegments and across to the service that was called, until nothing below has failed. For
//! response times: follow the work that covers most of the root's response time while it covers at least half of it; a
//! trace in which that leads nowhere has no such cause.

use foldhash::HashSet;

use crate::document::{Cause, Exceptions, Segment};
use crate::graph::{Calls, ServiceId};
use crate::store::{Trace, inferred_segment};

use super::root_segment;

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

/// One step down from the entry.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    /// Into a service, by its segment.
    Into(&'a Segment),
    /// To a subsegment of the service.
    Down(&'a Segment),
    /// Into a service that sent nothing, by the call that it did not answer.
    Unanswered(&'a Segment),
}

/// The ways from the root segment of a trace down to what caused what it suffered.
pub(crate) struct Ways<'c, 'a> {
    calls: &'c Calls<'a>,
    root: Option<&'a Segment>,
}

impl<'c, 'a> Ways<'c, 'a> {
    pub(crate) fn of(trace: &'a Trace, calls: &'c Calls<'a>) -> Self {
        Self { calls, root: root_segment(trace) }
    }

    /// The way to what made the root fail; empty when it did not.
    pub(crate) fn to_fault(&self) -> Vec<Step<'a>> {
        self.to_failure(|part| part.fault)
    }

    /// The way to the error behind the root's; empty when it has none.
    pub(crate) fn to_error(&self) -> Vec<Step<'a>> {
        self.to_failure(|part| part.error)
    }

    /// The way to where the time went; empty when it went nowhere below the root.
    pub(crate) fn to_delay(&self) -> Vec<Step<'a>> {
        let Some(root) = self.root.filter(|root| root.response_time().is_some_and(|time| !time.is_zero())) else {
            return Vec::new();
        };
        let way = self.follow(root, |part| coverage(part, root) >= SLOW_SHARE, |part| (part.response_time(), part.id));
        if way.len() == 1 { Vec::new() } else { way }
    }

    fn to_failure(&self, has_failed: impl Fn(&Segment) -> bool) -> Vec<Step<'a>> {
        let root = self.root.filter(|root| has_failed(root));
        root.map(|root| self.follow(root, &has_failed, |part| (part.end_time, part.id))).unwrap_or_default()
    }

    /// Walks down from `root`, each time to the greatest of those that are meant, until there is none.
    fn follow<K: Ord>(
        &self,
        root: &'a Segment,
        is_meant: impl Fn(&Segment) -> bool,
        rank: impl Fn(&Segment) -> K,
    ) -> Vec<Step<'a>> {
        let greatest = |candidates: &mut dyn Iterator<Item = &'a Segment>| {
            candidates.filter(|part| is_meant(part)).max_by_key(|part| rank(part))
        };
        let mut way = vec![Step::Into(root)];
        let mut at = root;
        // Every step leads to a piece that was not visited before, as long as parents do not form a circle.
        let mut visited = HashSet::from_iter([root.id]);
        loop {
            let mut answers = self.calls.answers_to(at).iter().copied().filter(|answer| !visited.contains(&answer.id));
            let has_answer = answers.clone().next().is_some();
            if let Some(answer) = greatest(&mut answers) {
                way.push(Step::Into(answer));
                at = answer;
            } else if !has_answer && at.is_downstream_call() {
                way.push(Step::Unanswered(at));
                return way;
            } else if let Some(child) = greatest(&mut at.subsegments.iter()) {
                way.push(Step::Down(child));
                at = child;
            } else {
                return way;
            }
            visited.insert(at.id);
        }
    }
}

/// The cause at the end of a way, if it leads anywhere. For response times, the shares are those of `slow`.
pub(super) fn at_the_end(way: &[Step<'_>], slow: Option<&Segment>) -> Vec<RootCause> {
    let mut services: Vec<RootCauseService> = Vec::new();
    for step in way {
        let service = |service, inferred, part: &Segment| RootCauseService {
            service,
            inferred,
            entity_path: vec![entity(part, slow)],
        };
        match step {
            Step::Into(segment) => services.push(service(ServiceId::of_segment(segment), false, segment)),
            Step::Unanswered(call) => services.push(service(ServiceId::of_call(call), true, &inferred_segment(call))),
            Step::Down(part) => services.last_mut().into_iter().for_each(|it| it.entity_path.push(entity(part, slow))),
        }
    }
    let cause = (!services.is_empty()).then_some(RootCause { client_impacting: true, services });
    cause.into_iter().collect()
}

fn entity(part: &Segment, slow: Option<&Segment>) -> RootCauseEntity {
    let share = slow.map(|root| (coverage(part, root).min(1.0) * 1e3).round() / 1e3);
    let exceptions = match part.cause.as_deref() {
        Some(Cause::Exceptions(cause)) if share.is_none() => named_exceptions(cause),
        _ => Vec::new(),
    };
    RootCauseEntity { name: part.name.clone(), coverage: share, remote: part.is_downstream_call(), exceptions }
}

fn coverage(part: &Segment, root: &Segment) -> f64 {
    let (Some(part), Some(root)) = (part.response_time(), root.response_time()) else { return 0.0 };
    part.as_secs_f64() / root.as_secs_f64()
}

fn named_exceptions(cause: &Exceptions) -> Vec<EntityException> {
    let named = cause.exceptions.iter();
    named
        .map(|exception| EntityException { name: exception.kind.clone(), message: exception.message.clone() })
        .collect()
}
