//! What a broken collector does to the services: nothing that a visitor could notice.
//!
//! ```text
//! cargo bench -p demo --bench soak                  five minutes for each kind of trouble, sixteen in all
//! cargo bench -p demo --bench soak -- --for 30      thirty seconds for each
//! ```
//!
//! Two systems run side by side under the same load at the same time. The collector of one is well; the other's is killed, then
//! paused (it takes connections and never answers), then flaps between all three. What else the machine does meanwhile disturbs both alike,
//! so the ratio of their p99 tells what the trouble costs. The memory of both is looked at before the trouble, when
//! the queue is full, and at the end. What it prints is the table of the README, and below it what was held and what was not.

#![expect(clippy::print_stdout, reason = "a program that measures and prints")]

mod collector;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use collector::{Collector, Mode};
use support::{System, load};

const SECONDS: u64 = 300;

/// Likes a second, sent on time whatever comes of them.
const RATE: &str = "50";

/// Seconds before memory is looked at: without trouble first, and then in it, so that the queue is as full as it gets.
const WARM_UP: u64 = 8;

/// What a broken collector may do to p99, as a multiple of that beside a collector that is well.
const AIM: f64 = 1.1;

/// Memory counts as level while it grows by no more than this after the queue is full, in MiB; what is left of it is the allocator's.
const LEVEL: u64 = 3;

/// How long the collector stays in one mode while it flaps.
const FLAP: Duration = Duration::from_secs(3);

const TROUBLES: [(&str, &[Mode]); 3] = [
    ("killed", &[Mode::Killed]),
    ("paused", &[Mode::Paused]),
    ("flapping", &[Mode::Killed, Mode::Well, Mode::Paused, Mode::Well]),
];

/// The part of a load's report that is read here.
#[derive(Debug, Deserialize)]
struct Report {
    answered: u64,
    unanswered: u64,
    answers: BTreeMap<u16, u64>,
    overall_latency_ms: Latency,
    processes: Vec<Usage>,
}

/// Milliseconds.
#[derive(Debug, Deserialize)]
struct Latency {
    p99: f64,
}

/// What one process used.
#[derive(Debug, Deserialize)]
struct Usage {
    name: String,
    memory_bytes: u64,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let seconds = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--for", seconds] => seconds.parse().context("--for wants a number of seconds")?,
        [] => SECONDS,
        _ => anyhow::bail!("the only argument is --for SECONDS"),
    };
    println!(
        "| collector | likes | failed | p99 ÷ well (aim {AIM}) | MiB before, queue full, at the end | the same while well | spans lost, and counted |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    let mut verdicts = Vec::new();
    for (name, modes) in TROUBLES {
        let soaked = soak(modes, seconds)?;
        println!("| {name} | {soaked}");
        verdicts.push(format!("{name}: {}", soaked.verdict()));
    }
    println!("\n{}", verdicts.join("\n"));
    Ok(())
}

/// What came of one trouble.
struct Soaked {
    likes: u64,
    failed: u64,
    /// p99 in milliseconds, in trouble and beside it.
    p99: [f64; 2],
    /// MiB before, with the queue full, and at the end; in trouble and beside it.
    memory: [[u64; 3]; 2],
    lost: u64,
}

impl fmt::Display for Soaked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [[before, full, end], [well_before, well_full, well_end]] = self.memory;
        let (likes, failed, ratio, lost) = (grouped(self.likes), self.failed, self.ratio(), grouped(self.lost));
        write!(
            f,
            "{likes} | {failed} | {ratio:.2} | {before}, {full}, {end} | {well_before}, {well_full}, {well_end} | {lost} |"
        )
    }
}

impl Soaked {
    fn ratio(&self) -> f64 {
        let [troubled, well] = self.p99;
        troubled / well
    }

    fn verdict(&self) -> String {
        let ([troubled, well], [[_, full, end], _]) = (self.p99, self.memory);
        let failed = if self.failed == 0 { "no request failed".to_owned() } else { format!("{} FAILED", self.failed) };
        let late =
            if self.ratio() <= AIM { "held".to_owned() } else { format!("missed, {:.1} ms would hold it", well * AIM) };
        let memory = if end <= full + LEVEL { "level" } else { "GREW" };
        format!("{failed}; p99 {troubled:.1} ms beside {well:.1} ms, {late}; memory {memory} ({full} then {end} MiB).")
    }
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let head = (!head.is_empty()).then(|| head.to_owned());
    head.into_iter().chain(groups).collect::<Vec<_>>().join(",")
}

/// One trouble for so many seconds.
fn soak(modes: &[Mode], seconds: u64) -> Result<Soaked> {
    let (well, troubled) = (Collector::start()?, Collector::start()?);
    let systems = [&well, &troubled].map(|collector| {
        let (traces, metrics) = (collector.url("/v1/traces"), collector.url("/v1/metrics"));
        System::start(&[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces.as_str()),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", metrics.as_str()),
            ("OTEL_METRICS_EXPORTER", "otlp"),
        ])
    });
    let [of_well, of_troubled] = systems;
    let (of_well, of_troubled) = (of_well?, of_troubled?);
    let [well_before, before] = both(&of_well, &of_troubled, WARM_UP)?; // connections and caches; memory finds its level

    let is_over = AtomicBool::new(false);
    let [well_full, full, baseline, report] = std::thread::scope(|scope| {
        scope.spawn(|| troubled.cycle(modes, FLAP, || is_over.load(Ordering::Relaxed)));
        let measured = both(&of_well, &of_troubled, WARM_UP).and_then(|[well_full, full]| {
            let [baseline, report] = both(&of_well, &of_troubled, seconds)?;
            Ok([well_full, full, baseline, report])
        });
        is_over.store(true, Ordering::Relaxed);
        measured
    })?;
    troubled.set(Mode::Well);
    of_well.stop()?;
    let lost = of_troubled.stop()?;

    let failed = report.answered + report.unanswered - report.answers.get(&200).copied().unwrap_or_default();
    let p99 = [&report, &baseline].map(|report| report.overall_latency_ms.p99);
    let memory = [[&before, &full, &report], [&well_before, &well_full, &baseline]].map(|reports| reports.map(memory));
    Ok(Soaked { likes: report.answered, failed, p99, memory, lost })
}

/// The same load on both systems at once.
fn both(well: &System, troubled: &System, seconds: u64) -> Result<[Report; 2]> {
    let run_for = format!("{seconds}s");
    let arguments = ["--rate", RATE, "--for", &run_for, "--like-share", "1"];
    std::thread::scope(|scope| {
        let other = scope.spawn(|| load(&well.site, &arguments));
        let troubled = load(&troubled.site, &arguments)?;
        Ok([other.join().map_err(|_| anyhow::anyhow!("a load panicked"))??, troubled])
    })
}

/// Resident memory of both services together, in MiB.
fn memory(report: &Report) -> u64 {
    let services = report.processes.iter().filter(|process| process.name != "local-xray");
    services.map(|process| process.memory_bytes).sum::<u64>() >> 20
}
