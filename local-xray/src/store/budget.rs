//! How memory is shared out: live traces, what was read back lately, and the rows of settled ones.

/// The most live traces, whatever they weigh: with more, the maps that readers share cost more than they give.
const LIVE: usize = 8_192;

/// A bound on the memory that traces take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    bytes: u64,
    live: usize,
}

impl Budget {
    pub(super) fn new(bytes: u64) -> Self {
        Self { bytes, live: LIVE }
    }

    /// With another bound on the number of live traces.
    #[cfg(test)]
    pub(super) fn with_live(self, live: usize) -> Self {
        Self { live, ..self }
    }

    /// All of it.
    pub(super) fn all(self) -> u64 {
        self.bytes
    }

    /// What was read back: digests, and the frames of the journal.
    pub(super) fn cache(self) -> u64 {
        self.bytes / 4
    }

    /// The rows of settled traces. What is beyond goes, with the oldest file.
    pub(super) fn rows(self) -> u64 {
        self.bytes / 2
    }

    /// Says whether some of the live traces are to settle.
    pub(super) fn is_full(self, (traces, bytes): (usize, usize)) -> bool {
        traces > self.live || bytes as u64 > self.bytes / 4
    }

    /// Says whether there are so many live traces that no more can be taken, because none can settle.
    pub(super) fn is_overfull(self, (traces, bytes): (usize, usize)) -> bool {
        self.is_full((traces / 2, bytes / 2))
    }
}
