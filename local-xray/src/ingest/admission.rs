//! How much may be on its way into the store at once: beyond that, senders that can wait are asked to.
//!
//! A request is in memory from its last byte until its documents are stored. Many senders together could bring more than
//! the store writes, so that without a bound memory would only grow. A refusal costs nothing to give: it comes before
//! anything is parsed.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most bytes of requests on their way. The longest request takes a quarter of it.
const MAX_KIB: u32 = 64 << 10;

/// Counts what is on its way.
#[derive(Clone)]
pub(super) struct Gate {
    free_kib: Arc<Semaphore>,
}

/// One request may go on its way, until this is dropped.
#[must_use = "the request is on its way only as long as this lives"]
pub struct Admission {
    _kib: OwnedSemaphorePermit,
}

impl Default for Gate {
    fn default() -> Self {
        Self { free_kib: Arc::new(Semaphore::new(MAX_KIB as usize)) }
    }
}

impl Gate {
    /// Lets a request in; `None` when there is no room. A request that is larger than all the room gets all of it.
    pub(super) fn enter(&self, bytes: usize) -> Option<Admission> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(MAX_KIB).min(MAX_KIB);
        let permit = Arc::clone(&self.free_kib).try_acquire_many_owned(kib).ok()?;
        Some(Admission { _kib: permit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back() {
        let gate = Gate::default();
        let all = gate.enter(usize::MAX).unwrap();
        assert!(gate.enter(0).is_none());
        drop(all);
        let half = gate.enter(32 << 20).unwrap();
        assert!(gate.enter(32 << 20).is_none(), "a started KiB counts whole");
        let rest = gate.enter(31 << 20).unwrap();
        drop((half, rest));
        assert!(gate.enter(usize::MAX).is_some());
    }
}
