//! What both services need, and nothing of the Mysfits: configuration, errors, the life cycle of a server, outbound calls, telemetry.
//!
//! Modules in reading order. A service's `main` reads an [`Environment`](config::Environment), starts [`telemetry`] first,
//! runs its servers with [`server`] until [`shutdown::Shutdown`] is triggered, and ends telemetry outside the runtime.
//! A handler answers with [`error::ApiError`]; a call to another service goes through [`http_client`].
//!
//! The whole of a service's `main`, and of its only client:
//!
//! ```no_run
//! use actix_web::{HttpResponse, web};
//! use shared::config::{Environment, ListenAddr};
//! use shared::error::ApiError;
//! use shared::http_client::{HttpClient, Upstream};
//! use shared::server::{self, HttpSettings};
//! use shared::shutdown::Shutdown;
//! use shared::telemetry::{self, TelemetryConfig};
//!
//! async fn like(id: web::Path<String>, likes: web::Data<HttpClient>) -> Result<HttpResponse, ApiError> {
//!     telemetry::annotate("mysfit_id", id.clone());
//!     let answer = likes.post(&format!("/mysfits/{id}/like")).idempotency_key("one-click").send().await?;
//!     Ok(answer.into_response())
//! }
//!
//! fn main() -> anyhow::Result<()> {
//!     let environment = Environment::from_process();
//!     let config = TelemetryConfig::from_environment(&environment, "monolith", env!("CARGO_PKG_VERSION"))?;
//!     let telemetry = telemetry::init(&config)?; // outside the runtime: its flush must not wait for itself
//!     let served = actix_web::rt::System::new().block_on(async {
//!         let listener = server::bind("LISTEN_ADDR", &environment.listen_addr("LISTEN_ADDR", ListenAddr::loopback(8080))?)?;
//!         let likes = Upstream::new("like service", "http://127.0.0.1:8081")?;
//!         tracing::info!("listening on {}", listener.addr());
//!         let running = server::start(listener, &HttpSettings::default(), move |routes| {
//!             let likes = likes.connect().expect("the HTTP client needs nothing from outside"); // one for each worker
//!             routes.app_data(web::Data::new(likes)).route("/mysfits/{id}/like", web::post().to(like));
//!         })?;
//!         server::run_until_stopped(vec![running], Shutdown::on_signals()?).await
//!     });
//!     telemetry.shutdown();
//!     served
//! }
//! ```
//!
//! [`sampler`] stands on its own: X-Ray's centralized sampling, for whoever wants nothing else of this crate.
//!
//! What never belongs here: a mysfit, a like, a table, a URL of one of the services.

pub mod config;
pub mod error;

pub mod body_limit;
pub mod internal;
pub mod server;
pub mod shutdown;

pub mod healthcheck;

pub mod http_client;

pub mod sampler;
pub mod telemetry;
