//! The monolith in three verbs: `build` binds every socket, `addr` says where, `run_until_stopped` runs.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web;
use shared::http_client::Upstream;
use shared::internal::InternalToken;
use shared::server::{self, Running};
use shared::shutdown::Shutdown;

use crate::config::{Config, INTERNAL_LISTEN_ADDR, LISTEN_ADDR, SiteSettings};
use crate::like_client::LikeClient;
use crate::routes;
use crate::store::{self, Store};

/// What handlers work with; each worker has one of its own.
pub struct AppState {
    /// The mysfits and their likes; shared by all workers.
    pub store: Arc<dyn Store>,
    /// This worker's line to the Like service.
    pub like_service: LikeClient,
    /// What the web site needs to know.
    pub site: SiteSettings,
}

/// A monolith whose sockets are bound and whose database is open.
pub struct App {
    addr: SocketAddr,
    internal_addr: SocketAddr,
    servers: Vec<Running>,
    store: Arc<dyn Store>,
}

impl App {
    /// Binds both sockets, opens the database and starts the workers.
    ///
    /// # Errors
    ///
    /// Fails when a port is taken, naming its variable, or when the database cannot be opened.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let public = server::bind(LISTEN_ADDR, &config.servers.public)?;
        let internal = server::bind(INTERNAL_LISTEN_ADDR, &config.servers.internal)?;
        let (addr, internal_addr) = (public.addr(), internal.addr());
        let store = store::open(&config.database).await?;
        let parts = Parts { store: Arc::clone(&store), like_service: config.like_service.upstream.clone(), config };
        let http = parts.config.servers.http.clone();
        // Stopped in reverse, because a like that is under way comes back through the internal listener.
        let servers = vec![
            server::start(internal, &http, parts.routes(routes::internal))?,
            server::start(public, &http, parts.routes(|settings, _| routes::public(settings)))?,
        ];
        Ok(App { addr, internal_addr, servers, store })
    }

    /// Where the site and the public API listen.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where the internal API listens.
    pub fn internal_addr(&self) -> SocketAddr {
        self.internal_addr
    }

    /// Serves until `shutdown` is triggered, lets requests under way finish, then closes the database.
    ///
    /// # Errors
    ///
    /// Fails when a server ends by itself.
    pub async fn run_until_stopped(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let served = server::run_until_stopped(self.servers, shutdown).await;
        self.store.close().await;
        served
    }
}

/// What every worker's state is made of.
#[derive(Clone)]
struct Parts {
    store: Arc<dyn Store>,
    like_service: Upstream,
    config: Config,
}

impl Parts {
    fn for_worker(&self) -> AppState {
        AppState {
            store: Arc::clone(&self.store),
            like_service: LikeClient::connect(&self.like_service),
            site: self.config.site.clone(),
        }
    }

    /// The routes of one listener together with the state that they need.
    fn routes(
        &self,
        routes: fn(&mut web::ServiceConfig, &Upstream),
    ) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
        let parts = self.clone();
        move |settings| {
            let token = InternalToken::new(parts.config.servers.internal_token.clone());
            settings.app_data(web::Data::new(parts.for_worker())).app_data(web::Data::new(token));
            routes(settings, &parts.like_service);
        }
    }
}
