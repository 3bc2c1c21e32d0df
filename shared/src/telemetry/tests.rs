//! Export from end to end over real sockets, without the process-wide subscriber.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc;
use std::time::Duration;

use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use super::*;

pub(super) const DEADLINE: Duration = Duration::from_secs(20);

const ACCEPTED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";

const ACCEPTED_AND_BYE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

fn config(pairs: &[(&str, &str)]) -> TelemetryConfig {
    // Nobody is asked for sampling rules, at an address where a local X-Ray may be running.
    let environment = Environment::from_pairs(pairs.iter().chain(&[("OTEL_TRACES_SAMPLER", "always_on")]).copied());
    TelemetryConfig::from_environment(&environment, "monolith", "1.2.3").unwrap()
}

/// Ends `spans` spans, shuts down, and tells what became of them.
fn export(config: &TelemetryConfig, spans: usize) -> ExportCounts {
    let losses = Arc::new(Losses::default());
    let (provider, _) = provider(config, &config.resource(), &losses).unwrap();
    let tracer = provider.tracer("test");
    for number in 0..spans {
        tracer.start(format!("span {number}")).end();
    }
    let _ = provider.shutdown_with_timeout(DEADLINE);
    losses.counts()
}

/// An OTLP receiver: sends the decoded bodies it was posted.
fn otlp_receiver() -> (String, mpsc::Receiver<ExportTraceServiceRequest>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                while let Some(request) = read_request(&stream) {
                    // Before the answer: once the exporter has it, the test may look.
                    let _ = sender.send(request);
                    let _ = (&stream).write_all(ACCEPTED);
                }
            });
        }
    });
    (url, received)
}

fn read_request(stream: &TcpStream) -> Option<ExportTraceServiceRequest> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok().filter(|()| length > 0)?;
    ExportTraceServiceRequest::decode(body.as_slice()).ok()
}

#[test]
fn shutdown_sends_every_span_over_otlp() {
    let (url, received) = otlp_receiver();
    let counts = export(&config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]), 1_000);
    assert_eq!(counts, ExportCounts { ended: 1_000, exported: 1_000, ..ExportCounts::default() });
    let mut names = HashSet::new();
    for resource in received.try_iter().flat_map(|request| request.resource_spans) {
        let service = resource.resource.unwrap().attributes.into_iter().find(|entry| entry.key == "service.name");
        assert!(format!("{:?}", service.unwrap().value).contains("monolith"));
        names.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans).map(|span| span.name));
    }
    assert_eq!(names.len(), 1_000);
}

#[test]
fn shutdown_sends_every_span_to_the_daemon() {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon.set_read_timeout(Some(DEADLINE)).unwrap();
    let address = format!("tcp:127.0.0.1:1 udp:{}", daemon.local_addr().unwrap());
    // Few enough for the receive buffer, which nobody empties until all are sent.
    let counts = export(&config(&[("OTEL_TRACES_EXPORTER", "xray"), ("AWS_XRAY_DAEMON_ADDRESS", &address)]), 50);
    assert_eq!(counts, ExportCounts { ended: 50, exported: 50, ..ExportCounts::default() });
    let mut buffer = vec![0; 65_536];
    let mut names = HashSet::new();
    while names.len() < 50 {
        let length = daemon.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let (_, body) = text.split_once('\n').unwrap();
        let document: serde_json::Value = serde_json::from_str(body).unwrap();
        names.insert(document["name"].as_str().unwrap().to_owned());
    }
}

#[test]
fn a_span_too_large_for_a_datagram_arrives_trimmed_and_says_so() {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon.set_read_timeout(Some(DEADLINE)).unwrap();
    let address = format!("tcp:127.0.0.1:1 udp:{}", daemon.local_addr().unwrap());
    let config = config(&[("OTEL_TRACES_EXPORTER", "xray"), ("AWS_XRAY_DAEMON_ADDRESS", &address)]);
    let losses = Arc::new(Losses::default());
    let (provider, _) = provider(&config, &config.resource(), &losses).unwrap();
    let mut span = provider.tracer("test").start("POST /mysfits");
    span.set_attribute(KeyValue::new("app.payload", "x".repeat(100_000)));
    span.set_attribute(KeyValue::new("mysfit_id", "a"));
    span.set_attribute(KeyValue::new(ANNOTATIONS, Value::Array(Array::String(vec!["mysfit_id".into()]))));
    span.end();
    let _ = provider.shutdown_with_timeout(DEADLINE);
    assert_eq!((losses.counts().exported, losses.counts().failed), (1, 0));
    let mut buffer = vec![0; 65_536];
    let length = daemon.recv(&mut buffer).unwrap();
    let text = std::str::from_utf8(&buffer[..length]).unwrap();
    let document: serde_json::Value = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
    assert_eq!((&document["name"], &document["annotations"]["mysfit_id"]), (&"POST /mysfits".into(), &"a".into()));
    let note = document["metadata"]["default"]["truncated"].as_str().unwrap();
    assert!(note.starts_with("metadata and long texts were left out: the document had 10"), "{note}");
}

#[test]
fn a_dead_collector_costs_spans_and_each_is_counted() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let counts = export(&config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{nobody}"))]), 10);
    assert_eq!(counts, ExportCounts { ended: 10, failed: 10, ..ExportCounts::default() });
}

#[test]
fn a_daemon_that_cannot_be_found_yet_costs_spans_and_not_the_start() {
    let address = "no-such-host.invalid:2000"; // a name that no resolver may ever know (RFC 2606)
    let counts = export(&config(&[("OTEL_TRACES_EXPORTER", "xray"), ("AWS_XRAY_DAEMON_ADDRESS", address)]), 10);
    assert_eq!(counts, ExportCounts { ended: 10, failed: 10, ..ExportCounts::default() });
}

/// A collector that takes every connection and never answers; ends with the test process.
fn paused_collector() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            held.push(stream);
        }
    });
    url
}

/// Ends `spans` spans as a request would, with a queue of 100, and gives the flush next to no time.
fn under_load(config: &TelemetryConfig, spans: u64) -> ExportCounts {
    let losses = Arc::new(Losses::default());
    let (provider, _) = provider(config, &config.resource(), &losses).unwrap();
    let tracer = provider.tracer("test");
    for _ in 0..spans {
        tracer.start("GET /").end();
        assert!(losses.counts().waiting() <= 100 + 50, "the queue is bounded, and so is the batch on its way");
    }
    let _ = provider.shutdown_with_timeout(Duration::from_millis(1));
    losses.counts()
}

const SMALL_QUEUE: [(&str, &str); 2] = [("OTEL_BSP_MAX_QUEUE_SIZE", "100"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "50")];

#[test]
fn a_paused_collector_holds_up_nothing_and_every_span_is_accounted_for() {
    let url = paused_collector();
    let counts =
        under_load(&config(&[&[("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())][..], &SMALL_QUEUE].concat()), 5_000);
    // Nothing was answered, so what is neither refused nor given up is still waiting, and is reported as such.
    assert_eq!((counts.ended, counts.exported), (5_000, 0));
    assert!(counts.refused >= 4_850, "{counts:?}");
    assert_eq!(counts.refused + counts.failed + counts.waiting(), 5_000);
}

#[test]
fn a_flapping_collector_costs_what_it_did_not_take_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, taken) = mpsc::channel();
    std::thread::spawn(move || {
        // Hangs up on every second connection before it has read anything.
        for is_up in [true, false].into_iter().cycle() {
            let Ok((stream, _)) = listener.accept() else { return };
            let Some(request) = is_up.then(|| read_request(&stream)).flatten() else { continue };
            let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            let _ = sender.send(scopes.map(|scope| scope.spans.len() as u64).sum::<u64>());
            let _ = (&stream).write_all(ACCEPTED_AND_BYE);
        }
    });
    let losses = Arc::new(Losses::default());
    let config = config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]);
    let (provider, _) = provider(&config, &config.resource(), &losses).unwrap();
    let tracer = provider.tracer("test");
    for _ in 0..10 {
        (0..10).for_each(|_| tracer.start("GET /").end());
        let _ = provider.force_flush();
    }
    let _ = provider.shutdown_with_timeout(DEADLINE);
    let counts = losses.counts();
    assert_eq!((counts.ended, counts.refused, counts.waiting()), (100, 0, 0));
    assert!(counts.exported > 0);
    assert_eq!(taken.try_iter().sum::<u64>(), counts.exported);
}

#[test]
fn a_daemon_that_comes_and_goes_costs_what_nobody_took() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let daemon = socket.local_addr().unwrap();
    let address = format!("tcp:127.0.0.1:1 udp:{daemon}");
    let losses = Arc::new(Losses::default());
    let config = config(&[("OTEL_TRACES_EXPORTER", "xray"), ("AWS_XRAY_DAEMON_ADDRESS", &address)]);
    let (provider, _) = provider(&config, &config.resource(), &losses).unwrap();
    let tracer = provider.tracer("test");
    let send = |spans: usize| {
        (0..spans).for_each(|_| tracer.start("GET /").end());
        provider.force_flush().unwrap();
    };
    send(5);
    drop(socket);
    send(5);
    let socket = UdpSocket::bind(daemon).unwrap();
    send(5);
    let _ = provider.shutdown_with_timeout(DEADLINE);
    let counts = losses.counts();
    assert_eq!((counts.ended, counts.refused, counts.waiting()), (15, 0, 0));
    // The system tells of a datagram that nobody took with the next one: of those sent into the void each is told.
    assert_eq!((counts.exported, counts.failed), (10, 5));
    drop(socket);
}

#[test]
fn a_paused_collector_of_metrics_is_not_waited_for() {
    let url = paused_collector();
    let config = config(&[("OTEL_METRICS_EXPORTER", "otlp"), ("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]);
    let losses = Arc::new(Losses::default());
    let metrics = metrics::provider(&config.metrics, &config.resource(), &losses).unwrap().unwrap();
    assert!(metrics::shut_down(metrics, Duration::from_millis(1)).is_err());
}

#[test]
fn a_dead_collector_of_metrics_is_counted() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}");
    let config = config(&[("OTEL_METRICS_EXPORTER", "otlp"), ("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]);
    let losses = Arc::new(Losses::default());
    let metrics = metrics::provider(&config.metrics, &config.resource(), &losses).unwrap().unwrap();
    assert!(metrics::shut_down(metrics, DEADLINE).is_err());
    let counts = losses.counts();
    assert_eq!((counts.metric_exports, counts.metric_exports_failed), (0, 1));
}
