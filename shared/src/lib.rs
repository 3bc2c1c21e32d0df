//! What both services need, and nothing of the Mysfits: configuration, errors, the life cycle of a server, outbound calls, telemetry.
//!
//! Modules in reading order. A [`Service`] is telemetry, a listener and its routes in one call. A service with more listeners reads an
//! [`Environment`](config::Environment), and inside [`telemetry::run`] it runs its servers with [`server`] until [`shutdown::Shutdown`] is
//! triggered. A handler answers with [`error::ApiError`]; a call to another service goes through [`http_client`].
//!
//! The whole of a service that calls another one:
//!
//! ```no_run
//! use actix_web::{HttpResponse, web};
//! use shared::config::Environment;
//! use shared::error::ApiError;
//! use shared::http_client::{HttpClient, Upstream};
//! use shared::{Service, telemetry};
//!
//! async fn like(id: web::Path<String>, likes: web::Data<HttpClient>) -> Result<HttpResponse, ApiError> {
//!     telemetry::annotate("mysfit_id", id.clone());
//!     let answer = likes.post(&format!("/mysfits/{id}/like")).idempotency_key("one-click").send().await?;
//!     Ok(answer.into_response())
//! }
//!
//! fn main() -> anyhow::Result<()> {
//!     let likes = Upstream::new("like service", "http://127.0.0.1:8081")?;
//!     let service = Service { name: "monolith", version: env!("CARGO_PKG_VERSION"), port: 8080 };
//!     service.run(&Environment::from_process(), move |routes| {
//!         let likes = web::Data::new(likes.connect()); // one for each worker
//!         routes.app_data(likes).route("/mysfits/{id}/like", web::post().to(like));
//!     })
//! }
//! ```
//!
//! [`sampler`] stands on its own: X-Ray's centralized sampling, for whoever wants nothing else of this crate.
//!
//! What never belongs here: a mysfit, a like, a table, a URL of one of the services.

pub mod config;
pub mod error;

mod body_limit;
pub mod internal;
pub mod server;
pub mod shutdown;

mod service;

pub mod healthcheck;

pub mod http_client;

pub mod sampler;
pub mod telemetry;

pub use service::Service;
