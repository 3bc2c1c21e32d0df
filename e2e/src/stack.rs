//! The whole system as a user starts it: the real `mysfits` executable, every port 0, data in a folder that goes with the test.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::process::Command;

use crate::process::{DEADLINE, Process, executable};
use crate::xray::Xray;

/// Flags that ask for a free port everywhere, so that tests run beside each other and beside a demo.
const FREE_PORTS: [&str; 16] = [
    "--site",
    "0",
    "--internal",
    "0",
    "--like",
    "0",
    "--like-internal",
    "0",
    "--xray",
    "0",
    "--otlp-grpc",
    "0",
    "--otlp-http",
    "0",
    "--metadata",
    "0",
];

/// A running `mysfits up`.
#[derive(Debug)]
pub struct Stack {
    process: Process,
    site: String,
    xray: String,
    data: Option<TempDir>,
}

/// What a command that ended by itself left behind.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Stack {
    /// Starts `mysfits up` with these arguments and variables, and returns once it has said where to look.
    ///
    /// # Errors
    ///
    /// When it ends or stays silent before that; the text has its output.
    pub async fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let mut command = mysfits()?;
        command.args(["up", "--data"]).arg(data.path()).args(FREE_PORTS).args(arguments);
        command.envs(variables.iter().copied());
        Self::spawn(command, Some(data)).await
    }

    /// Starts the demo as somebody does who types `mysfits` and these arguments into a shell in `folder`; the data is wherever they say.
    ///
    /// # Errors
    ///
    /// As [`Stack::start`].
    pub async fn type_in(folder: &Path, arguments: &str) -> Result<Self> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec \"$0\" {arguments} {}", FREE_PORTS.join(" ")));
        command.arg(executable("mysfits")?).current_dir(folder);
        Self::spawn(command, None).await
    }

    async fn spawn(command: Command, data: Option<TempDir>) -> Result<Self> {
        let mut process = Process::spawn(command)?;
        let url =
            |line: &str, label| line.trim().strip_prefix(label).map(|url| url.trim().trim_end_matches('/').to_owned());
        let site = process.announced(|line| url(line, "Web site")).await?;
        let map = process.announced(|line| url(line, "Service map")).await?;
        let xray = map.trim_end_matches("/map").to_owned();
        Ok(Self { process, site, xray, data })
    }

    /// The URL of a page or call of the web site.
    #[must_use]
    pub fn site(&self, path: &str) -> String {
        format!("{}{path}", self.site)
    }

    /// The URL of a page of the console.
    #[must_use]
    pub fn console(&self, path: &str) -> String {
        format!("{}{path}", self.xray)
    }

    /// A client of the local X-Ray's API.
    #[must_use]
    pub fn xray(&self) -> Xray {
        Xray::new(&self.xray)
    }

    /// Everything that one child has logged: `monolith`, `like-service` or `local-xray`.
    ///
    /// # Errors
    ///
    /// When there is no such log file.
    pub fn log_of(&self, child: &str) -> Result<String> {
        let data = self.data.as_ref().context("the data is not in a folder of the test")?;
        let path = data.path().join("logs").join(format!("{child}.log"));
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Presses Ctrl-C and waits until everything has stopped.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or not with success.
    pub async fn stop(self) -> Result<()> {
        self.process.stop().await.context("mysfits")
    }
}

/// Runs a command of `mysfits` that ends by itself.
///
/// # Errors
///
/// When it cannot be started or does not end in time.
pub async fn run(arguments: &[&str]) -> Result<Finished> {
    let running = mysfits()?.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(DEADLINE, running).await.context("it does not end")??;
    Ok(Finished {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs `mysfits up` on free ports until it ends by itself.
///
/// # Errors
///
/// As [`run`].
pub async fn run_up(arguments: &[&str]) -> Result<Finished> {
    let arguments: Vec<&str> = ["up"].into_iter().chain(FREE_PORTS).chain(arguments.iter().copied()).collect();
    run(&arguments).await
}

fn mysfits() -> Result<Command> {
    Ok(Command::new(executable("mysfits")?))
}
