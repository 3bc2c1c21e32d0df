//! Spans through every OTLP door, over real sockets: the same span is the same segment whichever way it came.

#![expect(
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use local_xray::cli::client::{Client, get_service_graph};
use local_xray::cli::map::{MapOptions, render};
use local_xray::config::Token;
use local_xray::document::{ErrorCode, Timestamp, TraceId, Window, to_document};
use local_xray::filter;
use local_xray::graph::ServiceGraph;
use local_xray::ingest::Door;
use local_xray::{App, Config};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message as _;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic_types::StatusExt as _;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const TRACE: &str = "4efaaf4d1e8720b39541901950019ee5";

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(10);

/// A like that is answered with 404: the monolith calls the like service, which asks a database.
fn request() -> ExportTraceServiceRequest {
    serde_json::from_value(json!({ "resourceSpans": [
        spans_of("monolith", json!([
            span("00000000000000a1", "", 2, "POST /mysfits/{id}/like", (0, 900), json!({
                "http.request.method": "POST", "url.path": "/mysfits/7/like", "http.response.status_code": 404 })),
            span("00000000000000a2", "00000000000000a1", 3, "POST", (100, 800), json!({
                "peer.service": "like service", "http.request.method": "POST",
                "url.full": "http://like.local/mysfits/7/like", "http.response.status_code": 404 })),
        ])),
        spans_of("like service", json!([
            span("00000000000000b1", "00000000000000a2", 2, "POST /mysfits/{id}/like", (150, 750), json!({
                "http.request.method": "POST", "http.response.status_code": 404, "chaos_fault": "not_found",
                "aws.xray.annotations": ["chaos_fault"] })),
            span("00000000000000b2", "00000000000000b1", 3, "SELECT", (200, 230), json!({
                "db.system.name": "postgresql", "db.namespace": "mysfits", "server.address": "db.internal",
                "db.query.text": "SELECT likes FROM mysfits WHERE id = $1" })),
        ])),
    ]}))
    .unwrap()
}

fn spans_of(service: &str, spans: Value) -> Value {
    json!({ "resource": { "attributes": attributes(json!({ "service.name": service })) }, "scopeSpans": [{ "spans": spans }] })
}

/// A span from and to a number of milliseconds after a fixed second.
fn span(id: &str, parent: &str, kind: i32, name: &str, (start, end): (u64, u64), members: Value) -> Value {
    let nanos = |millis: u64| (1_767_225_600_000_000_000 + millis * 1_000_000).to_string();
    json!({ "traceId": TRACE, "spanId": id, "parentSpanId": parent, "kind": kind, "name": name,
        "startTimeUnixNano": nanos(start), "endTimeUnixNano": nanos(end), "attributes": attributes(members) })
}

fn attributes(members: Value) -> Value {
    let wrap = |value: Value| match value {
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::Array(texts) => {
            let values: Vec<Value> = texts.into_iter().map(|text| json!({ "stringValue": text })).collect();
            json!({ "arrayValue": { "values": values } })
        }
        text => json!({ "stringValue": text }),
    };
    let Value::Object(members) = members else { panic!("attributes are an object") };
    members.into_iter().map(|(key, value)| json!({ "key": key, "value": wrap(value) })).collect()
}

/// A local X-Ray on free ports, and what to ask of it.
struct Xray {
    state: local_xray::AppState,
    main: String,
    otlp_http: String,
    otlp_grpc: String,
}

/// Runs a test against a fresh local X-Ray, and stops it in good order.
fn with_xray(test: impl AsyncFnOnce(Xray)) {
    with_xray_of(Config::on_free_ports(), test);
}

fn with_xray_of(config: Config, test: impl AsyncFnOnce(Xray)) {
    actix_rt::System::new().block_on(async {
        let app = App::build(config).await.unwrap();
        let xray = Xray {
            state: app.state(),
            main: format!("http://{}", app.addr()),
            otlp_http: format!("http://{}", app.otlp_http_addr()),
            otlp_grpc: format!("http://{}", app.otlp_grpc_addr()),
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

impl Xray {
    /// Posts a body and gives the status and the answer.
    async fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let request = reqwest::Client::new().post(url).header("content-type", content_type).body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], content_type, "answers come in the encoding of the question");
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    /// Every segment of the trace as X-Ray's JSON, sorted.
    fn segments(&self) -> Vec<String> {
        let id = TraceId::parse(&format!("1-{}-{}", &TRACE[..8], &TRACE[8..])).unwrap();
        let trace = self.state.store.snapshot().trace(id).expect("the trace is stored");
        let mut segments: Vec<String> = trace.segments().iter().map(|segment| to_document(id, segment)).collect();
        segments.sort();
        segments
    }

    fn graph(&self) -> ServiceGraph {
        let window = Window { start: Timestamp::EPOCH, end: Timestamp::MAX };
        let everything = filter::compile("", &self.state.settings.groups()).expect("the empty expression is one");
        self.state.store.snapshot().graph(window, &everything)
    }

    fn accepted(&self, door: Door) -> u64 {
        self.state.intake.report().doors.get(&door).map_or(0, |count| count.accepted)
    }

    fn rejected(&self, door: Door) -> u64 {
        self.state.intake.report().doors.get(&door).map_or(0, |count| count.rejected.values().sum())
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sends the request one way and gives the segments that came of it.
fn segments_by(send: impl AsyncFnOnce(&Xray)) -> Vec<String> {
    let mut segments = Vec::new();
    with_xray(async |xray| {
        send(&xray).await;
        segments = xray.segments();
    });
    segments
}

#[test]
fn every_door_gives_the_same_segments() {
    let protobuf = || request().encode_to_vec();
    let json = || serde_json::to_vec(&request()).unwrap();
    let expected = segments_by(async |xray| {
        let answer = xray.post(&format!("{}/v1/traces", xray.otlp_http), PROTOBUF, protobuf()).await;
        assert_eq!(answer, (200, ExportTraceServiceResponse::default().encode_to_vec()));
    });
    assert_eq!(expected.len(), 2, "{expected:#?}");
    let check = |way: &str, segments: Vec<String>| assert_eq!(segments, expected, "{way}");

    let by_json = segments_by(async |xray| {
        let answer = xray.post(&format!("{}/v1/traces", xray.otlp_http), JSON, json()).await;
        assert_eq!(answer, (200, b"{}".to_vec()));
    });
    check("JSON", by_json);
    let by_gzip = segments_by(async |xray| {
        assert_eq!(xray.post(&format!("{}/v1/traces", xray.main), PROTOBUF, gzip(&protobuf())).await.0, 200);
    });
    check("gzip on the main port", by_gzip);
    let by_gzipped_json = segments_by(async |xray| {
        assert_eq!(xray.post(&format!("{}/v1/traces", xray.main), JSON, gzip(&json())).await.0, 200);
    });
    check("gzipped JSON", by_gzipped_json);
    for compression in [None, Some(CompressionEncoding::Gzip)] {
        let by_grpc = segments_by(async |xray| {
            assert_eq!(by_grpc(xray, request(), compression).await.partial_success, None);
        });
        check("gRPC", by_grpc);
    }
    check("a datagram", segments_by(async |xray| by_datagram(xray, "T1S").await));
}

#[test]
fn an_exporter_is_told_when_to_come_back() {
    with_xray(async |xray| {
        let all_the_room = xray.state.intake.admit(usize::MAX, Door::OtlpGrpc).unwrap();
        let mut client = TraceServiceClient::connect(xray.otlp_grpc.clone()).await.unwrap();
        let refused = client.export(request()).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        let when = refused.get_error_details().retry_info().and_then(|retry| retry.retry_delay);
        assert_eq!(when, Some(Duration::from_secs(1)));
        assert_eq!((xray.accepted(Door::OtlpGrpc), xray.rejected(Door::OtlpGrpc)), (0, 1));

        drop(all_the_room);
        client.export(request()).await.unwrap();
    });
}

async fn by_grpc(
    xray: &Xray,
    request: ExportTraceServiceRequest,
    compression: Option<CompressionEncoding>,
) -> ExportTraceServiceResponse {
    let mut client = TraceServiceClient::connect(xray.otlp_grpc.clone()).await.unwrap();
    if let Some(encoding) = compression {
        client = client.send_compressed(encoding).accept_compressed(encoding);
    }
    client.export(request).await.unwrap().into_inner()
}

/// Sends the request in a datagram and waits until the intake has dealt with it.
async fn by_datagram(xray: &Xray, mark: &str) {
    let payload = base64::engine::general_purpose::STANDARD.encode(request().encode_to_vec());
    let datagram = format!("{{\"format\": \"json\", \"version\": 1}}\n{mark}{payload}");
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(datagram.as_bytes(), xray.main.trim_start_matches("http://")).await.unwrap();
    let dealt_with = async {
        while xray.accepted(Door::Udp) + xray.rejected(Door::Udp) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, dealt_with).await.expect("the datagram arrives");
    // Datagrams are not waited for, so the store may still be busy with it; what follows in its queue is.
    xray.state.store.apply(Vec::new()).await.unwrap();
}

#[test]
fn unsampled_datagrams_are_counted_and_not_stored() {
    with_xray(async |xray| {
        by_datagram(&xray, "T1U").await;
        assert_eq!((xray.rejected(Door::Udp), xray.graph()), (1, ServiceGraph::default()));
    });
}

#[test]
fn the_map_shows_services_database_and_errors() {
    with_xray(async |xray| {
        by_grpc(&xray, request(), None).await;
        let graph = xray.graph();
        let node = |reference_id: usize| {
            let service = &graph.services[reference_id];
            (service.name.as_str(), service.service_type.as_deref())
        };
        let mut nodes: Vec<_> = (0..graph.services.len()).map(node).collect();
        nodes.sort_unstable();
        let (monolith, like) = (("monolith", None), ("like service", None));
        let (clients, database) = (("monolith", Some("client")), ("mysfits@db.internal", Some("Database::SQL")));
        assert_eq!(nodes, [like, monolith, clients, database]);
        let calls = |from: usize| graph.services[from].edges.iter().map(move |edge| (from, edge.target));
        let calls = (0..graph.services.len()).flat_map(calls).map(|(from, to)| (node(from), node(to)));
        let mut edges: Vec<_> = calls.collect();
        edges.sort_unstable();
        assert_eq!(edges, [(like, database), (monolith, like), (clients, monolith)]);
        let segments = xray.segments().concat();
        assert!(segments.contains(r#""annotations":{"chaos_fault":"not_found"}"#), "{segments}");
        assert!(segments.contains(r#""error":true"#) && !segments.contains(r#""fault":true"#), "{segments}");
    });
}

#[test]
fn the_terminal_draws_what_the_api_answers() {
    with_xray(async |xray| {
        let second = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        let map = async || {
            let services = get_service_graph(&xray.main, second - DEADLINE, second + DEADLINE).await.unwrap();
            render(&services, &MapOptions { width: 80, colour: false })
        };
        assert!(map().await.contains("--last 1h"), "an empty map says what to do");
        by_grpc(&xray, request(), None).await;
        assert_eq!(map().await, include_str!("../testdata/map/like.txt"));
        let refused = get_service_graph(&xray.main, second, second - DEADLINE).await.unwrap_err();
        assert!(refused.to_string().contains("400 Bad Request"), "{refused}");
    });
}

#[test]
fn a_protected_map_is_drawn_with_the_token_only_and_spans_need_none() {
    with_xray_of(Config { token: Token::new("open sesame"), ..Config::on_free_ports() }, async |xray| {
        assert_eq!(xray.post(&format!("{}/v1/traces", xray.main), PROTOBUF, request().encode_to_vec()).await.0, 200);
        let second = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        let ask = async |token: Option<&str>| {
            let client = Client::new(&xray.main, token.map(str::to_owned)).unwrap();
            client.service_graph(second - DEADLINE, second + DEADLINE).await.map(|services| services.len())
        };
        assert!(ask(None).await.is_err() && ask(Some("open")).await.is_err());
        assert_eq!(ask(Some("open sesame")).await.unwrap(), 4);
    });
}

#[test]
fn refused_spans_do_not_cost_the_others() {
    with_xray(async |xray| {
        let mut request = request();
        request.resource_spans[0].scope_spans[0].spans[1].span_id = vec![0; 8];
        request.resource_spans[1].scope_spans[0].spans[1].trace_id = Vec::new();
        let partial = by_grpc(&xray, request.clone(), None).await.partial_success.expect("a partial success");
        let reason = "InvalidId: all zero, which means no id at $.resourceSpans[0].scopeSpans[0].spans[1].spanId";
        assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (2, reason));
        assert_eq!((xray.accepted(Door::OtlpGrpc), xray.rejected(Door::OtlpGrpc)), (2, 2));
        let latest = xray.state.intake.report().rejections[0].rejection.clone();
        assert_eq!(latest.path, "$.resourceSpans[1].scopeSpans[0].spans[1].traceId");
        assert_eq!(latest.id.as_deref(), Some("00000000000000b2"));

        let url = format!("{}/v1/traces", xray.otlp_http);
        let (status, body) = xray.post(&url, JSON, serde_json::to_vec(&request).unwrap()).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &answer["partialSuccess"]["rejectedSpans"]), (200, &json!("2")));
    });
}

#[test]
fn bodies_that_are_no_request_are_refused_and_counted() {
    with_xray(async |xray| {
        let url = format!("{}/v1/traces", xray.otlp_http);
        let cases: [(&str, Vec<u8>, u16); 5] = [
            (JSON, b"{\"resourceSpans\": 7}".to_vec(), 400),
            (PROTOBUF, b"\xff\xff\xff".to_vec(), 400),
            (PROTOBUF, vec![0x1f, 0x8b, 0], 400),
            (PROTOBUF, gzip(&vec![0; (16 << 20) + 1]), 413),
            (JSON, vec![b' '; (16 << 20) + 1], 413),
        ];
        for (number, (content_type, body, expected)) in cases.into_iter().enumerate() {
            let (status, answer) = xray.post(&url, content_type, body).await;
            assert_eq!(status, expected, "case {number}");
            assert!(!answer.is_empty(), "case {number} says why");
            assert_eq!(xray.rejected(Door::OtlpHttp), number as u64 + 1);
        }
        assert_eq!(xray.post(&url, JSON, b"{}".to_vec()).await, (200, b"{}".to_vec()), "an empty request is one");
    });
}

#[test]
fn other_methods_are_told_which_one_is_meant() {
    with_xray(async |xray| {
        for base in [&xray.main, &xray.otlp_http] {
            for signal in ["traces", "logs", "metrics"] {
                let answer = reqwest::get(format!("{base}/v1/{signal}")).await.unwrap();
                assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, "POST"));
            }
        }
    });
}

#[test]
fn a_large_resource_is_not_copied_to_every_small_span() {
    with_xray(async |xray| {
        let mut request = request();
        let spans = &mut request.resource_spans[0].scope_spans[0].spans;
        *spans = vec![spans[0].clone(); 1_000];
        request.resource_spans[0].schema_url = "x".repeat(1 << 20);
        let mut client = TraceServiceClient::connect(xray.otlp_grpc.clone()).await.unwrap();
        let refused = client.export(request.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
        assert!(refused.message().contains("send fewer at once"), "{refused}");
        assert!(refused.get_error_details().retry_info().is_none(), "it would be refused again");
        let url = format!("{}/v1/traces", xray.otlp_http);
        assert_eq!(xray.post(&url, PROTOBUF, request.encode_to_vec()).await.0, 413);
        assert_eq!((xray.rejected(Door::OtlpGrpc), xray.rejected(Door::OtlpHttp)), (1, 1));
    });
}

/// Three data points in two metrics.
fn three_points() -> ExportMetricsServiceRequest {
    let point = json!({ "timeUnixNano": "1", "asInt": "1" });
    let sum = json!({ "name": "served", "sum": { "dataPoints": [point, point], "aggregationTemporality": 2 } });
    let gauge = json!({ "name": "waiting", "gauge": { "dataPoints": [point] } });
    let scope = json!({ "scope": {}, "metrics": [sum, gauge] });
    serde_json::from_value(json!({ "resourceMetrics": [{ "resource": {}, "scopeMetrics": [scope] }] })).unwrap()
}

#[test]
fn metrics_are_told_apart_from_an_error_and_each_point_is_refused() {
    with_xray(async |xray| {
        let url = format!("{}/v1/metrics", xray.main);
        let (status, body) = xray.post(&url, PROTOBUF, three_points().encode_to_vec()).await;
        assert_eq!(status, 200);
        let partial = ExportMetricsServiceResponse::decode(body.as_slice()).unwrap().partial_success.unwrap();
        assert_eq!(partial.rejected_data_points, 3);
        assert!(partial.error_message.starts_with("metrics are not kept"), "{}", partial.error_message);
        let (status, body) = xray.post(&url, JSON, serde_json::to_vec(&three_points()).unwrap()).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &answer["partialSuccess"]["rejectedDataPoints"]), (200, &json!("3")));
        assert_eq!(xray.post(&url, JSON, b"{}".to_vec()).await, (200, b"{}".to_vec()), "nothing is refused of nothing");
        assert_eq!(xray.post(&url, JSON, b"{".to_vec()).await.0, 400);
        assert_eq!(reqwest::get(&url).await.unwrap().status(), 405);

        let mut client = MetricsServiceClient::connect(xray.otlp_grpc.clone()).await.unwrap();
        let answer = client.export(three_points()).await.unwrap().into_inner();
        assert_eq!(answer.partial_success.unwrap().rejected_data_points, 3);
        assert_eq!(xray.rejected(Door::OtlpHttp), 0, "a data point is no document");
    });
}

#[test]
fn what_is_refused_before_it_is_read_is_counted() {
    with_xray(async |xray| {
        let mut client = TraceServiceClient::connect(xray.otlp_grpc.clone()).await.unwrap();
        let mut refused = async |request: ExportTraceServiceRequest| client.export(request).await.unwrap_err().code();
        let of = |resource_spans| ExportTraceServiceRequest { resource_spans };
        let large = ResourceSpans { schema_url: "x".repeat(17 << 20), ..ResourceSpans::default() };
        assert_eq!(refused(of(vec![large])).await, Code::OutOfRange);
        let many = vec![ResourceSpans::default(); 100_001];
        assert_eq!(refused(of(many.clone())).await, Code::ResourceExhausted);
        let url = format!("{}/v1/traces", xray.otlp_http);
        assert_eq!(xray.post(&url, PROTOBUF, of(many).encode_to_vec()).await.0, 413);
        let report = xray.state.intake.report();
        let counted = |door: Door| report.doors[&door].rejected.clone();
        let by_grpc = [(ErrorCode::DocumentTooLarge, 1), (ErrorCode::InvalidRequest, 1)];
        assert_eq!(counted(Door::OtlpGrpc), BTreeMap::from(by_grpc));
        assert_eq!(counted(Door::OtlpHttp), BTreeMap::from([(ErrorCode::InvalidRequest, 1)]));
    });
}

#[test]
fn a_connection_that_stays_open_does_not_keep_the_door_open() {
    let mut kept = None;
    with_xray(async |xray| {
        let mut client = TraceServiceClient::connect(xray.otlp_grpc.clone()).await.unwrap();
        client.export(request()).await.unwrap();
        kept = Some(client); // `with_xray` fails when the stop takes too long
    });
    assert!(kept.is_some());
}
