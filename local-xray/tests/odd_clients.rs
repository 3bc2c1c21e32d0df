//! Clients that do not speak as they should: whatever they send, they hear what was wrong or are hung up on, nobody
//! gets a 500, what is refused is counted, and the next client is served as if nothing had been.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

mod support;

use std::net::SocketAddr;

use local_xray::document::ErrorCode;
use local_xray::ingest::Door;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};

use support::{DEADLINE, SLOW_LIKE, Xray, lab, send, with_xray};

/// Writes bytes, ends its side, and reads until the other side has ended, too.
async fn says(address: SocketAddr, bytes: &[u8]) -> String {
    let talk = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Whoever has heard enough may hang up while we still write.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    tokio::time::timeout(DEADLINE, talk).await.expect("an answer, or the end of the connection")
}

/// That everything still works: a trace is taken and answered.
async fn is_well(xray: &Xray) {
    xray.put(&lab()).await;
    assert_eq!(xray.documents(SLOW_LIKE).await.len(), 3);
}

#[test]
fn bytes_that_are_no_http_are_refused_or_hung_up_on() {
    let long_header = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 20));
    let many_headers = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "A: b\r\n".repeat(5_000));
    let odd: [&[u8]; 14] = [
        b"",
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\x00/\x00HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n{}",
        b"POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        b"POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
        b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nx",
        long_header.as_bytes(),
        many_headers.as_bytes(),
    ];
    with_xray(async |xray| {
        for address in [xray.addr, xray.otlp_http, xray.otlp_grpc] {
            for bytes in odd {
                let answer = says(address, bytes).await;
                let status = answer.strip_prefix("HTTP/1.1 ").or(answer.strip_prefix("HTTP/1.0 "));
                let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
                assert!(status.is_none_or(|status| status.starts_with('4')), "{shown}: {answer}");
            }
        }
        is_well(&xray).await;
    });
}

#[test]
fn every_path_answers_every_method() {
    const PATHS: [&str; 18] = [
        "/",
        "/map",
        "/traces",
        "/traces/x",
        "/traces/%00",
        "/logs",
        "/logs.json",
        "/groups",
        "/groups/%2e%2e",
        "/sampling",
        "/intake",
        "/search",
        "/static/%2e%2e%2fCargo.toml",
        "/TraceSummaries",
        "/ServiceGraph",
        "/v1/traces",
        "/v1/logs",
        "/nothing/here/%ff",
    ];
    const METHODS: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS];
    with_xray(async |xray| {
        is_well(&xray).await;
        for (path, method) in PATHS.iter().flat_map(|path| METHODS.map(|method| (path, method))) {
            let answer = xray.client.request(method.clone(), xray.url(path)).send().await.unwrap();
            let status = answer.status().as_u16();
            assert!(status < 500, "{method} {path}: {status}");
            // Reading pages is GET and HEAD; a call of the API that says nothing, or a page that cannot be changed, is
            // refused.
            let may_succeed = matches!(method, Method::GET | Method::HEAD) || path.starts_with("/v1/");
            assert!(may_succeed || status >= 400, "{method} {path}: {status}");
        }
        is_well(&xray).await;
    });
}

#[test]
fn pages_answer_every_query() {
    const PAGES: [&str; 9] =
        ["/map", "/traces", "/logs", "/groups", "/sampling", "/intake", "/search", "/logs.json", "/traces/x"];
    const PARAMETERS: [&str; 19] = [
        "range", "live", "node", "edge", "state", "band", "after", "group", "filter", "q", "on", "row", "level",
        "service", "trace", "before", "limit", "start", "end",
    ];
    let long = "x".repeat(10_000);
    let nested = "%28".repeat(2_000);
    let values = [
        "",
        "%00",
        "%ff%fe",
        "-1",
        "99999999999999999999",
        "1-1",
        "1.1",
        "%22",
        "a%3D",
        "NaN",
        "%F0%9F%98%80",
        &long,
        &nested,
    ];
    with_xray(async |xray| {
        is_well(&xray).await;
        for page in PAGES {
            for value in values {
                for parameter in PARAMETERS {
                    let url = xray.url(&format!("{page}?{parameter}={value}"));
                    let status = xray.client.get(&url).send().await.unwrap().status().as_u16();
                    assert!(matches!(status, 200 | 303 | 400 | 404), "{page}?{parameter}={value:.40}: {status}");
                }
            }
        }
        is_well(&xray).await;
    });
}

#[test]
fn calls_of_the_api_with_odd_bodies_are_refused_in_its_own_words() {
    with_xray(async |xray| {
        let deep = format!("{{\"TraceIds\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        for body in [
            "{",
            "[]",
            "null",
            "\"x\"",
            "\u{0}",
            &deep,
            "{\"TraceIds\": 1}",
            "{\"TraceIds\": [1]}",
            "{\"TraceIds\": [\"\\ud800\"]}",
        ] {
            for content_type in ["application/json", "text/plain", "", "application/x-amz-json-1.0", "\u{e9}"] {
                let request = xray.client.post(xray.url("/Traces")).header("content-type", content_type);
                let answer = send(request.body(body.to_owned())).await;
                let expected = (400, Some("InvalidRequestException"));
                assert_eq!((answer.status, answer.error_type.as_deref()), expected, "{body:.40}: {answer:?}");
                assert!(!answer.body["message"].as_str().unwrap().is_empty());
            }
        }
        let twice = r#"{"TraceIds": ["1-00000000-000000000000000000000000"], "TraceIds": []}"#;
        let answer = send(xray.client.post(xray.url("/Traces")).body(twice)).await;
        assert_eq!(answer.status, 400, "a member that is there twice: {answer:?}");
    });
}

/// Sends bytes as a message, whatever they are.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        prost::bytes::BufMut::put_slice(buffer, &message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, _: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(Vec::new()))
    }
}

async fn by_grpc(xray: &Xray, method: &'static str, message: &[u8]) -> Code {
    let channel = Endpoint::from_shared(format!("http://{}", xray.otlp_grpc)).unwrap().connect().await.unwrap();
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.unwrap();
    let answer = grpc.unary(Request::new(message.to_vec()), PathAndQuery::from_static(method), Raw).await;
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

#[test]
fn messages_that_are_no_request_are_refused_over_grpc_and_counted() {
    const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    with_xray(async |xray| {
        let rejected = || {
            xray.state.intake.report().doors.get(&Door::OtlpGrpc).map(|door| door.rejected.clone()).unwrap_or_default()
        };
        assert_eq!(by_grpc(&xray, TRACES, b"\xff\xff\xff").await, Code::Internal);
        assert_eq!(rejected(), [(ErrorCode::InvalidSpan, 1)].into());
        assert_eq!(by_grpc(&xray, LOGS, b"\x0a\x02\xff\xff").await, Code::Internal);
        assert_eq!(rejected(), [(ErrorCode::InvalidSpan, 1), (ErrorCode::InvalidLogRecord, 1)].into());
        assert_eq!(by_grpc(&xray, TRACES, &vec![0; 17 << 20]).await, Code::OutOfRange);
        assert_eq!(rejected()[&ErrorCode::DocumentTooLarge], 1);
        for unknown in ["/", "/a.b.C/Export", "/opentelemetry.proto.collector.trace.v1.TraceService/Import"] {
            assert_eq!(by_grpc(&xray, unknown, b"").await, Code::Unimplemented, "{unknown}");
        }
        assert_eq!(by_grpc(&xray, TRACES, b"").await, Code::Ok);
        is_well(&xray).await;
    });
}

#[test]
fn a_sender_that_goes_away_in_the_middle_costs_nothing() {
    with_xray(async |xray| {
        let body = json!({ "TraceSegmentDocuments": [lab()[3].to_string()] }).to_string();
        let head = format!("POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        for length in [head.len() / 2, head.len(), head.len() + body.len() / 2] {
            let whole = format!("{head}{body}");
            let answer = says(xray.addr, &whole.as_bytes()[..length]).await;
            assert!(!answer.contains("HTTP/1.1 2") && !answer.contains("HTTP/1.1 5"), "{length}: {answer}");
        }
        let stored: Value = serde_json::from_str(
            &xray.client.get(xray.url("/intake.json")).send().await.unwrap().text().await.unwrap(),
        )
        .unwrap();
        assert_eq!(stored["store"]["traces"], 0);
        is_well(&xray).await;
    });
}
