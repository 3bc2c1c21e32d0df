//! The three processes in order: the local X-Ray first, so that no trace is lost, and the Like service last; stopped in reverse.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::future::select_all;
use uuid::Uuid;

use crate::child::{Child, Death, Role, Stopped};
use crate::cli::Chaos;
use crate::ports::{Listeners, Reservation, url_of};
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings<'a> {
    /// The folder of the database and of the logs.
    pub(crate) data: &'a Path,
    /// Whether faults are injected.
    pub(crate) chaos: Chaos,
    /// Decides which likes fail.
    pub(crate) seed: u64,
}

/// The running children, in the order of their start.
#[derive(Debug)]
pub(crate) struct Stack {
    children: Vec<Child>,
    addresses: Listeners<SocketAddr>,
}

impl Stack {
    /// A stack without children, for these addresses.
    pub(crate) const fn new(addresses: Listeners<SocketAddr>) -> Self {
        Self { children: Vec::new(), addresses }
    }

    /// Starts the children one after the other, each once the one before is ready.
    pub(crate) async fn start(
        &mut self,
        mut ports: Reservation,
        settings: Settings<'_>,
        screen: &Screen,
    ) -> anyhow::Result<()> {
        let logs = settings.data.join("logs");
        std::fs::create_dir_all(&logs).with_context(|| format!("cannot make the folder {}", logs.display()))?;
        let token = Uuid::new_v4().simple().to_string();
        for role in [Role::LocalXray, Role::Monolith, Role::LikeService] {
            screen.live(&format!("  starting the {} …", role.name()));
            let started = Instant::now();
            let variables = variables(role, &self.addresses, settings, &token, std::env::vars());
            ports.release(role);
            let child = Child::start(role, &variables, &logs)?;
            self.children.push(child);
            self.wait_until_ready(role).await?;
            let (name, seconds) = (role.name(), started.elapsed().as_secs_f64());
            screen.line(&format!("  {name:<13}ready after {seconds:.1} s on {}", self.url(role)));
        }
        Ok(())
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

    async fn wait_until_ready(&mut self, role: Role) -> anyhow::Result<()> {
        let path = if role == Role::LocalXray { "/health/live" } else { "/health/ready" };
        let url = format!("{}{path}", self.url(role));
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        tokio::select! {
            () = answers(&client, &url) => Ok(()),
            death = self.death() => Err(death.into()),
            () = tokio::time::sleep(READY_DEADLINE) => {
                let tail = self.children.last_mut().map(|child| child.log().tail()).unwrap_or_default();
                anyhow::bail!("the {} is not ready after {} s; its log ends:\n{tail}", role.name(), READY_DEADLINE.as_secs())
            }
        }
    }
}

async fn answers(client: &reqwest::Client, url: &str) {
    let mut ticks = tokio::time::interval(ASK_EVERY);
    loop {
        ticks.tick().await;
        if client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
    }
}

/// The whole environment of one child: what it must know, and what the user may set for all of them (`OTEL_*` and [`INHERITED`]).
fn variables(
    role: Role,
    at: &Listeners<SocketAddr>,
    settings: Settings<'_>,
    token: &str,
    own: impl Iterator<Item = (String, String)>,
) -> BTreeMap<String, String> {
    let is_inherited = |name: &str| {
        // One service name for all of them would be no service name.
        INHERITED.contains(&name) || (name.starts_with("OTEL_") && name != "OTEL_SERVICE_NAME")
    };
    let mut variables: BTreeMap<String, String> = own.filter(|(name, _)| is_inherited(name)).collect();
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
    set("INTERNAL_TOKEN", token.to_owned());
    if role == Role::Monolith {
        set("LISTEN_ADDR", at.site.to_string());
        set("INTERNAL_LISTEN_ADDR", at.internal.to_string());
        set("LIKE_URL", url_of(at.like));
        set("DATABASE_URL", sqlite_url(&settings.data.join("mysfits.db")));
        set("TRACE_URL_TEMPLATE", format!("{}/traces/{{trace_id}}", url_of(at.xray)));
    } else {
        set("LISTEN_ADDR", at.like.to_string());
        set("INTERNAL_LISTEN_ADDR", at.like_internal.to_string());
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
        }
    }

    fn variables_of(role: Role, own: &[(&str, &str)]) -> BTreeMap<String, String> {
        let settings = Settings { data: Path::new("/data"), chaos: Chaos::On, seed: 7 };
        let own = own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        variables(role, &addresses(), settings, "token", own)
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
        check(Role::LocalXray, "INTERNAL_TOKEN", None);
    }

    #[test]
    fn of_the_users_environment_only_what_suits_all_children_is_passed_on() {
        let own =
            [("OTEL_TRACES_EXPORTER", "xray"), ("OTEL_SERVICE_NAME", "mine"), ("DATABASE_URL", "postgres://prod")];
        let variables = variables_of(Role::LikeService, &own);
        assert_eq!(variables.get("OTEL_TRACES_EXPORTER").map(String::as_str), Some("xray"));
        assert!(!variables.contains_key("OTEL_SERVICE_NAME"));
        assert!(!variables.contains_key("DATABASE_URL"));
    }

    #[test]
    fn a_strange_folder_does_not_break_the_database_url() {
        assert_eq!(sqlite_url(Path::new("/a b/100%?#/m.db")), "sqlite:///a b/100%25%3F%23/m.db?mode=rwc");
    }
}
