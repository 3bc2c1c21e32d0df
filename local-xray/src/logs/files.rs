//! Lines on disk: files of JSON, a line each, that only grow at their end and go as a whole.
//!
//! *Acknowledged is written*: a group of lines reaches the kernel in one write before its senders hear that it was
//! stored. A write that fails changes nothing, and the next one begins at the same place. *Opening never fails for what
//! is inside a file*: an unfinished line at an end is cut off, and what is no line is passed over; both are counted.
//! Each run begins a file of its own.
//!
//! Without a folder the files are only counted, so that what is kept follows the same rules.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::document::Timestamp;
use crate::store::Durability;

use super::LogRecord;
use super::retention::FileFacts;

const ENDING: &str = "jsonl";
/// Lines are kept in at least this many files, so that dropping one is a small loss.
const FILES_AT_LEAST: u32 = 16;

/// How files are cut and written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    file_bytes: u64,
    file_age: Duration,
    durability: Durability,
}

impl Shape {
    pub(super) fn new(max_bytes: u64, max_age: Duration, durability: Durability) -> Self {
        let file_bytes = (max_bytes / u64::from(FILES_AT_LEAST)).max(1);
        Self { file_bytes, file_age: max_age / FILES_AT_LEAST, durability }
    }
}

/// What was wrong with the files when they were opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes cut off at the ends of files: writes that the end of a process interrupted.
    pub torn_bytes: u64,
    /// Lines that could not be read.
    pub damaged: u64,
}

/// All files, for the one who writes them.
pub(super) struct Files {
    folder: Option<PathBuf>,
    shape: Shape,
    facts: BTreeMap<u32, FileFacts>,
    /// The file of this run, once it has a line.
    current: Option<(u32, Option<File>)>,
}

impl Files {
    /// Opens a folder, made if need be, and hands each line in it to `each`: the number of its file, its own, and what it says.
    ///
    /// # Errors
    /// When the files cannot be listed or read at all.
    pub(super) fn open(
        folder: Option<&Path>,
        shape: Shape,
        mut each: impl FnMut(u32, u32, LogRecord),
    ) -> io::Result<(Self, Recovery)> {
        let mut files = Self { folder: folder.map(Path::to_owned), shape, facts: BTreeMap::new(), current: None };
        let mut recovery = Recovery::default();
        if let Some(folder) = folder {
            fs::create_dir_all(folder)?;
            for number in numbers(folder)? {
                files.take_in(number, &path_of(folder, number), &mut recovery, |line, record| {
                    each(number, line, record);
                })?;
            }
        }
        Ok((files, recovery))
    }

    fn take_in(
        &mut self,
        number: u32,
        path: &Path,
        recovery: &mut Recovery,
        mut each: impl FnMut(u32, LogRecord),
    ) -> io::Result<()> {
        let bytes = fs::read(path)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let torn = (bytes.len() - whole) as u64;
        if torn > 0 {
            recovery.torn_bytes += torn;
            // On a disk that refuses this, the end is cut again next time.
            let _ = File::options().write(true).open(path).and_then(|file| file.set_len(whole as u64));
        }
        let lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for (line, json) in (0..).zip(lines) {
            match LogRecord::parse(json) {
                Some(record) => each(line, record),
                None => recovery.damaged += 1,
            }
        }
        let written_at = fs::metadata(path)?.modified().map_or(Timestamp::EPOCH, Timestamp::from);
        self.facts.insert(number, FileFacts { number, bytes: whole as u64, begun_at: written_at, written_at });
        Ok(())
    }

    /// Writes lines down, all or none; says to which file.
    ///
    /// # Errors
    /// When they cannot be written. Nothing has changed then.
    pub(super) fn append(&mut self, lines: &[u8], now: Timestamp) -> io::Result<u32> {
        let number = self.file_for(now)?;
        let Some(facts) = self.facts.get_mut(&number) else { return Err(io::ErrorKind::NotFound.into()) };
        if let Some((_, Some(file))) = &self.current {
            let written = file.write_all_at(lines, facts.bytes);
            let durable = written.and_then(|()| match self.shape.durability {
                Durability::Process => Ok(()),
                Durability::Power => file.sync_data(),
            });
            if let Err(error) = durable {
                // What half a write left behind would be written over anyway; cut off, it no longer takes room.
                let _ = file.set_len(facts.bytes);
                return Err(error);
            }
        }
        facts.bytes += lines.len() as u64;
        facts.written_at = now;
        Ok(number)
    }

    /// The file that the next lines go to. A new one is begun when the last is full or old.
    fn file_for(&mut self, now: Timestamp) -> io::Result<u32> {
        let oldest = now.before(self.shape.file_age);
        let current = self.current.as_ref().and_then(|(number, _)| self.facts.get(number));
        if let Some(facts) = current
            && (facts.bytes == 0 || (facts.bytes < self.shape.file_bytes && facts.begun_at >= oldest))
        {
            return Ok(facts.number);
        }
        let number = self.facts.keys().next_back().map_or(1, |last| last + 1);
        let open = |folder: &PathBuf| {
            let path = path_of(folder, number);
            File::options().write(true).create(true).truncate(true).open(path)
        };
        let file = self.folder.as_ref().map(open).transpose()?;
        self.current = Some((number, file));
        self.facts.insert(number, FileFacts { number, bytes: 0, begun_at: now, written_at: now });
        Ok(number)
    }

    /// Drops a file with everything in it.
    ///
    /// # Errors
    /// When it cannot be removed; it is still there then.
    pub(super) fn remove(&mut self, number: u32) -> io::Result<()> {
        if let Some(folder) = &self.folder {
            fs::remove_file(path_of(folder, number))?;
        }
        self.facts.remove(&number);
        self.current.take_if(|(current, _)| *current == number);
        Ok(())
    }

    /// The files, oldest first.
    pub(super) fn facts(&self) -> Vec<FileFacts> {
        self.facts.values().copied().collect()
    }

    /// Bytes in all files.
    pub(super) fn bytes(&self) -> u64 {
        self.facts.values().map(|facts| facts.bytes).sum()
    }
}

fn path_of(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:010}.{ENDING}"))
}

/// The numbers of the files in a folder, in order. Whatever else lies there is left alone.
fn numbers(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_ours = path.extension().is_some_and(|ending| ending == ENDING);
        let number: Option<u32> = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        numbers.extend(number.filter(|_| is_ours));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn line(second: i64) -> Vec<u8> {
        format!("{}\n", json!({ "time": second, "body": format!("line {second}") })).into_bytes()
    }

    fn shape(max_bytes: u64) -> Shape {
        Shape::new(max_bytes, Duration::from_hours(1), Durability::Power)
    }

    /// Opens a folder and says what is in it: the number of the file, that of the line, and when it was written.
    fn opened(folder: &Path) -> (Files, Recovery, Vec<(u32, u32, i64)>) {
        let mut lines = Vec::new();
        let each = |file, line, record: LogRecord| lines.push((file, line, record.time.micros() / 1_000_000));
        let (files, recovery) = Files::open(Some(folder), shape(1 << 20), each).unwrap();
        (files, recovery, lines)
    }

    #[test]
    fn each_run_continues_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, ..) = opened(folder.path());
        assert_eq!(files.append(&line(1), at(1)).unwrap(), 1);
        assert_eq!(files.append(&[line(2), line(3)].concat(), at(3)).unwrap(), 1);
        let (mut again, recovery, lines) = opened(folder.path());
        assert_eq!((recovery, lines), (Recovery::default(), vec![(1, 0, 1), (1, 1, 2), (1, 2, 3)]));
        assert_eq!(again.bytes(), files.bytes());
        assert_eq!(again.append(&line(4), at(4)).unwrap(), 2);
        again.remove(1).unwrap();
        assert_eq!(opened(folder.path()).2, [(2, 0, 4)]);
    }

    #[test]
    fn an_unfinished_end_is_cut_off_and_what_is_no_line_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(folder.path(), 7);
        fs::write(&path, [line(1), b"rubbish\n".to_vec(), line(2), b"{\"time\"".to_vec()].concat()).unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let (_, recovery, lines) = opened(folder.path());
        assert_eq!(recovery, Recovery { torn_bytes: 7, damaged: 1 });
        assert_eq!(lines, [(7, 0, 1), (7, 2, 2)]);
        assert_eq!(opened(folder.path()).1.torn_bytes, 0, "it is gone from the file");
    }

    #[test]
    fn files_are_cut_by_size_and_by_age_with_and_without_a_disk() {
        let folder = tempfile::tempdir().unwrap();
        for place in [None, Some(folder.path())] {
            let (mut files, _) = Files::open(place, shape(16 * line(1).len() as u64), |_, _, _| ()).unwrap();
            let at_hour = |second| files.append(&line(second), at(second)).unwrap();
            assert_eq!([1, 2, 3].map(at_hour), [1, 2, 3], "a file is full with one line");
            let (mut files, _) = Files::open(None, shape(1 << 20), |_, _, _| ()).unwrap();
            let at_hour = |second| files.append(&line(second), at(second)).unwrap();
            assert_eq!([1, 200, 230, 1_000].map(at_hour), [1, 1, 2, 3], "a sixteenth of an hour");
        }
    }
}
