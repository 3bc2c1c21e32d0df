//! The local stack as a user of Docker starts it: images from the real Dockerfile, the real compose file, a project of its own name.

use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::xray::Xray;

/// Longest wait for a container to become healthy; PostgreSQL may have to recover first.
const HEALTH_DEADLINE: Duration = Duration::from_secs(180);

/// What is asked of a stack beyond the plain compose file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup<'a> {
    /// Tells this stack from those of other tests.
    pub name: &'a str,
    /// What the compose files read from the environment.
    pub variables: &'a [(&'a str, &'a str)],
    /// Compose files on top of `docker-compose.yml`, from the project's folder.
    pub overrides: &'a [&'a str],
    /// Whether visitors and health checks come along: the profile `traffic`.
    pub has_traffic: bool,
    /// Services of which there are several.
    pub scale: &'a [(&'a str, u16)],
}

/// A running stack; its containers, networks and volumes go with it.
#[derive(Debug)]
pub struct Containers {
    project: String,
    /// What stands between `docker-compose` and its command.
    options: Vec<String>,
    variables: Vec<(String, String)>,
    sites: Vec<String>,
    xray_port: u16,
}

impl Containers {
    /// The services of the stack, in the order of their start.
    pub const SERVICES: [&str; 4] = ["postgres", "local-xray", "like-service", "monolith"];

    /// Builds the images, starts the stack on free ports and waits until every container is healthy.
    ///
    /// # Errors
    ///
    /// When Docker is missing or the stack does not come up; the text has what Docker said and the containers' last lines.
    pub async fn start(setup: &Setup<'_>) -> Result<Self> {
        let sites = setup.scale.iter().find(|(service, _)| *service == "monolith").map_or(1, |(_, count)| *count);
        let ports = FreePorts::find(sites)?;
        let mut options = Vec::new();
        for file in ["docker-compose.yml"].iter().chain(setup.overrides) {
            options.extend(["--file".to_owned(), root().join(file).display().to_string()]);
        }
        if setup.has_traffic {
            options.extend(["--profile".to_owned(), "traffic".to_owned()]);
        }
        let given = setup.variables.iter().map(|(variable, value)| ((*variable).to_owned(), (*value).to_owned()));
        let mut stack = Self {
            project: format!("mysfits-test-{}-{}", setup.name, std::process::id()),
            options,
            sites: Vec::new(),
            xray_port: ports.xray,
            variables: ports.variables().into_iter().chain(given).collect(),
        };
        let scale: Vec<String> =
            setup.scale.iter().map(|(service, count)| format!("--scale={service}={count}")).collect();
        let scale: Vec<&str> = scale.iter().map(String::as_str).collect();
        stack.compose(&["build"])?;
        stack.compose(&[&["up", "--detach"], scale.as_slice()].concat())?;
        for service in Self::SERVICES {
            stack.wait_until_healthy(service).await?;
        }
        let site = |container: &String| {
            let address = docker(&["port", container, "8080/tcp"])?;
            Ok(format!("http://{}", address.lines().next().context("the site has a port")?))
        };
        stack.sites = stack.containers("monolith")?.iter().map(site).collect::<Result<_>>()?;
        Ok(stack)
    }

    /// The URL of a page or call of the web site; where there are several monoliths, that of the first.
    #[must_use]
    pub fn site(&self, path: &str) -> String {
        format!("{}{path}", self.sites.first().map_or("", String::as_str))
    }

    /// The URL of each monolith's web site, without a slash.
    #[must_use]
    pub fn sites(&self) -> &[String] {
        &self.sites
    }

    /// The URL of a page or call of the local X-Ray.
    #[must_use]
    pub fn console(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.xray_port)
    }

    /// A client of the local X-Ray's API.
    #[must_use]
    pub fn xray(&self) -> Xray {
        Xray::new(&self.console(""))
    }

    /// Ends the containers of a service as a crash would.
    ///
    /// # Errors
    ///
    /// When Docker refuses.
    pub fn kill(&self, service: &str) -> Result<()> {
        self.compose(&["kill", "-s", "SIGKILL", service]).map(drop)
    }

    /// Ends the containers of a service as `docker compose stop` does.
    ///
    /// # Errors
    ///
    /// When Docker refuses.
    pub fn stop(&self, service: &str) -> Result<()> {
        self.compose(&["stop", service]).map(drop)
    }

    /// Starts the containers of a service that was ended, and waits until they are healthy.
    ///
    /// # Errors
    ///
    /// As [`Containers::start`].
    pub async fn start_again(&self, service: &str) -> Result<()> {
        self.compose(&["start", service])?;
        self.wait_until_healthy(service).await
    }

    /// Puts a new container in the place of the local X-Ray's, with the same traces and another address; the old address goes to somebody
    /// who takes no traces.
    ///
    /// # Errors
    ///
    /// As [`Containers::start`].
    pub async fn move_xray(&self) -> Result<()> {
        const ADDRESSES: &str = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
        let before = self.inspect("local-xray", ADDRESSES)?;
        self.compose(&["rm", "--stop", "--force", "local-xray"])?;
        self.compose(&["run", "--detach", "--no-deps", "-e", "OTEL_TRACES_EXPORTER=none", "like-service"])?;
        self.compose(&["up", "--detach", "--no-deps", "local-xray"])?;
        ensure!(self.inspect("local-xray", ADDRESSES)? != before, "the new container has the old address, {before:?}");
        self.wait_until_healthy("local-xray").await
    }

    /// Runs a command in the first container of a service and returns what it wrote.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn execute(&self, service: &str, command: &[&str]) -> Result<String> {
        self.compose(&[&["exec", "-T", service], command].concat())
    }

    /// What `docker inspect` tells of each container of a service, by Go template.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn inspect(&self, service: &str, template: &str) -> Result<Vec<String>> {
        let containers = self.containers(service)?;
        let containers = containers.iter().map(String::as_str);
        let arguments: Vec<&str> = ["inspect", "--format", template].into_iter().chain(containers).collect();
        Ok(docker(&arguments)?.lines().map(str::to_owned).collect())
    }

    /// The ids of a service's containers.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn containers(&self, service: &str) -> Result<Vec<String>> {
        let ids: Vec<String> = self.compose(&["ps", "--quiet", service])?.lines().map(str::to_owned).collect();
        ensure!(!ids.is_empty(), "{service} has no container");
        Ok(ids)
    }

    /// Waits until every container of a service is healthy, or runs where nothing checks its health.
    ///
    /// # Errors
    ///
    /// When one does not become so; the text has the last lines of their logs.
    pub async fn wait_until_healthy(&self, service: &str) -> Result<()> {
        const STATE: &str = "{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}}";
        let started = Instant::now();
        loop {
            let health = self.inspect(service, STATE)?;
            if health.iter().all(|health| health == "running healthy" || health == "running unchecked") {
                return Ok(());
            }
            if started.elapsed() > HEALTH_DEADLINE {
                let logs = self.compose(&["logs", "--no-color", "--tail=30", service]).unwrap_or_default();
                bail!("{service} is {} after {} s:\n{logs}", health.join(", "), started.elapsed().as_secs());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn compose(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.compose_command();
        command.args(arguments);
        succeeded(&mut command)
    }

    fn compose_command(&self) -> Command {
        let mut command = if succeeded(tool("docker").args(["compose", "version"])).is_ok() {
            let mut docker = tool("docker");
            docker.arg("compose");
            docker
        } else {
            tool("docker-compose")
        };
        command.args(["--project-name", &self.project]).args(&self.options);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        let mut down = self.compose_command();
        down.args(["down", "--volumes", "--remove-orphans", "--timeout", "5"]);
        let _said_on_stderr = down.stdout(Stdio::null()).status();
    }
}

/// Runs `docker` with these arguments and returns what it wrote.
///
/// # Errors
///
/// When it is missing or fails.
pub fn docker(arguments: &[&str]) -> Result<String> {
    succeeded(tool("docker").args(arguments))
}

/// The folder of the compose file and of everything that images are built from.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A Docker program that builds with BuildKit: a client without the buildx plugin would quietly use the old builder, but Debian's own
/// client drives the engine's BuildKit by itself. The same choice as in `e2e/containers/docker-client`.
fn tool(name: &str) -> Command {
    static DEBIAN_FIRST: LazyLock<bool> = LazyLock::new(|| {
        let buildx = Command::new("docker").args(["buildx", "version"]).output();
        !buildx.is_ok_and(|output| output.status.success())
    });
    let debian = Path::new("/usr/bin").join(name);
    let mut command = if *DEBIAN_FIRST && debian.is_file() { Command::new(debian) } else { Command::new(name) };
    command.env("DOCKER_BUILDKIT", "1").env("COMPOSE_DOCKER_CLI_BUILD", "1");
    if *DEBIAN_FIRST {
        // docker-compose itself starts the first `docker` that it finds.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("/usr/bin:{path}"));
    }
    command
}

fn succeeded(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().with_context(|| {
        format!(
            "{} does not start; on Debian: apt-get install docker.io docker-compose",
            command.get_program().display()
        )
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(status.success(), "{command:?} ended with {status}:\n{}{}", text(&stdout), text(&stderr));
    Ok(text(&stdout))
}

/// Ports that were free a moment ago. Docker could choose free ones by itself, but would choose others after a restart.
struct FreePorts {
    /// As many neighbours as there are monoliths.
    sites: RangeInclusive<u16>,
    xray: u16,
    otlp_grpc: u16,
    otlp_http: u16,
}

impl FreePorts {
    fn find(sites: u16) -> Result<Self> {
        let listen = |port: u16| TcpListener::bind(("127.0.0.1", port));
        let free = || -> Result<(u16, TcpListener)> {
            let listener = listen(0)?;
            Ok((listener.local_addr()?.port(), listener))
        };
        let ((xray, _a), (otlp_grpc, _b), (otlp_http, _c)) = (free()?, free()?, free()?);
        for _attempt in 0..100 {
            let (first, _first) = free()?;
            let Some(last) = first.checked_add(sites.saturating_sub(1)) else { continue };
            if (first..=last).skip(1).all(|port| listen(port).is_ok()) {
                return Ok(Self { sites: first..=last, xray, otlp_grpc, otlp_http });
            }
        }
        bail!("no {sites} free ports lie side by side")
    }

    fn variables(&self) -> [(String, String); 4] {
        let sites = match (self.sites.start(), self.sites.end()) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        };
        [
            ("SITE_PORT", sites),
            ("XRAY_PORT", self.xray.to_string()),
            ("OTLP_GRPC_PORT", self.otlp_grpc.to_string()),
            ("OTLP_HTTP_PORT", self.otlp_http.to_string()),
        ]
        .map(|(variable, value)| (variable.to_owned(), value))
    }
}
