//! A PostgreSQL server for one test: the one at `TEST_DATABASE_URL`, or a throwaway one that ends with the test.
//!
//! The throwaway server listens on a socket in a folder of its own, so it needs no port and meets nobody. PostgreSQL refuses
//! to run as root, so a root user (in a container, say) starts it as the user `postgres`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

const INSTRUCTION: &str = "these tests need PostgreSQL: install it (on Debian and Ubuntu, `scripts/test --install` does) \
    or set TEST_DATABASE_URL to a server on which they may create databases";

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct PostgresServer {
    admin_url: String,
    own: Option<Own>,
}

struct Own {
    child: Child,
    command: Command,
    folder: TempDir,
}

impl PostgresServer {
    /// Takes the server that was given, or starts one.
    pub(crate) async fn start() -> Self {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(admin_url) => PostgresServer { admin_url, own: None },
            Err(_) => Self::start_own().await.expect(INSTRUCTION),
        }
    }

    /// Starts a throwaway server; `None` where the tests were given a server instead, which is not ours to stop.
    pub(crate) async fn start_own() -> Option<Self> {
        if std::env::var_os("TEST_DATABASE_URL").is_some() {
            return None;
        }
        Some(Self::start_with(&["listen_addresses="], |_| {}).await)
    }

    /// Starts a throwaway server with these settings, in a folder that `prepare` may put files into before the start.
    pub(crate) async fn start_with(settings: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let programs = programs().expect(INSTRUCTION);
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        if is_root() {
            run(Command::new("chown").args(["--recursive", "postgres"]).arg(folder.path()));
        }
        let data = folder.path().join("data");
        let initdb = ["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"];
        run(unprivileged(&programs.join("initdb")).args(initdb).arg(&data));
        let mut command = unprivileged(&programs.join("postgres"));
        command.arg("-D").arg(&data).args(["-c", "fsync=off", "-c"]);
        command.arg(format!("unix_socket_directories={}", folder.path().display()));
        for setting in settings {
            let folder = folder.path().to_string_lossy();
            command.args(["-c", &setting.replace("FOLDER", &folder)]);
        }
        command.stdout(Stdio::null());
        let port = settings.iter().find_map(|setting| setting.strip_prefix("port=")).unwrap_or("5432"); // names the socket, too
        let admin_url = format!("postgres:///postgres?user=postgres&host={}&port={port}", folder.path().display());
        let mut server = PostgresServer { admin_url, own: None };
        server.run(command, folder).await;
        server
    }

    /// Runs the server of `folder` and waits until it answers; what it logs is in the file `log` there.
    async fn run(&mut self, mut command: Command, folder: TempDir) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.path().join("log")).unwrap();
        let child = command.stderr(log).spawn().unwrap();
        self.own = Some(Own { child, command, folder });
        self.connect().await;
    }

    /// Starts a throwaway server again that was stopped, or that still runs: then it is cut off first.
    pub(crate) async fn restart(&mut self) {
        let mut own = self.own.take().expect("a server of our own");
        own.cut_off();
        let Own { command, folder, .. } = own;
        self.run(command, folder).await;
    }

    /// The folder of a throwaway server: its socket, its log and what was prepared.
    pub(crate) fn folder(&self) -> &Path {
        self.own.as_ref().expect("a server of our own").folder.path()
    }

    /// Creates an empty database and answers with its URL.
    pub(crate) async fn new_database(&self) -> String {
        self.new_database_named(&format!("mysfits_test_{}", Uuid::new_v4().simple())).await
    }

    /// Creates an empty database of this name and answers with its URL.
    pub(crate) async fn new_database_named(&self, name: &str) -> String {
        let mut admin = self.connect().await;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        let (before, parameters) = self.admin_url.split_once('?').unwrap_or((&self.admin_url, ""));
        let (server, _) = before.rsplit_once('/').expect("the URL names a database");
        format!("{server}/{name}?{parameters}")
    }

    /// Ends a throwaway server at once, as if it had been cut off.
    pub(crate) fn stop(&mut self) {
        if let Some(own) = &mut self.own {
            own.cut_off();
        }
    }

    /// A connection that may do everything.
    pub(crate) async fn connect(&self) -> PgConnection {
        self.connect_to(&self.admin_url).await
    }

    /// The same, to one of the databases.
    pub(crate) async fn connect_to(&self, url: &str) -> PgConnection {
        let started = Instant::now();
        loop {
            match PgConnection::connect(url).await {
                Ok(connection) => return connection,
                Err(error) if started.elapsed() > PATIENCE => panic!("the server does not answer: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

impl Own {
    fn cut_off(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = Command::new("kill").arg("-QUIT").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The folder with `initdb` and `postgres`: from PATH, or the newest of those that Debian keeps apart.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    let debian = Path::new("/usr/lib/postgresql").read_dir().into_iter().flatten().flatten();
    let mut versions: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
}
