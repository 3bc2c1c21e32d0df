//! `mysfits load`: sends requests to a site and says how fast, how well and at what cost they were answered.
//!
//! Open loop (`--rate`) keeps to its schedule however slowly the site answers, and counts latency from the moment at which a request was
//! due: a site that stalls for a second has kept everybody waiting who came in that second, and not one client. Closed loop
//! (`--clients`) lets each client wait for its answer, and finds out how much the site can take.

mod mix;
mod processes;
mod report;
mod tally;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::Client;
use shared::shutdown::Shutdown;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::cli::LoadArgs;
use crate::screen::Screen;
use crate::traffic::list_mysfits;
use mix::{Mix, Request};
use processes::Processes;
use report::Report;
use tally::Tally;

/// Requests a second, and for how long, where nothing else is asked for.
const RATE: f64 = 50.0;
const RUN_FOR: Duration = Duration::from_secs(30);

/// After this long without an answer a client gives up: longer than every deadline inside.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests under way at the same time, at most, so that the open files suffice. Those that are due meanwhile wait, and their wait counts.
const MAX_UNDER_WAY: usize = 500;

/// How often progress is shown and memory is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the processes' CPU time is counted after the last answer: what they have traced is exported a moment later.
const AFTERMATH: Duration = Duration::from_millis(700);

/// Runs a load to its end, or to Ctrl-C, and reports.
pub(crate) async fn load(args: &LoadArgs) -> anyhow::Result<ExitCode> {
    let shutdown = Shutdown::on_signals().context("cannot listen for signals")?;
    let client = Client::builder().no_proxy().timeout(PATIENCE).user_agent("mysfits-load").build()?;
    let mysfits = list_mysfits(&client, &args.site).await;
    let mysfits = mysfits.with_context(|| format!("cannot read the list of mysfits at {} (--site)", args.site))?;
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u16>()));
    let mix = Mix::new(seed, mysfits, args.like_share);
    let processes = Processes::find(&args.site, &args.pid)?;

    let report = Load::new(args, client, mix).run(processes, seed, &shutdown).await;
    let text = if args.json { serde_json::to_string_pretty(&report)? } else { report.to_string() };
    Screen::on_stdout().line(&text);
    Ok(ExitCode::SUCCESS)
}

/// How requests follow one another.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pace {
    /// So many a second, whatever becomes of them.
    Open { rate: f64 },
    /// So many clients, one request each at a time.
    Closed { clients: u16 },
}

/// When a load has gone on for long enough.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    requests: usize,
    run_for: Duration,
}

/// One load; clones share everything.
#[derive(Clone, Debug)]
struct Load {
    site: String,
    client: Client,
    pace: Pace,
    bounds: Bounds,
    mix: Rc<RefCell<std::iter::Take<Mix>>>,
    tally: Rc<RefCell<Tally>>,
    is_quiet: bool,
}

impl Load {
    fn new(args: &LoadArgs, client: Client, mix: Mix) -> Self {
        let pace = match args.clients {
            Some(clients) => Pace::Closed { clients },
            None => Pace::Open { rate: args.rate.unwrap_or(RATE) },
        };
        let endless = args.requests.map_or(RUN_FOR, |_| Duration::MAX);
        let requests = args.requests.and_then(|requests| usize::try_from(requests).ok()).unwrap_or(usize::MAX);
        let bounds = Bounds { requests, run_for: args.run_for.unwrap_or(endless) };
        Self {
            site: args.site.clone(),
            client,
            pace,
            bounds,
            mix: Rc::new(RefCell::new(mix.take(bounds.requests))),
            tally: Rc::default(),
            is_quiet: args.json,
        }
    }

    /// Sends everything, shows progress, and sums up; Ctrl-C leaves those that are under way alone.
    async fn run(self, mut processes: Processes, seed: u64, shutdown: &Shutdown) -> Report {
        let screen = Screen::on_stdout();
        let mut sending = Box::pin(self.send_all());
        let mut looks = tokio::time::interval(LOOK_EVERY);
        processes.start();
        let started = Instant::now();
        let was_interrupted = loop {
            tokio::select! {
                () = &mut sending => break false,
                () = shutdown.requested() => break true,
                _ = looks.tick() => {
                    processes.look();
                    if !self.is_quiet {
                        screen.live(&screen.fitting(&self.tally.borrow().progress(started.elapsed())));
                    }
                }
            }
        };
        let elapsed = started.elapsed();
        drop(sending);
        if !processes.is_empty() {
            tokio::time::sleep(AFTERMATH).await;
        }
        let tally = self.tally.take();
        Report::new(&self.site, self.pace, seed, elapsed, was_interrupted, &tally, processes.end())
    }

    async fn send_all(&self) {
        match self.pace {
            Pace::Open { rate } => self.send_at(rate).await,
            Pace::Closed { clients } => self.send_by(clients).await,
        }
    }

    /// One request whenever one is due, until the bounds are reached; then waits for the answers.
    async fn send_at(&self, rate: f64) {
        let mut beats = beats(rate, self.bounds);
        let room = Arc::new(Semaphore::new(MAX_UNDER_WAY));
        let mut under_way = JoinSet::new();
        while let Some(due) = beats.recv().await {
            let Some(request) = self.mix.borrow_mut().next() else { break };
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
            let load = self.clone();
            under_way.spawn_local(async move {
                load.send(&request, due).await;
                drop(place);
            });
            while under_way.try_join_next().is_some() {}
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Clients side by side, each of which sends its next request when the one before was answered.
    async fn send_by(&self, clients: u16) {
        let started = Instant::now();
        let mut under_way = JoinSet::new();
        for _ in 0..clients {
            let load = self.clone();
            under_way.spawn_local(async move {
                while started.elapsed() < load.bounds.run_for {
                    let Some(request) = load.mix.borrow_mut().next() else { break };
                    load.send(&request, Instant::now()).await;
                }
            });
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Sends one request and reads its answer to the end.
    async fn send(&self, request: &Request, due: Instant) {
        self.tally.borrow_mut().sent();
        let outcome = self.exchange(request).await;
        let latency = due.elapsed();
        self.tally.borrow_mut().answered(request.kind(), outcome.ok(), latency);
    }

    async fn exchange(&self, request: &Request) -> reqwest::Result<u16> {
        let sending = match request {
            Request::Like { mysfit, key } => {
                let url = format!("{}/mysfits/{mysfit}/like", self.site);
                self.client.post(url).header("Idempotency-Key", key.to_string())
            }
            Request::List => self.client.get(format!("{}/mysfits", self.site)),
        };
        let answer = sending.send().await?;
        let status = answer.status().as_u16();
        answer.bytes().await?;
        Ok(status)
    }
}

/// The moments at which requests are due. A thread keeps the time, because the runtime's timers are only right to a millisecond, which is
/// half of what is measured here.
fn beats(rate: f64, bounds: Bounds) -> mpsc::UnboundedReceiver<Instant> {
    let (sender, receiver) = mpsc::unbounded_channel();
    #[expect(clippy::disallowed_methods, reason = "time itself is waited for, on a thread that does nothing else")]
    let keep_time = move || {
        let started = Instant::now();
        for beat in 0..u32::try_from(bounds.requests).unwrap_or(u32::MAX) {
            let after = Duration::from_secs_f64(f64::from(beat) / rate);
            if after >= bounds.run_for {
                return;
            }
            std::thread::sleep(after.saturating_sub(started.elapsed()));
            if sender.send(started + after).is_err() {
                return; // nobody wants to know the time any more
            }
        }
    };
    std::thread::spawn(keep_time);
    receiver
}

#[cfg(test)]
mod tests;
