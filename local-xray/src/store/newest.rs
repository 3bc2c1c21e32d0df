//! Many sorted lists of traces read as one, newest first, as far as the caller takes.

use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::ops::Range;
use std::sync::Arc;

use super::archive::Archive;
use super::settled::Group;
use super::{Entry, Position};

/// The rows of one group that are still to come.
pub(super) struct Run<'s> {
    group: &'s Group,
    rows: Range<u32>,
    archive: &'s Arc<Archive>,
}

impl<'s> Run<'s> {
    /// The rows from one position up to another.
    pub(super) fn of(group: &'s Group, from: Position, to: Position, archive: &'s Arc<Archive>) -> Self {
        Self { group, rows: group.rows.between(from, to), archive }
    }

    /// The latest row that counts.
    fn next(&mut self) -> Option<u32> {
        self.rows.by_ref().rev().find(|row| self.group.has(*row))
    }

    fn upcoming(mut self) -> Option<Upcoming<'s>> {
        let row = self.next()?;
        Some(Upcoming { position: self.group.rows.position(row), row, run: self })
    }
}

/// A run with the row that is next.
struct Upcoming<'s> {
    position: Position,
    row: u32,
    run: Run<'s>,
}

impl PartialEq for Upcoming<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position
    }
}

impl Eq for Upcoming<'_> {}

impl PartialOrd for Upcoming<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Upcoming<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.position.cmp(&other.position)
    }
}

/// Live traces, which come newest first, and the rows of runs, in one order.
pub(super) fn newest_first<'s>(
    live: impl Iterator<Item = (Position, Entry)>,
    runs: Vec<Run<'s>>,
) -> impl Iterator<Item = Entry> {
    let mut live = live.peekable();
    let mut runs: BinaryHeap<Upcoming<'s>> = runs.into_iter().filter_map(Run::upcoming).collect();
    std::iter::from_fn(move || {
        let newest = runs.peek().map(|run| run.position);
        if let Some((_, entry)) = live.next_if(|(position, _)| newest.is_none_or(|newest| *position > newest)) {
            return Some(entry);
        }
        let mut first = runs.peek_mut()?;
        let entry = Entry::settled(&first.run.group.rows, first.row, first.run.archive);
        match first.run.next() {
            Some(row) => {
                first.row = row;
                first.position = first.run.group.rows.position(row);
            }
            None => _ = PeekMut::pop(first),
        }
        Some(entry)
    })
}
