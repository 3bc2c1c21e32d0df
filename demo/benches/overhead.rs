//! What tracing costs: CPU time of both services per 10,000 requests, traced against untraced.
//!
//! ```text
//! cargo bench -p demo --bench overhead                        fifteen rounds, or as many as fit into ten minutes
//! cargo bench -p demo --bench overhead -- --rounds 7 > table.md
//! ```
//!
//! Four systems run side by side: one without telemetry, two that record every request, and one that follows AWS's default sampling
//! rule. Each round loads one after the other, in an order that changes from round to round. CPU time rather than wall time, and the
//! ratios of one round rather than of sums, because other work on the machine disturbs both sides of a ratio alike; many short rounds
//! rather than a few long ones, because a median of many forgets those that were disturbed. CPU time runs on for a moment after the
//! last answer, and the queues are long, so that exporting is paid for by those who traced. The local X-Ray's own CPU time does not
//! count: on AWS it is somebody else's.
//!
//! Standard output gets the README's table and nothing else; progress goes to standard error, and at the end what an aim that was missed
//! would take, in microseconds a span.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that measures and prints")]

mod support;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use support::ratio::{Ratio, median};
use support::{System, load};

const ROUNDS: usize = 15;

/// No round begins after this: on a busy machine fewer of them have to do.
const PATIENCE: Duration = Duration::from_secs(600);

/// The spans of one like: served and called by the monolith, served and called by the like service, served by the monolith, and a query.
const SPANS_OF_A_LIKE: f64 = 6.0;

/// Requests a round, and clients that send them: about a second of CPU time, of which the kernel tells hundredths.
const LIKES: u32 = 2_000;
const LISTS: u32 = 8_000;
const CLIENTS: &str = "4";

/// Room for what waits to be exported: a span that is lost is a span that nobody has paid for.
const ROOM: (&str, &str) = ("OTEL_BSP_MAX_QUEUE_SIZE", "65536");

/// A way to run the services.
struct Way {
    name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// What its CPU time for likes may be at most, as a multiple of that without telemetry.
    aim: Option<f64>,
}

/// The ways that are compared, the untraced one first. Without telemetry nothing is recorded and nothing leaves; trace headers are
/// still read and answered.
const WAYS: [Way; 4] = [
    Way {
        name: "telemetry off",
        variables: &[("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_SAMPLER", "always_off")],
        aim: None,
    },
    Way { name: "every request, OTLP", variables: &[ROOM], aim: Some(1.25) },
    Way { name: "every request, UDP", variables: &[ROOM, ("OTEL_TRACES_EXPORTER", "xray")], aim: Some(1.25) },
    Way {
        name: "AWS's default rule, 1/s + 5 %",
        variables: &[ROOM, ("OTEL_TRACES_SAMPLER", "xray"), ("LOCAL_XRAY_STRICT", "true")],
        aim: Some(1.05),
    },
];

/// CPU seconds of one system, a number each round.
#[derive(Debug, Default)]
struct Measured {
    likes: Vec<f64>,
    lists: Vec<f64>,
}

/// The part of a load's report that is read here.
#[derive(Debug, Deserialize)]
struct Report {
    answers: BTreeMap<u16, u64>,
    processes: Vec<Usage>,
}

/// What one process used.
#[derive(Debug, Deserialize)]
struct Usage {
    name: String,
    cpu_seconds: f64,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare", body] => serve_bare(body),
        ["--rounds", rounds] => measure(rounds.parse().context("--rounds wants a number")?),
        [] => measure(ROUNDS),
        _ => anyhow::bail!("the only argument is --rounds N"),
    }
}

fn measure(rounds: usize) -> Result<()> {
    let mut systems = Vec::new();
    for Way { name, variables, .. } in &WAYS {
        eprintln!("starting: {name}");
        let system = System::start(variables)?;
        likes(&system, 500, usize::MAX)?; // connections, caches, the first rules
        lists(&system.site, &[])?;
        systems.push(system);
    }
    let started = Instant::now();
    let mut measured: Vec<Measured> = systems.iter().map(|_| Measured::default()).collect();
    for round in 0..rounds {
        if started.elapsed() > PATIENCE {
            eprintln!("no time for more rounds");
            break;
        }
        for turn in 0..systems.len() {
            let which = turn_of(turn, round, systems.len());
            if let (Some(system), Some(measured)) = (systems.get(which), measured.get_mut(which)) {
                measured.likes.push(likes(system, LIKES, round)?);
                measured.lists.push(lists(&system.site, &[])?);
            }
        }
        progress(&measured, round + 1, rounds, started.elapsed());
    }
    let bare = systems.first().context("there is a system")?;
    let bare = measure_bare(&bare.site)?;
    let lost = systems.into_iter().map(System::stop).collect::<Result<Vec<u64>>>()?;
    print(&measured, &bare, &lost);
    Ok(())
}

/// Whose turn it is: to and fro, beginning with another one each time.
fn turn_of(turn: usize, round: usize, systems: usize) -> usize {
    let turn = if round.is_multiple_of(2) { turn } else { systems - 1 - turn };
    (turn + round / 2) % systems
}

fn progress(measured: &[Measured], done: usize, rounds: usize, elapsed: Duration) {
    let Some((off, traced)) = measured.split_first() else { return };
    let ratios: Vec<String> =
        traced.iter().map(|way| format!("{:.2}", Ratio::of(&way.likes, &off.likes).median)).collect();
    let left = elapsed.as_secs_f64() / done as f64 * (rounds - done) as f64;
    eprintln!("round {done} of {rounds}; likes ÷ off so far: {}; {left:.0} s to go", ratios.join(", "));
}

/// CPU seconds of both services per 10,000 likes. Every round has a seed of its own: a like under a known key would not be counted.
fn likes(system: &System, count: u32, round: usize) -> Result<f64> {
    let (count_text, seed) = (count.to_string(), round.to_string());
    let arguments = ["--clients", CLIENTS, "--requests", &count_text, "--like-share", "1", "--seed", &seed];
    cpu_of_services(&load(&system.site, &arguments)?, count)
}

/// CPU seconds per 10,000 times `GET /mysfits`.
fn lists(site: &str, more: &[&str]) -> Result<f64> {
    let count = LISTS.to_string();
    let arguments = [&["--clients", CLIENTS, "--requests", &count, "--like-share", "0"], more].concat();
    cpu_of_services(&load(site, &arguments)?, LISTS)
}

fn cpu_of_services(report: &Report, requests: u32) -> Result<f64> {
    ensure!(report.answers.get(&200) == Some(&u64::from(requests)), "not every request was answered 200: {report:?}");
    let services = report.processes.iter().filter(|process| process.name != "local-xray");
    let seconds: f64 = services.map(|process| process.cpu_seconds).sum();
    ensure!(seconds > 0.0, "the processes of the system were not found");
    Ok(seconds * 10_000.0 / f64::from(requests))
}

// === The bare handler ===

/// CPU seconds of an actix-web handler that answers the same bytes and does nothing else, in a process of its own.
fn measure_bare(site: &str) -> Result<Vec<f64>> {
    let body =
        actix_web::rt::System::new().block_on(async { reqwest::get(format!("{site}/mysfits")).await?.text().await })?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("mysfits.json");
    std::fs::write(&path, body)?;
    let mut process = Command::new(std::env::current_exe()?)
        .arg("bare")
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut site = String::new();
    let mut output = std::io::BufReader::new(process.stdout.take().context("its output")?);
    std::io::BufRead::read_line(&mut output, &mut site)?;
    let pid = process.id().to_string();
    let measured = (0..3).map(|_| lists(site.trim(), &["--pid", &pid])).collect();
    process.kill()?;
    process.wait()?;
    measured
}

fn serve_bare(body: &str) -> Result<()> {
    let body = web::Bytes::from(std::fs::read(body)?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    let server = HttpServer::new(move || {
        let body = body.clone();
        let answer = move || {
            let body = body.clone();
            async move { HttpResponse::Ok().content_type("application/json").body(body) }
        };
        App::new().route("/mysfits", web::get().to(answer))
    });
    Ok(actix_web::rt::System::new().block_on(server.listen(listener)?.run())?)
}

// === The table ===

fn print(measured: &[Measured], bare: &[f64], lost: &[u64]) {
    println!("| | `POST …/like` | ÷ off | aim | `GET /mysfits` | ÷ off |");
    println!("|---|--:|--:|--:|--:|--:|");
    let Some(off) = measured.first() else { return };
    for (way, of) in WAYS.iter().zip(measured) {
        let (likes, lists) = (Ratio::of(&of.likes, &off.likes), Ratio::of(&of.lists, &off.lists));
        let aim = way.aim.map(|aim| format!("{aim}, {}", likes.verdict(aim))).unwrap_or_default();
        let (name, of_likes, of_lists) = (way.name, median(&of.likes), median(&of.lists));
        match way.aim {
            Some(_) => println!("| {name} | {of_likes:.2} s | {likes} | {aim} | {of_lists:.2} s | {lists} |"),
            None => println!("| {name} | {of_likes:.2} s | 1 | | {of_lists:.2} s | 1 |"),
        }
    }
    let bare = median(bare);
    println!("| a bare actix-web handler | | | | {bare:.2} s | {:.2} |", bare / median(&off.lists));
    let (rounds, cores) = (off.likes.len(), std::thread::available_parallelism().map_or(0, usize::from));
    println!(
        "\nCPU time of both services per 10,000 requests, and the median of its ratios to telemetry off in {rounds} rounds, with an \
         interval that holds the true median in 95 of 100 cases in brackets. {cores} cores; {} spans lost.",
        lost.iter().sum::<u64>()
    );
    for (way, of) in WAYS.iter().zip(measured) {
        if let Some(aim) = way.aim {
            eprintln!("{}", what_it_takes(way.name, aim, median(&off.likes), Ratio::of(&of.likes, &off.likes).median));
        }
    }
}

/// What tracing adds to a like, and what it may add; `off` is in CPU seconds per 10,000 likes.
fn what_it_takes(name: &str, aim: f64, off: f64, ratio: f64) -> String {
    let like = off * 1e6 / 10_000.0;
    let (adds, may_add) = (like * (ratio - 1.0), like * (aim - 1.0));
    let added = format!("{name}: adds {adds:.0} µs of CPU to a like of {like:.0} µs, and may add {may_add:.0} µs");
    if ratio <= aim {
        return format!("{added}: the aim is held.");
    }
    let (is, must) = (adds / SPANS_OF_A_LIKE, may_add / SPANS_OF_A_LIKE);
    format!(
        "{added}. With {SPANS_OF_A_LIKE} spans to a like, that is {is:.1} µs a span recorded; {must:.1} µs would hold the aim."
    )
}
