//! Somebody else's executable as a child of the demo: it cannot know the pipe that tells our own children to stop, so this process
//! watches the pipe for it.
//!
//! The guard and what it guards share a process group; a demo that is killed closes the pipe, and the program is stopped all the same.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

/// Runs `program` until it ends, or asks it to once standard input closes; ends as it does.
pub(crate) fn guard(program: &Path) -> anyhow::Result<ExitCode> {
    let mut command = Command::new(program);
    let mut running =
        command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start {}", program.display()))?;
    let pid = i32::try_from(running.id()).ok().and_then(Pid::from_raw).context("a process has an id")?;
    let is_asked_to_stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_asked_to_stop);
    crate::process::when_the_parent_is_gone(move || {
        asked.store(true, Ordering::Relaxed);
        let _has_ended_meanwhile = kill_process(pid, Signal::TERM);
    })?;
    let status = running.wait()?;
    // A program without a handler of its own ends by the signal that it was sent, and that is well.
    let went_well = status.success() || (is_asked_to_stop.load(Ordering::Relaxed) && status.code().is_none());
    Ok(if went_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
