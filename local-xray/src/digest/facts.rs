//! What a digest holds, as it is written: the fields are in the order of the bytes.
//!
//! Times are offsets in microseconds from the trace's start, so that they take few bytes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::document::{Segment, SegmentId, Timestamp, TraceId};
use crate::graph::Measured;
use crate::summary::Missing;

/// Texts longer than this, in bytes, stay in the documents.
const MAX_TEXT: usize = 256;

/// What the root segment and the trace as a whole say in numbers: all that charts and sorted lists ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Brief {
    pub(super) start: i64,
    pub(super) length: u64,
    /// Something in the trace was throttled.
    pub(crate) has_throttle: bool,
    pub(crate) missing: Option<Missing>,
    /// Some call was answered by nobody.
    pub(crate) has_inferred: bool,
    /// Something names a zone, an instance or a resource.
    pub(crate) names_places: bool,
    /// The root segment.
    pub(crate) root: Option<Piece>,
    /// How many bytes words and cast take, so that what is behind them is found without reading them.
    pub(super) lengths: (usize, usize),
}

impl Brief {
    /// When the trace started.
    pub(crate) fn start(&self) -> Timestamp {
        Timestamp::from_micros(self.start)
    }

    /// From there to the end of everything in it.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_micros(self.length)
    }

    /// The work of the root segment.
    pub(crate) fn root_work(&self) -> Option<Measured> {
        self.root.map(|root| root.measured(self.start()))
    }
}

/// What the root segment and the trace as a whole say in words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Words<'d> {
    #[serde(borrow)]
    pub(crate) url: Option<KeptText<'d>>,
    #[serde(borrow)]
    pub(crate) method: Option<KeptText<'d>>,
    #[serde(borrow)]
    pub(crate) user_agent: Option<KeptText<'d>>,
    #[serde(borrow)]
    pub(crate) client_ip: Option<KeptText<'d>>,
    /// Every user who is named somewhere.
    #[serde(borrow)]
    pub(crate) users: Vec<KeptText<'d>>,
    /// Every distinct value of every annotation.
    #[serde(borrow)]
    pub(crate) annotations: Vec<(&'d str, KeptValue<'d>)>,
}

/// A text; `None` when it was too long to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptText<'d>(#[serde(borrow)] pub(crate) Option<&'d str>);

impl<'d> KeptText<'d> {
    pub(super) fn of(text: &'d str) -> Self {
        Self((text.len() <= MAX_TEXT).then_some(text))
    }
}

/// The value of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum KeptValue<'d> {
    Text(#[serde(borrow)] KeptText<'d>),
    Number(f64),
    Truth(bool),
}

/// The services of a trace, without their work.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cast<'d> {
    /// Those included that were only called. Everything else refers to them by their places.
    #[serde(borrow)]
    pub(crate) nodes: Vec<Node<'d>>,
    /// Those that sent segments.
    pub(super) active: Vec<u32>,
    pub(crate) causes: Causes,
}

/// What is behind the trace's nodes and edges. Parts refer to one another by their places in these lists, and to nodes by
/// theirs in the cast.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Body<'d> {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) counts: Vec<PlacedCount>,
    pub(crate) links: Vec<PlacedLink>,
    /// The tasks that work was done by.
    #[serde(borrow)]
    pub(super) tasks: Vec<&'d str>,
    pub(crate) queue_calls: Vec<QueueCall>,
    /// Offsets of the ends of segments.
    pub(super) segment_ends: Vec<i64>,
}

/// The root causes of what the root segment suffered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Causes {
    pub(crate) fault: Option<PlacedCause>,
    pub(crate) error: Option<PlacedCause>,
    pub(crate) response_time: Option<PlacedCause>,
}

/// A root cause without the work inside its services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlacedCause {
    /// The nodes from the entry to the culprit.
    pub(super) services: Vec<u32>,
    /// The culprit sent nothing itself.
    pub(super) is_inferred: bool,
}

/// The names of a service. A client is its service's shadow and has none of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Node<'d> {
    pub(crate) name: &'d str,
    pub(crate) service_type: Option<&'d str>,
    pub(crate) account_id: Option<&'d str>,
}

/// One piece of work: what is counted of it, and the little that expressions ask besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    start: u64,
    /// From the start to the end, negative where a clock was set back; `None` while in progress.
    length: Option<i64>,
    duration: u64,
    flags: u8,
    /// The status of the response, where it is one that can be asked for.
    pub(crate) status: Option<i32>,
}

const ERROR: u8 = 1;
const THROTTLE: u8 = 2;
const FAULT: u8 = 4;
const PARENT: u8 = 8;
const REQUEST: u8 = 16;

impl Piece {
    pub(super) fn of(piece: &Segment, trace_start: Timestamp) -> Self {
        let measured = Measured::of(piece);
        let http = piece.http.as_ref();
        let facts = [
            (ERROR, piece.error),
            (THROTTLE, piece.throttle),
            (FAULT, piece.fault),
            (PARENT, piece.parent_id.is_some()),
            (REQUEST, http.is_some_and(|http| http.request.is_some())),
        ];
        Self {
            start: micros(measured.start_time.since(trace_start)),
            length: measured.end_time.map(|end| end.micros().saturating_sub(measured.start_time.micros())),
            duration: micros(measured.duration),
            flags: facts.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag).sum(),
            status: http.and_then(|http| http.status()).and_then(|status| i32::try_from(status).ok()),
        }
    }

    /// What a graph counts of it.
    pub(crate) fn measured(&self, trace_start: Timestamp) -> Measured {
        let start_time = self.begun(trace_start);
        Measured {
            start_time,
            end_time: self.length.map(|length| Timestamp::from_micros(start_time.micros().saturating_add(length))),
            duration: Duration::from_micros(self.duration),
            error: self.has(ERROR),
            throttle: self.has(THROTTLE),
            fault: self.has(FAULT),
        }
    }

    /// When it began.
    pub(crate) fn begun(&self, trace_start: Timestamp) -> Timestamp {
        later(trace_start, self.start)
    }

    /// Names a parent, here or not.
    pub(crate) fn has_parent(&self) -> bool {
        self.has(PARENT)
    }

    /// Something is known of the request, which the digest leaves out.
    pub(crate) fn has_request(&self) -> bool {
        self.has(REQUEST)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// A count of the graph, by places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PlacedCount {
    Segment { node: u32, piece: u32, is_entry: bool, task: Option<u32> },
    Inferred { node: u32, piece: u32 },
    Entry { callee: u32, piece: u32 },
    Call { caller: u32, callee: u32, piece: u32 },
}

/// A link to another trace, and the service that took its message up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlacedLink {
    pub(crate) consumer: u32,
    pub(super) begun: u64,
    trace_id: [u8; 16],
    id: Option<[u8; 8]>,
}

impl PlacedLink {
    pub(super) fn new(consumer: u32, begun: u64, trace_id: TraceId, id: Option<SegmentId>) -> Self {
        Self { consumer, begun, trace_id: trace_id.to_bytes(), id: id.map(SegmentId::to_bytes) }
    }

    pub(crate) fn trace_id(&self) -> TraceId {
        TraceId::from_bytes(self.trace_id)
    }

    pub(crate) fn id(&self) -> Option<SegmentId> {
        self.id.map(SegmentId::from_bytes)
    }

    /// When the work began that names the link.
    pub(crate) fn begun(&self, trace_start: Timestamp) -> Timestamp {
        later(trace_start, self.begun)
    }
}

/// A call to a queue, which a link of another trace may point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueCall {
    id: [u8; 8],
    pub(crate) queue: u32,
    /// When the message was on its way: an offset that a clock may have set back behind the start.
    sent: i64,
}

impl QueueCall {
    pub(super) fn new(id: SegmentId, queue: u32, sent: i64) -> Self {
        Self { id: id.to_bytes(), queue, sent }
    }

    pub(crate) fn id(&self) -> SegmentId {
        SegmentId::from_bytes(self.id)
    }

    pub(crate) fn sent(&self, trace_start: Timestamp) -> Timestamp {
        Timestamp::from_micros(trace_start.micros().saturating_add(self.sent))
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn later(start: Timestamp, offset: u64) -> Timestamp {
    Timestamp::from_micros(start.micros().saturating_add_unsigned(offset))
}
