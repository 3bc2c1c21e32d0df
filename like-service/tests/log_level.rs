//! The switch of the log level, on the service as a process: debug lines come and go, spans stay, and the token is asked for.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(20);
const TOKEN: &str = "swordfish";

/// The service, what it logs and the segments that it sends.
struct Service {
    process: Child,
    lines: Receiver<Value>,
    segments: UdpSocket,
    url: String,
    internal_url: String,
    client: reqwest::Client,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn start() -> Self {
        let segments = UdpSocket::bind("127.0.0.1:0").unwrap();
        segments.set_read_timeout(Some(DEADLINE)).unwrap();
        let daemon = segments.local_addr().unwrap().to_string();
        let environment = [
            ("LISTEN_ADDR", "0"),
            ("INTERNAL_LISTEN_ADDR", "0"),
            ("INTERNAL_TOKEN", TOKEN),
            ("OTEL_TRACES_EXPORTER", "xray"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("AWS_XRAY_DAEMON_ADDRESS", &daemon),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_like-service"));
        let mut process = command.env_clear().envs(environment).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let started: Value = lines.recv_timeout(DEADLINE).unwrap();
        let url = |field: &str| format!("http://{}", started["fields"][field].as_str().expect("an address"));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url: url("addr"), internal_url: url("internal_addr"), process, lines, segments, client }
    }

    /// Asks for something that is not there: a trace, and a line that only debuggers see.
    async fn miss(&self, path: &str) {
        assert_eq!(self.client.get(format!("{}{path}", self.url)).send().await.unwrap().status(), 404);
    }

    async fn set_level(&self, level: &str, token: &str) -> (u16, Value) {
        let change = self.client.put(format!("{}/log-level", self.internal_url)).header("X-Internal-Token", token);
        let answer = change.json(&json!({ "level": level })).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The lines up to the first one that names `path`.
    fn lines_until(&self, path: &str) -> String {
        let mut text = String::new();
        while !text.contains(path) {
            text += &self.lines.recv_timeout(DEADLINE).unwrap().to_string();
        }
        text
    }

    /// Waits until each of `paths` has arrived as a segment.
    fn expect_segments(&self, paths: &[&str]) {
        let (mut missing, started) = (paths.to_vec(), Instant::now());
        let mut buffer = vec![0; 65_536];
        while !missing.is_empty() {
            assert!(started.elapsed() < DEADLINE, "no segment of {missing:?}");
            let length = self.segments.recv(&mut buffer).unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]);
            missing.retain(|path| !text.contains(path));
        }
    }
}

#[actix_rt::test]
async fn debug_lines_come_and_go_and_spans_stay() {
    let service = Service::start();
    service.miss("/at-info").await;
    assert_eq!(service.set_level("debug", TOKEN).await, (200, json!({ "level": "debug" })));
    service.miss("/at-debug").await;
    assert_eq!(service.set_level("info", TOKEN).await.0, 200);
    service.miss("/at-info-again").await;
    assert_eq!(service.set_level("off", TOKEN).await.0, 200);
    service.miss("/at-off").await;
    assert_eq!(service.set_level("debug", TOKEN).await.0, 200);
    service.miss("/at-last").await;

    let lines = service.lines_until("/at-last");
    assert!(lines.contains("/at-debug"), "{lines}");
    for silent in ["/at-info", "/at-off"] {
        assert!(!lines.contains(silent), "{silent}: {lines}");
    }
    service.expect_segments(&["/at-info", "/at-debug", "/at-info-again", "/at-off", "/at-last"]);
}

#[actix_rt::test]
async fn the_level_is_asked_for_and_changed_with_the_token_only() {
    let service = Service::start();
    assert_eq!(service.set_level("debug", "a guess").await.0, 401);
    let tokenless = service.client.get(format!("{}/log-level", service.internal_url)).send().await.unwrap();
    assert_eq!(tokenless.status(), 401);
    let (status, refusal) = service.set_level("loud", TOKEN).await;
    assert_eq!(status, 400);
    assert!(refusal["error"]["message"].as_str().unwrap().contains("`debug`"), "{refusal}");
    let url = format!("{}/log-level", service.internal_url);
    let told = service.client.get(url).header("X-Internal-Token", TOKEN).send().await.unwrap();
    assert_eq!(told.json::<Value>().await.unwrap(), json!({ "level": "info" }));
    assert_eq!(service.client.get(format!("{}/log-level", service.url)).send().await.unwrap().status(), 404);
}
