//! Wiring: every part is built and every socket bound in [`App::build`]; [`App::run_until_stopped`] runs them and stops
//! them in reverse.

mod bind;

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_rt::task::JoinHandle;
use actix_web::dev::{Server, ServerHandle};
use actix_web::{HttpServer, middleware, web};
use anyhow::Context;

use crate::access::{self, Access};
use crate::config::Config;
use crate::document::Timestamp;
use crate::ingest::udp::{DatagramServer, DatagramSocket};
use crate::ingest::{Intake, otlp};
use crate::limits::Limits;
use crate::logs::Logs;
use crate::routes;
use crate::settings::Settings;
use crate::state::AppState;
use crate::store::Store;

/// How many threads answer HTTP on the main port.
const WORKERS: usize = 2;
/// How long requests may take to finish once the local X-Ray is told to stop.
const DRAIN_SECONDS: u64 = 3;

/// A local X-Ray with all its sockets bound, ready to run.
pub struct App {
    state: AppState,
    access: Access,
    main: TcpListener,
    datagrams: DatagramSocket,
    otlp_http: TcpListener,
    otlp_grpc: TcpListener,
    addresses: Addresses,
}

#[derive(Debug, Clone, Copy)]
struct Addresses {
    main: SocketAddr,
    otlp_http: SocketAddr,
    otlp_grpc: SocketAddr,
}

impl App {
    /// Builds every part and binds every socket.
    ///
    /// # Errors
    /// When a port is taken (the message names the flag that moves it), when the settings would open the traces to the
    /// network without saying so, or when the data folder cannot be used.
    #[expect(clippy::unused_async, reason = "the three verbs of an app are the same everywhere")]
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let access = Access::new(&config)?;
        let (main, datagrams) = bind::tcp_and_udp(config.listen).context("--listen (LOCAL_XRAY_LISTEN)")?;
        let otlp_grpc = bind::tcp(config.otlp_grpc).context("--otlp-grpc (LOCAL_XRAY_OTLP_GRPC)")?;
        let otlp_http = bind::tcp(config.otlp_http).context("--otlp-http (LOCAL_XRAY_OTLP_HTTP)")?;
        let addresses = Addresses {
            main: main.local_addr()?,
            otlp_http: otlp_http.local_addr()?,
            otlp_grpc: otlp_grpc.local_addr()?,
        };
        let store = Store::open(&config.store).context("--data chooses another folder, --in-memory does without")?;
        // After the store, which makes sure that nobody else has the folder.
        let logs = Logs::open(&config.logs)?;
        let intake = Intake::new(store.clone(), logs.clone(), config.store.max_memory);
        intake.watch_udp(datagrams.probe());
        let limits = Limits::new(config.strict);
        let now = Timestamp::now();
        let settings = match &config.store.folder {
            Some(folder) => Settings::open(folder, limits, now)?,
            None => Settings::new(limits, now),
        };
        let state = AppState { store, logs, intake, settings, limits, is_protected: config.token.is_some() };
        Ok(Self { state, access, main, datagrams, otlp_http, otlp_grpc, addresses })
    }

    /// Where UDP segments, the API, OTLP/HTTP and the console are: the same number for TCP and UDP.
    pub fn addr(&self) -> SocketAddr {
        self.addresses.main
    }

    /// Where OTLP over gRPC is.
    pub fn otlp_grpc_addr(&self) -> SocketAddr {
        self.addresses.otlp_grpc
    }

    /// Where OTLP over HTTP is, besides the main address.
    pub fn otlp_http_addr(&self) -> SocketAddr {
        self.addresses.otlp_http
    }

    /// The store and the intake, for a program that runs the local X-Ray inside itself.
    pub fn state(&self) -> AppState {
        self.state.clone()
    }

    /// Serves until `stop` resolves, then lets requests finish and stops in reverse order. Runs on an actix system.
    ///
    /// # Errors
    /// When a server cannot start, or ends by itself.
    pub async fn run_until_stopped(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let grpc = otlp::GrpcServer::start(self.otlp_grpc, self.state.intake.clone()).context("starting OTLP/gRPC")?;
        let mut otlp_http = Running::start("OTLP/HTTP", otlp_http_server(self.otlp_http, self.state.clone())?);
        let mut main = Running::start("HTTP", main_server(self.main, self.state.clone(), self.access)?);
        let datagrams = DatagramServer::start(self.datagrams, &self.state.intake).context("receiving datagrams")?;

        let ended = tokio::select! {
            () = stop => Ok(()),
            early = main.ended() => early,
            early = otlp_http.ended() => early,
        };
        tracing::info!("stopping");
        datagrams.stop().await;
        main.stop().await;
        otlp_http.stop().await;
        grpc.stop().await;
        ended
    }
}

/// An HTTP server at work.
struct Running {
    name: &'static str,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    fn start(name: &'static str, server: Server) -> Self {
        Self { name, handle: server.handle(), task: actix_rt::spawn(server) }
    }

    /// Resolves only when the server ends although nobody stopped it.
    async fn ended(&mut self) -> anyhow::Result<()> {
        let name = self.name;
        let ended = (&mut self.task).await;
        ended.with_context(|| format!("{name} panicked"))?.with_context(|| format!("{name} failed"))?;
        anyhow::bail!("{name} ended by itself")
    }

    async fn stop(self) {
        self.handle.stop(true).await;
    }
}

fn main_server(listener: TcpListener, state: AppState, access: Access) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(web::Data::new(state.clone()))
            .app_data(web::Data::new(access.clone()))
            .wrap(middleware::from_fn(access::check))
            .configure(routes::main_port)
    });
    Ok(server.workers(WORKERS).shutdown_timeout(DRAIN_SECONDS).disable_signals().listen(listener)?.run())
}

fn otlp_http_server(listener: TcpListener, state: AppState) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        actix_web::App::new().app_data(web::Data::new(state.clone())).configure(routes::otlp_http_port)
    });
    Ok(server.workers(1).shutdown_timeout(DRAIN_SECONDS).disable_signals().listen(listener)?.run())
}
