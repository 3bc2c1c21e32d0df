//! The three processes in order: the local X-Ray first, so that no trace is lost, and the Like service last; stopped in reverse.
//! Before all of them comes the task metadata endpoint, because services ask it as the first thing they do.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::future::select_all;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::child::{Child, Death, Role, Stopped};
use crate::cli::Chaos;
use crate::ecs::{Agent, Life, Order, Wish};
use crate::like_tasks::{LikeTask, MAX_TASKS, introduce};
use crate::ports::{Listeners, Reservation, url_of};
use crate::running::Task;
use crate::screen::Screen;

/// How long a child may take until it answers; a debug build on a busy machine needs some of it.
const READY_DEADLINE: Duration = Duration::from_secs(60);

/// How long a child may take to stop: its own drain deadline and the flush of its traces.
const STOP_DEADLINE: Duration = Duration::from_secs(15);

/// How often a child is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Variables of the demo's own environment that children see; everything else they get is written down in [`variables`].
const INHERITED: [&str; 10] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "TZ",
    "LANG",
    "LOGLEVEL",
    "RUST_BACKTRACE",
    "LLVM_PROFILE_FILE",
    "TRUSTED_PROXIES",
    "LOCAL_XRAY_STRICT",
];

/// What the children have to know beyond their addresses.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The folder of the database and of the logs.
    pub(crate) data: PathBuf,
    /// Whether faults are injected.
    pub(crate) chaos: Chaos,
    /// Decides which likes fail.
    pub(crate) seed: u64,
    /// The executable that runs in place of our Like service, if any.
    pub(crate) like_service: Option<PathBuf>,
    /// How many tasks of the Like service to begin with.
    pub(crate) like_tasks: u16,
}

/// The running children, in the order of their start.
#[derive(Debug)]
pub(crate) struct Stack {
    children: Vec<Child>,
    addresses: Listeners<SocketAddr>,
    like_tasks: Vec<LikeTask>,
    settings: Settings,
    token: String,
    agent: Option<Agent>,
}

impl Stack {
    /// A stack without children, for these addresses.
    pub(crate) fn new(addresses: Listeners<SocketAddr>, settings: Settings) -> Self {
        let token = Uuid::new_v4().simple().to_string();
        let like_tasks = vec![LikeTask::first(addresses.like, addresses.like_internal)];
        Self { children: Vec::new(), addresses, like_tasks, settings, token, agent: None }
    }

    /// Starts the children one after the other, each once the one before is ready. What other commands order meanwhile comes out of the
    /// receiver, for [`Stack::obey`].
    pub(crate) async fn start(
        &mut self,
        mut ports: Reservation,
        screen: &Screen,
    ) -> anyhow::Result<mpsc::Receiver<Order>> {
        let logs = self.logs();
        std::fs::create_dir_all(&logs).with_context(|| format!("cannot make the folder {}", logs.display()))?;
        ports.release_metadata();
        let (agent, orders) = Agent::start(self.addresses.metadata)?;
        self.agent = Some(agent);
        for role in [Role::LocalXray, Role::Monolith, Role::LikeService] {
            screen.live(&format!("  starting the {} …", role.name()));
            ports.release(role);
            let started = Instant::now();
            let first = self.like_tasks.first().cloned();
            self.start_child(role, first.filter(|_| role == Role::LikeService).as_ref()).await?;
            let (name, seconds) = (role.name(), started.elapsed().as_secs_f64());
            screen.line(&format!("  {name:<13}ready after {seconds:.1} s on {}", self.url(role)));
        }
        if self.settings.like_tasks > 1 {
            self.scale(self.settings.like_tasks).await?;
            screen.line(&format!("  {:<13}{} tasks", Role::LikeService.name(), self.settings.like_tasks));
        }
        Ok(orders)
    }

    /// Does what another command asks for, or says why not.
    pub(crate) async fn obey(&mut self, wish: Wish) -> anyhow::Result<()> {
        match wish {
            Wish::LikeTasks(tasks) => self.scale(tasks).await?,
            Wish::LikeService(Life::Dead) => self.kill_like_service().await,
            Wish::LikeService(Life::Alive) => self.revive_like_service().await?,
        }
        Ok(())
    }

    /// Where the tasks of the Like service are.
    pub(crate) fn like_tasks(&self) -> Vec<Task> {
        self.like_tasks.iter().map(LikeTask::urls).collect()
    }

    /// The address of the task metadata endpoint, without a path.
    pub(crate) fn metadata_url(&self) -> String {
        url_of(self.addresses.metadata)
    }

    async fn kill_like_service(&mut self) {
        for child in self.children.iter_mut().filter(|child| child.role() == Role::LikeService) {
            child.kill().await;
            if let Some(agent) = &self.agent {
                agent.forget(child.name());
            }
        }
        self.children.retain(|child| child.role() != Role::LikeService);
    }

    async fn revive_like_service(&mut self) -> anyhow::Result<()> {
        if self.children.iter().any(|child| child.role() == Role::LikeService) {
            return Ok(());
        }
        for task in self.like_tasks.clone() {
            self.start_child(Role::LikeService, Some(&task)).await?;
        }
        Ok(())
    }

    /// Starts or stops tasks of the Like service until there are so many. The monolith hears of a new one once it is ready, and of one that
    /// goes before it is stopped, so that nobody notices.
    pub(crate) async fn scale(&mut self, tasks: u16) -> anyhow::Result<()> {
        ensure!((1..=MAX_TASKS).contains(&tasks), "the like service has 1 to {MAX_TASKS} tasks, not {tasks}");
        self.revive_like_service().await?;
        let wanted = usize::from(tasks);
        for number in self.like_tasks.len() + 1..=wanted {
            let first = self.like_tasks.first().context("there is always a first task")?;
            let task = LikeTask::further(u16::try_from(number)?, first)?;
            self.start_child(Role::LikeService, Some(&task)).await?;
            self.like_tasks.push(task);
        }
        let leaving = self.like_tasks.split_off(wanted.min(self.like_tasks.len()));
        introduce(&self.like_tasks, self.addresses.internal, &self.token).await?;
        for task in leaving {
            self.stop_task(&task.name()).await;
        }
        Ok(())
    }

    async fn stop_task(&mut self, name: &str) {
        let Some(place) = self.children.iter().position(|child| child.name() == name) else { return };
        let mut child = self.children.remove(place);
        let _however_it_went = child.stop(STOP_DEADLINE).await;
        if let Some(agent) = &self.agent {
            agent.forget(name);
        }
    }

    async fn start_child(&mut self, role: Role, task: Option<&LikeTask>) -> anyhow::Result<()> {
        let program = task.and_then(|_| self.settings.like_service.clone());
        let name = task.map_or_else(|| role.word().to_owned(), LikeTask::name);
        let mut variables = variables(role, &self.addresses, &self.settings, &self.token, std::env::vars());
        if let Some(task) = task {
            variables.insert("LISTEN_ADDR".to_owned(), task.public.to_string());
            variables.insert("INTERNAL_LISTEN_ADDR".to_owned(), task.internal.to_string());
        }
        if let Some(agent) = self.agent.as_ref().filter(|_| role != Role::LocalXray) {
            variables.extend(agent.announce(&name, role.word()).map(|(name, value)| (name.to_owned(), value)));
        }
        let child = Child::start(role, &name, program.as_deref(), &variables, &self.logs())?;
        self.children.push(child);
        let url = task.map_or_else(|| self.url(role), |task| url_of(task.public));
        self.wait_until_ready(role, &url, program.is_some()).await?;
        let child = self.children.last().and_then(|child| Some((child.name().to_owned(), child.id()?)));
        if let (Some(agent), Some((name, id))) = (&self.agent, child) {
            agent.watch(&name, id);
        }
        Ok(())
    }

    fn logs(&self) -> PathBuf {
        self.settings.data.join("logs")
    }

    /// The URL of a child's main listener, without a path.
    pub(crate) fn url(&self, role: Role) -> String {
        url_of(match role {
            Role::LocalXray => self.addresses.xray,
            Role::Monolith => self.addresses.site,
            Role::LikeService => self.addresses.like,
        })
    }

    /// Waits until some child ends by itself.
    pub(crate) async fn death(&mut self) -> Death {
        if self.children.is_empty() {
            return std::future::pending().await;
        }
        select_all(self.children.iter_mut().map(|child| Box::pin(child.death()))).await.0
    }

    /// The warnings that the children logged since the last call.
    pub(crate) fn new_warnings(&mut self) -> Vec<String> {
        let warnings_of = |child: &mut Child| {
            let name = child.role().name();
            child.log().new_warnings().into_iter().map(move |warning| format!("{name}: {warning}"))
        };
        self.children.iter_mut().flat_map(warnings_of).collect()
    }

    /// Stops the children in reverse order and says how each went; false if one had to be killed or reported a failure.
    pub(crate) async fn stop(&mut self, screen: &Screen) -> bool {
        let mut all_well = true;
        while let Some(mut child) = self.children.pop() {
            let name = child.role().name();
            screen.live(&format!("  stopping the {name} …"));
            let how = match child.stop(STOP_DEADLINE).await {
                Stopped::InTime => "stopped".to_owned(),
                Stopped::WithFailure => format!("stopped with a failure:\n{}", child.log().tail()),
                Stopped::Before => "had ended already".to_owned(),
                Stopped::Killed => format!("killed, as it did not stop within {} s", STOP_DEADLINE.as_secs()),
            };
            all_well &= how == "stopped";
            screen.line(&format!("  {name:<13}{how}"));
        }
        all_well
    }

    /// Ends every child at once, those that are being stopped included.
    pub(crate) async fn kill(&mut self) {
        for child in self.children.iter_mut().rev() {
            child.kill().await;
        }
    }

    /// Waits until a child says that it is ready, or, if it is not ours and may have no way to say so, until it answers at all.
    async fn wait_until_ready(&mut self, role: Role, url: &str, is_foreign: bool) -> anyhow::Result<()> {
        let path = if role == Role::LocalXray { "/health/live" } else { "/health/ready" };
        let url = format!("{url}{path}");
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        tokio::select! {
            () = answers(&client, &url, is_foreign) => Ok(()),
            death = self.death() => Err(death.into()),
            () = tokio::time::sleep(READY_DEADLINE) => {
                let tail = self.children.last_mut().map(|child| child.log().tail()).unwrap_or_default();
                anyhow::bail!("the {} is not ready after {} s; its log ends:\n{tail}", role.name(), READY_DEADLINE.as_secs())
            }
        }
    }
}

async fn answers(client: &reqwest::Client, url: &str, with_any_status: bool) {
    let mut ticks = tokio::time::interval(ASK_EVERY);
    loop {
        ticks.tick().await;
        if client.get(url).send().await.is_ok_and(|answer| with_any_status || answer.status().is_success()) {
            return;
        }
    }
}

/// The whole environment of one child: what it must know, and what the user may set for all of them (`OTEL_*` and [`INHERITED`]).
fn variables(
    role: Role,
    at: &Listeners<SocketAddr>,
    settings: &Settings,
    token: &str,
    own: impl Iterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    let is_inherited = |name: &str| {
        // One service name for all of them would be no service name.
        INHERITED.contains(&name) || (name.starts_with("OTEL_") && name != "OTEL_SERVICE_NAME")
    };
    let mut variables: BTreeMap<String, String> = own.filter(|(name, _)| is_inherited(name)).collect();
    if role != Role::LocalXray {
        // Off by default, because lines are collected elsewhere; here they would only lie in files.
        variables.entry("OTEL_LOGS_EXPORTER".to_owned()).or_insert_with(|| "otlp".to_owned());
    }
    let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
    if role == Role::LocalXray {
        set("LOCAL_XRAY_LISTEN", at.xray.to_string());
        set("LOCAL_XRAY_OTLP_GRPC", at.otlp_grpc.to_string());
        set("LOCAL_XRAY_OTLP_HTTP", at.otlp_http.to_string());
        set("LOCAL_XRAY_DATA", settings.data.join("local-xray").display().to_string());
        return variables;
    }
    set("OTEL_EXPORTER_OTLP_ENDPOINT", url_of(at.otlp_http));
    set("AWS_XRAY_DAEMON_ADDRESS", at.xray.to_string());
    set("OTEL_BSP_SCHEDULE_DELAY", "200".to_owned()); // milliseconds: a map that follows the clicks
    set("OTEL_BLRP_SCHEDULE_DELAY", "200".to_owned()); // and lines that are there when their trace is
    set("INTERNAL_TOKEN", token.to_owned());
    if role == Role::Monolith {
        set("LISTEN_ADDR", at.site.to_string());
        set("INTERNAL_LISTEN_ADDR", at.internal.to_string());
        set("LIKE_URL", url_of(at.like));
        set("DATABASE_URL", sqlite_url(&settings.data.join("mysfits.db")));
        set("TRACE_URL_TEMPLATE", format!("{}/traces/{{trace_id}}", url_of(at.xray)));
    } else {
        set("MONOLITH_URL", url_of(at.internal));
        set("CHAOSMODE", settings.chaos.as_str().to_owned());
        set("CHAOS_SEED", settings.seed.to_string());
    }
    variables
}

/// The URL of a database file; the characters that would end a path are escaped.
fn sqlite_url(path: &Path) -> String {
    let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{path}?mode=rwc")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Listeners<SocketAddr> {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Listeners {
            site: SocketAddr::from(([0, 0, 0, 0], 1)),
            internal: at(2),
            like: at(3),
            like_internal: at(4),
            xray: at(5),
            otlp_grpc: at(6),
            otlp_http: at(7),
            metadata: at(8),
        }
    }

    fn variables_of(role: Role, own: &[(&str, &str)]) -> BTreeMap<String, String> {
        let settings = Settings { data: "/data".into(), chaos: Chaos::On, seed: 7, like_service: None, like_tasks: 1 };
        let own = own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        variables(role, &addresses(), &settings, "token", own)
    }

    #[test]
    fn each_service_is_told_where_the_others_are() {
        let check = |role, name: &str, expected: Option<&str>| {
            assert_eq!(variables_of(role, &[]).get(name).map(String::as_str), expected, "{role:?} {name}");
        };
        check(Role::Monolith, "LISTEN_ADDR", Some("0.0.0.0:1"));
        check(Role::Monolith, "LIKE_URL", Some("http://127.0.0.1:3"));
        check(Role::Monolith, "TRACE_URL_TEMPLATE", Some("http://127.0.0.1:5/traces/{trace_id}"));
        check(Role::Monolith, "DATABASE_URL", Some("sqlite:///data/mysfits.db?mode=rwc"));
        check(Role::LikeService, "MONOLITH_URL", Some("http://127.0.0.1:2"));
        check(Role::LikeService, "CHAOS_SEED", Some("7"));
        check(Role::LikeService, "INTERNAL_TOKEN", Some("token"));
        check(Role::LikeService, "OTEL_EXPORTER_OTLP_ENDPOINT", Some("http://127.0.0.1:7"));
        check(Role::LocalXray, "LOCAL_XRAY_LISTEN", Some("127.0.0.1:5"));
        check(Role::LocalXray, "LOCAL_XRAY_DATA", Some("/data/local-xray"));
        check(Role::LikeService, "OTEL_LOGS_EXPORTER", Some("otlp"));
        check(Role::LocalXray, "OTEL_LOGS_EXPORTER", None);
        check(Role::LocalXray, "INTERNAL_TOKEN", None);
    }

    #[test]
    fn of_the_users_environment_only_what_suits_all_children_is_passed_on() {
        let own = [
            ("OTEL_TRACES_EXPORTER", "xray"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_SERVICE_NAME", "mine"),
            ("DATABASE_URL", "postgres://prod"),
        ];
        let variables = variables_of(Role::LikeService, &own);
        assert_eq!(variables.get("OTEL_TRACES_EXPORTER").map(String::as_str), Some("xray"));
        assert_eq!(variables.get("OTEL_LOGS_EXPORTER").map(String::as_str), Some("none"));
        assert!(!variables.contains_key("OTEL_SERVICE_NAME"));
        assert!(!variables.contains_key("DATABASE_URL"));
    }

    #[test]
    fn a_strange_folder_does_not_break_the_database_url() {
        assert_eq!(sqlite_url(Path::new("/a b/100%?#/m.db")), "sqlite:///a b/100%25%3F%23/m.db?mode=rwc");
    }
}
