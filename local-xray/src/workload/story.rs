//! What happened in one trace: a plan with times and ids.

use std::borrow::Cow;

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::document::{SegmentId, Timestamp, TraceId};

use super::plan::{Step, Visit};

/// How long a request spends on the way, one way, in microseconds.
const ON_THE_WAY: std::ops::Range<i64> = 80..600;
/// How long a database takes.
const QUERY: std::ops::Range<i64> = 300..6_000;
/// What a service does besides its steps, before and after each.
const BETWEEN: std::ops::Range<i64> = 20..300;

/// One trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Its id; the first part is the second in which it starts.
    pub trace_id: TraceId,
    /// What the service did that a client called.
    pub root: Work,
}

/// A service served one request: a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The id of the segment.
    pub id: SegmentId,
    /// The service.
    pub service: Cow<'static, str>,
    /// The HTTP method of the request.
    pub method: &'static str,
    /// The path of the request.
    pub path: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// What can be searched for, by key.
    pub annotations: Vec<(&'static str, String)>,
    /// Whom it called, in this order.
    pub calls: Vec<Call>,
}

/// A call to somebody else: a subsegment.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The id of the subsegment.
    pub id: SegmentId,
    /// When it began.
    pub start: Timestamp,
    /// When the answer was there.
    pub end: Timestamp,
    /// Who was called.
    pub callee: Callee,
}

/// The other side of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Callee {
    /// A service, which reports a segment of its own.
    Service(Work),
    /// A database of this name, which reports nothing.
    Database(Cow<'static, str>),
}

impl Story {
    /// Lets a plan happen.
    pub(super) fn tell(plan: &Visit, start: Timestamp, unique: u128, rng: &mut StdRng) -> Self {
        let second = u128::from(u32::try_from(start.micros() / 1_000_000).unwrap_or(u32::MAX));
        let trace_id = TraceId::from_bytes((second << 96 | unique >> 32).to_be_bytes());
        let mut teller = Teller { now: start.micros(), rng };
        Self { trace_id, root: teller.work(plan) }
    }

    /// All segments, callers before callees.
    pub fn works(&self) -> Vec<&Work> {
        let (mut open, mut works) = (vec![&self.root], Vec::new());
        while let Some(work) = open.pop() {
            works.push(work);
            open.extend(work.calls.iter().rev().filter_map(|call| match &call.callee {
                Callee::Service(work) => Some(work),
                Callee::Database(_) => None,
            }));
        }
        works
    }
}

impl Call {
    /// The name of the callee.
    pub fn name(&self) -> &str {
        match &self.callee {
            Callee::Service(work) => &work.service,
            Callee::Database(name) => name,
        }
    }
}

struct Teller<'a> {
    /// Microseconds since the epoch.
    now: i64,
    rng: &'a mut StdRng,
}

impl Teller<'_> {
    fn work(&mut self, visit: &Visit) -> Work {
        let (id, start) = (self.id(), self.pass(BETWEEN));
        let calls = visit.steps.iter().filter_map(|step| self.step(step)).collect();
        self.pass(BETWEEN);
        Work {
            id,
            service: visit.service.clone(),
            method: visit.method,
            path: visit.path.clone(),
            status: visit.status,
            start,
            end: Timestamp::from_micros(self.now),
            annotations: visit.annotations.clone(),
            calls,
        }
    }

    fn step(&mut self, step: &Step) -> Option<Call> {
        let callee = match step {
            Step::Work(micros) => {
                self.now += micros;
                return None;
            }
            Step::Call(visit) => {
                let (id, start) = (self.id(), self.pass(ON_THE_WAY));
                let callee = Callee::Service(self.work(visit));
                self.pass(ON_THE_WAY);
                (id, start, callee)
            }
            Step::Query(name) => {
                let (id, start) = (self.id(), self.pass(QUERY));
                (id, start, Callee::Database(name.clone()))
            }
        };
        let (id, start, callee) = callee;
        let call = Call { id, start, end: Timestamp::from_micros(self.now), callee };
        self.pass(BETWEEN);
        Some(call)
    }

    fn id(&mut self) -> SegmentId {
        SegmentId::from_bytes(self.rng.random::<u64>().to_be_bytes())
    }

    /// Lets some time pass; gives when that began.
    fn pass(&mut self, range: std::ops::Range<i64>) -> Timestamp {
        let before = Timestamp::from_micros(self.now);
        self.now += self.rng.random_range(range);
        before
    }
}
