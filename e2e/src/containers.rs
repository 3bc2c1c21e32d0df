//! The local stack as a user of Docker starts it: images from the real Dockerfile, the real compose file, a project of its own name.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::xray::Xray;

/// Longest wait for a container to become healthy; PostgreSQL may have to recover first.
const HEALTH_DEADLINE: Duration = Duration::from_secs(180);

/// A running stack; its containers, networks and volumes go with it.
#[derive(Debug)]
pub struct Containers {
    project: String,
    variables: Vec<(String, String)>,
    site_port: u16,
    xray_port: u16,
}

impl Containers {
    /// The services of the stack, in the order of their start.
    pub const SERVICES: [&str; 4] = ["postgres", "local-xray", "like-service", "monolith"];

    /// Builds the images, starts the stack on free ports and waits until every container is healthy. `name` tells this stack from those
    /// of other tests.
    ///
    /// # Errors
    ///
    /// When Docker is missing or the stack does not come up; the text has what Docker said and the containers' last lines.
    pub async fn start(name: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let [site_port, xray_port, grpc_port, http_port] = free_ports()?;
        let ports = [
            ("SITE_PORT", site_port),
            ("XRAY_PORT", xray_port),
            ("OTLP_GRPC_PORT", grpc_port),
            ("OTLP_HTTP_PORT", http_port),
        ];
        let ports = ports.map(|(variable, port)| (variable.to_owned(), port.to_string()));
        let given = variables.iter().map(|(variable, value)| ((*variable).to_owned(), (*value).to_owned()));
        let stack = Self {
            project: format!("mysfits-test-{name}-{}", std::process::id()),
            variables: ports.into_iter().chain(given).collect(),
            site_port,
            xray_port,
        };
        stack.compose(&["build"])?;
        stack.compose(&["up", "--detach"])?;
        for service in Self::SERVICES {
            stack.wait_until_healthy(service).await?;
        }
        Ok(stack)
    }

    /// The URL of a page or call of the web site.
    #[must_use]
    pub fn site(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.site_port)
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

    /// Ends a container as a crash would.
    ///
    /// # Errors
    ///
    /// When Docker refuses.
    pub fn kill(&self, service: &str) -> Result<()> {
        self.compose(&["kill", "-s", "SIGKILL", service]).map(drop)
    }

    /// Starts a container that was killed, and waits until it is healthy.
    ///
    /// # Errors
    ///
    /// As [`Containers::start`].
    pub async fn start_again(&self, service: &str) -> Result<()> {
        self.compose(&["start", service])?;
        self.wait_until_healthy(service).await
    }

    /// Runs a command in a container and returns what it wrote.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn execute(&self, service: &str, command: &[&str]) -> Result<String> {
        self.compose(&[&["exec", "-T", service], command].concat())
    }

    /// What `docker inspect` tells of a container, by Go template.
    ///
    /// # Errors
    ///
    /// When there is no such container.
    pub fn inspect(&self, service: &str, template: &str) -> Result<String> {
        docker(&["inspect", "--format", template, &self.container(service)?])
    }

    fn container(&self, service: &str) -> Result<String> {
        let id = self.compose(&["ps", "--quiet", service])?;
        ensure!(!id.trim().is_empty(), "{service} has no container");
        Ok(id.trim().to_owned())
    }

    async fn wait_until_healthy(&self, service: &str) -> Result<()> {
        let started = Instant::now();
        loop {
            let health = self.inspect(service, "{{.State.Status}} {{.State.Health.Status}}")?;
            match health.trim() {
                "running healthy" => return Ok(()),
                _ if started.elapsed() < HEALTH_DEADLINE => tokio::time::sleep(Duration::from_millis(200)).await,
                other => {
                    let logs = self.compose(&["logs", "--no-color", "--tail=30", service]).unwrap_or_default();
                    bail!("{service} is {other} after {} s:\n{logs}", started.elapsed().as_secs());
                }
            }
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
        command.args(["--project-name", &self.project, "--file"]).arg(root().join("docker-compose.yml"));
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
fn free_ports() -> Result<[u16; 4]> {
    let listeners = [(); 4].map(|()| TcpListener::bind(("127.0.0.1", 0)));
    let mut ports = [0; 4];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.as_ref().ok().context("a free port")?.local_addr()?.port();
    }
    Ok(ports)
}
