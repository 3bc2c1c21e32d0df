//! What a broken collector does to the services: nothing that a visitor could notice.
//!
//! ```text
//! cargo bench -p demo --bench soak                        five minutes
//! cargo bench -p demo --bench soak -- --for 60 > table.md
//! ```
//!
//! Four systems run side by side under the same load at the same time. The collector of one is well; one is killed, one paused (it takes
//! connections and never answers), one flaps between all three. What else the machine does meanwhile disturbs all of them alike, so the
//! ratio of their p99 in the same half minute tells what the trouble costs, and the median of these ratios forgets a half minute that was
//! disturbed. Memory is looked at before the trouble, when the queues are full, and at the end.
//!
//! Standard output gets the README's table and nothing else; progress goes to standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that measures and prints")]

mod collector;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use collector::{Collector, Mode};
use support::ratio::{Ratio, median};
use support::{System, load};

const SECONDS: u64 = 300;

/// Seconds of load whose p99 are compared.
const ROUND: u64 = 30;

/// Likes a second for each system, sent on time whatever comes of them.
const RATE: &str = "50";

/// Seconds before memory is looked at: without trouble first, and then in it, so that the queue is as full as it gets.
const WARM_UP: u64 = 8;

/// What a broken collector may do to p99, as a multiple of that beside a collector that is well.
const AIM: f64 = 1.1;

/// Memory counts as level while it grows by no more than this after the queue is full, in MiB; what is left of it is the allocator's.
const LEVEL: u64 = 3;

/// How long the collector stays in one mode while it flaps.
const FLAP: Duration = Duration::from_secs(3);

/// The collectors, the one that is well first.
const COLLECTORS: [(&str, &[Mode]); 4] = [
    ("well", &[Mode::Well]),
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
    print(&soak(seconds)?);
    Ok(())
}

/// What came of one system.
#[derive(Debug, Default)]
struct Soaked {
    likes: u64,
    failed: u64,
    /// Milliseconds, a number each round.
    p99: Vec<f64>,
    /// MiB before the trouble, with the queue full, and after each round.
    memory: Vec<u64>,
    lost: u64,
}

impl Soaked {
    fn take(&mut self, report: &Report) {
        self.likes += report.answered;
        self.failed += report.answered + report.unanswered - report.answers.get(&200).copied().unwrap_or_default();
        self.p99.push(report.overall_latency_ms.p99);
        self.memory.push(memory(report));
    }

    /// MiB before, with the queue full, and at the end.
    fn memory(&self) -> Option<[u64; 3]> {
        let [before, full, .., end] = self.memory.as_slice() else { return None };
        Some([*before, *full, *end])
    }
}

fn print(soaked: &[Soaked]) {
    println!(
        "| collector | likes | failed | p99 | ÷ well | aim | MiB before, queue full, at the end | spans lost, and counted |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    let Some(well) = soaked.first() else { return };
    for ((name, _), one) in COLLECTORS.iter().zip(soaked) {
        let Some([before, full, end]) = one.memory() else { continue };
        let (ratio, p99) = (Ratio::of(&one.p99, &well.p99), median(&one.p99));
        let compared =
            if *name == "well" { "1 | ".to_owned() } else { format!("{ratio} | {AIM}, {}", ratio.verdict(AIM)) };
        let level = if end <= full + LEVEL { "level" } else { "grew" };
        let (likes, failed, lost) = (grouped(one.likes), one.failed, grouped(one.lost));
        println!(
            "| {name} | {likes} | {failed} | {p99:.1} ms | {compared} | {before}, {full}, {end}: {level} | {lost} |"
        );
    }
    println!(
        "\nMedians of {} rounds of {ROUND} s, with an interval that holds the true median in 95 of 100 cases in brackets.",
        well.p99.len()
    );
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

/// All systems for so many seconds of trouble.
fn soak(seconds: u64) -> Result<Vec<Soaked>> {
    let collectors = COLLECTORS.iter().map(|_| Collector::start()).collect::<Result<Vec<_>>>()?;
    let systems = collectors.iter().map(start).collect::<Result<Vec<System>>>()?;
    let mut soaked: Vec<Soaked> = systems.iter().map(|_| Soaked::default()).collect();
    eprintln!("{WARM_UP} s without trouble"); // connections and caches; memory finds its level
    remember(&mut soaked, &all(&systems, WARM_UP)?);

    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (collector, (_, modes)) in collectors.iter().zip(COLLECTORS) {
            scope.spawn(|| collector.cycle(modes, FLAP, || is_over.load(Ordering::Relaxed)));
        }
        let measured = in_trouble(&systems, &mut soaked, seconds);
        is_over.store(true, Ordering::Relaxed);
        measured
    })?;
    collectors.iter().for_each(|collector| collector.set(Mode::Well));
    for (soaked, system) in soaked.iter_mut().zip(systems) {
        soaked.lost = system.stop()?;
    }
    Ok(soaked)
}

/// The rounds of so many seconds, once the queues are full.
fn in_trouble(systems: &[System], soaked: &mut [Soaked], seconds: u64) -> Result<()> {
    eprintln!("{WARM_UP} s in which the queues fill");
    remember(soaked, &all(systems, WARM_UP)?);
    for round in 0..seconds.div_ceil(ROUND) {
        eprintln!("{} s of {seconds} s", round * ROUND);
        let reports = all(systems, ROUND.min(seconds))?;
        soaked.iter_mut().zip(&reports).for_each(|(soaked, report)| soaked.take(report));
    }
    Ok(())
}

fn remember(soaked: &mut [Soaked], reports: &[Report]) {
    soaked.iter_mut().zip(reports).for_each(|(soaked, report)| soaked.memory.push(memory(report)));
}

fn start(collector: &Collector) -> Result<System> {
    let (traces, metrics) = (collector.url("/v1/traces"), collector.url("/v1/metrics"));
    System::start(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces.as_str()),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", metrics.as_str()),
        ("OTEL_METRICS_EXPORTER", "otlp"),
    ])
}

/// The same load on all systems at once.
fn all(systems: &[System], seconds: u64) -> Result<Vec<Report>> {
    let run_for = format!("{seconds}s");
    let arguments = ["--rate", RATE, "--for", &run_for, "--like-share", "1"];
    std::thread::scope(|scope| {
        let loads: Vec<_> = systems.iter().map(|system| scope.spawn(|| load(&system.site, &arguments))).collect();
        loads.into_iter().map(|load| load.join().map_err(|_| anyhow::anyhow!("a load panicked"))?).collect()
    })
}

/// Resident memory of both services together, in MiB.
fn memory(report: &Report) -> u64 {
    let services = report.processes.iter().filter(|process| process.name != "local-xray");
    services.map(|process| process.memory_bytes).sum::<u64>() >> 20
}
