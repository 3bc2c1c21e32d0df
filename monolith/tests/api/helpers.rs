//! What every test starts from: `spawn_app`, a client that holds each answer against the API's own description, and a Like
//! service that does as it is told.

mod documented;
mod like_service;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use actix_rt::task::JoinHandle;
use monolith::config::{Config, LikeServiceConfig};
use monolith::like_client::LIKE_SERVICE;
use monolith::{App, SERVICE_NAME};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use shared::config::Environment;
use shared::http_client::Upstream;
use shared::shutdown::Shutdown;
use shared::telemetry::{self, Telemetry, TelemetryConfig};
use tempfile::TempDir;

pub(crate) use self::documented::Documented;
pub(crate) use self::like_service::LikeService;

/// The id of Evangeline, first of the roster.
pub(crate) const EVANGELINE: &str = "4e53920c-505a-4a90-a694-b9300791f0ae";
/// An id in the right form that nobody has.
pub(crate) const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A running monolith; it stops when the test ends.
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) internal_url: String,
    pub(crate) database_file: std::path::PathBuf,
    documented: Documented,
    client: reqwest::Client,
    shutdown: Shutdown,
    running: JoinHandle<anyhow::Result<()>>,
    _folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

/// Starts a monolith whose Like service is not there.
pub(crate) async fn spawn_app() -> TestApp {
    spawn_app_with(|_| {}).await
}

/// Starts a monolith that calls `like_service`.
pub(crate) async fn spawn_app_calling(like_service: &LikeService) -> TestApp {
    spawn_app_with(|config| config.like_service = like_service.config()).await
}

/// Starts a monolith with changed settings.
pub(crate) async fn spawn_app_with(change: impl FnOnce(&mut Config)) -> TestApp {
    start_telemetry();
    let folder = tempfile::tempdir().unwrap();
    let database_file = folder.path().join("mysfits.db");
    let mut config = config(&[("DATABASE_URL", &format!("sqlite:{}?mode=rwc", database_file.display()))]);
    config.like_service = LikeServiceConfig { upstream: Upstream::new(LIKE_SERVICE, "http://127.0.0.1:1").unwrap() };
    change(&mut config);
    let app = App::build(config).await.unwrap();
    let (url, internal_url) = (format!("http://{}", app.addr()), format!("http://{}", app.internal_addr()));
    let shutdown = Shutdown::new();
    let running = actix_rt::spawn(app.run_until_stopped(shutdown.clone()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let documented = Documented::by(&client, &url).await;
    TestApp { url, internal_url, database_file, documented, client, shutdown, running, _folder: folder }
}

/// Settings with free ports and two workers, and nothing from the process environment.
pub(crate) fn config(pairs: &[(&str, &str)]) -> Config {
    let fixed = [("LISTEN_ADDR", "0"), ("INTERNAL_LISTEN_ADDR", "0")];
    let environment = Environment::from_pairs(fixed.iter().chain(pairs).copied());
    let mut config = Config::from_environment(&environment).unwrap();
    config.servers.http.workers = 2;
    config
}

/// Starts tracing once for the whole process, so that trace headers travel; spans go nowhere.
fn start_telemetry() {
    static TELEMETRY: OnceLock<Telemetry> = OnceLock::new();
    TELEMETRY.get_or_init(|| {
        let environment = Environment::from_pairs([("OTEL_TRACES_EXPORTER", "none"), ("LOGLEVEL", "off")]);
        telemetry::init(&TelemetryConfig::from_environment(&environment, SERVICE_NAME, "test").unwrap()).unwrap()
    });
}

impl TestApp {
    /// Asks for an orderly stop and waits until the public listener takes nobody in any more.
    pub(crate) async fn begin_to_stop(&self) {
        self.shutdown.trigger();
        let address = self.url.trim_start_matches("http://");
        let deadline = Instant::now() + Duration::from_secs(30);
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            assert!(Instant::now() < deadline, "the public listener still takes visitors in");
            tokio::task::yield_now().await;
        }
    }

    /// Waits for the end of an orderly stop.
    pub(crate) async fn stopped(self) -> anyhow::Result<()> {
        self.running.await.unwrap()
    }

    /// Asks the public API.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Posts to the public API, without a body.
    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    /// Likes a mysfit under a key.
    pub(crate) async fn like(&self, id: &str, key: &str) -> Answer {
        self.send(self.request(Method::POST, &format!("/mysfits/{id}/like")).header("Idempotency-Key", key)).await
    }

    /// Counts a like on the internal API.
    pub(crate) async fn fulfill(&self, id: &str, key: &str) -> Answer {
        self.send(self.internal_request(&format!("/mysfits/{id}/fulfill-like")).header("Idempotency-Key", key)).await
    }

    /// The likes of a mysfit, as the catalogue shows them.
    pub(crate) async fn likes_of(&self, id: &str) -> u64 {
        self.get(&format!("/mysfits/{id}")).await.json()["likes"].as_u64().unwrap()
    }

    /// A request to the public API that can still be changed.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// A POST to the internal API that can still be changed.
    pub(crate) fn internal_request(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.internal_url))
    }

    /// Sends a request, and makes sure that the API's description knows the status.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, url) = (request.method().clone(), request.url().clone());
        let response = self.client.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        if url.as_str().starts_with(&self.url) {
            self.documented.check(&method, url.path(), status);
        }
        Answer { status, headers, body: response.text().await.unwrap() }
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The trace id that the answer names.
    pub(crate) fn root(&self) -> String {
        let header = self.header("X-Amzn-Trace-Id").expect("every answer names its trace");
        header.split(';').find_map(|part| part.strip_prefix("Root=")).unwrap().to_owned()
    }

    /// Makes sure that this is the error envelope with a status and its code, and hands out the message.
    pub(crate) fn error(&self, status: u16, code: &str) -> String {
        let body = self.json();
        assert_eq!((self.status.as_u16(), body["error"]["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.header("Content-Type"), Some("application/json"));
        assert_eq!(body["error"]["trace_id"], Value::String(self.root()));
        body["error"]["message"].as_str().unwrap().to_owned()
    }
}
