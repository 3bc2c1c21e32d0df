//! The service as a value: built with every socket bound, asked for its addresses, run until stopped.

use std::net::SocketAddr;

use actix_web::web;
use anyhow::Context as _;
use shared::internal::InternalToken;
use shared::server::{self, Running};
use shared::shutdown::Shutdown;

use crate::chaos::Switch;
use crate::chaos::burner::Burner;
use crate::config::{Config, INTERNAL_LISTEN_ADDR, LISTEN_ADDR};
use crate::monolith_client::MonolithClient;
use crate::routes;

/// The Like service, bound but not answering yet.
#[must_use = "an app answers only inside `run_until_stopped`"]
pub struct App {
    addr: SocketAddr,
    internal_addr: SocketAddr,
    servers: Vec<Running>,
}

impl App {
    /// Binds both listeners and prepares their servers; call it on an actix system.
    ///
    /// # Errors
    /// When a port is taken, naming its variable, or the system refuses a thread.
    pub fn build(config: Config) -> anyhow::Result<Self> {
        let Config { public, internal, http, monolith, internal_token, chaos } = config;
        let public = server::bind(LISTEN_ADDR, &public)?;
        let internal = server::bind(INTERNAL_LISTEN_ADDR, &internal)?;
        let (addr, internal_addr) = (public.addr(), internal.addr());

        let switch = web::Data::new(Switch::new(chaos));
        let burner = web::Data::new(Burner::start().context("cannot start the thread that burns CPU")?);
        let for_public = switch.clone();
        let public = server::start(public, &http, move |service| {
            let monolith = web::Data::new(MonolithClient::connect(&monolith));
            service.app_data(for_public.clone()).app_data(burner.clone()).app_data(monolith);
            routes::public(service);
        })?;
        let token = web::Data::new(InternalToken::new(internal_token));
        let internal = server::start(internal, &http, move |service| {
            service.app_data(switch.clone()).app_data(token.clone());
            routes::internal(service);
        })?;
        Ok(Self { addr, internal_addr, servers: vec![internal, public] })
    }

    /// Where likes are taken.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where the switches of chaos and of the log level are.
    pub const fn internal_addr(&self) -> SocketAddr {
        self.internal_addr
    }

    /// Answers until `shutdown` is triggered; likes under way may finish.
    ///
    /// # Errors
    /// When a server fails.
    pub async fn run_until_stopped(self, shutdown: Shutdown) -> anyhow::Result<()> {
        server::run_until_stopped(self.servers, shutdown).await
    }
}
