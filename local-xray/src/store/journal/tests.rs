//! The journal over files that fail, and over files that were cut.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::files::Memory;
use super::*;
use crate::document::TraceId;

/// A folder whose disk has room for so many bytes, wherever that leaves a write.
#[derive(Clone)]
struct Small {
    folder: Arc<Memory>,
    room: Arc<AtomicUsize>,
}

struct SmallFile {
    file: Arc<dyn Bytes>,
    room: Arc<AtomicUsize>,
}

impl Small {
    fn new(room: usize) -> Self {
        Self { folder: Arc::default(), room: Arc::new(AtomicUsize::new(room)) }
    }
}

impl Folder for Small {
    fn list(&self) -> io::Result<Vec<FileNumber>> {
        self.folder.list()
    }

    fn open(&self, number: FileNumber) -> io::Result<Arc<dyn Bytes>> {
        Ok(Arc::new(SmallFile { file: self.folder.open(number)?, room: Arc::clone(&self.room) }))
    }

    fn remove(&self, number: FileNumber) -> io::Result<()> {
        self.folder.remove(number)
    }

    fn sync(&self) -> io::Result<()> {
        self.folder.sync()
    }
}

impl Bytes for SmallFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let room = self.room.load(Ordering::Relaxed);
        let fits = bytes.len().min(room);
        self.room.store(room - fits, Ordering::Relaxed);
        self.file.write_all_at(&bytes[..fits], offset)?;
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    /// This disk does not even let a failed write be cut off.
    fn truncate(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

fn shape(file_bytes: u64) -> Shape {
    Shape { file_bytes, file_age: Duration::from_hours(1), durability: Durability::Power }
}

fn trace_id(number: u8) -> TraceId {
    TraceId::from_bytes([number; 16])
}

fn append(journal: &mut Journal, documents: &[(u8, Vec<u8>)]) -> io::Result<Vec<Place>> {
    let began = journal.next_file(NOW)?;
    let entry = |(id, json): &(u8, Vec<u8>)| Entry { trace_id: trace_id(*id), began, json: Cow::Owned(json.clone()) };
    let entries: Vec<_> = documents.iter().map(entry).collect();
    journal.append(&entries, NOW)
}

/// Opens the journal and reads everything.
fn open(folder: Arc<dyn Folder>, file_bytes: u64) -> (Journal, Recovery, Vec<(u8, Vec<u8>)>) {
    let mut read = Vec::new();
    let each = |_: Place, entry: &Entry<'_>| read.push((entry.trace_id.to_bytes()[0], entry.json.to_vec()));
    let (journal, recovery) = Journal::open(folder, shape(file_bytes), each).unwrap();
    (journal, recovery, read)
}

fn groups() -> impl Strategy<Value = Vec<Vec<(u8, Vec<u8>)>>> {
    let document = (
        0..4_u8,
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            (any::<u8>(), 300..90_000_usize).prop_map(|(byte, length)| vec![byte; length]),
        ],
    );
    prop::collection::vec(prop::collection::vec(document, 1..6), 1..8)
}

proptest! {
    #[test]
    fn what_was_acknowledged_is_there_however_writes_fail(
        groups in groups(),
        rooms in prop::collection::vec(0..3_000_usize, 8),
        file_bytes in 1..2_000_u64,
    ) {
        let small = Small::new(0);
        let (mut journal, _, _) = open(Arc::new(small.clone()), file_bytes);
        let mut acknowledged = Vec::new();
        for (group, room) in groups.iter().zip(rooms) {
            small.room.store(room, Ordering::Relaxed);
            if let Ok(places) = append(&mut journal, group) {
                acknowledged.extend(group.iter().cloned().zip(places));
            }
        }
        for ((id, json), place) in &acknowledged {
            let frame = journal.shelf().read(*place).unwrap();
            let id = trace_id(*id);
            prop_assert!(frame::entries(&frame).any(|entry| entry.trace_id == id && *entry.json == **json));
        }
        drop(journal);
        let (_, recovery, read) = open(Arc::new(small), file_bytes);
        prop_assert_eq!(recovery.damages, 0);
        // This disk lets no failed write be cut off, so that whole frames of a group that was refused may be read too.
        let mut rest = read.iter();
        prop_assert!(acknowledged.iter().all(|(document, _)| rest.any(|known| known == document)), "in their order");
        prop_assert!(read.iter().all(|document| groups.concat().contains(document)));
    }

    #[test]
    fn a_journal_that_was_cut_anywhere_opens_and_goes_on(
        groups in groups(),
        cut in any::<prop::sample::Index>(),
    ) {
        let memory = Arc::new(Memory::default());
        let (mut journal, _, _) = open(memory.clone(), u64::MAX);
        let mut ends = Vec::new();
        for group in &groups {
            append(&mut journal, group).unwrap();
            ends.push(journal.bytes());
        }
        let file = memory.open(FileNumber(1)).unwrap();
        let kept = cut.index(usize::try_from(file.len().unwrap()).unwrap() + 1) as u64;
        file.truncate(kept).unwrap();

        let whole = ends.iter().filter(|end| **end <= kept).count();
        let acknowledged: Vec<_> = groups[..whole].concat();
        let (mut journal, recovery, read) = open(memory.clone(), u64::MAX);
        prop_assert_eq!(&read[..acknowledged.len()], &acknowledged[..]);
        prop_assert_eq!(recovery.damages, 0);
        prop_assert_eq!(recovery.torn_bytes, kept - journal.bytes());

        append(&mut journal, &groups[0]).unwrap();
        let (_, recovery, again) = open(memory, u64::MAX);
        prop_assert_eq!((recovery.torn_bytes, recovery.damages), (0, 0), "the torn end is gone");
        prop_assert_eq!(again, [read, groups[0].clone()].concat());
    }
}

#[test]
fn damage_in_the_middle_is_stepped_over() {
    let memory = Arc::new(Memory::default());
    let (mut journal, _, _) = open(memory.clone(), u64::MAX);
    let document = |text: &str| (1, text.as_bytes().to_vec());
    let mut places = Vec::new();
    for text in ["first", "second", "third"] {
        places.extend(append(&mut journal, &[document(text)]).unwrap());
    }
    let second = u64::from(places[1].offset) + 30;
    let mut byte = [0];
    let file = memory.open(FileNumber(1)).unwrap();
    file.read_exact_at(&mut byte, second).unwrap();
    let mut rest = vec![0; usize::try_from(file.len().unwrap() - second - 1).unwrap()];
    file.read_exact_at(&mut rest, second + 1).unwrap();
    file.write_all_at(&[&[byte[0] ^ 1], &rest[..]].concat(), second).unwrap();

    assert_eq!(journal.shelf().read(places[1]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    let (_, recovery, read) = open(memory, u64::MAX);
    assert_eq!(read, [document("first"), document("third")]);
    let damaged_bytes = u64::from(places[2].offset - places[1].offset);
    assert_eq!(recovery, Recovery { torn_bytes: 0, damages: 1, damaged_bytes });
}

#[test]
fn a_trace_goes_with_the_file_it_began_in() {
    let memory = Arc::new(Memory::default());
    let (mut journal, _, _) = open(memory.clone(), 1);
    let write = |journal: &mut Journal, id: u8, began: u32, text: &str| {
        journal.next_file(NOW).unwrap();
        let json = Cow::Owned(text.as_bytes().to_vec());
        let entry = Entry { trace_id: trace_id(id), began: FileNumber(began), json };
        journal.append(&[entry], NOW).unwrap()[0].file.0
    };
    assert_eq!(write(&mut journal, 1, 1, "begins in the first"), 1);
    assert_eq!(write(&mut journal, 1, 1, "goes on in the second"), 2);
    assert_eq!(write(&mut journal, 2, 3, "begins in the third"), 3);
    journal.remove(FileNumber(1)).unwrap();
    drop(journal);
    let (journal, _, read) = open(memory, 1);
    assert_eq!(read, [(2, b"begins in the third".to_vec())]);
    assert_eq!(journal.facts().map(|facts| facts.number.0).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn files_end_by_size_and_by_age() {
    let (mut journal, _, _) = open(Arc::new(Memory::default()), 100);
    let after = |minutes: i64| Timestamp::from_micros(NOW.micros() + minutes * 60_000_000);
    let file = |journal: &mut Journal, now: Timestamp, length: usize| {
        let number = journal.next_file(now).unwrap();
        let json = Cow::Owned(vec![b'x'; length]);
        journal.append(&[Entry { trace_id: trace_id(1), began: number, json }], now).unwrap();
        number.0
    };
    assert_eq!(file(&mut journal, after(0), 10), 1);
    assert_eq!(file(&mut journal, after(60), 40), 1);
    assert_eq!(file(&mut journal, after(60), 10), 2, "the first is full");
    assert_eq!(file(&mut journal, after(120), 10), 2);
    assert_eq!(file(&mut journal, after(121), 10), 3, "the second is old");
}
