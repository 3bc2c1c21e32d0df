//! What the measuring programs share: a whole system to measure, started by the optimised `mysfits` and driven by its `load`.

pub(crate) mod ratio;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use tempfile::TempDir;

/// Longest wait for a system to stop, with the last spans that nobody may want.
const STOP_DEADLINE: Duration = Duration::from_secs(60);

/// A running system without visitors of its own and without chaos; ends with the value.
#[derive(Debug)]
pub(crate) struct System {
    process: Child,
    data: TempDir,
    /// The URL of its web site.
    pub(crate) site: String,
}

impl System {
    /// Starts a system whose processes get these variables; those of the caller that speak of telemetry are left out.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let ports = ["site", "internal", "like", "like-internal", "xray", "otlp-grpc", "otlp-http", "metadata"];
        let mut command = mysfits();
        command.args(["up", "--no-traffic", "--chaos", "off", "--data"]).arg(data.path());
        for port in ports {
            command.args([format!("--{port}"), "0".to_owned()]);
        }
        command.env("OTEL_LOGS_EXPORTER", "none"); // it is tracing that is measured
        let mut process =
            command.envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(process.stdout.take().context("its output")?).lines().map_while(Result::ok);
        let site = output.find_map(|line| Some(line.trim().strip_prefix("Web site")?.trim().to_owned()));
        std::thread::spawn(move || output.for_each(drop)); // nobody may wait for a reader
        match site {
            Some(site) => Ok(Self { process, data, site }),
            None => bail!("mysfits ended with {} before it said where its site is", process.wait()?),
        }
    }

    /// Stops everything and answers how many spans the services say they have lost.
    #[expect(clippy::disallowed_methods, reason = "a pause between two looks at a process, with a deadline")]
    pub(crate) fn stop(mut self) -> Result<u64> {
        self.interrupt()?;
        let started = Instant::now();
        while self.process.try_wait()?.is_none() {
            if started.elapsed() > STOP_DEADLINE {
                bail!("mysfits did not stop");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        ["monolith", "like-service"].into_iter().map(|service| self.lost_by(service)).sum()
    }

    fn interrupt(&self) -> Result<()> {
        let id = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw).context("a process has an id")?;
        Ok(kill_process(id, Signal::INT)?)
    }

    fn lost_by(&self, service: &str) -> Result<u64> {
        let path = self.data.path().join("logs").join(format!("{service}.log"));
        let log = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let number = |line: &serde_json::Value, key: &str| line.pointer(&format!("/fields/{key}"))?.as_u64();
        Ok(lines.filter_map(|line| Some(number(&line, "spans.refused")? + number(&line, "spans.failed")?)).sum())
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // Killed, mysfits could not stop its processes; they notice its end by themselves.
        if let Ok(None) = self.process.try_wait() {
            let _gone = self.interrupt();
            let _reaped = self.process.wait();
        }
    }
}

/// Sends a load to any site and waits for its report, of which the caller reads what it measures.
pub(crate) fn load<R: DeserializeOwned>(site: &str, arguments: &[&str]) -> Result<R> {
    let output =
        mysfits().args(["load", "--json", "--site", site]).args(arguments).stderr(Stdio::inherit()).output()?;
    serde_json::from_slice(&output.stdout).with_context(|| format!("mysfits load ended with {}", output.status))
}

/// The optimised executable, without the telemetry settings of whoever calls.
fn mysfits() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mysfits"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_") || name.starts_with("LOCAL_XRAY_")) {
        command.env_remove(name);
    }
    command
}
