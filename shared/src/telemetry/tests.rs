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

fn config(pairs: &[(&str, &str)]) -> TelemetryConfig {
    let environment = Environment::from_pairs(pairs.iter().copied());
    TelemetryConfig::from_environment(&environment, "monolith", "1.2.3").unwrap()
}

/// Ends `spans` spans, shuts down, and tells what became of them.
fn export(config: &TelemetryConfig, spans: usize) -> ExportCounts {
    let losses = Arc::new(Losses::default());
    let (provider, _) = provider(config, &losses).unwrap();
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
    assert_eq!(counts, ExportCounts { ended: 1_000, exported: 1_000, refused: 0, failed: 0 });
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
    assert_eq!(counts, ExportCounts { ended: 50, exported: 50, refused: 0, failed: 0 });
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
fn a_dead_collector_costs_spans_and_each_is_counted() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let counts = export(&config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{nobody}"))]), 10);
    assert_eq!(counts, ExportCounts { ended: 10, exported: 0, refused: 0, failed: 10 });
}

#[test]
fn a_daemon_that_cannot_be_found_stops_the_start() {
    let config = config(&[("OTEL_TRACES_EXPORTER", "xray"), ("AWS_XRAY_DAEMON_ADDRESS", "no-such-host.invalid:2000")]);
    let error = provider(&config, &Arc::new(Losses::default())).unwrap_err();
    assert!(error.to_string().contains("AWS_XRAY_DAEMON_ADDRESS"), "{error}");
}
