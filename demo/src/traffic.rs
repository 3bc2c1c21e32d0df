//! What comes in from outside while the demo runs: a few visitors who browse and like, and a load balancer's health checks.

mod plan;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use shared::shutdown::Shutdown;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use plan::{Plan, Visit};

/// How often the load balancer asks, when time and not the number of likes sets the pace.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// With a fixed number of likes, one round of health checks follows each group of so many.
const LIKES_PER_CHECK: u32 = 2;

/// Visitors on the site at the same time, at most.
const MAX_VISITORS: usize = 64;

/// Past this a visitor gives up: longer than every deadline inside.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who sends, where to, and how much of it has happened.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    site: String,
    like_service: String,
    client: Client,
    counts: Rc<RefCell<Counts>>,
    stop: Shutdown,
}

/// How much was sent and how it was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Pages looked at.
    pub(crate) pages: u64,
    /// Likes that were answered, however.
    pub(crate) likes: u64,
    /// Likes answered with 200.
    pub(crate) counted: u64,
    /// Likes answered with 404.
    pub(crate) not_found: u64,
    /// The slowest like.
    pub(crate) slowest: Duration,
    /// Rounds of health checks, each one request to both services.
    pub(crate) checks: u64,
    /// Requests that got no answer, or one that nobody expects.
    pub(crate) failed: u64,
}

impl Traffic {
    /// Prepares to send to the site and, for health checks, to the Like service; both are URLs without a path.
    pub(crate) fn new(site: String, like_service: String) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(PATIENCE).user_agent("mysfits-visitor").build();
        let client = client.context("cannot make an HTTP client")?;
        Ok(Self { site, like_service, client, counts: Rc::default(), stop: Shutdown::new() })
    }

    /// How much has been sent so far.
    pub(crate) fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// Lets nobody new in; who is on the site finishes.
    pub(crate) fn stop(&self) {
        self.stop.trigger();
    }

    /// Sends visitors at this rate, and health checks beside them, until [`Traffic::stop`]; then waits for all answers.
    pub(crate) async fn send_until_stopped(&self, seed: u64, likes_per_second: f64) -> anyhow::Result<()> {
        let plan = self.plan(seed).await?;
        tokio::join!(self.send_visitors(plan, likes_per_second, |_| false), self.check_until_stopped());
        Ok(())
    }

    /// Sends exactly so many likes and a number of health checks that follows from it, and waits for all answers.
    pub(crate) async fn send_exactly(&self, likes: u32, seed: u64, likes_per_second: f64) -> anyhow::Result<()> {
        let plan = self.plan(seed).await?.take(usize::try_from(likes)?);
        self.send_visitors(plan, likes_per_second, |like| like % LIKES_PER_CHECK == 0).await;
        Ok(())
    }

    async fn plan(&self, seed: u64) -> anyhow::Result<Plan> {
        let mut mysfits = list_mysfits(&self.client, &self.site).await.context("cannot read the list of mysfits")?;
        self.counts.borrow_mut().pages += 1;
        mysfits.sort_unstable();
        Ok(Plan::new(seed, mysfits))
    }

    /// One visit a tick; `check_after` says after which like, counted from 0, a health check is due.
    async fn send_visitors(
        &self,
        plan: impl Iterator<Item = Visit>,
        likes_per_second: f64,
        check_after: impl Fn(u32) -> bool,
    ) {
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / likes_per_second));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let room = Arc::new(Semaphore::new(MAX_VISITORS));
        let mut visitors = JoinSet::new();
        for (like, visit) in (0..).zip(plan) {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.stop.requested() => break,
            }
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
            let traffic = self.clone();
            visitors.spawn_local(async move {
                traffic.visit(&visit).await;
                drop(place);
            });
            if check_after(like) {
                self.check_once().await;
            }
            while visitors.try_join_next().is_some() {}
        }
        while visitors.join_next().await.is_some() {}
    }

    async fn visit(&self, visit: &Visit) {
        for page in &visit.pages {
            let answer = self.client.get(format!("{}{page}", self.site)).send().await;
            let counts = &mut *self.counts.borrow_mut();
            match answer {
                Ok(answer) if answer.status().is_success() => counts.pages += 1,
                _ => counts.failed += 1,
            }
        }
        self.like(visit).await;
    }

    async fn like(&self, visit: &Visit) {
        let started = Instant::now();
        let request = self.client.post(format!("{}/mysfits/{}/like", self.site, visit.mysfit));
        let answer = request.header("Idempotency-Key", visit.key.to_string()).send().await;
        let counts = &mut *self.counts.borrow_mut();
        match answer.map(|answer| answer.status()) {
            Ok(StatusCode::OK) => counts.counted += 1,
            Ok(StatusCode::NOT_FOUND) => counts.not_found += 1,
            _ => {
                counts.failed += 1;
                return;
            }
        }
        counts.likes += 1;
        counts.slowest = counts.slowest.max(started.elapsed());
    }

    /// Sends health checks alone, until [`Traffic::stop`].
    pub(crate) async fn check_until_stopped(&self) {
        let mut ticks = tokio::time::interval(CHECK_EVERY);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.check_once().await,
                () = self.stop.requested() => return,
            }
        }
    }

    /// One `GET /` to each service, as an Application Load Balancer sends it.
    async fn check_once(&self) {
        for service in [&self.site, &self.like_service] {
            let request = self.client.get(format!("{service}/")).header("User-Agent", "ELB-HealthChecker/2.0");
            let answer = request.header("X-Amzn-Trace-Id", load_balancer_header()).send().await;
            if !answer.is_ok_and(|answer| answer.status().is_success()) {
                self.counts.borrow_mut().failed += 1;
                return;
            }
        }
        self.counts.borrow_mut().checks += 1;
    }
}

/// The ids of the mysfits that a site has.
pub(crate) async fn list_mysfits(client: &Client, site: &str) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct List {
        mysfits: Vec<Mysfit>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Mysfit {
        mysfit_id: String,
    }
    let answer = client.get(format!("{site}/mysfits")).send().await?.error_for_status()?;
    let list: List = answer.json().await?;
    Ok(list.mysfits.into_iter().map(|mysfit| mysfit.mysfit_id).collect())
}

/// The trace header of a load balancer: a fresh root and no decision about sampling.
fn load_balancer_header() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("Root=1-{seconds:08x}-{}", unique.get(..24).unwrap_or_default())
}

impl Counts {
    /// Requests that visitors and health checks had answered by the monolith.
    pub(crate) const fn answered_by_monolith(&self) -> u64 {
        self.pages + self.likes + self.checks
    }

    /// Requests that health checks had answered by the Like service.
    pub(crate) const fn answered_by_like_service(&self) -> u64 {
        self.checks
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pages, likes, counted, not_found, slowest, checks, failed } = self;
        write!(f, "{likes} like{}: {counted} counted, {not_found} not found", plural(*likes))?;
        if *likes > 0 {
            write!(f, ", slowest {:.1} s", slowest.as_secs_f64())?;
        }
        write!(f, " · {pages} page{} · {checks} check{}", plural(*pages), plural(*checks))?;
        if *failed > 0 {
            write!(f, " · {failed} failed")?;
        }
        Ok(())
    }
}

const fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests;
