//! Log lines through every OTLP door, over real sockets, to the pages and back.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

mod support;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use local_xray::Config;
use local_xray::config::Token;
use local_xray::document::{ErrorCode, TraceId};
use local_xray::ingest::Door;
use local_xray::logs::LogsConfig;
use local_xray::store::{Eviction, StoreConfig};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use prost::Message as _;
use serde_json::{Value, json};
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic_types::StatusExt as _;

use support::{DEADLINE, SLOW_LIKE, Xray, lab, with_config, with_xray};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Two lines of the slow like, and one of no trace.
fn request() -> Value {
    let trace = SLOW_LIKE.parse::<TraceId>().unwrap().to_w3c();
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let record = |severity: i32, words: &str, members: Value| {
        let mut record =
            json!({ "timeUnixNano": nanos(), "severityNumber": severity, "body": { "stringValue": words } });
        record.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        record
    };
    let of_trace = |fields: Value| json!({ "traceId": trace, "spanId": "00000000000000a0", "attributes": fields });
    let resource = json!({ "attributes": [text("service.name", "like service"), text("host.name", "box")] });
    let records = [
        record(9, "computing digits", of_trace(json!([text("chaos_fault", "slow")]))),
        record(13, "the like took long", of_trace(json!([]))),
        record(9, "listening", json!({})),
    ];
    json!({ "resourceLogs": [{ "resource": resource, "scopeLogs": [{ "scope": { "name": "likes" }, "logRecords": records }] }] })
}

/// The present, as OTLP writes it.
fn nanos() -> String {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos().to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn post(xray: &Xray, url: String, content_type: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
    let answer = xray.client.post(url).header("content-type", content_type).body(body).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], content_type, "answers come in the encoding of the question");
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

async fn get(xray: &Xray, path: &str) -> (u16, String) {
    let answer = xray.client.get(xray.url(path)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What `/logs.json` finds.
async fn lines(xray: &Xray, query: &str) -> Vec<Value> {
    let (status, body) = get(xray, &format!("/logs.json?{query}")).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str::<Value>(&body).unwrap()["lines"].as_array().unwrap().clone()
}

async fn send(xray: &Xray, request: &Value) {
    let url = format!("http://{}/v1/logs", xray.otlp_http);
    assert_eq!(post(xray, url, JSON, request.to_string().into()).await, (200, b"{}".to_vec()));
}

#[test]
fn every_door_gives_the_same_lines() {
    let request = request();
    let decoded: ExportLogsServiceRequest = serde_json::from_value(request.clone()).unwrap();
    let (protobuf, json) = (decoded.encode_to_vec(), request.to_string().into_bytes());
    let check = |way: &str, door: Door, send: &dyn AsyncSend| {
        with_xray(async |xray| {
            send.send(&xray).await;
            let found = lines(&xray, "").await;
            let messages: Vec<_> = found.iter().map(|line| line["body"].as_str().unwrap()).collect();
            assert_eq!(messages, ["listening", "the like took long", "computing digits"], "{way}");
            assert_eq!(found[2]["trace_id"], SLOW_LIKE);
            assert_eq!(found[2]["w3c_trace_id"], SLOW_LIKE.parse::<TraceId>().unwrap().to_w3c());
            assert_eq!(found[2]["fields"], json!({ "chaos_fault": "slow" }));
            assert_eq!((&found[1]["level"], &found[1]["service"]), (&json!("warn"), &json!("like service")));
            let counted = xray.state.intake.report().doors[&door].clone();
            assert_eq!((counted.lines, counted.accepted, counted.rejected), (3, 0, BTreeMap::new()), "{way}");
        });
    };
    for (way, content_type, body) in [
        ("protobuf", PROTOBUF, protobuf.clone()),
        ("JSON", JSON, json.clone()),
        ("gzip", PROTOBUF, gzip(&protobuf)),
        ("gzipped JSON", JSON, gzip(&json)),
    ] {
        check(way, Door::OtlpHttp, &Http { content_type, body });
    }
    for compression in [None, Some(CompressionEncoding::Gzip)] {
        check("gRPC", Door::OtlpGrpc, &Grpc { request: decoded.clone(), compression });
    }
}

/// A way to send the request.
trait AsyncSend {
    fn send<'a>(&'a self, xray: &'a Xray) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;
}

struct Http {
    content_type: &'static str,
    body: Vec<u8>,
}

impl AsyncSend for Http {
    fn send<'a>(&'a self, xray: &'a Xray) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>> {
        Box::pin(async {
            let answer = post(xray, xray.url("/v1/logs"), self.content_type, self.body.clone()).await;
            assert_eq!(answer.0, 200);
        })
    }
}

struct Grpc {
    request: ExportLogsServiceRequest,
    compression: Option<CompressionEncoding>,
}

impl AsyncSend for Grpc {
    fn send<'a>(&'a self, xray: &'a Xray) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>> {
        Box::pin(async {
            let mut client = LogsServiceClient::connect(format!("http://{}", xray.otlp_grpc)).await.unwrap();
            if let Some(encoding) = self.compression {
                client = client.send_compressed(encoding).accept_compressed(encoding);
            }
            let answer = client.export(self.request.clone()).await.unwrap().into_inner();
            assert_eq!(answer.partial_success, None);
        })
    }
}

#[test]
fn what_is_no_line_is_refused_and_counted() {
    with_xray(async |xray| {
        let url = || xray.url("/v1/logs");
        assert_eq!(post(&xray, url(), JSON, b"{".to_vec()).await.0, 400);
        assert_eq!(post(&xray, url(), PROTOBUF, b"\xff\xff".to_vec()).await.0, 400);
        assert_eq!(post(&xray, url(), PROTOBUF, gzip(&vec![0; (16 << 20) + 1])).await.0, 413);
        let long = json!({ "body": { "stringValue": "x".repeat(2 << 20) } });
        let request = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [long, {}] }] }] });
        let (status, body) = post(&xray, url(), JSON, request.to_string().into()).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &answer["partialSuccess"]["rejectedLogRecords"]), (200, &json!("1")));
        let counted = xray.state.intake.report().doors[&Door::OtlpHttp].clone();
        let rejected = [(ErrorCode::InvalidLogRecord, 2), (ErrorCode::DocumentTooLarge, 2)];
        assert_eq!((counted.lines, counted.rejected), (1, BTreeMap::from(rejected)));
        let many = json!({ "resourceLogs": vec![json!({}); 100_001] });
        assert_eq!(post(&xray, url(), JSON, many.to_string().into()).await.0, 413);
    });
}

#[test]
fn senders_are_told_to_come_back_when_too_much_is_on_its_way() {
    with_xray(async |xray| {
        let all_the_room = xray.state.intake.admit(usize::MAX, Door::OtlpGrpc).unwrap();
        let request: ExportLogsServiceRequest = serde_json::from_value(request()).unwrap();
        let refused = xray.client.post(xray.url("/v1/logs")).body(request.encode_to_vec()).send().await.unwrap();
        assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        let mut client = LogsServiceClient::connect(format!("http://{}", xray.otlp_grpc)).await.unwrap();
        let refused = client.export(request.clone()).await.unwrap_err();
        let when = refused.get_error_details().retry_info().and_then(|retry| retry.retry_delay);
        assert_eq!((refused.code(), when), (Code::ResourceExhausted, Some(Duration::from_secs(1))));
        drop(all_the_room);
        client.export(request).await.unwrap();
        assert_eq!(xray.state.logs.snapshot().report().lines, 3);
    });
}

#[test]
fn lines_are_found_by_what_they_say_and_page_by_page() {
    with_xray(async |xray| {
        send(&xray, &request()).await;
        let count = async |query: &str| lines(&xray, query).await.len();
        assert_eq!(count("level=warn").await, 1);
        assert_eq!(count("q=TOOK").await, 1);
        assert_eq!(count("q=chaos_fault%3Dslow").await, 1);
        assert_eq!(count(&format!("trace={SLOW_LIKE}")).await, 2);
        assert_eq!(count("service=monolith").await, 0);
        assert_eq!(count("end=1000").await, 0);
        assert_eq!(count("start=1000").await, 3);
        let (_, first) = get(&xray, "/logs.json?limit=2").await;
        let first: Value = serde_json::from_str(&first).unwrap();
        let rest = lines(&xray, &format!("limit=2&before={}", first["next"].as_str().unwrap())).await;
        assert_eq!((first["lines"].as_array().unwrap().len(), rest.len()), (2, 1));
        for query in ["level=loud", "trace=x", "start=soon", "limit=0", "limit=x", "before=x"] {
            let (status, body) = get(&xray, &format!("/logs.json?{query}")).await;
            assert_eq!(status, 400, "{query}: {body}");
        }
    });
}

#[test]
fn a_line_leads_to_its_trace_and_the_trace_to_its_lines() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let before = get(&xray, &format!("/traces/{SLOW_LIKE}")).await.1;
        assert!(!before.contains("id=\"logs\""), "no lines, no section");
        send(&xray, &request()).await;
        let (status, page) = get(&xray, "/logs?q=digits").await;
        assert_eq!(status, 200);
        let href = format!("/traces/{SLOW_LIKE}?row=00000000000000a0#part-00000000000000a0");
        assert!(page.contains(&href.replace('&', "&#38;")) && page.contains("computing digits"), "{page}");
        let trace = get(&xray, &href).await.1;
        assert!(trace.contains("id=\"logs\"") && trace.contains("computing digits"), "{trace}");
        assert!(trace.contains("<details id=\"part-00000000000000a0\"") && !trace.contains("listening"));
        assert_eq!(get(&xray, "/logs?level=loud").await.0, 400);
        assert!(get(&xray, "/intake").await.1.contains("Lines held"));
    });
}

#[test]
fn with_a_token_lines_come_in_without_it_and_are_read_with_it() {
    with_config(Config { token: Token::new("secret"), ..Config::on_free_ports() }, async |xray| {
        assert_eq!(post(&xray, xray.url("/v1/logs"), JSON, request().to_string().into()).await.0, 200);
        assert_eq!(post(&xray, xray.url("/v1/metrics"), JSON, b"{}".to_vec()).await.0, 200);
        for path in ["/logs", "/logs.json"] {
            assert_eq!(get(&xray, path).await.0, 401);
            let read = xray.client.get(xray.url(path)).bearer_auth("secret").send().await.unwrap();
            assert_eq!(read.status().as_u16(), 200);
        }
    });
}

#[test]
fn lines_outlive_the_process_and_the_oldest_go_when_there_are_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let config = |max_bytes: u64| {
        let usual = Config::on_free_ports();
        let folder = Some(folder.path().to_owned());
        Config {
            store: StoreConfig { folder: folder.clone(), ..usual.store },
            logs: LogsConfig { folder, max_bytes, ..usual.logs },
            ..Config::on_free_ports()
        }
    };
    with_config(config(1 << 20), async |xray| send(&xray, &request()).await);
    // The thread that holds the folder ends soon after the last handle to its store.
    let lock = File::open(folder.path().join("lock")).unwrap();
    let deadline = Instant::now() + DEADLINE;
    while lock.try_lock().is_err() {
        assert!(Instant::now() < deadline, "the folder stays locked");
        std::thread::yield_now();
    }
    drop(lock);
    with_config(config(3_000), async |xray| {
        assert_eq!(lines(&xray, "").await.len(), 3, "they are there again");
        for _ in 0..20 {
            send(&xray, &request()).await;
        }
        let report = xray.state.logs.snapshot().report();
        assert!(report.bytes <= report.max_bytes && report.lines > 0, "{report:?}");
        assert_eq!(report.evicted[&Eviction::Room] + report.lines as u64, 63);
        let intake: Value = serde_json::from_str(&get(&xray, "/intake.json").await.1).unwrap();
        assert_eq!(intake["logs"]["evicted"].as_u64().unwrap() + intake["logs"]["lines"].as_u64().unwrap(), 63);
    });
}
