//! The endpoint over HTTP, beside the demo's own work, and the way in for orders from other terminals.
//!
//! Every task has an address of its own (`/v4/like-service`); on ECS the address is always the same, and who asks decides about whom. For
//! version 2 a task's name comes first, as that version puts nothing of the task behind its own number.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use actix_web::dev::ServerHandle;
use actix_web::http::header::{HOST, ORIGIN, USER_AGENT};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use super::measure::Meter;
use super::metadata::{self, Version};
use super::stats::{self, Form};
use super::task::Task;
use crate::ports::url_of;

/// How often processes are looked at, as the agent of ECS does.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a service's own start-up asks, and how the check of a lab does; whoever asks otherwise is a person.
const DETECTOR: &str = "ureq/";
pub(crate) const CHECKER: &str = "mysfits-check";

/// What another command wants of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wish {
    /// So many tasks of the Like service.
    LikeTasks(u16),
    /// A Like service that is there, or one that died.
    LikeService(Life),
}

/// Whether the Like service lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Life {
    Alive,
    Dead,
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LikeTasks(1) => f.write_str("one task of the like service"),
            Self::LikeTasks(tasks) => write!(f, "{tasks} tasks of the like service"),
            Self::LikeService(Life::Dead) => f.write_str("the like service is dead"),
            Self::LikeService(Life::Alive) => f.write_str("the like service lives"),
        }
    }
}

/// A wish, and where to say how it went.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) wish: Wish,
    pub(crate) done: oneshot::Sender<Result<(), String>>,
}

/// The running endpoint; ends with the value.
#[derive(Debug)]
pub(crate) struct Agent {
    since: Instant,
    address: SocketAddr,
    shared: Arc<Shared>,
    server: ServerHandle,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    tasks: Vec<Watched>,
    asked: Vec<String>,
}

#[derive(Debug)]
struct Watched {
    task: Task,
    pids: Vec<u32>,
}

impl Agent {
    /// Serves on this address, which must be free; orders come out of the receiver.
    pub(crate) fn start(address: SocketAddr) -> anyhow::Result<(Self, mpsc::Receiver<Order>)> {
        let since = Instant::now();
        let shared = Arc::new(Shared::default());
        let (orders, receiver) = mpsc::channel(1);
        let for_app = Arc::clone(&shared);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::from(Arc::clone(&for_app)))
                .app_data(web::Data::new(orders.clone()))
                .route("/wish", web::put().to(wish))
                .route("/asked", web::get().to(asked))
                .default_service(web::to(answer))
        });
        let server = server.workers(1).disable_signals().shutdown_timeout(1).bind(address);
        let server = server.with_context(|| format!("cannot serve the task metadata endpoint on {address}"))?.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        let watched = Arc::downgrade(&shared);
        std::thread::Builder::new().name("meter".to_owned()).spawn(move || {
            let mut meter = Meter::new(since);
            while let Some(shared) = watched.upgrade() {
                shared.look(&mut meter);
                drop(shared);
                #[expect(clippy::disallowed_methods, reason = "a thread that does nothing else between two looks")]
                std::thread::sleep(LOOK_EVERY);
            }
        })?;
        Ok((Self { since, address, shared, server: handle }, receiver))
    }

    /// Where it listens, without a path.
    pub(crate) fn url(&self) -> String {
        url_of(self.address)
    }

    /// Makes a task known before its process starts, because the process asks as the first thing; returns the variables to give it.
    pub(crate) fn announce(&self, endpoint: &str, family: &str) -> [(&'static str, String); 2] {
        let task = Task::new(endpoint, family, SystemTime::now());
        self.shared.lock().tasks.push(Watched { task, pids: Vec::new() });
        let url = self.url();
        [
            ("ECS_CONTAINER_METADATA_URI", format!("{url}/v3/{endpoint}")),
            ("ECS_CONTAINER_METADATA_URI_V4", format!("{url}/v4/{endpoint}")),
        ]
    }

    /// Looks from now on at this process and at what it has started by now.
    pub(crate) fn watch(&self, endpoint: &str, pid: u32) {
        let mut meter = Meter::new(self.since);
        let pids = meter.family_of(pid);
        let reading = meter.read(&pids);
        let mut state = self.shared.lock();
        if let Some(watched) = state.tasks.iter_mut().find(|watched| watched.task.endpoint == endpoint) {
            watched.pids = pids;
            if let Some(reading) = reading {
                watched.task.take(reading);
            }
        }
    }

    /// Forgets a task that has ended.
    pub(crate) fn forget(&self, endpoint: &str) {
        self.shared.lock().tasks.retain(|watched| watched.task.endpoint != endpoint);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _stops_by_itself = self.server.stop(false);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads every process once, without holding anybody up who asks meanwhile.
    fn look(&self, meter: &mut Meter) {
        let watched: Vec<_> =
            self.lock().tasks.iter().map(|watched| (watched.task.endpoint.clone(), watched.pids.clone())).collect();
        for (endpoint, pids) in watched {
            let Some(reading) = meter.read(&pids) else { continue };
            if let Some(watched) = self.lock().tasks.iter_mut().find(|watched| watched.task.endpoint == endpoint) {
                watched.task.take(reading);
            }
        }
    }
}

/// Answers everything that is asked about tasks.
async fn answer(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    if !is_of_this_machine(&request) {
        return refusal();
    }
    let mut state = shared.lock();
    let own = format!("http://{}", request.connection_info().host());
    let tasks: Vec<&Task> = state.tasks.iter().map(|watched| &watched.task).collect();
    let path: Vec<&str> = request.path().split('/').filter(|part| !part.is_empty()).collect();
    let Some(found) = find(&path, &tasks, &own) else {
        let known = index(&tasks, &own);
        return HttpResponse::NotFound().json(json!({ "message": "no task metadata here", "tasks": known }));
    };
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let path = request.path().to_owned();
    if ![DETECTOR, CHECKER].iter().any(|known| agent.starts_with(known)) && !state.asked.contains(&path) {
        state.asked.push(path);
    }
    let text = serde_json::to_string_pretty(&found).unwrap_or_default();
    HttpResponse::Ok().content_type("application/json").body(text + "\n")
}

/// The paths that somebody has asked for, other than the services themselves.
async fn asked(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    if is_of_this_machine(&request) { HttpResponse::Ok().json(&shared.lock().asked) } else { refusal() }
}

/// Hands a wish to the demo and answers when it is fulfilled.
async fn wish(request: HttpRequest, wish: web::Json<Wish>, orders: web::Data<mpsc::Sender<Order>>) -> HttpResponse {
    if !is_of_this_machine(&request) {
        return refusal();
    }
    let (done, outcome) = oneshot::channel();
    let _or_nobody_obeys_any_more = orders.send(Order { wish: *wish, done }).await;
    match outcome.await {
        Ok(Ok(())) => HttpResponse::Ok().json(json!({})),
        Ok(Err(message)) => HttpResponse::Conflict().json(json!({ "message": message })),
        Err(_) => HttpResponse::ServiceUnavailable().json(json!({ "message": "the demo is stopping" })),
    }
}

/// Pages of other sites that are open in a browser here can neither read nor order anything.
fn is_of_this_machine(request: &HttpRequest) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    let is_named_by_number = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok();
    is_named_by_number && !request.headers().contains_key(ORIGIN)
}

fn refusal() -> HttpResponse {
    HttpResponse::Forbidden().json(json!({ "message": "ask with curl, by the address that `mysfits up` prints" }))
}

/// The answer to a path; nothing for paths and tasks that are not known.
fn find(path: &[&str], tasks: &[&Task], own: &str) -> Option<Value> {
    let task = |endpoint: &str| tasks.iter().copied().find(|task| task.endpoint == endpoint);
    let value = match *path {
        [] => index(tasks, own),
        ["v4", endpoint] => json(metadata::container(task(endpoint)?, Version::V4)),
        ["v4", endpoint, "task" | "taskWithTags"] => json(metadata::task(task(endpoint)?, Version::V4)),
        ["v4", endpoint, "stats"] => json(stats::of(task(endpoint)?, Form::WithRates)),
        ["v4", endpoint, "task", "stats"] => of_containers(task(endpoint)?, Form::WithRates),
        ["v3", endpoint] => json(metadata::container(task(endpoint)?, Version::UpTo3)),
        ["v3", endpoint, "task"] => json(metadata::task(task(endpoint)?, Version::UpTo3)),
        ["v3", endpoint, "stats"] => json(stats::of(task(endpoint)?, Form::Plain)),
        ["v3", endpoint, "task", "stats"] => of_containers(task(endpoint)?, Form::Plain),
        [endpoint, "v2", "metadata"] => json(metadata::task(task(endpoint)?, Version::UpTo3)),
        [endpoint, "v2", "metadata", container] => {
            json(metadata::container(task(endpoint).filter(|task| task.container_id == container)?, Version::UpTo3))
        }
        [endpoint, "v2", "stats"] => of_containers(task(endpoint)?, Form::Plain),
        [endpoint, "v2", "stats", container] => {
            json(stats::of(task(endpoint).filter(|task| task.container_id == container)?, Form::Plain))
        }
        _ => return None,
    };
    Some(value)
}

/// Where each task is asked about. ECS has no such page, and no need of one.
fn index(tasks: &[&Task], own: &str) -> Value {
    let entry = |task: &&Task| (task.endpoint.clone(), Value::from(format!("{own}/v4/{}", task.endpoint)));
    Value::Object(tasks.iter().map(entry).collect::<Map<_, _>>())
}

fn of_containers(task: &Task, form: Form) -> Value {
    json!({ task.container_id.clone(): json(stats::of(task, form)) })
}

/// Our answers are plain structures, which always have a form in JSON.
fn json(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
