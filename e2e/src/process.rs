//! A process of this build that says on its standard output where to look, and ends well after Ctrl-C.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Longest wait for a process to start, to finish a bounded run or to stop.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// A running process. It is killed when the value is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a command. What it writes as errors goes where the test's own errors go.
    pub(crate) fn spawn(mut command: Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let output = BufReader::new(child.stdout.take().context("its output")?).lines();
        Ok(Self { child, output })
    }

    /// Reads the output until `find` has found in its lines what it looks for.
    ///
    /// # Errors
    ///
    /// When the process ends or stays silent before that; the text has its output.
    pub(crate) async fn announced<T>(&mut self, find: impl FnMut(&str) -> Option<T>) -> Result<T> {
        tokio::time::timeout(DEADLINE, self.read_until(find)).await.context("it never said where to look")?
    }

    async fn read_until<T>(&mut self, mut find: impl FnMut(&str) -> Option<T>) -> Result<T> {
        let mut said = String::new();
        while let Some(line) = self.output.next_line().await? {
            if let Some(found) = find(&line) {
                return Ok(found);
            }
            said.push_str(&line);
            said.push('\n');
        }
        bail!("it ended before it said where to look:\n{said}")
    }

    /// Presses Ctrl-C and waits until it has stopped.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or not with success.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.context("still running")?, Signal::INT)?;
        let mut said = String::new();
        while let Some(line) =
            tokio::time::timeout(DEADLINE, self.output.next_line()).await.context("it does not stop")??
        {
            said.push_str(&line);
            said.push('\n');
        }
        let status = self.child.wait().await?;
        ensure!(status.success(), "it ended with {status} after Ctrl-C:\n{said}");
        Ok(())
    }
}

/// An executable of this build.
///
/// # Errors
///
/// When it is not there.
pub fn executable(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let built: PathBuf = test.ancestors().nth(2).unwrap_or(Path::new(".")).join(name);
    ensure!(built.is_file(), "{} is not there; run `cargo build --workspace --all-targets` first", built.display());
    Ok(built)
}
