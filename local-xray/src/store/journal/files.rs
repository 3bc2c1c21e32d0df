//! Where journal files live: in a folder on disk, or in memory.
//!
//! The journal asks little: files by number that grow at their end, are read anywhere, and go as a whole. So a local
//! X-Ray that keeps nothing (`--in-memory`) runs the same code as one that keeps everything. What belongs to the journal,
//! its index and its checkpoints, are folders of the same kind: on disk the same folder with other names in it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::frame::{self, Frame, Kind};
use super::{FileNumber, Place};

/// Files by number. Dropping a file that was removed frees it; until then its readers go on reading.
pub(in crate::store) trait Folder: Send + Sync {
    /// The files that are there.
    fn list(&self) -> io::Result<Vec<FileNumber>>;
    /// Opens a file, made if need be.
    fn open(&self, number: FileNumber) -> io::Result<Arc<dyn Bytes>>;
    /// Removes a file.
    fn remove(&self, number: FileNumber) -> io::Result<()>;
    /// Waits until the names of all files would survive a loss of power.
    fn sync(&self) -> io::Result<()>;
}

/// The bytes of one file.
pub(in crate::store) trait Bytes: Send + Sync {
    fn len(&self) -> io::Result<u64>;
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Waits until everything written would survive a loss of power.
    fn sync(&self) -> io::Result<()>;
}

/// Everything in a file.
pub(in crate::store) fn whole(file: &dyn Bytes) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(file.len()?).map_err(|_| io::ErrorKind::FileTooLarge)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// The frame at a place of a file, unpacked.
///
/// # Errors
/// When there is no good frame of this kind.
pub(in crate::store) fn read_frame(file: &dyn Bytes, kind: Kind, place: Place) -> io::Result<Vec<u8>> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the frame is damaged");
    let mut bytes = vec![0; frame::HEADER];
    file.read_exact_at(&mut bytes, place.offset.into())?;
    let length = Frame::length_told(&bytes).ok_or_else(damaged)?;
    if u64::from(place.offset) + length as u64 > file.len()? {
        return Err(damaged());
    }
    bytes.resize(length, 0);
    file.read_exact_at(&mut bytes, place.offset.into())?;
    let frame = Frame::read(&bytes, place).filter(|frame| frame.kind == kind).ok_or_else(damaged)?;
    frame.unpack().map(Cow::into_owned).ok_or_else(damaged)
}

/// A folder on disk, or rather those files in it whose names end alike.
pub(in crate::store) struct Disk {
    path: PathBuf,
    extension: &'static str,
}

impl Disk {
    /// Makes the folder if need be.
    pub(in crate::store) fn open(path: &Path, extension: &'static str) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self { path: path.to_owned(), extension })
    }

    fn path_of(&self, number: FileNumber) -> PathBuf {
        self.path.join(format!("{:010}.{}", number.0, self.extension))
    }
}

impl Folder for Disk {
    fn list(&self) -> io::Result<Vec<FileNumber>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let (number, extension) = name.to_str().and_then(|name| name.split_once('.')).unwrap_or_default();
            let number = number.parse().ok().filter(|_| extension == self.extension);
            numbers.extend(number.map(FileNumber));
        }
        Ok(numbers)
    }

    fn open(&self, number: FileNumber) -> io::Result<Arc<dyn Bytes>> {
        let path = self.path_of(number);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        match file {
            // A disk that became read-only can still be read.
            Err(_) if path.exists() => Ok(Arc::new(File::open(&path)?)),
            opened => Ok(Arc::new(opened?)),
        }
    }

    fn remove(&self, number: FileNumber) -> io::Result<()> {
        fs::remove_file(self.path_of(number))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

impl Bytes for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Files that live as long as the process.
#[derive(Default)]
pub(in crate::store) struct Memory {
    files: Mutex<BTreeMap<FileNumber, Arc<RwLock<Vec<u8>>>>>,
}

impl Folder for Memory {
    fn list(&self) -> io::Result<Vec<FileNumber>> {
        Ok(self.files.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect())
    }

    fn open(&self, number: FileNumber) -> io::Result<Arc<dyn Bytes>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let file: &Arc<RwLock<Vec<u8>>> = files.entry(number).or_default();
        Ok(Arc::<RwLock<Vec<u8>>>::clone(file))
    }

    fn remove(&self, number: FileNumber) -> io::Result<()> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Bytes for RwLock<Vec<u8>> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.read().unwrap_or_else(PoisonError::into_inner).len() as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = self.read().unwrap_or_else(PoisonError::into_inner);
        let there = index(offset).and_then(|at| bytes.get(at..at.checked_add(buffer.len())?));
        buffer.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    /// Whatever was there from `offset` on is gone: the journal only ever writes at its end.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut file = self.write().unwrap_or_else(PoisonError::into_inner);
        file.truncate(index(offset).ok_or(io::ErrorKind::InvalidInput)?);
        file.extend_from_slice(bytes);
        Ok(())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.write().unwrap_or_else(PoisonError::into_inner).truncate(index(length).unwrap_or(usize::MAX));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn index(offset: u64) -> Option<usize> {
    usize::try_from(offset).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(folder: &dyn Folder) {
        let number = FileNumber(3);
        assert_eq!(folder.list().unwrap(), []);
        let file = folder.open(number).unwrap();
        file.write_all_at(b"hello", 0).unwrap();
        file.write_all_at(b"p!", 3).unwrap();
        file.sync().unwrap();
        let read = |file: &dyn Bytes, length: usize, offset: u64| {
            let mut buffer = vec![0; length];
            file.read_exact_at(&mut buffer, offset).map(|()| buffer)
        };
        assert_eq!(read(&*folder.open(number).unwrap(), 5, 0).unwrap(), b"help!");
        assert!(read(&*file, 5, 1).is_err(), "beyond the end");
        file.truncate(4).unwrap();
        folder.sync().unwrap();
        assert_eq!((file.len().unwrap(), folder.list().unwrap()), (4, vec![number]));
        folder.remove(number).unwrap();
        assert_eq!(folder.list().unwrap(), []);
        assert_eq!(read(&*file, 4, 0).unwrap(), b"help", "who has it open goes on reading");
        assert_eq!(folder.open(number).unwrap().len().unwrap(), 0);
    }

    #[test]
    fn both_kinds_of_folder_keep_the_same_promises() {
        check(&Memory::default());
        let parent = tempfile::tempdir().unwrap();
        let deep = parent.path().join("deep/journal");
        Disk::open(&deep, "index").unwrap().open(FileNumber(1)).unwrap();
        check(&Disk::open(&deep, "journal").unwrap());
    }
}
