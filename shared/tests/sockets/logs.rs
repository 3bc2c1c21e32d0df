//! Log events over OTLP: what they carry, which of them leave, and that exporting makes none of its own.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::{HttpResponse, web};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs};
use prost::Message as _;
use shared::config::{Environment, ListenAddr};
use shared::server::{self, HttpSettings};
use shared::shutdown::Shutdown;
use shared::telemetry::log_level::{LogLevel, set_log_level};
use shared::telemetry::{self, Telemetry, TelemetryConfig};

use crate::helpers::{XRAY_HEADER, in_a_process_of_its_own, read_request};

/// A receiver of log events.
struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<ResourceLogs>>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<ResourceLogs>>> = Arc::default();
        let keep = Arc::clone(&received);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let Some((head, body)) = read_request(&stream) else { continue };
                if head.starts_with("POST /v1/logs ") {
                    let request = ExportLogsServiceRequest::decode(body.as_slice()).unwrap();
                    keep.lock().unwrap().extend(request.resource_logs);
                }
                let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        Self { url, received }
    }

    fn records(&self) -> Vec<LogRecord> {
        let received = self.received.lock().unwrap().clone();
        let scopes = received.into_iter().flat_map(|resource| resource.scope_logs);
        scopes.flat_map(|scope| scope.log_records).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.records().into_iter().map(|record| text(record.body)).collect()
    }
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn by_key(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|pair| (pair.key, text(pair.value))).collect()
}

/// Runs `work` with telemetry whose events go to the receiver, at a level.
fn with_logs(level: &str, work: impl FnOnce(&Receiver, &Telemetry)) {
    let receiver = Receiver::start();
    let environment = Environment::from_pairs([
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url.as_str()),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_on"), // nobody is asked for rules
        ("LOGLEVEL", level),
    ]);
    let config = TelemetryConfig::from_environment(&environment, "test service", "1.2.3").unwrap();
    let telemetry = telemetry::init(&config).unwrap();
    work(&receiver, &telemetry);
    telemetry.shutdown();
}

/// Serves one request under this trace header.
fn serve_one(header: &str) {
    let answer = async || {
        tracing::info!(mysfit.id = "a", likes = 3, "a mysfit was liked");
        HttpResponse::Ok().finish()
    };
    actix_rt::System::new().block_on(async {
        let listener = server::bind("LISTEN_ADDR", &ListenAddr::loopback(0)).unwrap();
        let url = format!("http://{}/", listener.addr());
        let settings = HttpSettings { workers: 1, ..HttpSettings::default() };
        let running = server::start(listener, &settings, move |routes: &mut web::ServiceConfig| {
            routes.route("/", web::get().to(answer));
        });
        actix_rt::spawn(server::run_until_stopped(vec![running.unwrap()], Shutdown::new()));
        let request = reqwest::Client::new().get(url).header(XRAY_HEADER, header);
        assert_eq!(request.send().await.unwrap().status(), 200);
    });
}

#[test]
fn an_event_carries_its_trace_its_fields_and_its_service() {
    in_a_process_of_its_own("logs::an_event_carries_its_trace_its_fields_and_its_service", || {
        with_logs("info", |receiver, telemetry| {
            serve_one("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
            telemetry.flush().unwrap();
            let received = receiver.received.lock().unwrap().clone();
            let resource = by_key(received[0].resource.clone().unwrap().attributes);
            assert_eq!((&*resource["service.name"], &*resource["service.version"]), ("test service", "1.2.3"));
            let mut records = receiver.records();
            records.retain(|record| text(record.body.clone()) == "a mysfit was liked");
            assert_eq!(records.len(), 1);
            let record = records.remove(0);
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert_eq!(hex(&record.trace_id), "5759e988bd862e3fe1be46a994272793");
            assert!(record.span_id.len() == 8 && hex(&record.span_id) != "53995c3f42cd8ad8", "our own span");
            assert_eq!((record.severity_text.as_str(), record.severity_number), ("INFO", 9));
            assert!(record.time_unix_nano > 0 || record.observed_time_unix_nano > 0);
            let fields = by_key(record.attributes);
            assert_eq!((&*fields["mysfit.id"], &*fields["likes"]), ("a", "3"));
            let counts = telemetry.export_counts().logs;
            assert!(counts.logged > 0 && counts.logged == counts.exported, "{counts:?}");
        });
    });
}

#[test]
fn the_level_of_the_lines_is_the_level_of_the_events() {
    in_a_process_of_its_own("logs::the_level_of_the_lines_is_the_level_of_the_events", || {
        with_logs("warn", |receiver, telemetry| {
            tracing::info!("too quiet");
            tracing::warn!("heard");
            set_log_level(LogLevel::Debug).unwrap();
            tracing::debug!("heard as well");
            set_log_level(LogLevel::Off).unwrap();
            tracing::error!("not even this");
            telemetry.flush().unwrap();
            let ours = receiver
                .texts()
                .into_iter()
                .filter(|text| text.contains("hear") || text.contains("not even") || text.contains("quiet"));
            assert_eq!(ours.collect::<Vec<_>>(), ["heard", "heard as well"]);
        });
    });
}

#[test]
fn exporting_makes_no_events_of_its_own() {
    in_a_process_of_its_own("logs::exporting_makes_no_events_of_its_own", || {
        with_logs("trace", |receiver, telemetry| {
            for _ in 0..5 {
                tracing::info!("one");
                telemetry.flush().unwrap();
            }
            let texts = receiver.texts();
            assert_eq!(texts.iter().filter(|text| *text == "one").count(), 5);
            assert_eq!(telemetry.export_counts().logs.logged, 5, "{texts:?}");
        });
    });
}
