//! One process of the demo: this same executable with a hidden verb, or somebody else's in place of our Like service.
//!
//! The child runs in a process group of its own, so that Ctrl-C in the terminal reaches only the demo, which then stops its
//! children in order. Its standard input is a pipe that nobody writes to: when the demo is gone, however it went, the pipe
//! closes and the child stops by itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{ChildStdin, Command};

use crate::logs::Log;

/// Which of the processes a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// The local X-Ray
    LocalXray,
    /// The web site, the catalogue and the database
    Monolith,
    /// The Like microservice
    LikeService,
}

impl Role {
    /// The name for people, and for the segments of the two services.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LocalXray => "local X-Ray",
            Self::Monolith => "monolith",
            Self::LikeService => "like service",
        }
    }

    /// The word on the command line and in the name of the log file.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::LocalXray => "local-xray",
            Self::Monolith => "monolith",
            Self::LikeService => "like-service",
        }
    }
}

/// A running child, seen from the demo. Dropped without [`Child::stop`] it is killed.
#[derive(Debug)]
pub(crate) struct Child {
    role: Role,
    name: String,
    process: tokio::process::Child,
    lifeline: Option<ChildStdin>,
    log: Log,
}

/// How a child that was asked to stop went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It ended by itself, within its deadline.
    InTime,
    /// It ended by itself, with an exit status that reports a failure.
    WithFailure,
    /// It had to be killed.
    Killed,
    /// It was gone before it was asked.
    Before,
}

impl Child {
    /// Starts a child with exactly these variables; its output goes to a log file in `logs`, called by `name`. In place of our own
    /// program it runs `program`, if there is one.
    pub(crate) fn start(
        role: Role,
        name: &str,
        program: Option<&Path>,
        variables: &BTreeMap<String, String>,
        logs: &Path,
    ) -> anyhow::Result<Self> {
        let path = logs.join(format!("{name}.log"));
        let output = File::create(&path).with_context(|| format!("cannot write the log {}", path.display()))?;
        let executable = std::env::current_exe().context("cannot find this executable to start it again")?;
        let mut command = Command::new(executable);
        match program {
            Some(program) => command.arg("guard").arg(program),
            None => command.args(["child", role.word()]),
        };
        command
            .env_clear()
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().context("cannot share the log file")?)
            .stderr(output)
            .process_group(0)
            .kill_on_drop(true);
        let mut process = command.spawn().with_context(|| format!("cannot start the {}", role.name()))?;
        let lifeline = process.stdin.take();
        Ok(Self { role, name: name.to_owned(), process, lifeline, log: Log::new(path) })
    }

    /// Which process this is.
    pub(crate) const fn role(&self) -> Role {
        self.role
    }

    /// Which of the processes of its role: `like-service`, or `like-service-2`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The id of the process, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// What this child writes.
    pub(crate) const fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    /// Waits for the child to end by itself, which no child should do.
    pub(crate) async fn death(&mut self) -> Death {
        let status = self.process.wait().await.ok();
        Death { role: self.role, status, log: self.log.path().to_owned(), tail: self.log.tail() }
    }

    /// Closes the lifeline and waits; past the deadline the child is killed.
    pub(crate) async fn stop(&mut self, deadline: Duration) -> Stopped {
        if matches!(self.process.try_wait(), Ok(Some(_))) {
            return Stopped::Before;
        }
        drop(self.lifeline.take());
        match tokio::time::timeout(deadline, self.process.wait()).await {
            Ok(Ok(status)) if status.success() => Stopped::InTime,
            Ok(_) => Stopped::WithFailure,
            Err(_) => {
                self.kill().await;
                Stopped::Killed
            }
        }
    }

    /// Ends the child at once, and with it what it has started.
    pub(crate) async fn kill(&mut self) {
        if let Some(group) = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            let _has_ended_meanwhile = kill_process_group(group, Signal::KILL);
        }
        let _already_gone = self.process.kill().await;
    }
}

/// A child that ended though nobody asked it to.
#[derive(Debug, thiserror::Error)]
#[error("the {} ended unexpectedly ({}); {} ends:\n{tail}", .role.name(), how(.status.as_ref()), .log.display())]
pub(crate) struct Death {
    role: Role,
    status: Option<ExitStatus>,
    log: PathBuf,
    tail: String,
}

fn how(status: Option<&ExitStatus>) -> String {
    status.map_or_else(|| "exit status unknown".to_owned(), ToString::to_string)
}
