//! The folder of the database and the logs: the one that was asked for, or a temporary one that goes at the end.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;

/// An open data folder.
#[derive(Debug)]
pub(crate) enum DataFolder {
    /// Asked for by name; stays.
    Kept(PathBuf),
    /// Goes when the demo ends well.
    Temporary(TempDir),
}

impl DataFolder {
    /// Makes the folder if need be; without a name a temporary one.
    pub(crate) fn open(name: Option<&Path>) -> anyhow::Result<Self> {
        let Some(name) = name else {
            let folder = tempfile::Builder::new().prefix("mysfits-").tempdir();
            return folder.map(Self::Temporary).context("cannot make a temporary folder; choose one with --data DIR");
        };
        let cannot = || format!("cannot use the folder {} (--data)", name.display());
        std::fs::create_dir_all(name).with_context(cannot)?;
        // Children are told whole paths, so that nothing depends on where they are started.
        std::path::absolute(name).map(Self::Kept).with_context(cannot)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }

    /// Removes a temporary folder, unless its logs are needed to see what went wrong; returns what is left.
    pub(crate) fn close(self, went_wrong: bool) -> Option<PathBuf> {
        match self {
            Self::Kept(path) => Some(path),
            Self::Temporary(folder) if went_wrong => Some(folder.keep()),
            Self::Temporary(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_goes_when_all_went_well() {
        let folder = DataFolder::open(None).unwrap();
        let path = folder.path().to_owned();
        assert!(path.is_dir());
        assert_eq!(folder.close(false), None);
        assert!(!path.exists());
    }

    #[test]
    fn a_temporary_folder_stays_when_its_logs_are_needed() {
        let folder = DataFolder::open(None).unwrap();
        let kept = folder.close(true).unwrap();
        assert!(kept.is_dir());
        std::fs::remove_dir_all(kept).unwrap();
    }

    #[test]
    fn a_named_folder_is_made_and_stays() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("deep/.mysfits");
        let folder = DataFolder::open(Some(&path)).unwrap();
        assert_eq!(folder.close(false), Some(path.clone()));
        assert!(path.is_dir());
    }

    #[test]
    fn an_impossible_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = DataFolder::open(Some(file.path())).unwrap_err();
        assert!(error.to_string().contains("--data"), "{error}");
    }
}
