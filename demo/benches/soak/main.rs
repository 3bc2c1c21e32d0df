//! What a broken collector does to the services: nothing that a visitor could notice.
//!
//! ```text
//! cargo bench -p demo --bench soak                  five minutes for each kind of trouble
//! cargo bench -p demo --bench soak -- --for 30      thirty seconds for each
//! ```
//!
//! Two systems run side by side under the same load at the same time. The collector of one is well; the other's is killed, then
//! paused (it takes connections and never answers), then flaps between all three. What else the machine does meanwhile disturbs both alike,
//! so the ratio of their p99 tells what the trouble costs. The memory of both is looked at before the trouble, when
//! the queue is full, and at the end.

#![expect(clippy::print_stdout, reason = "a program that measures and prints")]

mod collector;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
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
const WARM_UP: u64 = 15;

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
        "| collector | likes | failed | p99 ÷ well | MiB before, queue full, at the end | the same while well | spans lost |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (name, modes) in TROUBLES {
        println!("| {name} {}", soak(modes, seconds)?);
    }
    Ok(())
}

/// One trouble for so many seconds, as the rest of a row of the table.
fn soak(modes: &[Mode], seconds: u64) -> Result<String> {
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
    let ratio = report.overall_latency_ms.p99 / baseline.overall_latency_ms.p99;
    let [before, full, after] = [&before, &full, &report].map(memory);
    let [well_before, well_full, well_after] = [&well_before, &well_full, &baseline].map(memory);
    let memory = format!("{before}, {full}, {after} | {well_before}, {well_full}, {well_after}");
    Ok(format!("| {} | {failed} | {ratio:.2} | {memory} | {lost} |", report.answered))
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
