//! A server on a free port, a daemon that remembers segments, and peers that misbehave on purpose.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use actix_web::web::ServiceConfig;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::Message as _;
use serde_json::Value;
use shared::config::{Environment, ListenAddr};
use shared::server::{self, HttpSettings};
use shared::shutdown::Shutdown;
use shared::telemetry::{self, ExportCounts, Telemetry, TelemetryConfig};

pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
pub(crate) const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";
pub(crate) const XRAY_HEADER: &str = "x-amzn-trace-id";

const OWN_PROCESS: &str = "TEST_IN_A_PROCESS_OF_ITS_OWN";

/// Runs `test`, which is the caller, once more in another process, and `work` there: telemetry belongs to a whole process.
pub(crate) fn in_a_process_of_its_own(test: &str, work: impl FnOnce()) {
    if std::env::var_os(OWN_PROCESS).is_some() {
        return work();
    }
    let executable = std::env::current_exe().unwrap();
    let arguments = ["--exact", test, "--nocapture"];
    let run = std::process::Command::new(executable).args(arguments).env(OWN_PROCESS, "yes").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
}

/// The telemetry of the test process, and what it has sent so far.
pub(crate) struct Daemon {
    telemetry: Telemetry,
    received: Arc<(Mutex<Vec<Value>>, Condvar)>,
    /// The last export of metrics; totals are cumulative, so it holds all that came before.
    metrics: Arc<Mutex<ExportMetricsServiceRequest>>,
}

/// Starts telemetry once for all tests of the process.
pub(crate) fn daemon() -> &'static Daemon {
    static DAEMON: OnceLock<Daemon> = OnceLock::new();
    DAEMON.get_or_init(|| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let received = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let keep = Arc::clone(&received);
        std::thread::spawn(move || remember(&socket, &keep));
        let (collector, metrics) = keep_metrics();
        let environment = Environment::from_pairs([
            ("OTEL_METRICS_EXPORTER", "otlp"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()),
            ("OTEL_TRACES_EXPORTER", "xray"),
            ("OTEL_TRACES_SAMPLER", "parentbased_always_on"), // nobody is asked for rules
            ("AWS_XRAY_DAEMON_ADDRESS", address.as_str()),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("LOGLEVEL", "off"),
        ]);
        let config = TelemetryConfig::from_environment(&environment, "test service", "1.2.3").unwrap();
        Daemon { telemetry: telemetry::init(&config).unwrap(), received, metrics }
    })
}

/// A collector that keeps the last export of metrics.
fn keep_metrics() -> (String, Arc<Mutex<ExportMetricsServiceRequest>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let metrics = Arc::<Mutex<ExportMetricsServiceRequest>>::default();
    let keep = Arc::clone(&metrics);
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let Some((head, body)) = read_request(&stream) else { continue };
            assert!(head.starts_with("POST /v1/metrics "), "{head}");
            *keep.lock().unwrap() = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
            let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (url, metrics)
}

fn remember(socket: &UdpSocket, received: &(Mutex<Vec<Value>>, Condvar)) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length) = socket.recv(&mut buffer) {
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let (header, body) = text.split_once('\n').unwrap();
        assert_eq!(header, r#"{"format": "json", "version": 1}"#);
        received.0.lock().unwrap().push(serde_json::from_str(body).unwrap());
        received.1.notify_all();
    }
}

impl Daemon {
    /// The documents of a trace in the order of their start, once there are `expected`.
    pub(crate) fn documents(&self, trace_id: &str, expected: usize) -> Vec<Value> {
        self.telemetry.flush().unwrap();
        let (received, arrived) = &*self.received;
        let of_trace = |all: &Vec<Value>| {
            let mut of_trace: Vec<Value> =
                all.iter().filter(|document| document["trace_id"] == trace_id).cloned().collect();
            of_trace.sort_by(|a, b| a["start_time"].as_f64().unwrap().total_cmp(&b["start_time"].as_f64().unwrap()));
            of_trace
        };
        let (all, timeout) = arrived
            .wait_timeout_while(received.lock().unwrap(), DEADLINE, |all| of_trace(all).len() < expected)
            .unwrap();
        let documents = of_trace(&all);
        assert!(!timeout.timed_out(), "only {} of {expected} documents: {documents:#?}", documents.len());
        assert_eq!(documents.len(), expected, "{documents:#?}");
        documents
    }

    /// The documents of a trace, however many, once the segment of the service itself is there: it ends last, and is sent last.
    pub(crate) fn whole(&self, trace_id: &str) -> Vec<Value> {
        self.telemetry.flush().unwrap();
        let (received, arrived) = &*self.received;
        let of_trace = |document: &&Value| document["trace_id"] == trace_id;
        let is_whole =
            |all: &Vec<Value>| all.iter().filter(of_trace).any(|document| document["name"] == "test service");
        let (all, timeout) =
            arrived.wait_timeout_while(received.lock().unwrap(), DEADLINE, |all| !is_whole(all)).unwrap();
        assert!(!timeout.timed_out(), "the trace {trace_id} never arrived");
        all.iter().filter(of_trace).cloned().collect()
    }

    /// What has been measured up to now.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.telemetry.flush().unwrap();
        let export = self.metrics.lock().unwrap().clone();
        let scopes = export.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics).collect()
    }

    /// What became of spans.
    pub(crate) fn export_counts(&self) -> ExportCounts {
        self.telemetry.export_counts()
    }

    /// The paths of everything served so far.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.telemetry.flush().unwrap();
        let all = self.received.0.lock().unwrap();
        all.iter().filter_map(|document| document.pointer("/http/request/url")?.as_str().map(str::to_owned)).collect()
    }
}

/// A running server; ends with the test's runtime.
pub(crate) struct TestServer {
    pub(crate) addr: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) ended: actix_rt::task::JoinHandle<anyhow::Result<()>>,
}

impl TestServer {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// A GET with headers.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let request = reqwest::Client::new().get(self.url(path));
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap()
    }
}

/// Serves `routes` on a free port.
pub(crate) fn serve(routes: fn(&mut ServiceConfig)) -> TestServer {
    serve_with(routes)
}

/// Serves `routes`, which may have captured something, on a free port.
pub(crate) fn serve_with(routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> TestServer {
    daemon();
    let listener = server::bind("LISTEN_ADDR", &ListenAddr::loopback(0)).unwrap();
    let addr = listener.addr();
    let settings = HttpSettings { max_body_bytes: 1_000, workers: 1, ..HttpSettings::default() };
    let running = server::start(listener, &settings, routes).unwrap();
    let shutdown = Shutdown::new();
    let ended = actix_rt::spawn(server::run_until_stopped(vec![running], shutdown.clone()));
    TestServer { addr, shutdown, ended }
}

/// The trace id that an answer tells.
pub(crate) fn root_of(response: &reqwest::Response) -> String {
    let header = response.headers()[XRAY_HEADER].to_str().unwrap();
    header.strip_prefix("Root=").unwrap().split(';').next().unwrap().to_owned()
}

/// A peer that answers each connection with the next of its scripted answers, the last one for ever, and hangs up. An empty
/// answer hangs up without a byte.
pub(crate) struct Peer {
    pub(crate) url: String,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
    answers: Arc<(AtomicUsize, Mutex<Vec<&'static str>>)>,
}

impl Peer {
    pub(crate) fn answering(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new((AtomicUsize::new(0), Mutex::new(answers.to_vec())));
        let peer = Self { url, requests: Arc::clone(&requests), answers: Arc::clone(&answers) };
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let Some((request, _)) = read_request(&stream) else { continue };
                requests.lock().unwrap().push(request);
                let next = answers.0.fetch_add(1, Ordering::SeqCst);
                let script = answers.1.lock().unwrap();
                let answer = script.get(next).or(script.last()).copied().unwrap_or_default();
                let _ = (&stream).write_all(answer.as_bytes());
            }
        });
        peer
    }

    /// From now on every connection gets this answer.
    pub(crate) fn now_answers(&self, answer: &'static str) {
        *self.answers.1.lock().unwrap() = vec![answer];
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Reads one request, body and all: closing a socket with unread bytes in it would reset the connection.
pub(crate) fn read_request(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let start = head.len();
        if reader.read_line(&mut head).ok()? <= 2 {
            break;
        }
        if let Some(value) = head[start..].to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    (!head.is_empty()).then_some((head, body))
}

/// The value of a header in a raw request.
pub(crate) fn header_of<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = request.lines().skip(1).filter_map(|line| line.split_once(':'));
    headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// Asks again and again until the answer is there.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "it did not happen in time");
        actix_rt::task::yield_now().await;
    }
}
