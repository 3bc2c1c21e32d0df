//! From a trace to its digest.

use foldhash::HashMap;

use crate::document::{AnnotationValue, HttpRequest, Segment};
use crate::graph::{Calls, Count, Key};
use crate::store::Trace;
use crate::summary::{Missing, Step, Ways, names_place, parts, root_segment};

use super::facts::{
    Body, Brief, Cast, Causes, KeptText, KeptValue, Node, Piece, PlacedCause, PlacedCount, PlacedLink, QueueCall,
    Words, micros,
};

pub(super) fn brief(trace: &Trace, calls: &Calls<'_>, lengths: (usize, usize)) -> Brief {
    Brief {
        start: trace.start_time().micros(),
        length: micros(trace.end_time().since(trace.start_time())),
        has_throttle: parts(trace).any(|part| part.throttle),
        missing: Missing::of(trace, calls),
        has_inferred: calls.has_unanswered_call(),
        names_places: parts(trace).any(names_place),
        root: root_segment(trace).map(|root| Piece::of(root, trace.start_time())),
        lengths,
    }
}

pub(super) fn words(trace: &Trace) -> Words<'_> {
    let mut users: Vec<KeptText<'_>> = Vec::new();
    let mut annotations: Vec<(&str, KeptValue<'_>)> = Vec::new();
    for part in parts(trace) {
        add_new(&mut users, part.user.as_deref().map(KeptText::of));
        for (key, value) in &part.annotations {
            add_new(&mut annotations, Some((key.as_str(), kept_value(value))));
        }
    }
    let request = root_segment(trace).and_then(|root| root.http.as_deref()?.request.as_ref());
    let kept = |text: fn(&HttpRequest) -> &Option<String>| Some(KeptText::of(text(request?).as_deref()?));
    Words {
        url: kept(|request| &request.url),
        method: kept(|request| &request.method),
        user_agent: kept(|request| &request.user_agent),
        client_ip: kept(|request| &request.client_ip),
        users,
        annotations,
    }
}

fn kept_value(value: &AnnotationValue) -> KeptValue<'_> {
    match value {
        AnnotationValue::String(text) => KeptValue::Text(KeptText::of(text)),
        // Numbers are compared as floats, so the digits that they came with are not needed.
        AnnotationValue::Number(number) => KeptValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        AnnotationValue::Boolean(truth) => KeptValue::Truth(*truth),
    }
}

fn add_new<T: PartialEq>(list: &mut Vec<T>, item: Option<T>) {
    list.extend(item.filter(|item| !list.contains(item)));
}

/// Puts the counts of a trace down. The names are left with the keys, which the counts of [`Count`] own.
pub(super) struct Work<'t> {
    keys: Vec<Key<'t>>,
    places: HashMap<Key<'t>, u32>,
    causes: Causes,
    pub(super) body: Body<'t>,
}

impl<'t> Work<'t> {
    pub(super) fn of(trace: &'t Trace, calls: &Calls<'t>) -> Self {
        let mut work =
            Self { keys: Vec::new(), places: HashMap::default(), causes: Causes::default(), body: Body::default() };
        for part in calls.parts() {
            let counts = calls.counts_of(part);
            work.add_counts(counts, trace);
            if let Some(owner) = part.owner.filter(|_| !part.piece.links.is_empty()) {
                let consumer = work.node(Key::of_segment(owner));
                let begun = micros(part.piece.start_time.since(trace.start_time()));
                let links = part.piece.links.iter();
                work.body.links.extend(links.map(|link| PlacedLink::new(consumer, begun, link.trace_id, link.id)));
            }
        }
        for call in calls.queue_calls().map(|part| part.piece) {
            let queue = work.node(Key::of_call(call));
            let sent = call.end_time.unwrap_or(call.start_time).micros().saturating_sub(trace.start_time().micros());
            work.body.queue_calls.push(QueueCall::new(call.id, queue, sent));
        }
        let ways = Ways::of(trace, calls);
        work.causes = Causes {
            fault: work.cause(&ways.to_fault()),
            error: work.cause(&ways.to_error()),
            response_time: work.cause(&ways.to_delay()),
        };
        let ends = trace.segments().iter().filter_map(|segment| segment.end_time);
        work.body.segment_ends = ends.map(|end| end.micros().saturating_sub(trace.start_time().micros())).collect();
        work
    }

    /// The services, with their names.
    pub(super) fn cast(&self) -> Cast<'_> {
        let nodes = self.keys.iter().map(|key| {
            let service = key.service();
            Node { name: service.name, service_type: service.service_type, account_id: service.account_id }
        });
        let mut active = Vec::new();
        for count in &self.body.counts {
            if let PlacedCount::Segment { node, .. } = count {
                add_new(&mut active, Some(*node));
            }
        }
        Cast { nodes: nodes.collect(), active, causes: self.causes.clone() }
    }

    /// The counts of one part follow one another, and many are about the same piece.
    fn add_counts(&mut self, counts: Vec<Count<'t, &'t Segment>>, trace: &Trace) {
        let mut last: Option<&Segment> = None;
        for count in counts {
            let piece = *count.piece();
            if last.is_none_or(|last| last.id != piece.id) {
                self.body.pieces.push(Piece::of(piece, trace.start_time()));
            }
            last = Some(piece);
            let piece = place(self.body.pieces.len() - 1);
            let placed = match count {
                Count::Segment { node, is_entry, task, .. } => {
                    let task = task.map(|task| self.task(task));
                    PlacedCount::Segment { node: self.node(node), piece, is_entry, task }
                }
                Count::Inferred { node, .. } => PlacedCount::Inferred { node: self.node(node), piece },
                Count::Entry { callee, .. } => PlacedCount::Entry { callee: self.node(callee), piece },
                Count::Call { caller, callee, .. } => {
                    PlacedCount::Call { caller: self.node(caller), callee: self.node(callee), piece }
                }
            };
            self.body.counts.push(placed);
        }
    }

    fn cause(&mut self, way: &[Step<'t>]) -> Option<PlacedCause> {
        let services = way.iter().filter_map(|step| match step {
            Step::Into(segment) => Some(Key::of_segment(segment)),
            Step::Unanswered(call) => Some(Key::of_call(call)),
            Step::Down(_) => None,
        });
        let services: Vec<u32> = services.map(|service| self.node(service)).collect();
        let is_inferred = matches!(way.last(), Some(Step::Unanswered(_)));
        (!services.is_empty()).then_some(PlacedCause { services, is_inferred })
    }

    fn task(&mut self, name: &'t str) -> u32 {
        let tasks = &mut self.body.tasks;
        let known = tasks.iter().position(|task| *task == name);
        place(known.unwrap_or_else(|| {
            tasks.push(name);
            tasks.len() - 1
        }))
    }

    fn node(&mut self, key: Key<'t>) -> u32 {
        let next = place(self.keys.len());
        *self.places.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            next
        })
    }
}

/// A place in a list. No trace that fits memory has more parts than this can count.
fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
