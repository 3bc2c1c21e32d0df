//! A Like service that does as it is told, and remembers what it was asked.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use monolith::config::LikeServiceConfig;
use monolith::like_client::LIKE_SERVICE;
use reqwest::StatusCode;
use shared::http_client::Upstream;
use tokio::sync::Semaphore;

/// What the service was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) trace: String,
}

/// A running Like service.
pub(crate) struct LikeService {
    url: String,
    script: Arc<Script>,
}

/// How it answers.
struct Script {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    /// One permit lets one answer out.
    gate: Semaphore,
    seen: Mutex<Vec<Request>>,
}

impl LikeService {
    /// Answers every like in the same way, at once.
    pub(crate) fn answering(status: u16, content_type: &'static str, body: &str) -> Self {
        Self::start(status, content_type, body, Semaphore::MAX_PERMITS)
    }

    /// Answers 200, but only when let: see [`LikeService::let_one_answer_out`].
    pub(crate) fn holding_back(body: &str) -> Self {
        Self::start(200, "application/json", body, 0)
    }

    fn start(status: u16, content_type: &'static str, body: &str, permits: usize) -> Self {
        let script = Arc::new(Script {
            status: StatusCode::from_u16(status).unwrap(),
            content_type,
            body: body.to_owned(),
            gate: Semaphore::new(permits),
            seen: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let data = web::Data::from(Arc::clone(&script));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(answer)));
        actix_rt::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        LikeService { url, script }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Settings that lead here.
    pub(crate) fn config(&self) -> LikeServiceConfig {
        LikeServiceConfig { upstream: self.upstream() }
    }

    /// Settings that lead here, with little patience.
    pub(crate) fn impatient_config(&self) -> LikeServiceConfig {
        LikeServiceConfig { upstream: self.upstream().with_deadline(Duration::from_millis(100)) }
    }

    fn upstream(&self) -> Upstream {
        Upstream::new(LIKE_SERVICE, &self.url).unwrap()
    }

    /// Lets one answer out.
    pub(crate) fn let_one_answer_out(&self) {
        self.script.gate.add_permits(1);
    }

    /// What it was asked so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.script.seen.lock().unwrap().clone()
    }
}

async fn answer(request: HttpRequest, script: web::Data<Script>) -> HttpResponse {
    let header = |name| request.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let seen =
        Request { path: request.path().to_owned(), key: header("Idempotency-Key"), trace: header("X-Amzn-Trace-Id") };
    script.seen.lock().unwrap().push(seen);
    script.gate.acquire().await.unwrap().forget();
    HttpResponse::build(actix_web::http::StatusCode::from_u16(script.status.as_u16()).unwrap())
        .content_type(script.content_type)
        .body(script.body.clone())
}
