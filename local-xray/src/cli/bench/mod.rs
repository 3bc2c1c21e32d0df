//! The `bench` verb: what intake, store and questions cost on this machine, beside limits measured in the same run.
//!
//! It starts local X-Rays of its own (this executable, as a child process on free ports), sends them made-up traffic of
//! [`crate::workload`] through the real sockets, and asks them what people ask. CPU time is the child's alone, read from
//! the system; the sender works on the same cores, so rates are those of a machine that also sends.
//!
//! `limits` measures what no store could avoid, `send` and `datagrams` fill, `ask` asks, `server` and `usage` look after
//! the child, `report` and `table` say it.

mod ask;
mod datagrams;
mod limits;
mod report;
mod send;
mod server;
mod table;
mod usage;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tempfile::TempDir;

use crate::document::{Timestamp, Window};
use crate::workload::{Topology, Workload};

use self::report::{IntakeRow, Report, StoreColumn};
use self::server::Server;
use super::{parse_window, print};

/// Traces are spread over so much time before the start of the run.
const SPREAD: Duration = Duration::from_secs(60 * 60);
/// Traces from which the averages of the traffic and the limits are taken.
const SAMPLE: u64 = 10_000;
/// Traces sent through each door that acknowledges.
const INTAKE_TRACES: u64 = 50_000;
/// How long a question is asked over and over.
const QUESTION: Duration = Duration::from_secs(1);
/// What `--quick` makes of these.
const QUICK_INTAKE_TRACES: u64 = 500;
const QUICK_QUESTION: Duration = Duration::from_millis(50);

/// Arguments of the `bench` verb.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// Made-up system: mysfits, or a number of services such as 20, 200 or 1000
    #[arg(long, value_name = "NAME", default_value = "mysfits")]
    pub topology: Topology,

    /// The same seed makes the same traffic
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Ask stores of so many traces, such as 10k,100k,1M [default: 10k,100k]
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', value_parser = count)]
    pub traces: Vec<u64>,

    /// Measure these ways in; alone, it leaves the stores out [default: all of them]
    #[arg(long, value_enum, value_name = "DOORS", value_delimiter = ',')]
    pub intake: Vec<Way>,

    /// Datagrams a second; the other ways in go as fast as they are acknowledged
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    pub rate: u32,

    /// How long datagrams are sent: a number followed by s, m, h or d
    #[arg(long = "for", value_name = "DURATION", default_value = "30s", value_parser = parse_window)]
    pub length: Duration,

    /// Where the stores are put, and removed again [default: the system's folder for temporary files]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,

    /// Keep the stores in memory
    #[arg(long)]
    pub in_memory: bool,

    /// Seconds instead of minutes, to see that it works; the figures mean little
    #[arg(long)]
    pub quick: bool,

    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// `PutTraceSegments`, 20 traces a call.
    Api,
    /// OTLP over HTTP, protobuf, 100 traces a call.
    OtlpHttp,
    /// OTLP over gRPC, 100 traces a call.
    OtlpGrpc,
    /// Datagrams at a fixed rate.
    Udp,
}

impl Way {
    fn as_str(self) -> &'static str {
        match self {
            Self::Api => "PutTraceSegments",
            Self::OtlpHttp => "OTLP/HTTP protobuf",
            Self::OtlpGrpc => "OTLP/gRPC",
            Self::Udp => "UDP",
        }
    }
}

/// Measures and prints the report on standard output; what it is at goes to standard error.
///
/// # Errors
/// When a local X-Ray cannot be started, ends early or refuses what it is sent, or a file cannot be written.
pub async fn bench_command(args: &BenchArgs) -> anyhow::Result<()> {
    let report = Bench::new(args).run().await?;
    if args.json { print(&(serde_json::to_string_pretty(&report)? + "\n")) } else { print(&table::text(&report)) }
}

/// A run: what was asked for, with the defaults filled in.
struct Bench<'a> {
    args: &'a BenchArgs,
    sizes: Vec<u64>,
    ways: Vec<Way>,
    /// When the traffic happened.
    window: Window,
}

impl<'a> Bench<'a> {
    fn new(args: &'a BenchArgs) -> Self {
        let is_unsized = args.traces.is_empty() && args.intake.is_empty();
        let usual_sizes = if args.quick { vec![1_000] } else { vec![10_000, 100_000] };
        Self {
            args,
            sizes: if is_unsized { usual_sizes } else { args.traces.clone() },
            ways: if args.intake.is_empty() { Way::value_variants().to_vec() } else { args.intake.clone() },
            window: Window::last(SPREAD, Timestamp::now()),
        }
    }

    async fn run(&self) -> anyhow::Result<Report> {
        say(&format!("{self}"));
        let sample = self.workload(if self.args.quick { SAMPLE / 10 } else { SAMPLE });
        let (traffic, limits) = limits::measure(&sample, &self.dir())?;
        let mut intake = Vec::new();
        for way in &self.ways {
            intake.push(self.intake(*way).await.with_context(|| way.as_str())?);
        }
        let mut stores = Vec::new();
        for traces in &self.sizes {
            stores.push(self.store(*traces).await.with_context(|| format!("a store of {traces} traces"))?);
        }
        Ok(Report { topology: self.args.topology.to_string(), seed: self.args.seed, traffic, limits, intake, stores })
    }

    fn workload(&self, traces: u64) -> Arc<Workload> {
        Arc::new(Workload::new(self.args.topology.clone(), self.args.seed, traces, self.window))
    }

    async fn intake(&self, way: Way) -> anyhow::Result<IntakeRow> {
        say(&format!("intake: {}", way.as_str()));
        let folder = self.folder()?;
        let server = Server::start(folder.as_ref().map(TempDir::path)).await?;
        let before = server.usage();
        let sent = match way {
            Way::Udp => self.datagrams(&server).await?,
            _ => {
                let traces = if self.args.quick { QUICK_INTAKE_TRACES } else { INTAKE_TRACES };
                send::fill(way, &self.workload(traces), &server).await?
            }
        };
        let counted = server.settled_intake(way, sent.documents).await?;
        let after = server.usage();
        let row = IntakeRow::new(way.as_str(), &sent, &counted, &after.since(&before));
        server.stop()?;
        Ok(row)
    }

    /// A new folder for a store, removed when it is dropped; none for a store in memory.
    fn folder(&self) -> anyhow::Result<Option<TempDir>> {
        if self.args.in_memory {
            return Ok(None);
        }
        let dir = self.dir();
        let folder = tempfile::Builder::new().prefix("local-xray-bench-").tempdir_in(&dir);
        folder.map(Some).with_context(|| format!("cannot write in {}", dir.display()))
    }

    fn dir(&self) -> PathBuf {
        self.args.dir.clone().unwrap_or_else(std::env::temp_dir)
    }

    async fn datagrams(&self, server: &Server) -> anyhow::Result<send::Sent> {
        let (rate, length) =
            if self.args.quick { (5_000, Duration::from_secs(1)) } else { (self.args.rate, self.args.length) };
        // Two documents a trace would be enough; more traces than are needed cost nothing.
        let workload = self.workload(u64::from(rate) * length.as_secs().max(1));
        let addr = server.addr();
        Ok(tokio::task::spawn_blocking(move || datagrams::send(&workload, addr, rate, length)).await??)
    }

    async fn store(&self, traces: u64) -> anyhow::Result<StoreColumn> {
        say(&format!("store: {traces} traces"));
        let workload = self.workload(traces);
        let folder = self.folder()?;
        let path = folder.as_ref().map(TempDir::path);
        let mut server = Server::start(path).await?;
        let sent = send::fill(Way::Api, &workload, &server).await?;
        let filled = server.usage();
        let disk_bytes = path.map(bytes_in).transpose()?;
        if path.is_some() {
            server.stop()?;
            server = Server::start(path).await?;
        }
        let opened = server.usage();
        let held = server.intake().await?.store.traces;
        anyhow::ensure!(held == traces, "it holds {held} traces");
        let opening = folder.is_some().then(|| server.opening());
        let long_enough = if self.args.quick { QUICK_QUESTION } else { QUESTION };
        let answers = ask::all(&workload, &server, long_enough).await?;
        let asked = server.usage();
        server.stop()?;
        let resident = [filled, opened, asked].map(|usage| usage.resident_bytes);
        Ok(StoreColumn::new(traces, sent.documents, disk_bytes, opening, resident, answers))
    }
}

impl std::fmt::Display for Bench<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { args, sizes, ways, .. } = self;
        let ways: Vec<_> = ways.iter().map(|way| way.as_str()).collect();
        write!(f, "topology {}, seed {}; intake: {}; stores: {sizes:?}", args.topology, args.seed, ways.join(", "))
    }
}

/// The bytes of all files in a folder and below.
fn bytes_in(folder: &Path) -> std::io::Result<u64> {
    let (mut open, mut bytes) = (vec![folder.to_owned()], 0);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                open.push(entry.path());
            } else {
                bytes += about.len();
            }
        }
    }
    Ok(bytes)
}

/// Tells what is going on. Nobody may be reading.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Reads `500`, `10k` or `1M`.
fn count(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(['k', 'M']);
    let unit = match text.get(digits.len()..) {
        Some("") => 1,
        Some("k") => 1_000,
        Some("M") => 1_000_000,
        _ => 0,
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number.filter(|number| *number > 0).ok_or_else(|| "wanted a number of traces such as 500, 10k or 1M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_may_be_in_thousands_and_millions() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(count(text).ok(), expected, "{text:?}");
        check("500", Some(500));
        check("10k", Some(10_000));
        check("1M", Some(1_000_000));
        check("1kM", None);
        check("0", None);
        check("k", None);
        check("", None);
        check("-1", None);
    }
}
