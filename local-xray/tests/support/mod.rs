//! A local X-Ray on free ports, and a plain HTTP client to talk to it.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::net::SocketAddr;
use std::time::Duration;

use local_xray::{App, AppState, Config};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// The longest that a test waits for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The documents of `testdata/lab.json`: a slow like through both services to the table, and one that was not found.
pub(crate) fn lab() -> Vec<Value> {
    serde_json::from_str(include_str!("../../testdata/lab.json")).unwrap()
}

/// The trace of the slow like.
pub(crate) const SLOW_LIKE: &str = "1-69550001-000000000000000000000001";
/// The trace of the like that was not found.
pub(crate) const NOT_FOUND_LIKE: &str = "1-69550002-000000000000000000000002";

/// A running local X-Ray.
pub(crate) struct Xray {
    pub(crate) addr: SocketAddr,
    pub(crate) otlp_http: SocketAddr,
    pub(crate) otlp_grpc: SocketAddr,
    pub(crate) state: AppState,
    pub(crate) client: Client,
}

/// The answer to one call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) error_type: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) body: Value,
}

/// Runs a test against a fresh local X-Ray on free ports, and stops it in good order.
pub(crate) fn with_xray(test: impl AsyncFnOnce(Xray)) {
    with_config(Config::on_free_ports(), test);
}

/// Runs a test against a local X-Ray with settings of its own.
pub(crate) fn with_config(config: Config, test: impl AsyncFnOnce(Xray)) {
    actix_rt::System::new().block_on(async {
        let app = App::build(config).await.unwrap();
        let xray = Xray {
            addr: app.addr(),
            otlp_http: app.otlp_http_addr(),
            otlp_grpc: app.otlp_grpc_addr(),
            state: app.state(),
            client: Client::new(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = actix_rt::spawn(app.run_until_stopped(async {
            let _ = stopped.await;
        }));
        test(xray).await;
        drop(stop);
        tokio::time::timeout(DEADLINE, running).await.expect("the local X-Ray stops").unwrap().unwrap();
    });
}

/// Waits until `check` gives something.
pub(crate) async fn eventually<T>(what: &str, check: impl AsyncFn() -> Option<T>) -> T {
    let mut pause = tokio::time::interval(Duration::from_millis(5));
    let found = async {
        loop {
            pause.tick().await;
            if let Some(found) = check().await {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, found).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

impl Xray {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Calls one operation.
    pub(crate) async fn call(&self, path: &str, input: &Value) -> Answer {
        send(self.client.post(self.url(path)).json(input)).await
    }

    /// Calls one operation that must succeed.
    pub(crate) async fn ok(&self, path: &str, input: &Value) -> Value {
        let answer = self.call(path, input).await;
        assert_eq!(answer.status, 200, "{path} {input}: {answer:?}");
        answer.body
    }

    /// Stores documents that must all be taken.
    pub(crate) async fn put(&self, documents: &[Value]) {
        let documents: Vec<String> = documents.iter().map(Value::to_string).collect();
        let answer = self.ok("/TraceSegments", &json!({ "TraceSegmentDocuments": documents })).await;
        assert_eq!(answer, json!({ "UnprocessedTraceSegments": [] }));
    }

    /// The documents of one trace, parsed, in the order of the answer; empty when it is unknown.
    pub(crate) async fn documents(&self, trace_id: &str) -> Vec<Value> {
        let answer = self.ok("/Traces", &json!({ "TraceIds": [trace_id] })).await;
        let segments = answer["Traces"][0]["Segments"].as_array().cloned().unwrap_or_default();
        let parse = |segment: Value| serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
        segments.into_iter().map(parse).collect()
    }
}

/// Sends a request and takes the answer apart.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let header = |name: &str| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
    let (error_type, request_id) = (header("x-amzn-errortype"), header("x-amzn-requestid"));
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    Answer { status, error_type, request_id, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}
