//! Where a running demo is and what it runs, for verbs that are typed in another terminal: a small file in its data folder.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use clap::Args;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// The folder of the labs, and where a running demo is looked for.
pub(crate) const DATA: &str = "./.mysfits";

const FILE: &str = "running.json";

/// What other commands must know of a running demo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The process that everything else belongs to.
    pub(crate) pid: u32,
    /// When it was ready, in seconds since 1970.
    pub(crate) since: f64,
    /// The lab that it was started for, if any.
    pub(crate) lab: Option<String>,
    /// What its visitors and its faults follow from.
    pub(crate) seed: u64,
    /// The executable that runs in place of our Like service, if any.
    pub(crate) like_service: Option<PathBuf>,
    /// The web site.
    pub(crate) site: String,
    /// The local X-Ray: console and API.
    pub(crate) xray: String,
    /// The Like service's tasks.
    pub(crate) like: Vec<Task>,
    /// The task metadata endpoint, where this demo also takes orders.
    pub(crate) metadata: String,
}

/// One task of the Like service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Task {
    /// Where likes are taken.
    pub(crate) url: String,
    /// Where the chaos switch is.
    pub(crate) internal: String,
}

/// Which running demo is meant.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunningArgs {
    /// The data folder of the running demo
    #[arg(long, value_name = "DIR", default_value = DATA)]
    pub(crate) data: PathBuf,
}

impl Running {
    /// Reads what the demo of this data folder wrote down.
    ///
    /// # Errors
    /// When no demo runs there; says how to start one.
    pub(crate) fn find(args: &RunningArgs) -> anyhow::Result<Self> {
        let folder = args.data.display();
        let found = Self::read(&args.data)?;
        found.with_context(|| {
            format!("no demo runs with its data in {folder}: start one with `mysfits up --data {folder}` or `mysfits lab start N`, or name another folder with --data")
        })
    }

    /// What is written down in this folder by a demo that is still there.
    pub(crate) fn read(data: &Path) -> anyhow::Result<Option<Self>> {
        let path = data.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let found: Self =
            serde_json::from_slice(&text).with_context(|| format!("{} is not what a demo writes", path.display()))?;
        Ok(found.is_alive().then_some(found))
    }

    /// Refuses a folder that a demo uses already.
    pub(crate) fn refuse_second(data: &Path) -> anyhow::Result<()> {
        let other = Self::read(data)?;
        let pid = other.as_ref().map(|other| other.pid).unwrap_or_default();
        ensure!(
            other.is_none(),
            "a demo (process {pid}) uses the folder {} already: stop it with Ctrl-C in its terminal, or choose another folder with --data",
            data.display()
        );
        Ok(())
    }

    /// Writes this down, in place of what was there before.
    pub(crate) fn write(&self, data: &Path) -> anyhow::Result<()> {
        let cannot = || format!("cannot write {}", data.join(FILE).display());
        let mut file = tempfile::NamedTempFile::new_in(data).with_context(cannot)?;
        serde_json::to_writer_pretty(&mut file, self).with_context(cannot)?;
        file.persist(data.join(FILE)).map(drop).with_context(cannot)
    }

    /// Takes it away again; without the file nobody looks for a demo here.
    pub(crate) fn forget(data: &Path) {
        let _is_gone_already = std::fs::remove_file(data.join(FILE));
    }

    /// When the demo was ready.
    pub(crate) fn since(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::try_from_secs_f64(self.since).unwrap_or_default()
    }

    fn is_alive(&self) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| test_kill_process(pid).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(pid: u32) -> Running {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        Running {
            pid,
            since: 1_790_000_000.5,
            lab: Some("3a".to_owned()),
            seed: 7,
            like_service: None,
            site: url(1),
            xray: url(2),
            like: vec![Task { url: url(3), internal: url(4) }],
            metadata: url(5),
        }
    }

    #[test]
    fn a_demo_is_found_while_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let args = RunningArgs { data: folder.path().to_owned() };
        let error = Running::find(&args).unwrap_err().to_string();
        assert!(error.contains("mysfits lab start N") && error.contains("--data"), "{error}");
        Running::refuse_second(folder.path()).unwrap();

        let here = running(std::process::id());
        here.write(folder.path()).unwrap();
        assert_eq!(Running::find(&args).unwrap(), here);
        let error = Running::refuse_second(folder.path()).unwrap_err().to_string();
        assert!(error.contains("Ctrl-C"), "{error}");

        Running::forget(folder.path());
        assert_eq!(Running::read(folder.path()).unwrap(), None);
    }

    #[test]
    fn a_demo_that_was_killed_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        running(i32::MAX.unsigned_abs() - 3).write(folder.path()).unwrap();
        assert_eq!(Running::read(folder.path()).unwrap(), None);
    }
}
