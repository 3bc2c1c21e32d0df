//! A local X-Ray without the demo, as somebody starts it who has services of their own: the plain executable, free ports, traces in memory.

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::process::{Process, executable};
use crate::xray::Xray;

/// A running `local-xray serve`.
#[derive(Debug)]
pub struct LocalXray {
    process: Process,
    url: String,
}

impl LocalXray {
    /// Starts `local-xray serve` with these arguments, and returns once it has said where it listens.
    ///
    /// # Errors
    ///
    /// When it ends or stays silent before that; the text has its output.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(executable("local-xray")?);
        command.args(["serve", "--in-memory", "--listen=0", "--otlp-grpc=0", "--otlp-http=0"]).args(arguments);
        let mut process = Process::spawn(command)?;
        let said = process.announced(|line| line.split_once("console and API on ").map(|(_, rest)| rest.to_owned()));
        let url = said.await.context("local-xray")?.chars().take_while(|c| *c != ',').collect();
        Ok(Self { process, url })
    }

    /// The URL of a page of the console.
    #[must_use]
    pub fn console(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A client of the API, without a token.
    #[must_use]
    pub fn xray(&self) -> Xray {
        Xray::new(&self.url)
    }

    /// Presses Ctrl-C and waits until it has stopped.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or not with success.
    pub async fn stop(self) -> Result<()> {
        self.process.stop().await.context("local-xray")
    }
}
