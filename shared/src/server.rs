//! The life of a server: bind → addr → run → stop, the same for every service.
//!
//! Sockets are bound before anything else runs, so a taken port fails at start and by name. Several servers of one process (the
//! public one, the internal one) stop together, in the reverse of their order, within one drain deadline.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer, web};
use anyhow::{Context as _, bail};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::body_limit::BodyLimit;
use crate::config::ListenAddr;
use crate::error;
use crate::shutdown::Shutdown;
use crate::telemetry::middleware::{ServerSpans, TrustedProxies};

/// How long requests under way may take to finish once a stop was asked for: a little more than the outbound deadline.
const DRAIN_DEADLINE: Duration = Duration::from_secs(12);

/// A bound socket that does not answer yet, and the variable that placed it.
#[derive(Debug)]
pub struct Listener {
    variable: &'static str,
    addr: SocketAddr,
    socket: TcpListener,
}

/// Binds a socket; `variable` is the setting to name when that fails.
///
/// # Errors
/// When the address cannot be resolved or is taken, naming variable and address.
pub fn bind(variable: &'static str, wanted: &ListenAddr) -> anyhow::Result<Listener> {
    let bound = wanted.resolve().and_then(|addrs| TcpListener::bind(addrs.as_slice()));
    let socket = bound.with_context(|| format!("cannot listen on {wanted} ({variable})"))?;
    Ok(Listener { variable, addr: socket.local_addr()?, socket })
}

impl Listener {
    /// The address that was bound, with the real port where 0 was asked for.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

/// What the servers of a process have in common.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Bodies above this many bytes are answered 413, whether the route reads them or not.
    pub max_body_bytes: usize,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Threads per server; each is a runtime of its own.
    pub workers: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        Self { max_body_bytes: 16 * 1024, trusted_proxies: TrustedProxies::default(), workers }
    }
}

/// A server that answers as soon as it is polled.
#[must_use = "a server runs only inside `run_until_stopped`"]
pub struct Running {
    name: String,
    server: Server,
}

/// Starts the workers of one server: server spans, body limit and the error envelope around `routes`, which runs once in each worker
/// and is the place to build what belongs to a worker, such as HTTP clients.
///
/// # Errors
/// When the operating system refuses the socket.
pub fn start<R>(listener: Listener, settings: &HttpSettings, routes: R) -> anyhow::Result<Running>
where
    R: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let Listener { variable, addr, socket } = listener;
    let HttpSettings { max_body_bytes, trusted_proxies, workers } = settings.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(BodyLimit::new(max_body_bytes))
            .wrap(ServerSpans::new(trusted_proxies.clone()))
            .configure(error::configure)
            .configure(routes.clone())
    })
    .workers(workers)
    .disable_signals()
    .shutdown_timeout(DRAIN_DEADLINE.as_secs() + 1) // ours comes first, and tells who was late
    .listen(socket)
    .with_context(|| format!("cannot serve on {addr} ({variable})"))?
    .run();
    Ok(Running { name: format!("{variable} {addr}"), server })
}

/// Runs the servers until `shutdown` is triggered, then lets requests under way finish, the last server first: put one that the
/// others lean on, such as the internal API, in front of them. What has not finished at the drain deadline, or when `shutdown` is
/// triggered again, is cut off and named in the log.
///
/// # Errors
/// When a server ends by itself, or fails while it stops.
pub async fn run_until_stopped(servers: Vec<Running>, shutdown: Shutdown) -> anyhow::Result<()> {
    let mut handles = Vec::new();
    let mut ends = FuturesUnordered::new();
    for Running { name, server } in servers {
        handles.push((name.clone(), server.handle()));
        ends.push(async move { (name, server.await) });
    }
    tokio::select! {
        Some((name, result)) = ends.next() => {
            result.with_context(|| format!("the server on {name} failed"))?;
            bail!("the server on {name} ended by itself");
        }
        () = shutdown.requested() => {}
    }
    let stopping = async {
        while let Some((name, handle)) = handles.last() {
            // A server answers the order only while its own future is polled, here beside this one.
            handle.stop(true).await;
            tracing::debug!(server.name = name, "{name} stopped");
            handles.pop();
        }
    };
    let ended = async {
        while let Some((name, result)) = ends.next().await {
            result.with_context(|| format!("the server on {name} failed while stopping"))?;
        }
        Ok(())
    };
    let cut_off = tokio::select! {
        ((), result) = async { tokio::join!(stopping, ended) } => return result,
        () = shutdown.forced() => "was told to stop at once",
        () = tokio::time::sleep(DRAIN_DEADLINE) => "had requests left at the drain deadline",
    };
    for (name, _) in handles.iter().rev() {
        tracing::warn!(server.name = name, "the server on {name} {cut_off}");
    }
    Ok(()) // dropping a server's future closes its connections
}
