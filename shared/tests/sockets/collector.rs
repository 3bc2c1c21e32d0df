//! Whatever the collector does, requests are answered, the queues keep their bounds, and each span that ended and each event that was
//! logged is accounted for.
//!
//! Telemetry belongs to a whole process, so each of these tests runs again in a process of its own.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Instant;

use actix_web::{HttpResponse, web};
use futures_util::future::join_all;
use shared::config::{Environment, ListenAddr};
use shared::server::{self, HttpSettings};
use shared::shutdown::Shutdown;
use shared::telemetry::{self, ExportCounts, Telemetry, TelemetryConfig};

use crate::helpers::{DEADLINE, in_a_process_of_its_own, read_request};

/// Spans that may wait, and that are handed over together.
const CAPACITY: u64 = 64;
const BATCH: u64 = 16;

/// Visitors at the same time, the requests of each in one round, and how many rounds there are at least: far more spans than fit.
const VISITORS: u64 = 8;
const REQUESTS: u64 = 20;
const ROUNDS: usize = 5;

/// Serves rounds of visitors until `is_enough`, and holds every promise after each; `before_round` is the collector's turn.
fn serve_rounds(
    variables: &[(&str, &str)],
    mut before_round: impl FnMut(usize),
    is_enough: impl Fn(ExportCounts) -> bool,
) {
    let usual = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", CAPACITY.to_string()),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH.to_string()),
        ("OTEL_BSP_SCHEDULE_DELAY", "5".to_owned()),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", CAPACITY.to_string()),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", BATCH.to_string()),
        ("OTEL_BLRP_SCHEDULE_DELAY", "5".to_owned()),
        ("OTEL_TRACES_SAMPLER", "always_on".to_owned()), // nobody is asked for rules
    ];
    let usual = usual.iter().map(|(name, value)| (*name, value.as_str()));
    let environment = Environment::from_pairs(usual.chain(variables.iter().copied()));
    let config = TelemetryConfig::from_environment(&environment, "test service", "1.2.3").unwrap();
    let telemetry = telemetry::init(&config).unwrap();
    actix_rt::System::new().block_on(async {
        let url = serve();
        let started = Instant::now();
        for round in 0.. {
            before_round(round);
            visit(&url).await;
            let counts = hold_promises(&telemetry, (round as u64 + 1) * VISITORS * REQUESTS);
            if round + 1 >= ROUNDS && is_enough(counts) {
                break;
            }
            assert!(started.elapsed() < 3 * DEADLINE, "it was never enough: {counts:?}");
        }
    });
    telemetry.shutdown();
}

fn serve() -> String {
    let listener = server::bind("LISTEN_ADDR", &ListenAddr::loopback(0)).unwrap();
    let url = format!("http://{}/mysfits", listener.addr());
    let settings = HttpSettings { workers: 1, ..HttpSettings::default() };
    let answer = async || {
        tracing::info!(mysfits = 12, "the mysfits were listed");
        HttpResponse::Ok().finish()
    };
    let running = server::start(listener, &settings, move |routes: &mut web::ServiceConfig| {
        routes.route("/mysfits", web::get().to(answer));
    });
    actix_rt::spawn(server::run_until_stopped(vec![running.unwrap()], Shutdown::new()));
    url
}

/// One round; not one request may fail.
async fn visit(url: &str) {
    let client = reqwest::Client::new();
    let visitor = async || {
        for _ in 0..REQUESTS {
            let answer = client.get(url).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        }
    };
    join_all((0..VISITORS).map(|_| visitor())).await;
}

fn hold_promises(telemetry: &Telemetry, requests: u64) -> ExportCounts {
    let counts = telemetry.export_counts();
    assert_eq!(counts.ended, requests, "one span a request: {counts:?}");
    let waiting = counts.ended - counts.exported - counts.refused - counts.failed;
    assert!(waiting <= CAPACITY + BATCH, "{waiting} spans are held: {counts:?}");
    assert!(counts.logs.waiting() <= CAPACITY + BATCH, "too many events are held: {counts:?}");
    assert!(counts.logs.logged == 0 || counts.logs.logged >= requests, "one event a request: {counts:?}");
    counts
}

// === OTLP ===

fn otlp_to(collector: SocketAddr, is_enough: impl Fn(ExportCounts) -> bool) {
    let endpoint = format!("http://{collector}");
    serve_rounds(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), ("OTEL_LOGS_EXPORTER", "otlp")], |_| (), is_enough);
}

/// A collector that treats its connections, counted from 0, as it likes.
fn collector(treat: impl Fn(usize, TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            treat(count, stream);
        }
    });
    address
}

#[test]
fn a_dead_collector_harms_no_request() {
    in_a_process_of_its_own("collector::a_dead_collector_harms_no_request", || {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        otlp_to(nobody, |counts| counts.failed > 0 && counts.exported == 0 && counts.logs.failed > 0);
    });
}

#[test]
fn a_collector_that_never_answers_harms_no_request() {
    in_a_process_of_its_own("collector::a_collector_that_never_answers_harms_no_request", || {
        let (keep, _kept) = std::sync::mpsc::channel();
        let silent = collector(move |_, stream| keep.send(stream).unwrap());
        otlp_to(silent, |counts| counts.refused > 0 && counts.exported == 0 && counts.logs.refused > 0);
    });
}

#[test]
fn a_flapping_collector_harms_no_request() {
    in_a_process_of_its_own("collector::a_flapping_collector_harms_no_request", || {
        let flapping = collector(|count, stream| {
            let answer = match count % 3 {
                0 => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                1 => "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                _ => return, // hangs up
            };
            if read_request(&stream).is_some() {
                let _gone = (&stream).write_all(answer.as_bytes());
            }
        });
        // The exporter tries again, so that most losses are spans that found the queue full meanwhile.
        otlp_to(flapping, |counts| counts.refused + counts.failed > 0 && counts.exported > 0);
    });
}

// === Segments over UDP ===

fn udp_to(daemon: SocketAddr, before_round: impl FnMut(usize), is_enough: impl Fn(ExportCounts) -> bool) {
    let address = daemon.to_string();
    let variables = [("OTEL_TRACES_EXPORTER", "xray"), ("AWS_XRAY_DAEMON_ADDRESS", address.as_str())];
    serve_rounds(&variables, before_round, is_enough);
}

#[test]
fn a_dead_daemon_harms_no_request() {
    in_a_process_of_its_own("collector::a_dead_daemon_harms_no_request", || {
        let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        udp_to(nobody, |_| (), |counts| counts.failed > 0);
    });
}

/// A datagram that nobody reads is lost in the receiver's buffer, of which its sender never hears; so there is nothing to count.
#[test]
fn a_daemon_that_never_reads_harms_no_request() {
    in_a_process_of_its_own("collector::a_daemon_that_never_reads_harms_no_request", || {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp_to(silent.local_addr().unwrap(), |_| (), |counts| counts.exported > 0);
    });
}

#[test]
fn a_flapping_daemon_harms_no_request() {
    in_a_process_of_its_own("collector::a_flapping_daemon_harms_no_request", || {
        let first = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = first.local_addr().unwrap();
        let mut daemons = vec![first];
        let flap = move |round: usize| {
            daemons.clear(); // gone, and only then there again
            if round.is_multiple_of(2) {
                daemons.push(UdpSocket::bind(address).unwrap());
            }
        };
        udp_to(address, flap, |counts| counts.failed > 0 && counts.exported > 0);
    });
}
