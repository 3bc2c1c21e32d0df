//! A trace in a few hundred bytes: all that the graph counts of it, and nearly all that filters and lists ask.
//!
//! Documents are large and a question about a million traces cannot read them, so each trace is condensed once, when its
//! documents have changed, and questions go to the digest first. What a digest says is exact. What it left out (long
//! texts, what inner work requested, where it ran, the work inside root causes) it declares as left out, and then the documents have
//! to be read.
//!
//! A digest is one block of bytes that stands alone: names are written out, because a table shared by all digests would
//! have to be kept in step with every file that a digest is stored in. It has four parts. The `Brief` holds what the
//! root segment and the trace as a whole say in numbers, which charts ask of every trace; `Words` what they say in words,
//! which most expressions ask; the `Cast` holds the services, and the `Body` the work behind nodes and edges. Reading borrows
//! from the bytes; all but the first part are read when they are first needed.

mod facts;
mod making;
#[cfg(test)]
pub(crate) mod random;
mod reading;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::graph::Calls;
use crate::store::Trace;

pub(crate) use self::facts::{Causes, KeptText, KeptValue, Piece, PlacedCause, Words};
pub(crate) use self::reading::DigestView;

/// The form of the bytes; grows with every change to `facts`. Whoever stores digests stores this beside them.
pub const VERSION: u8 = 3;

/// One trace, condensed.
#[derive(Clone)]
pub struct Digest(Source);

/// Where the bytes are.
#[derive(Clone)]
enum Source {
    Own(Box<[u8]>),
    /// A part of what was read from a file, with the digests of other traces around it.
    Part(Arc<Vec<u8>>, Range<usize>),
}

impl Digest {
    /// Condenses a trace.
    pub fn of(trace: &Trace) -> Self {
        const WRITABLE: &str = "lists and texts of known length can always be written";
        let (calls, words) = (Calls::of(trace), making::words(trace));
        let work = making::Work::of(trace, &calls);
        let words = postcard::to_allocvec(&words).expect(WRITABLE);
        let cast = postcard::to_allocvec(&work.cast()).expect(WRITABLE);
        let brief = making::brief(trace, &calls, (words.len(), cast.len()));
        let bytes = [postcard::to_allocvec(&brief).expect(WRITABLE), words, cast].concat();
        let bytes = postcard::to_extend(&work.body, bytes).expect(WRITABLE);
        Self(Source::Own(bytes.into_boxed_slice()))
    }

    /// The digest as it is stored, readable by every program of the same [`VERSION`].
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Source::Own(bytes) => bytes,
            Source::Part(all, range) => all.get(range.clone()).unwrap_or_default(),
        }
    }

    /// Takes bytes that [`Digest::as_bytes`] gave; `None` when they are no digest.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let is_digest = DigestView::open(bytes).is_some_and(|view| view.is_whole());
        is_digest.then(|| Self(Source::Own(bytes.into())))
    }

    /// Takes bytes that [`Digest::as_bytes`] gave, without a copy. Whoever read them has made sure that they are the same.
    pub(crate) fn within(all: Arc<Vec<u8>>, range: Range<usize>) -> Self {
        Self(Source::Part(all, range))
    }

    /// Opens the digest for questions.
    pub(crate) fn view(&self) -> DigestView<'_> {
        DigestView::open(self.as_bytes()).expect("digests are made of what can be read")
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.view();
        f.debug_tuple("Digest").field(view.brief()).field(view.words()).field(view.cast()).field(view.body()).finish()
    }
}
