//! What was read from files lately, unpacked, within a bounded number of bytes.

use std::io;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;

use super::journal::Place;
use super::journal::frame::Kind;

/// Frames by their places. Two generations in place of a list of uses: what is used moves to the young one, and when
/// that has had its half of the room, the old one goes. A hit costs a look-up and nothing else.
pub(super) struct Cache {
    half: usize,
    generations: Mutex<Generations>,
}

type Frames = HashMap<(u8, Place), Arc<Vec<u8>>>;

#[derive(Default)]
struct Generations {
    young: Frames,
    old: Frames,
    young_bytes: usize,
}

/// The frame that was read last. Whoever reads many in the order of a list finds most of them here.
#[derive(Default)]
pub(super) struct AtHand(Option<(Kind, Place, Arc<Vec<u8>>)>);

impl Cache {
    /// A cache of so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        Self { half: usize::try_from(bytes / 2).unwrap_or(usize::MAX), generations: Mutex::default() }
    }

    /// A frame, read when it is not here.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn get(
        &self,
        kind: Kind,
        place: Place,
        read: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Arc<Vec<u8>>> {
        let key = (kind as u8, place);
        if let Some(known) = self.with(|generations| generations.find(&key, self.half)) {
            return Ok(known);
        }
        // Not under the lock: two who miss the same frame both read it, and nobody else waits.
        let frame = Arc::new(read()?);
        self.with(|generations| generations.insert(key, Arc::clone(&frame), self.half));
        Ok(frame)
    }

    /// The same, unless the frame is at hand.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn get_after(
        &self,
        at_hand: &mut AtHand,
        kind: Kind,
        place: Place,
        read: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Arc<Vec<u8>>> {
        if let Some((_, _, frame)) = at_hand.0.as_ref().filter(|(known, at, _)| (*known, *at) == (kind, place)) {
            return Ok(Arc::clone(frame));
        }
        let frame = self.get(kind, place, read)?;
        at_hand.0 = Some((kind, place, Arc::clone(&frame)));
        Ok(frame)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Generations) -> T) -> T {
        act(&mut self.generations.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generations {
    fn find(&mut self, key: &(u8, Place), half: usize) -> Option<Arc<Vec<u8>>> {
        if let Some(frame) = self.young.get(key) {
            return Some(Arc::clone(frame));
        }
        let frame = self.old.remove(key)?;
        self.insert(*key, Arc::clone(&frame), half);
        Some(frame)
    }

    fn insert(&mut self, key: (u8, Place), frame: Arc<Vec<u8>>, half: usize) {
        self.young_bytes += frame.capacity();
        if let Some(twin) = self.young.insert(key, frame) {
            self.young_bytes -= twin.capacity();
        }
        if self.young_bytes > half {
            self.old = mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::store::journal::FileNumber;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let cache = Cache::new(400);
        let reads = Cell::new(0);
        let get = |offset: u32| {
            let read = || {
                reads.set(reads.get() + 1);
                Ok(vec![0; 60])
            };
            cache.get(Kind::Digests, Place { file: FileNumber(1), offset }, read).unwrap();
        };
        get(0);
        get(0);
        assert_eq!(reads.get(), 1);
        for offset in 1..100 {
            get(offset);
            get(0);
        }
        assert_eq!(reads.get(), 100, "what is used often is never read again");
        get(1);
        assert_eq!(reads.get(), 101);
        let held = cache.with(|it| it.young.len() + it.old.len());
        assert!(held <= 8, "{held} frames of 60 bytes");
    }

    #[test]
    fn what_cannot_be_read_is_not_remembered() {
        let cache = Cache::new(400);
        let place = Place { file: FileNumber(1), offset: 0 };
        assert!(cache.get(Kind::Digests, place, || Err(io::ErrorKind::NotFound.into())).is_err());
        assert_eq!(*cache.get(Kind::Digests, place, || Ok(vec![7])).unwrap(), [7]);
        assert_eq!(*cache.get(Kind::Documents, place, || Ok(vec![8])).unwrap(), [8], "another kind of file");
    }
}
