//! What to let go of, as a pure decision over whole journal files.

use std::time::Duration;

use crate::document::Timestamp;

use super::journal::FileNumber;

/// One file, with what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) number: FileNumber,
    /// On disk, the index included.
    pub(super) bytes: u64,
    /// The rows of the traces that began in it.
    pub(super) memory: u64,
    pub(super) written_at: Timestamp,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The most bytes of all files together; one group of documents may exceed it for a moment.
    pub(super) max_bytes: u64,
    /// The most memory that rows may take.
    pub(super) max_memory: u64,
    /// How long after its last document a file is kept.
    pub(super) max_age: Duration,
}

/// Why traces were let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Eviction {
    /// They were older than what is kept.
    Age,
    /// Newer ones needed the room.
    Room,
}

/// Chooses the files to drop, oldest first. The newest one is kept whatever its size: it is being written.
pub(super) fn doomed(files: &[Held], bounds: Bounds, now: Timestamp) -> Vec<(FileNumber, Eviction)> {
    let Some((newest, older)) = files.split_last() else { return Vec::new() };
    let oldest = now.before(bounds.max_age);
    let mut excess = files.iter().map(|file| file.bytes).sum::<u64>().saturating_sub(bounds.max_bytes);
    let mut excess_memory = files.iter().map(|file| file.memory).sum::<u64>().saturating_sub(bounds.max_memory);
    let mut doomed = Vec::new();
    for file in older {
        let reason = if file.written_at < oldest { Eviction::Age } else { Eviction::Room };
        if reason == Eviction::Age || excess > 0 || excess_memory > 0 {
            excess = excess.saturating_sub(file.bytes);
            excess_memory = excess_memory.saturating_sub(file.memory);
            doomed.push((file.number, reason));
        }
    }
    if newest.bytes > 0 && newest.written_at < oldest {
        doomed.push((newest.number, Eviction::Age));
    }
    doomed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_or_too_much_goes() {
        let at = |minutes: i64| Timestamp::from_micros(minutes * 60_000_000);
        let file = |(number, bytes, written): (u32, u64, i64)| Held {
            number: FileNumber(number),
            bytes,
            memory: 10,
            written_at: at(written),
        };
        let check = |files: &[(u32, u64, i64)], max_bytes: u64, expected: &[(u32, Eviction)]| {
            let files: Vec<_> = files.iter().copied().map(file).collect();
            let bounds = Bounds { max_bytes, max_memory: 40, max_age: Duration::from_mins(60) };
            let found: Vec<_> = doomed(&files, bounds, at(100)).into_iter().map(|(file, why)| (file.0, why)).collect();
            assert_eq!(found, expected, "{files:?} {max_bytes}");
        };
        let (age, room) = (Eviction::Age, Eviction::Room);
        check(&[], 0, &[]);
        check(&[(1, 10, 100), (2, 20, 100), (3, 30, 100)], 60, &[]);
        check(&[(1, 10, 100), (2, 20, 100), (3, 30, 100)], 59, &[(1, room)]);
        check(&[(1, 10, 100), (2, 20, 100), (3, 30, 100)], 49, &[(1, room), (2, room)]);
        // The newest file is being written.
        check(&[(1, 10, 100), (2, 20, 100), (3, 30, 100)], 0, &[(1, room), (2, room)]);
        check(&[(1, 10, 39), (2, 20, 40)], 100, &[(1, age)]);
        check(&[(1, 10, 30), (2, 20, 39)], 100, &[(1, age), (2, age)]);
        check(&[(1, 0, 30)], 100, &[]);
        // Five files have too many rows.
        check(&[(1, 1, 100), (2, 1, 100), (3, 1, 100), (4, 1, 100)], 100, &[]);
        check(&[(1, 1, 100), (2, 1, 100), (3, 1, 100), (4, 1, 100), (5, 1, 100)], 100, &[(1, room)]);
        // What goes by age also makes room.
        check(&[(1, 10, 39), (2, 20, 100), (3, 30, 100)], 50, &[(1, age)]);
    }
}
