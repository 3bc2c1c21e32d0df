//! Starts the service and a stand-in for the monolith on free ports, and keeps the spans that the service ends.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpServer, web};
use like_service::chaos::{Mode, Settings};
use like_service::{App, Config};
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use serde_json::Value;
use shared::config::Environment;
use shared::shutdown::Shutdown;
use shared::telemetry::propagation::Propagation;

pub(crate) const EVANGELINE: &str = "4e53920c-505a-4a90-a694-b9300791f0ae";
pub(crate) const TOKEN: &str = "swordfish";

/// Settings under which nothing goes wrong.
pub(crate) const QUIET: Settings = Settings::original(Mode::Off, 7);

/// What the monolith was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) has_trace_header: bool,
}

/// A monolith that answers every request alike and remembers what it was asked.
pub(crate) struct StubMonolith {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl StubMonolith {
    pub(crate) fn start(status: StatusCode, body: &'static str) -> Self {
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let memory = Arc::clone(&asked);
        let server = HttpServer::new(move || {
            let memory = Arc::clone(&memory);
            actix_web::App::new().default_service(web::to(move |request: HttpRequest| {
                let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
                memory.lock().unwrap().push(Asked {
                    path: format!("{} {}", request.method(), request.path()),
                    key: header("Idempotency-Key"),
                    token: header("X-Internal-Token"),
                    has_trace_header: request.headers().contains_key("X-Amzn-Trace-Id"),
                });
                async move { HttpResponse::build(status).content_type("application/json").body(body) }
            }))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        actix_rt::spawn(server.run());
        Self { url, asked }
    }

    pub(crate) fn counting() -> Self {
        Self::start(StatusCode::OK, r#"{"likes":5}"#)
    }

    /// The URL of a port where nobody listens.
    pub(crate) fn nobody() -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// The service under test and a client for it.
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) internal_url: String,
    pub(crate) client: reqwest::Client,
    shutdown: Shutdown,
}

pub(crate) fn spawn_app(monolith: &str, chaos: Settings) -> TestApp {
    keep_spans();
    let environment = Environment::from_pairs([
        ("LISTEN_ADDR", "0"),
        ("INTERNAL_LISTEN_ADDR", "0"),
        ("MONOLITH_URL", monolith),
        ("INTERNAL_TOKEN", TOKEN),
    ]);
    let mut config = Config { chaos, ..Config::from_environment(&environment).unwrap() };
    config.http.workers = 1; // one worker must be enough: a slow like may not hold it
    let app = App::build(config).unwrap();
    let (url, internal_url) = (format!("http://{}", app.addr()), format!("http://{}", app.internal_addr()));
    let shutdown = Shutdown::new();
    actix_rt::spawn(app.run_until_stopped(shutdown.clone()));
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    TestApp { url, internal_url, client, shutdown }
}

impl TestApp {
    pub(crate) async fn like(&self, id: &str, key: &str) -> Heard {
        let request = self.client.post(format!("{}/mysfits/{id}/like", self.url));
        Heard::from(request.header("Idempotency-Key", key).send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Heard {
        Heard::from(self.client.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    pub(crate) async fn change_chaos(&self, change: &Value) -> Heard {
        let request = self.client.put(format!("{}/chaos", self.internal_url)).json(change);
        Heard::from(request.send().await.unwrap()).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// An answer of the service, read to its end.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) allow: Option<String>,
}

impl Heard {
    async fn from(answer: reqwest::Response) -> Self {
        let allow = answer.headers().get("Allow").map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        Self { status, json: answer.json().await.unwrap(), allow }
    }

    /// The code in the error envelope.
    pub(crate) fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }
}

/// Every span ended in this process; tests find their own by the mysfit they like.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

fn keep_spans() -> &'static Spans {
    static SPANS: OnceLock<Spans> = OnceLock::new();
    SPANS.get_or_init(|| {
        let spans = Spans::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
        opentelemetry::global::set_tracer_provider(provider);
        opentelemetry::global::set_text_map_propagator(Propagation::default());
        spans
    })
}

/// Waits for the server span of a like for this mysfit and returns the values of its attributes by name.
pub(crate) async fn annotations_of(mysfit: &str) -> Vec<(String, String)> {
    let is_that_like = |span: &SpanData| {
        span.span_kind == SpanKind::Server
            && span.attributes.iter().any(|a| a.key.as_str() == "mysfit_id" && a.value.as_str() == mysfit)
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(span) = keep_spans().0.lock().unwrap().iter().find(|span| is_that_like(span)) {
            let pairs = span.attributes.iter().map(|a| (a.key.to_string(), a.value.as_str().into_owned()));
            return pairs.collect();
        }
        assert!(Instant::now() < deadline, "no span of a like for {mysfit}");
        tokio::task::yield_now().await;
    }
}
