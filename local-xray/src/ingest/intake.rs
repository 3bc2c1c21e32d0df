//! The one handle that every door holds: stores documents and log lines, counts everything, remembers the latest
//! rejections.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::document::{ErrorCode, Rejection, Timestamp};
use crate::logs::{LogRecord, Logs};
use crate::store::{Arrival, NotStored, Store};

use super::Door;
use super::admission::{Admission, Gate};
use super::rejections::{LoggedRejection, RejectionLog};
use super::udp::Probe;

/// The handle to the intake: cheap to clone, usable from any thread and runtime.
#[derive(Clone)]
pub struct Intake {
    store: Store,
    logs: Logs,
    gate: Gate,
    ledger: Arc<Mutex<Ledger>>,
}

/// What one door let in, and what it did not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoorCount {
    /// Documents stored.
    pub accepted: u64,
    /// Log lines stored.
    pub lines: u64,
    /// Members of accepted documents that were left out, because X-Ray's format does not know them.
    pub members_left_out: u64,
    /// Documents and log lines refused or dropped, by reason.
    pub rejected: BTreeMap<ErrorCode, u64>,
}

/// The state of the UDP socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UdpSocketReport {
    /// The receive buffer that was asked for, in bytes.
    pub buffer_requested: usize,
    /// The receive buffer that the kernel granted, in bytes.
    pub buffer_granted: usize,
    /// Datagrams that the kernel dropped because the buffer was full; `None` where the system does not tell.
    pub kernel_drops: Option<u64>,
}

/// Everything the intake has counted so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntakeReport {
    /// Counts by door; a door that nothing came through may be missing.
    pub doors: BTreeMap<Door, DoorCount>,
    /// The latest rejections, latest first.
    pub rejections: Vec<LoggedRejection>,
    /// The UDP socket; `None` before it is bound.
    pub udp: Option<UdpSocketReport>,
}

#[derive(Default)]
struct Ledger {
    doors: BTreeMap<Door, DoorCount>,
    rejections: RejectionLog,
    udp: Option<Probe>,
}

impl Intake {
    /// Opens the intake of a store, which may take so many bytes of memory, and of the lines beside it.
    pub fn new(store: Store, logs: Logs, max_memory: u64) -> Self {
        Self { store, logs, gate: Gate::new(max_memory), ledger: Arc::default() }
    }

    /// Lets a request of so many bytes on its way, before anything is made of it. The request holds what it gets until its
    /// documents are stored.
    ///
    /// # Errors
    /// When too much is on its way already. The refusal is counted, once for the request; its sender is to try again.
    pub fn admit(&self, bytes: usize, door: Door) -> Result<Admission, NotStored> {
        self.gate.enter(bytes).ok_or_else(|| {
            let busy = NotStored::QueueFull;
            self.reject(
                Rejection::new(ErrorCode::QueueFull, "$", format!("{busy}; the sender was told to wait")),
                door,
            );
            busy
        })
    }

    /// Stores documents, waiting for room. Once this returns, every reader sees them.
    ///
    /// # Errors
    /// When they cannot be stored; they are counted as refused then.
    pub async fn submit(&self, arrivals: Vec<Arrival>, door: Door) -> Result<(), NotStored> {
        let tally = Tally::of(&arrivals);
        let outcome = self.store.apply(arrivals).await;
        self.count(door, tally, &outcome);
        outcome
    }

    /// Stores log lines, waiting for room. Once this returns, every reader sees them.
    ///
    /// # Errors
    /// When they cannot be stored; they are counted as refused then.
    pub async fn submit_lines(&self, lines: &[LogRecord], door: Door) -> Result<(), NotStored> {
        let outcome = self.logs.apply(lines).await;
        let count = lines.len() as u64;
        match &outcome {
            Ok(()) => self.with_ledger(|ledger| ledger.doors.entry(door).or_default().lines += count),
            Err(why) => self.not_stored(door, count, why),
        }
        outcome
    }

    /// Counts and remembers a document that was refused.
    pub fn reject(&self, rejection: Rejection, door: Door) {
        self.with_ledger(|ledger| {
            *ledger.doors.entry(door).or_default().rejected.entry(rejection.code).or_default() += 1;
            ledger.rejections.push(LoggedRejection { at: Timestamp::now(), door, rejection });
        });
    }

    /// Lets the report tell the state of the UDP socket.
    pub(crate) fn watch_udp(&self, probe: Probe) {
        self.with_ledger(|ledger| ledger.udp = Some(probe));
    }

    /// Everything counted so far.
    pub fn report(&self) -> IntakeReport {
        self.with_ledger(|ledger| IntakeReport {
            doors: ledger.doors.clone(),
            rejections: ledger.rejections.to_vec(),
            udp: ledger.udp.as_ref().map(Probe::report),
        })
    }

    /// Counts what became of documents that were handed to the store.
    fn count(&self, door: Door, tally: Tally, outcome: &Result<(), NotStored>) {
        let Err(why) = outcome else {
            self.with_ledger(|ledger| {
                let count = ledger.doors.entry(door).or_default();
                count.accepted += tally.documents;
                count.members_left_out += tally.left_out;
            });
            return;
        };
        self.not_stored(door, tally.documents, why);
    }

    fn not_stored(&self, door: Door, count: u64, why: &NotStored) {
        let code = if *why == NotStored::QueueFull { ErrorCode::QueueFull } else { ErrorCode::NotStored };
        for _ in 0..count {
            self.reject(Rejection::new(code, "$", why.to_string()), door);
        }
    }

    fn with_ledger<T>(&self, act: impl FnOnce(&mut Ledger) -> T) -> T {
        // Counters stay usable after a panic elsewhere.
        act(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is counted of documents before the store takes them.
#[derive(Clone, Copy)]
struct Tally {
    documents: u64,
    left_out: u64,
}

impl Tally {
    fn of(arrivals: &[Arrival]) -> Self {
        let left_out: usize = arrivals.iter().map(|arrival| arrival.document().notes.len()).sum();
        Self { documents: arrivals.len() as u64, left_out: left_out as u64 }
    }
}
