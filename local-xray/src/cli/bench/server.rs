//! A local X-Ray as a child process on free ports.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use super::Way;
use super::usage::Usage;

/// The longest that a child may take to open its store.
const START: Duration = Duration::from_secs(120);
/// Time between two looks at a child.
const PAUSE: Duration = Duration::from_millis(20);
/// When the counters have not moved for so long, what is missing is lost.
const STILL: Duration = Duration::from_secs(2);

/// A child at work. Dropping it kills it.
pub(super) struct Server {
    child: Child,
    addresses: [SocketAddr; 3],
    http: Client,
    opening: Duration,
}

/// The counters of the intake, as `/intake.json` gives them.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Intake {
    doors: BTreeMap<String, DoorCount>,
    #[serde(default)]
    udp: Option<UdpSocket>,
    pub(super) store: Held,
}

/// What came through one door, and what did not.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct DoorCount {
    pub(super) accepted: u64,
    rejected: BTreeMap<String, u64>,
    /// Datagrams that the kernel dropped.
    #[serde(skip)]
    pub(super) kernel_drops: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct UdpSocket {
    kernel_drops: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Held {
    pub(super) traces: u64,
}

impl DoorCount {
    /// Documents that were refused or dropped.
    pub(super) fn refused(&self) -> u64 {
        self.rejected.values().sum()
    }

    fn counted(&self) -> u64 {
        self.accepted + self.refused() + self.kernel_drops
    }
}

impl Server {
    /// Starts a child and waits until it answers. It keeps everything in the folder, or in memory; nothing is let go of.
    pub(super) async fn start(folder: Option<&Path>) -> anyhow::Result<Self> {
        let started = Instant::now();
        let program = std::env::current_exe().context("this executable cannot be found")?;
        let mut command = Command::new(program);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("LOCAL_XRAY_") {
                command.env_remove(variable);
            }
        }
        command.args(["serve", "--listen", "0", "--otlp-grpc", "0", "--otlp-http", "0"]);
        match folder {
            Some(folder) => command.arg("--data").arg(folder),
            None => command.arg("--in-memory"),
        };
        command.args(["--max-bytes", "64GiB"]);
        command.env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("a local X-Ray cannot be started")?;
        let addresses = addresses(&mut child);
        let http = Client::builder().no_proxy().build().context("cannot make an HTTP client")?;
        let mut server = Self { child, addresses: addresses?, http, opening: Duration::ZERO };
        server.answers().await?;
        server.opening = started.elapsed();
        Ok(server)
    }

    /// How long it took from the start of the process to its first answer.
    pub(super) fn opening(&self) -> Duration {
        self.opening
    }

    /// Where API and datagrams go.
    pub(super) fn addr(&self) -> SocketAddr {
        let [main, ..] = self.addresses;
        main
    }

    /// Where OTLP over HTTP goes.
    pub(super) fn otlp_http(&self) -> SocketAddr {
        let [_, otlp_http, _] = self.addresses;
        otlp_http
    }

    /// Where OTLP over gRPC goes.
    pub(super) fn otlp_grpc(&self) -> SocketAddr {
        let [.., otlp_grpc] = self.addresses;
        otlp_grpc
    }

    /// Calls an operation and gives the bytes of its answer.
    pub(super) async fn call(&self, path: &str, input: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        let answer = self.http.post(format!("http://{}{path}", self.addr())).body(input).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if !status.is_success() {
            bail!("{path} answered {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body.into())
    }

    /// One page of the console.
    pub(super) async fn page(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.http.get(format!("http://{}{path}", self.addr())).send().await?.error_for_status()?;
        Ok(answer.text().await?)
    }

    /// What the intake has counted.
    pub(super) async fn intake(&self) -> anyhow::Result<Intake> {
        self.get("/intake.json").await
    }

    /// What one door has counted, once everything that was sent is accounted for, or nothing moves any more.
    pub(super) async fn settled_intake(&self, way: Way, sent: u64) -> anyhow::Result<DoorCount> {
        let mut moved = (Instant::now(), 0);
        loop {
            let mut intake = self.intake().await?;
            let mut count = intake.doors.remove(door(way)).unwrap_or_default();
            if way == Way::Udp {
                count.kernel_drops = intake.udp.and_then(|udp| udp.kernel_drops).unwrap_or_default();
            }
            if count.counted() >= sent || (count.counted() == moved.1 && moved.0.elapsed() > STILL) {
                return Ok(count);
            }
            if count.counted() != moved.1 {
                moved = (Instant::now(), count.counted());
            }
            sleep(PAUSE).await;
        }
    }

    /// What the child has used.
    pub(super) fn usage(&self) -> Usage {
        Usage::of(self.child.id())
    }

    /// Asks the child to end, and waits for it.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let id = id.context("the child has no id")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "the local X-Ray ended with {status}");
        Ok(())
    }

    async fn answers(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        while self.get::<serde::de::IgnoredAny>("/health/live").await.is_err() {
            anyhow::ensure!(Instant::now() < deadline, "the local X-Ray does not answer");
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.http.get(format!("http://{}{path}", self.addr())).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, unless something went wrong.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The addresses that the child prints once it has bound them: main, OTLP/HTTP, OTLP/gRPC.
fn addresses(child: &mut Child) -> anyhow::Result<[SocketAddr; 3]> {
    let printed = child.stdout.take().context("the child has no standard output")?;
    let mut found = Vec::new();
    for line in BufReader::new(printed).lines() {
        found.extend(addresses_in(&line?));
        if let [main, otlp_http, otlp_grpc, ..] = *found {
            return Ok([main, otlp_http, otlp_grpc]);
        }
    }
    bail!("the local X-Ray ended at once")
}

/// The TCP addresses in a line of text.
fn addresses_in(line: &str) -> impl Iterator<Item = SocketAddr> {
    line.split_whitespace().filter_map(|word| word.trim_start_matches("http://").trim_end_matches(',').parse().ok())
}

fn door(way: Way) -> &'static str {
    match way {
        Way::Api => "PutTraceSegments",
        Way::OtlpHttp => "OTLP/HTTP",
        Way::OtlpGrpc => "OTLP/gRPC",
        Way::Udp => "UDP",
    }
}

#[cfg(test)]
mod tests {
    use super::addresses_in;

    #[test]
    fn addresses_are_found_between_words() {
        let check = |line: &str, expected: &[&str]| {
            let found: Vec<_> = addresses_in(line).map(|address| address.to_string()).collect();
            assert_eq!(found, expected, "{line}");
        };
        check("local X-Ray: API on http://127.0.0.1:2000, segments on udp://127.0.0.1:2000", &["127.0.0.1:2000"]);
        check("OTLP/HTTP on http://127.0.0.1:4318, OTLP/gRPC on [::1]:4317", &["127.0.0.1:4318", "[::1]:4317"]);
        check("nothing here", &[]);
    }
}
