//! A stand-in for both services, for tests of what comes in from outside.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;

/// One request, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) what: String,
    pub(crate) agent: String,
    pub(crate) key: Option<String>,
    pub(crate) trace: Option<String>,
}

/// Serves both the site and the Like service, and remembers every request.
pub(crate) struct Stub {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    /// Starts it on a free port.
    pub(crate) fn start() -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let memory = Arc::clone(&seen);
        let server = HttpServer::new(move || {
            let memory = Arc::clone(&memory);
            App::new().default_service(web::to(move |request: HttpRequest| {
                let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
                memory.lock().unwrap().push(Seen {
                    what: format!("{} {}", request.method(), request.uri()),
                    agent: header("User-Agent").unwrap_or_default(),
                    key: header("Idempotency-Key"),
                    trace: header("X-Amzn-Trace-Id"),
                });
                async { HttpResponse::Ok().json(json!({ "mysfits": [{ "mysfitId": "a" }, { "mysfitId": "b" }] })) }
            }))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        actix_rt::spawn(server.run());
        Self { url, seen }
    }

    /// What was seen since the last call, in an order that does not depend on who was faster.
    pub(crate) fn take(&self) -> Vec<Seen> {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.sort();
        seen
    }
}
