//! One process a data folder: a lock that ends with the process, however that goes.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

const NAME: &str = "lock";

/// Holds a folder until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Why a folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotLocked {
    #[error("another local X-Ray (process {0}) has it open")]
    Held(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Lock {
    /// Locks a folder, and leaves this process's id for whoever finds it locked.
    pub(super) fn take(folder: &Path) -> Result<Self, NotLocked> {
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(folder.join(NAME))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                return Err(NotLocked::Held(holder.trim().to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_was_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let refused = Lock::take(folder.path()).unwrap_err().to_string();
        assert_eq!(refused, format!("another local X-Ray (process {}) has it open", std::process::id()));
        drop(first);
        assert!(Lock::take(folder.path()).is_ok());
    }
}
