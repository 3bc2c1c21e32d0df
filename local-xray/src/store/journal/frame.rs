//! The bytes of a journal file: frames, one after the other, each a handful of documents.
//!
//! ```text
//! frame  = magic (4) checksum (4) stored length (4) plain length (4) written at, µs (8) stored bytes
//! plain  = entry …            stored bytes are plain when both lengths agree, LZ4 otherwise
//! entry  = trace id (16) file in which the trace began (4) length (4) document, JSON
//! ```
//!
//! Files of the index are made of the same frames; the last byte of the magic says what is in one ([`Kind`]).
//!
//! Numbers are little-endian. The checksum covers everything after itself and also the place: the number of the file and
//! the offset of the frame. So a frame is only a frame where it was written, and neither the rest of an older attempt nor
//! a document that holds the bytes of a frame is ever taken for one. Reading never fails: what is no frame is damage, and
//! the next good frame is looked for behind it.

use std::borrow::Cow;
use std::ops::Range;

use crate::document::{Timestamp, TraceId};

use super::{FileNumber, Place};

/// No UTF-8 text holds the first byte, so that uncompressed documents never look like the beginning of a frame. The
/// fourth byte is the [`Kind`].
const MAGIC: [u8; 3] = [0xff, b'L', b'X'];
/// Bytes before the stored ones.
pub(super) const HEADER: usize = 24;
const ENTRY_HEADER: usize = 24;
/// A frame takes no further entry once its entries have this many bytes. Compression gains little beyond, and whoever
/// wants one document reads its whole frame.
const FULL: usize = 64 << 10;
/// Frames with less than this are not worth compressing.
const WORTH_COMPRESSING: usize = 256;

/// What is in a frame. A change to its form takes a new number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    /// Documents, in a journal file.
    Documents = 1,
    /// Digests of traces, in a file of the index.
    Digests = 2,
    /// Which traces those are, in a file of the index.
    Rows = 3,
    /// How far the index goes.
    Checkpoint = 4,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Documents, Self::Digests, Self::Rows, Self::Checkpoint].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// One document as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Entry<'a> {
    pub(in crate::store) trace_id: TraceId,
    /// The file that holds the trace's first document. When that file goes, the whole trace goes.
    pub(in crate::store) began: FileNumber,
    pub(in crate::store) json: Cow<'a, [u8]>,
}

/// The entries of one frame to be.
#[derive(Debug, Default)]
pub(super) struct Plain(Vec<u8>);

impl Plain {
    /// Adds a document.
    ///
    /// # Errors
    /// When it is larger than the format can say.
    pub(super) fn push(&mut self, entry: &Entry<'_>) -> Result<(), TooLarge> {
        let length = u32::try_from(entry.json.len()).map_err(|_| TooLarge)?;
        let header = self.0.len() + ENTRY_HEADER;
        u32::try_from(header + entry.json.len()).map_err(|_| TooLarge)?;
        self.0.extend_from_slice(&entry.trace_id.to_bytes());
        self.0.extend_from_slice(&entry.began.0.to_le_bytes());
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(&entry.json);
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= FULL
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends the frame to `bytes`, as it is to stand at `place`.
    pub(super) fn write(&self, bytes: &mut Vec<u8>, place: Place, written_at: Timestamp) {
        write(Kind::Documents, &self.0, bytes, place, written_at);
    }
}

/// Appends a frame to `bytes`, as it is to stand at `place`.
pub(in crate::store) fn write(kind: Kind, plain: &[u8], bytes: &mut Vec<u8>, place: Place, written_at: Timestamp) {
    let compressed = if plain.len() < WORTH_COMPRESSING { None } else { Some(lz4_flex::block::compress(plain)) };
    let stored = compressed.as_deref().filter(|compressed| compressed.len() < plain.len()).unwrap_or(plain);
    let mut rest = Vec::with_capacity(HEADER);
    rest.extend_from_slice(&length(stored));
    rest.extend_from_slice(&length(plain));
    rest.extend_from_slice(&written_at.micros().to_le_bytes());
    bytes.extend_from_slice(&MAGIC);
    bytes.push(kind as u8);
    bytes.extend_from_slice(&checksum(kind, place, &[&rest, stored]).to_le_bytes());
    bytes.extend_from_slice(&rest);
    bytes.extend_from_slice(stored);
}

/// A document that no frame can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a document of more than four gigabytes cannot be stored")]
pub(in crate::store) struct TooLarge;

/// A frame that was found whole.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Frame<'a> {
    pub(in crate::store) kind: Kind,
    pub(in crate::store) place: Place,
    pub(in crate::store) written_at: Timestamp,
    plain_length: usize,
    stored: &'a [u8],
}

/// What a file holds, piece by piece.
#[derive(Debug)]
pub(in crate::store) enum Piece<'a> {
    Frame(Frame<'a>),
    /// Bytes that are no frame.
    Damage(Range<usize>),
}

impl<'a> Frame<'a> {
    /// Reads the frame that begins at `place`, of which `bytes` are what follows in the file.
    pub(in crate::store) fn read(bytes: &'a [u8], place: Place) -> Option<Self> {
        let (head, behind) = bytes.split_first_chunk::<HEADER>()?;
        let (magic, head) = head.split_first_chunk::<3>()?;
        let (kind, head) = head.split_first()?;
        let kind = Kind::of(*kind)?;
        let (told, rest) = head.split_first_chunk::<4>()?;
        let [stored_length, plain_length] = [number(rest.get(..4)?)?, number(rest.get(4..8)?)?];
        let stored = behind.get(..stored_length)?;
        if *magic != MAGIC || checksum(kind, place, &[rest, stored]) != u32::from_le_bytes(*told) {
            return None;
        }
        let written_at = Timestamp::from_micros(i64::from_le_bytes(rest.get(8..)?.try_into().ok()?));
        Some(Self { kind, place, written_at, plain_length, stored })
    }

    /// How many bytes of the file a frame takes whose header these bytes are. Only good for asking how much to read: the
    /// checksum is not looked at.
    pub(super) fn length_told(header: &[u8]) -> Option<usize> {
        number(header.get(8..12)?)?.checked_add(HEADER)
    }

    /// How many bytes of the file the frame takes.
    pub(in crate::store) fn length(&self) -> usize {
        HEADER + self.stored.len()
    }

    /// The place behind it.
    pub(in crate::store) fn end(&self) -> Place {
        let length = u32::try_from(self.length()).unwrap_or(u32::MAX);
        Place { offset: self.place.offset.saturating_add(length), ..self.place }
    }

    /// What is in it, unpacked; `None` when the frame was written wrong, which its checksum cannot tell.
    pub(in crate::store) fn unpack(&self) -> Option<Cow<'a, [u8]>> {
        if self.stored.len() == self.plain_length {
            return Some(Cow::Borrowed(self.stored));
        }
        lz4_flex::block::decompress(self.stored, self.plain_length).ok().map(Cow::Owned)
    }
}

/// The entries of an unpacked frame of documents, in the order in which they were written.
pub(in crate::store) fn entries(plain: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    let mut rest = plain;
    std::iter::from_fn(move || {
        let (id, behind) = rest.split_first_chunk::<16>()?;
        let (began, behind) = behind.split_first_chunk::<4>()?;
        let (length, behind) = behind.split_first_chunk::<4>()?;
        let (json, behind) = behind.split_at_checked(number(length)?)?;
        rest = behind;
        let began = FileNumber(u32::from_le_bytes(*began));
        Some(Entry { trace_id: TraceId::from_bytes(*id), began, json: Cow::Borrowed(json) })
    })
}

/// Takes a file apart, from its first byte to its last.
pub(in crate::store) fn pieces(file: FileNumber, bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let next = (at..bytes.len()).find_map(|offset| frame_at(file, bytes, offset));
        let frame_begins = next.map_or(bytes.len(), |(offset, _)| offset);
        if frame_begins > at {
            let damage = at..frame_begins;
            at = frame_begins;
            return Some(Piece::Damage(damage));
        }
        next.map(|(offset, frame)| {
            at = offset + frame.length();
            Piece::Frame(frame)
        })
    })
}

fn frame_at(file: FileNumber, bytes: &[u8], offset: usize) -> Option<(usize, Frame<'_>)> {
    let rest = bytes.get(offset..)?;
    if rest.first() != MAGIC.first() {
        return None;
    }
    Frame::read(rest, Place { file, offset: u32::try_from(offset).ok()? }).map(|frame| (offset, frame))
}

fn checksum(kind: Kind, place: Place, parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    if kind != Kind::Documents {
        // Documents were there first, without it.
        hasher.update(&[kind as u8]);
    }
    hasher.update(&place.file.0.to_le_bytes());
    hasher.update(&place.offset.to_le_bytes());
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).expect("entries are refused before they exceed this").to_le_bytes()
}

fn number(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: FileNumber = FileNumber(7);

    fn entry(json: &[u8]) -> Entry<'_> {
        let trace_id = TraceId::from_bytes([u8::try_from(json.len() % 251).unwrap(); 16]);
        Entry { trace_id, began: FileNumber(3), json: Cow::Borrowed(json) }
    }

    /// A file with one frame for each list of documents.
    fn file(frames: &[Vec<Vec<u8>>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, documents) in frames.iter().enumerate() {
            let mut plain = Plain::default();
            documents.iter().for_each(|json| plain.push(&entry(json)).unwrap());
            let place = Place { file: FILE, offset: u32::try_from(bytes.len()).unwrap() };
            plain.write(&mut bytes, place, Timestamp::from_micros(number as i64));
        }
        bytes
    }

    /// The documents of each frame.
    type Frames = Vec<Vec<Vec<u8>>>;

    fn documents(file: FileNumber, bytes: &[u8]) -> (Frames, Vec<(usize, usize)>) {
        let (mut frames, mut damages) = (Vec::new(), Vec::new());
        for piece in pieces(file, bytes) {
            match piece {
                Piece::Frame(frame) => {
                    let plain = frame.unpack().unwrap();
                    frames.push(entries(&plain).map(|entry| entry.json.into_owned()).collect());
                }
                Piece::Damage(range) => damages.push((range.start, range.end)),
            }
        }
        (frames, damages)
    }

    fn frames() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
        let document = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            (any::<u8>(), 200..2_000_usize).prop_map(|(byte, length)| vec![byte; length]),
        ];
        prop::collection::vec(prop::collection::vec(document, 1..5), 0..6)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(frames in frames()) {
            prop_assert_eq!(documents(FILE, &file(&frames)), (frames, vec![]));
        }

        #[test]
        fn a_cut_costs_what_was_cut(frames in frames(), cut in any::<prop::sample::Index>()) {
            let whole = file(&frames);
            let kept = cut.index(whole.len() + 1);
            let (read, damages) = documents(FILE, &whole[..kept]);
            prop_assert_eq!(&read[..], &frames[..read.len()], "a prefix");
            let good = file(&read).len();
            let torn = if good < kept { vec![(good, kept)] } else { vec![] };
            prop_assert_eq!(damages, torn);
            prop_assert!(file(&frames[..(read.len() + 1).min(frames.len())]).len() > kept || read == frames);
        }

        #[test]
        fn a_wrong_byte_costs_one_frame(frames in frames(), place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = file(&frames);
            prop_assume!(!bytes.is_empty());
            let hit = place.index(bytes.len());
            bytes[hit] ^= flip;
            let (read, damages) = documents(FILE, &bytes);
            prop_assert_eq!(read.len() + 1, frames.len());
            prop_assert!(read.iter().all(|frame| frames.contains(frame)));
            prop_assert!(matches!(damages[..], [(start, end)] if (start..end).contains(&hit)));
        }

        #[test]
        fn rubbish_is_damage(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
            prop_assert_eq!(documents(FILE, &bytes), (vec![], vec![(0, bytes.len())]));
        }
    }

    #[test]
    fn a_frame_is_one_only_where_it_was_written() {
        let bytes = file(&[vec![b"first".to_vec()], vec![b"second".to_vec()]]);
        assert_eq!(documents(FileNumber(8), &bytes).0, Vec::<Vec<Vec<u8>>>::new(), "another file");
        let moved = [b"x", &bytes[..]].concat();
        assert_eq!(documents(FILE, &moved).0, Vec::<Vec<Vec<u8>>>::new(), "another offset");
        let inside = file(&[vec![bytes.clone()]]);
        assert_eq!(documents(FILE, &inside).0, [[bytes]], "a document may hold a frame");
    }
}
