//! `mysfits up`, from the first line to the last: reserve ports, start, send traffic, watch the map, stop in reverse.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use shared::shutdown::Shutdown;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::child::Role;
use crate::cli::UpArgs;
use crate::data::DataFolder;
use crate::ecs::Order;
use crate::map::LiveMap;
use crate::ports;
use crate::running::Running;
use crate::screen::Screen;
use crate::stack::{Settings, Stack};
use crate::traffic::Traffic;

/// Likes a second for a stroll, and for a counted run that somebody waits for.
const STROLL: f64 = 1.0;
const BRISK: f64 = 10.0;

/// How often map, counts and warnings are looked at; without a terminal the counts come less often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const REPORT_EVERY: u32 = 10;

/// Runs the demo until it is finished, interrupted or broken.
pub(crate) async fn up(args: &UpArgs, lab: Option<&str>) -> anyhow::Result<ExitCode> {
    let screen = Screen::on_stdout();
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u16>()));
    screen.line(&format!("{}: starting two services and a local X-Ray (seed {seed})", screen.bold("Mythical Mysfits")));
    let ports = ports::reserve(&args.ports)?;
    let data = DataFolder::open(args.data.as_deref())?;
    Running::refuse_second(data.path())?;
    let like_service = args.like_service.as_deref().map(executable).transpose()?;
    let shutdown = Shutdown::on_signals().context("cannot listen for signals")?;

    let like_tasks = args.like_tasks;
    let settings = Settings { data: data.path().to_owned(), chaos: args.chaos, seed, like_service, like_tasks };
    let mut stack = Stack::new(ports.addresses(), settings);
    let started = tokio::select! {
        started = stack.start(ports, &screen) => started.map(Some),
        () = shutdown.requested() => Ok(None),
    };
    let result = match started {
        Ok(Some(orders)) => Demo::new(args, seed, lab, &data, screen.clone(), &mut stack, orders)?.run(&shutdown).await,
        Ok(None) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
    };
    Running::forget(data.path());
    let stopped = stop(&mut stack, &screen, &shutdown).await;
    if let Some(kept) = data.close(result.is_err() || stopped == Stop::Troubled) {
        screen.line(&format!("  database and logs are in {}", kept.display()));
    }
    let code = result?;
    Ok(if stopped == Stop::Orderly { code } else { ExitCode::FAILURE })
}

/// The whole path of an executable, so that nothing depends on where a child is started.
fn executable(path: &Path) -> anyhow::Result<PathBuf> {
    let found = path.canonicalize().ok().filter(|path| path.is_file());
    found.with_context(|| format!("there is no executable {} (--like-service); build it first", path.display()))
}

/// How the children were stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Each by itself and in time.
    Orderly,
    /// Some child reported a failure or had to be killed.
    Troubled,
    /// All at once, because somebody insisted.
    Forced,
}

/// Stops in reverse order; a second Ctrl-C ends what is left at once.
async fn stop(stack: &mut Stack, screen: &Screen, shutdown: &Shutdown) -> Stop {
    let stopped = tokio::select! {
        all_well = stack.stop(screen) => if all_well { Stop::Orderly } else { Stop::Troubled },
        () = shutdown.forced() => Stop::Forced,
    };
    if stopped == Stop::Forced {
        stack.kill().await;
        screen.line("  killed what was left");
    }
    stopped
}

/// The part in the middle, while everything runs.
struct Demo<'a> {
    args: &'a UpArgs,
    seed: u64,
    lab: Option<&'a str>,
    data: PathBuf,
    since: SystemTime,
    screen: Screen,
    stack: &'a mut Stack,
    orders: mpsc::Receiver<Order>,
    traffic: Traffic,
    map: LiveMap,
    looks: u32,
    has_shown_map: bool,
}

/// Why traffic ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It had gone on for as long, or as often, as asked for.
    Finished,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl<'a> Demo<'a> {
    fn new(
        args: &'a UpArgs,
        seed: u64,
        lab: Option<&'a str>,
        data: &DataFolder,
        screen: Screen,
        stack: &'a mut Stack,
        orders: mpsc::Receiver<Order>,
    ) -> anyhow::Result<Self> {
        let (data, since) = (data.path().to_owned(), SystemTime::now());
        let traffic = Traffic::new(stack.url(Role::Monolith), stack.url(Role::LikeService))?;
        let map = LiveMap::starting_now(stack.url(Role::LocalXray));
        Ok(Self { args, seed, lab, data, since, screen, stack, orders, traffic, map, looks: 0, has_shown_map: false })
    }

    async fn run(mut self, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        self.running().write(&self.data)?;
        self.announce();
        let ending = self.watch(shutdown).await?;
        self.show_warnings();
        match ending {
            Ending::Finished => self.conclude(shutdown).await,
            Ending::Interrupted => Ok(self.say_goodbye().await),
        }
    }

    /// What other commands must know.
    fn running(&self) -> Running {
        Running {
            pid: std::process::id(),
            since: self.since.duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64()),
            lab: self.lab.map(str::to_owned),
            seed: self.seed,
            like_service: self.args.like_service.clone(),
            site: self.stack.url(Role::Monolith),
            xray: self.stack.url(Role::LocalXray),
            like: self.stack.like_tasks(),
            metadata: self.stack.metadata_url(),
        }
    }

    fn announce(&self) {
        let (site, xray) = (self.stack.url(Role::Monolith), self.stack.url(Role::LocalXray));
        let screen = &self.screen;
        screen.line("");
        screen.line(&format!("  Web site     {}", screen.bold(&site)));
        screen.line(&format!("  Service map  {}", screen.bold(&format!("{xray}/map"))));
        screen.line(&format!("  Traces       {}", screen.bold(&format!("{xray}/traces"))));
        screen.line(&format!("  Tasks        {}", self.stack.metadata_url()));
        screen.line(&format!("  Logs         {}", self.data.join("logs").display()));
        screen.line("");
        if !self.is_bounded() {
            screen.line("Click some hearts, then open the service map. Ctrl-C stops everything.\n");
        }
    }

    /// Sends traffic and keeps an eye on everything until traffic ends, somebody interrupts or a child dies.
    async fn watch(&mut self, shutdown: &Shutdown) -> anyhow::Result<Ending> {
        let traffic = self.traffic.clone();
        let mut sending = Box::pin(send(self.args, self.seed, traffic.clone()));
        let end = self.args.run_for.map(|run_for| Instant::now() + run_for);
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                sent = &mut sending => return sent.map(|()| Ending::Finished),
                () = shutdown.requested() => return Ok(Ending::Interrupted),
                death = self.stack.death() => return Err(death.into()),
                Some(order) = self.orders.recv() => self.obey(order).await,
                now = looks.tick() => {
                    if end.is_some_and(|end| now >= end) {
                        traffic.stop(); // visits under way may finish, and then `sending` ends
                    }
                    self.look().await;
                }
            }
        }
    }

    /// Fulfils a wish of another command and says so on both sides.
    async fn obey(&mut self, order: Order) {
        let Order { wish, done } = order;
        let outcome = self.stack.obey(wish).await.and_then(|()| self.running().write(&self.data));
        let outcome = outcome.map_err(|error| format!("{error:#}"));
        match &outcome {
            Ok(()) => self.screen.line(&format!("  ordered: {wish}")),
            Err(why) => self.screen.line(&format!("  ! ordered, and not possible: {wish}: {why}")),
        }
        let _or_nobody_waits_any_more = done.send(outcome);
    }

    /// One look at logs, map and counts: a live block where it stays in sight as a whole, lines where it does not.
    async fn look(&mut self) {
        self.show_warnings();
        self.looks += 1;
        let _answers_next_time = self.map.refresh().await; // or is gone, which is noticed as a death
        let counts = self.traffic.counts().to_string();
        let foot = format!("{}\n{}", self.screen.fitting(&counts), self.screen.fitting(&self.reminder()));
        let block = format!("{}\n\n{foot}", self.map.draw(&self.screen));
        if !self.map.is_empty() && self.screen.has_room_for(&block) {
            self.screen.live(&block);
            return;
        }
        if !self.is_bounded() && !self.has_shown_map && self.map.stands() {
            self.has_shown_map = true;
            self.screen.line(&format!("The first service map:\n\n{}\n", self.map.draw(&self.screen)));
        }
        self.screen.live(&foot);
        if !self.screen.is_terminal() && !self.args.no_traffic && self.looks.is_multiple_of(REPORT_EVERY) {
            self.screen.line(&counts);
        }
    }

    /// Where to look, in one row: on a small terminal the announcement has scrolled away by the time it is needed.
    fn reminder(&self) -> String {
        format!("{} · {}/map · Ctrl-C stops", self.stack.url(Role::Monolith), self.stack.url(Role::LocalXray))
    }

    fn show_warnings(&mut self) {
        for warning in self.stack.new_warnings() {
            self.screen.line(&format!("  ! {warning}"));
        }
    }

    /// Waits for the last traces, draws the map and judges it.
    async fn conclude(&mut self, shutdown: &Shutdown) -> anyhow::Result<ExitCode> {
        let counts = self.traffic.counts();
        self.screen.live("waiting for the last traces …");
        let all_arrived = tokio::select! {
            settled = self.map.settle(&counts) => settled?,
            () = shutdown.requested() => return Ok(self.say_goodbye().await),
        };
        self.screen.line("The service map:\n");
        self.screen.line(&self.map.draw(&self.screen));
        self.screen.line(&format!("\n{counts}"));
        if !all_arrived {
            self.screen.line("some traces had not arrived yet, so the counts on the map are too low");
        }
        let missing = self.map.missing_edges();
        if missing.is_empty() {
            self.screen.line("every expected edge was seen");
            return Ok(ExitCode::SUCCESS);
        }
        self.screen.line(&format!("missing on the map: {}", missing.join(", ")));
        Ok(ExitCode::FAILURE)
    }

    /// The map as it stands, for somebody who wants to leave; a run that was to stop by itself has failed to.
    async fn say_goodbye(&mut self) -> ExitCode {
        if self.map.refresh().await.is_ok() && !self.map.is_empty() {
            self.screen.line("The service map at the end:\n");
            self.screen.line(&self.map.draw(&self.screen));
        }
        self.screen.line(&format!("\n{}", self.traffic.counts()));
        if self.is_bounded() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }

    /// Whether the demo stops by itself.
    const fn is_bounded(&self) -> bool {
        self.args.run_for.is_some() || self.args.requests.is_some()
    }
}

/// The traffic that the flags ask for; ends when all of it was answered, which may be never.
async fn send(args: &UpArgs, seed: u64, traffic: Traffic) -> anyhow::Result<()> {
    if args.no_traffic {
        return std::future::pending().await;
    }
    if args.no_visitors {
        traffic.check_until_stopped().await;
        return Ok(());
    }
    match args.requests {
        Some(likes) => traffic.send_exactly(likes, seed, args.rate.unwrap_or(BRISK)).await,
        None => traffic.send_until_stopped(seed, args.rate.unwrap_or(STROLL)).await,
    }
}
