//! How much may be on its way into the store at once: beyond that, senders that can wait are asked to.
//!
//! A request is in memory from its last byte until its documents are stored. Many senders together could bring more than
//! the store writes, so that without a bound memory would only grow. A refusal costs nothing to give: it comes before
//! anything is parsed.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most KiB of requests on their way. The longest request takes a quarter of it.
const MAX_KIB: u32 = 64 << 10;
/// The part of the memory for traces that requests may take beside it, since what is read of them takes several times as much.
const SHARE: u64 = 4;

/// Counts what is on its way.
#[derive(Clone)]
pub(super) struct Gate {
    free_kib: Arc<Semaphore>,
    all_kib: u32,
}

/// One request may go on its way, until this is dropped.
#[must_use = "the request is on its way only as long as this lives"]
pub struct Admission {
    _kib: OwnedSemaphorePermit,
}

impl Gate {
    /// A gate to a store that may take so many bytes of memory.
    pub(super) fn new(max_memory: u64) -> Self {
        let all_kib = u32::try_from(max_memory / SHARE / 1024).unwrap_or(MAX_KIB).clamp(1, MAX_KIB);
        Self { free_kib: Arc::new(Semaphore::new(all_kib as usize)), all_kib }
    }

    /// Lets a request in; `None` when there is no room. A request that is larger than all the room gets all of it.
    pub(super) fn enter(&self, bytes: usize) -> Option<Admission> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(self.all_kib).min(self.all_kib);
        let permit = Arc::clone(&self.free_kib).try_acquire_many_owned(kib).ok()?;
        Some(Admission { _kib: permit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back() {
        let gate = Gate::new(1 << 30);
        let all = gate.enter(usize::MAX).unwrap();
        assert!(gate.enter(0).is_none());
        drop(all);
        let half = gate.enter(32 << 20).unwrap();
        assert!(gate.enter(32 << 20).is_none(), "a started KiB counts whole");
        let rest = gate.enter(31 << 20).unwrap();
        drop((half, rest));
        assert!(gate.enter(usize::MAX).is_some());
    }

    #[test]
    fn with_little_memory_there_is_little_room_and_still_enough_for_one() {
        let gate = Gate::new(48 << 20);
        let all = gate.enter(12 << 20).unwrap();
        assert!(gate.enter(0).is_none());
        drop(all);
        assert!(gate.enter((12 << 20) - 1).is_some());
        assert!(Gate::new(0).enter(usize::MAX).is_some());
    }
}
