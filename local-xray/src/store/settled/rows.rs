//! The rows of settled traces, in columns: sorted by start, found by id, never changed.

use std::hash::BuildHasher as _;
use std::io;
use std::mem::size_of;
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::document::{Timestamp, TraceId, Window};
use crate::store::Position;
use crate::store::aggregate::Minute;
use crate::store::cache::{AtHand, Cache};
use crate::store::journal::files::{Bytes, read_frame};
use crate::store::journal::frame::Kind;
use crate::store::journal::{FileNumber, Place};

use super::Group;
use super::run::{self, Record};

/// For so many rows the latest end is known.
const STRIDE: usize = 256;

/// What is known of some traces, row by row in the order of their positions.
#[derive(Default)]
pub(in crate::store) struct Columns {
    pub(super) starts: Vec<Timestamp>,
    pub(super) ids: Vec<TraceId>,
    pub(super) ends: Vec<Timestamp>,
    /// How many segments and subsegments each has.
    pub(super) parts: Vec<u32>,
    /// Where the digest is: its number among all that the chunks have room for.
    pub(super) slots: Vec<u32>,
    /// Minutes after that of the start in which a trace may have work.
    pub(super) later: Vec<(Minute, u32)>,
    /// Where the frames of digests begin.
    pub(super) chunks: Vec<u32>,
}

/// Columns with what finds rows in them.
pub(in crate::store) struct Rows {
    number: FileNumber,
    file: Arc<dyn Bytes>,
    columns: Columns,
    /// The latest end among each [`STRIDE`] rows.
    latest: Vec<Timestamp>,
    by_id: HashTable<u32>,
    hasher: RandomState,
}

impl Rows {
    /// Makes columns searchable. Their digests are in a file of the index.
    pub(super) fn new(number: FileNumber, file: Arc<dyn Bytes>, mut columns: Columns) -> Self {
        columns.later.sort_unstable();
        let hasher = RandomState::default();
        let mut by_id = HashTable::with_capacity(columns.ids.len());
        for (row, id) in (0..).zip(&columns.ids) {
            by_id.insert_unique(hasher.hash_one(id), row, |row| {
                columns.ids.get(index(*row)).map_or(0, |id| hasher.hash_one(id))
            });
        }
        let latest = columns.ends.chunks(STRIDE).filter_map(|ends| ends.iter().max().copied()).collect();
        Self { number, file, columns, latest, by_id, hasher }
    }

    /// The rows of two groups of one file, as far as they count, in one.
    pub(super) fn merged(one: &Group, other: &Group) -> Self {
        let parts: [(&Columns, &dyn Fn(u32) -> bool); 2] =
            [(&one.rows.columns, &|row| one.has(row)), (&other.rows.columns, &|row| other.has(row))];
        Self::new(one.rows.number, Arc::clone(&one.rows.file), Columns::combined(&parts))
    }

    pub(in crate::store) fn len(&self) -> usize {
        self.columns.ids.len()
    }

    /// The row of a trace, whether it still counts or not.
    pub(super) fn find(&self, id: TraceId) -> Option<u32> {
        let is_meant = |row: &u32| self.id(*row) == id;
        self.by_id.find(self.hasher.hash_one(id), is_meant).copied()
    }

    pub(in crate::store) fn id(&self, row: u32) -> TraceId {
        self.columns.ids.get(index(row)).copied().unwrap_or(TraceId::from_bytes([0; 16]))
    }

    pub(in crate::store) fn start(&self, row: u32) -> Timestamp {
        self.columns.starts.get(index(row)).copied().unwrap_or(Timestamp::EPOCH)
    }

    pub(in crate::store) fn end(&self, row: u32) -> Timestamp {
        self.columns.ends.get(index(row)).copied().unwrap_or(Timestamp::EPOCH)
    }

    pub(in crate::store) fn position(&self, row: u32) -> Position {
        Position { start: self.start(row), id: self.id(row) }
    }

    /// How many segments and subsegments a trace has.
    pub(in crate::store) fn parts(&self, row: u32) -> u64 {
        self.columns.parts.get(index(row)).copied().unwrap_or_default().into()
    }

    /// The rows from one position up to another.
    pub(in crate::store) fn between(&self, from: Position, to: Position) -> Range<u32> {
        let first = |bound: Position| {
            let of_start = |start: Timestamp| number(self.columns.starts.partition_point(|it| *it < start));
            let next = Timestamp::from_micros(bound.start.micros().saturating_add(1));
            let (mut low, mut high) = (of_start(bound.start), of_start(next));
            while low < high {
                let middle = low + (high - low) / 2;
                if self.position(middle) < bound { low = middle + 1 } else { high = middle }
            }
            low
        };
        let start = first(from);
        start..first(to).max(start)
    }

    /// The rows of traces that started before a window and went on into it.
    pub(in crate::store) fn went_on_into(&self, window: Window) -> impl Iterator<Item = u32> {
        let before = self.columns.starts.partition_point(|start| *start < window.start);
        let strides = self.latest.iter().zip((0..before).step_by(STRIDE));
        let strides = strides.filter(move |(latest, _)| **latest >= window.start);
        let rows = strides.flat_map(move |(_, first)| number(first)..number((first + STRIDE).min(before)));
        rows.filter(move |row| window.overlaps(self.start(*row), self.end(*row)))
    }

    /// The rows of traces that started before a minute and may have work in it.
    pub(in crate::store) fn later_in(&self, minute: Minute) -> impl Iterator<Item = u32> {
        let begin = self.columns.later.partition_point(|(it, _)| *it < minute);
        let later = self.columns.later.iter().skip(begin);
        later.take_while(move |(it, _)| *it == minute).map(|(_, row)| *row)
    }

    /// Every minute in which some trace may have work; minutes may come often.
    pub(in crate::store) fn minutes(&self) -> impl Iterator<Item = Minute> {
        let starts = self.columns.starts.iter().map(|start| Minute::of(*start));
        starts.chain(self.columns.later.iter().map(|(minute, _)| *minute))
    }

    /// The first start.
    pub(in crate::store) fn first_start(&self) -> Option<Timestamp> {
        self.columns.starts.first().copied()
    }

    /// Reads the record of a trace: its digest, and where its documents are.
    ///
    /// # Errors
    /// When the index cannot be read there.
    pub(in crate::store) fn record(&self, row: u32, cache: &Cache, at_hand: &mut AtHand) -> io::Result<Record> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the index is damaged");
        let slot = index(*self.columns.slots.get(index(row)).ok_or_else(damaged)?);
        let offset = *self.columns.chunks.get(slot / run::CHUNK).ok_or_else(damaged)?;
        let place = Place { file: self.number, offset };
        let chunk = cache.get_after(at_hand, Kind::Digests, place, || read_frame(&*self.file, Kind::Digests, place))?;
        Record::of(chunk, slot % run::CHUNK).ok_or_else(damaged)
    }

    /// About how many bytes of memory the rows take, with the entry of each among the ids of all traces.
    pub(in crate::store) fn memory(&self) -> u64 {
        let row = 2 * size_of::<TraceId>() + 2 * size_of::<Timestamp>() + 4 * size_of::<u32>() + 32;
        (self.len() * row) as u64
    }
}

impl Columns {
    /// The rows of several columns, as far as they count, in order.
    pub(super) fn combined(parts: &[(&Self, &dyn Fn(u32) -> bool)]) -> Self {
        let mut combined = Self::default();
        let mut order: Vec<(Timestamp, TraceId, usize, u32)> = Vec::new();
        for (part, (columns, counts)) in parts.iter().enumerate() {
            let positions = columns.starts.iter().zip(&columns.ids).zip(0..).filter(|(_, row)| counts(*row));
            order.extend(positions.map(|((start, id), row)| (*start, *id, part, row)));
        }
        // Nearly sorted already, of which a stable sort makes use.
        order.sort();
        let (mut first_slots, mut places) = (Vec::new(), Vec::new());
        for (columns, _) in parts {
            first_slots.push(number(combined.chunks.len() * run::CHUNK));
            combined.chunks.extend_from_slice(&columns.chunks);
            places.push(vec![None; columns.ids.len()]);
        }
        for (new, (_, _, part, row)) in (0..).zip(order) {
            if let (Some((columns, _)), Some(first)) = (parts.get(part), first_slots.get(part)) {
                combined.push(columns, index(row), *first);
            }
            places
                .get_mut(part)
                .and_then(|places| places.get_mut(index(row)))
                .into_iter()
                .for_each(|it| *it = Some(new));
        }
        for ((columns, _), places) in parts.iter().zip(&places) {
            let later = columns.later.iter();
            combined.later.extend(later.filter_map(|(minute, row)| Some((*minute, (*places.get(index(*row))?)?))));
        }
        combined
    }

    /// Adds a row of other columns, whose slots begin at `first` here.
    fn push(&mut self, other: &Self, row: usize, first: u32) {
        self.starts.extend(other.starts.get(row));
        self.ids.extend(other.ids.get(row));
        self.ends.extend(other.ends.get(row));
        self.parts.extend(other.parts.get(row));
        self.slots.extend(other.slots.get(row).map(|slot| slot + first));
    }
}

fn index(row: u32) -> usize {
    row as usize
}

fn number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
