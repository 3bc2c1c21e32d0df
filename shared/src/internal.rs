//! What the internal listener of a service has: a token at the door, the switch of the log level, and the addresses of a service that
//! it calls.
//!
//! ```console
//! $ curl 127.0.0.1:8091/log-level
//! {"level":"info"}
//! $ curl -X PUT 127.0.0.1:8091/log-level -H 'content-type: application/json' -d '{"level":"debug"}'
//! {"level":"debug"}
//! $ curl 127.0.0.1:8090/like-addresses
//! {"addresses":["http://127.0.0.1:8081"],"resting":[]}
//! $ curl -X PUT 127.0.0.1:8090/like-addresses -H 'content-type: application/json' \
//!     -d '{"addresses":["http://127.0.0.1:8081","http://127.0.0.1:8082"]}'
//! {"addresses":["http://127.0.0.1:8081","http://127.0.0.1:8082"],"resting":[]}
//! ```
//!
//! The public listener must never offer any of this.

use actix_web::{HttpRequest, Resource, web};
use serde::{Deserialize, Serialize};

use crate::config::Secret;
use crate::error::{ApiError, method_not_allowed};
use crate::http_client::{AddressesError, INTERNAL_TOKEN, Upstream};
use crate::telemetry::log_level::{LogLevel, NotRunning, log_level, set_log_level};

/// What callers of an internal listener must show in `X-Internal-Token`, if anything.
#[derive(Clone, Debug, Default)]
pub struct InternalToken(Option<Secret>);

impl InternalToken {
    /// Asks for `token`, or for nothing where there is none.
    pub fn new(token: Option<Secret>) -> Self {
        Self(token)
    }

    /// Lets a caller pass who shows the token, or anybody where none is set.
    ///
    /// # Errors
    /// 401 for everybody else.
    pub fn check(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let Some(token) = &self.0 else { return Ok(()) };
        let shown = request.headers().get(INTERNAL_TOKEN).and_then(|value| value.to_str().ok());
        match shown {
            Some(shown) if token.matches(shown) => Ok(()),
            _ => Err(ApiError::unauthorized("the internal API needs its token in X-Internal-Token")),
        }
    }
}

/// The log level at `path`: GET tells it, PUT changes it. Needs an [`InternalToken`] as `web::Data`, and answers 500 without one
/// rather than stand open.
pub fn log_level_at(path: &str) -> Resource {
    let resource = web::resource(path).route(web::get().to(show)).route(web::put().to(change));
    resource.default_service(method_not_allowed("GET, PUT"))
}

/// The JSON of question and answer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelBody {
    level: LogLevel,
}

async fn show(request: HttpRequest, token: web::Data<InternalToken>) -> Result<web::Json<LevelBody>, ApiError> {
    token.check(&request)?;
    Ok(web::Json(LevelBody { level: log_level()? }))
}

async fn change(
    request: HttpRequest,
    token: web::Data<InternalToken>,
    wanted: web::Json<LevelBody>,
) -> Result<web::Json<LevelBody>, ApiError> {
    token.check(&request)?;
    set_log_level(wanted.level)?;
    Ok(wanted)
}

/// The addresses of `upstream` at `path`: GET tells them and which of them are given a pause, PUT replaces them for the whole process.
/// Needs an [`InternalToken`] as `web::Data`, and answers 500 without one rather than stand open.
pub fn addresses_at(path: &str, upstream: Upstream) -> Resource {
    let resource = web::resource(path).app_data(web::Data::new(upstream));
    let resource = resource.route(web::get().to(show_addresses)).route(web::put().to(change_addresses));
    resource.default_service(method_not_allowed("GET, PUT"))
}

/// The JSON of a wish.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedAddresses {
    addresses: Vec<String>,
}

/// The JSON of an answer.
#[derive(Serialize)]
struct AddressesBody {
    addresses: Vec<String>,
    resting: Vec<String>,
}

impl AddressesBody {
    fn of(upstream: &Upstream) -> Self {
        Self { addresses: upstream.addresses(), resting: upstream.resting_addresses() }
    }
}

async fn show_addresses(
    request: HttpRequest,
    token: web::Data<InternalToken>,
    upstream: web::Data<Upstream>,
) -> Result<web::Json<AddressesBody>, ApiError> {
    token.check(&request)?;
    Ok(web::Json(AddressesBody::of(&upstream)))
}

async fn change_addresses(
    request: HttpRequest,
    token: web::Data<InternalToken>,
    upstream: web::Data<Upstream>,
    wanted: web::Json<WantedAddresses>,
) -> Result<web::Json<AddressesBody>, ApiError> {
    token.check(&request)?;
    upstream.set_addresses(wanted.addresses.iter().map(String::as_str))?;
    let body = AddressesBody::of(&upstream);
    tracing::info!(peer.service = upstream.name(), "{} is called at {}", upstream.name(), body.addresses.join(", "));
    Ok(web::Json(body))
}

impl From<AddressesError> for ApiError {
    fn from(error: AddressesError) -> Self {
        Self::bad_request(format!("the list of addresses cannot be used: {error}"))
    }
}

impl From<NotRunning> for ApiError {
    fn from(error: NotRunning) -> Self {
        Self::unavailable("there is no log whose level could be told or changed").caused_by(error)
    }
}
