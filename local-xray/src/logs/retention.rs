//! Which files of lines to let go of, as a pure decision.

use std::time::Duration;

use crate::document::Timestamp;
use crate::store::Eviction;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The most bytes of all files together; one group of lines may exceed it for a moment.
    pub(super) max_bytes: u64,
    /// How long after its last line a file is kept.
    pub(super) max_age: Duration,
}

/// One file, as retention sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileFacts {
    pub(super) number: u32,
    pub(super) bytes: u64,
    pub(super) begun_at: Timestamp,
    pub(super) written_at: Timestamp,
}

/// Says whether the oldest of these files has to go, and why. A file that is alone goes only by age: it is being
/// written.
pub(super) fn doomed(files: &[FileFacts], bounds: Bounds, now: Timestamp) -> Option<(u32, Eviction)> {
    let oldest = files.first()?;
    if oldest.written_at < now.before(bounds.max_age) {
        return Some((oldest.number, Eviction::Age));
    }
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    (files.len() > 1 && bytes > bounds.max_bytes).then_some((oldest.number, Eviction::Room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_it_is_too_old_or_there_is_too_much() {
        let at = |minutes: i64| Timestamp::from_micros(minutes * 60_000_000);
        let file = |(number, bytes, written): (u32, u64, i64)| FileFacts {
            number,
            bytes,
            begun_at: at(0),
            written_at: at(written),
        };
        let check = |files: &[(u32, u64, i64)], max_bytes, expected| {
            let files: Vec<_> = files.iter().copied().map(file).collect();
            let bounds = Bounds { max_bytes, max_age: Duration::from_mins(60) };
            assert_eq!(doomed(&files, bounds, at(100)), expected, "{files:?} {max_bytes}");
        };
        check(&[], 0, None);
        check(&[(1, 10, 100), (2, 20, 100)], 30, None);
        check(&[(1, 10, 100), (2, 20, 100)], 29, Some((1, Eviction::Room)));
        check(&[(2, 20, 100)], 10, None);
        check(&[(1, 10, 39), (2, 20, 100)], 100, Some((1, Eviction::Age)));
        check(&[(2, 20, 39)], 100, Some((2, Eviction::Age)));
    }
}
