//! What becomes of documents when the disk does not do what it is told.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;

use super::journal::FileNumber;
use super::journal::files::{Bytes, Folder, Memory};
use super::*;
use crate::document::{Document, Timestamp, parse};

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A disk that can be made read-only, and can be told to keep every file.
#[derive(Default)]
struct Disk {
    files: Memory,
    state: Arc<DiskState>,
}

#[derive(Default)]
struct DiskState {
    refuses_writes: Mutex<Option<io::ErrorKind>>,
    refuses_removal: AtomicBool,
}

impl DiskState {
    fn write(&self) -> io::Result<()> {
        self.refuses_writes.lock().unwrap().map_or(Ok(()), |kind| Err(kind.into()))
    }
}

impl Folder for Disk {
    fn list(&self) -> io::Result<Vec<FileNumber>> {
        self.files.list()
    }

    fn open(&self, number: FileNumber) -> io::Result<Arc<dyn Bytes>> {
        if !self.files.list()?.contains(&number) {
            self.state.write()?;
        }
        Ok(Arc::new(DiskFile { file: self.files.open(number)?, state: Arc::clone(&self.state) }))
    }

    fn remove(&self, number: FileNumber) -> io::Result<()> {
        if self.state.refuses_removal.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.files.remove(number)
    }

    fn sync(&self) -> io::Result<()> {
        self.files.sync()
    }
}

struct DiskFile {
    file: Arc<dyn Bytes>,
    state: Arc<DiskState>,
}

impl Bytes for DiskFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.state.write()?;
        self.file.write_all_at(bytes, offset)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.state.write()?;
        self.file.truncate(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

/// A store on such a disk, with a journal file for each document and room for so many bytes.
fn store(max_bytes: u64) -> (Owner, Arc<DiskState>) {
    let journal = Disk::default();
    let state = Arc::clone(&journal.state);
    let folders =
        Folders { journal: Arc::new(journal), index: Arc::<Memory>::default(), checkpoints: Arc::<Memory>::default() };
    let shape = Shape { file_bytes: 1, file_age: Duration::MAX, durability: Durability::Power };
    let bounds = Bounds { max_bytes, max_memory: u64::MAX, max_age: Duration::MAX };
    (Owner::open(&folders, shape, bounds, Budget::new(1 << 20)).unwrap(), state)
}

fn document(number: u64) -> Document {
    let json = format!(
        r#"{{"trace_id": "1-69550001-{number:024x}", "id": "{:016x}", "name": "shop", "start_time": 1, "end_time": 2}}"#,
        number + 1
    );
    parse(json).unwrap().remove(0)
}

fn take(owner: &mut Owner, number: u64) -> Result<(), NotStored> {
    let (tell, _) = oneshot::channel();
    let (_, outcome) = owner.take(vec![Batch { arrivals: vec![document(number).into()], tell }], NOW);
    owner.evict(NOW);
    outcome
}

#[test]
fn a_disk_that_cannot_be_written_costs_what_arrives_meanwhile_and_says_why() {
    let check = |kind: io::ErrorKind, words: &str| {
        let (mut owner, disk) = store(u64::MAX);
        assert_eq!(take(&mut owner, 0), Ok(()));
        *disk.refuses_writes.lock().unwrap() = Some(kind);
        let refused = NotStored::Unwritten(words.into());
        assert_eq!([1, 2].map(|number| take(&mut owner, number)), [Err(refused.clone()), Err(refused)]);
        let published = Arc::new(owner.published());
        assert_eq!(published.report.incident.as_ref().map(|it| (it.since, &*it.words)), Some((NOW, words)));
        let known =
            |snapshot: &Snapshot| [0, 1, 2, 3].map(|number| snapshot.trace(document(number).trace_id).is_some());
        assert_eq!(known(&Snapshot { published }), [true, false, false, false]);

        *disk.refuses_writes.lock().unwrap() = None;
        assert_eq!([1, 3].map(|number| take(&mut owner, number)), [Ok(()), Ok(())], "it goes on by itself");
        let published = Arc::new(owner.published());
        assert_eq!(published.report.incident, None);
        assert_eq!(known(&Snapshot { published }), [true, true, false, true]);
    };
    check(io::ErrorKind::ReadOnlyFilesystem, "the disk is read-only: nothing new is stored until it can be written");
    check(io::ErrorKind::StorageFull, "the disk is full: nothing new is stored until there is room");
    check(io::ErrorKind::QuotaExceeded, "the disk is full: nothing new is stored until there is room");
    check(io::ErrorKind::PermissionDenied, "the disk cannot be written: permission denied");
}

#[test]
fn a_file_that_cannot_be_removed_stays_with_its_traces_until_it_can() {
    let (mut owner, disk) = store(1);
    assert_eq!(take(&mut owner, 0), Ok(()));
    disk.refuses_removal.store(true, Ordering::Relaxed);
    let check = |owner: &mut Owner, traces: usize, stuck_files: usize, evicted: u64| {
        let report = owner.published().report;
        assert_eq!((report.traces, report.stuck_files), (traces, stuck_files));
        let gone = Evicted { traces: evicted, segments: evicted, until: document(0).segment.end_time };
        let expected = if evicted == 0 { BTreeMap::new() } else { BTreeMap::from([(Eviction::Room, gone)]) };
        assert_eq!(report.evicted, expected);
    };
    check(&mut owner, 1, 0, 0);
    assert_eq!(take(&mut owner, 1), Ok(()));
    check(&mut owner, 2, 1, 0);
    disk.refuses_removal.store(false, Ordering::Relaxed);
    owner.evict(NOW);
    check(&mut owner, 1, 0, 1);
}
