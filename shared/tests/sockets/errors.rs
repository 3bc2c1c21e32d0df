//! Every refusal speaks the envelope, and its segment tells the truth.

use std::net::SocketAddr;

use actix_web::web::{self, Json, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use shared::error::{ApiError, method_not_allowed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::helpers::{daemon, root_of, serve};

#[derive(serde::Deserialize)]
struct Number {
    #[expect(dead_code, reason = "only its parsing matters")]
    number: u32,
}

fn routes(settings: &mut ServiceConfig) {
    async fn path(_: Path<u32>) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    async fn query(_: Query<Number>) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    async fn json(_: Json<Number>) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    async fn ignores(_: HttpRequest) -> HttpResponse {
        HttpResponse::Ok().finish()
    }
    async fn broken() -> Result<HttpResponse, ApiError> {
        Err(ApiError::internal(anyhow::anyhow!("disk full").context("cannot count the likes")))
    }
    async fn panics() -> HttpResponse {
        panic!("the unicorn escaped")
    }
    settings
        .route("/path/{number}", web::get().to(path))
        .route("/query", web::get().to(query))
        .route("/json", web::post().to(json))
        .service(web::resource("/ignores").route(web::post().to(ignores)).default_service(method_not_allowed("POST")))
        .route("/broken", web::get().to(broken))
        .route("/panics", web::get().to(panics));
}

#[actix_rt::test]
async fn every_refusal_has_the_same_shape_and_names_its_trace() {
    let server = serve(routes);
    let client = reqwest::Client::new();
    let check = async |request: reqwest::RequestBuilder, status: u16, code: &str, message: &str| {
        let answer = request.send().await.unwrap();
        let root = root_of(&answer);
        assert_eq!(answer.status(), status, "{code}");
        let allow = answer.headers().get("allow").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(allow.as_deref(), (status == 405).then_some("POST"));
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], code);
        assert_eq!(body["error"]["trace_id"], root);
        let said = body["error"]["message"].as_str().unwrap();
        assert!(said.contains(message), "{said}");
        let segment = daemon().documents(&root, 1).remove(0);
        let flag = if status < 500 { "error" } else { "fault" };
        assert_eq!(segment[flag], true, "{segment:#?}");
        assert_eq!(segment["cause"]["exceptions"][0]["type"], code, "{segment:#?}");
        segment
    };
    let json =
        |body: &'static str| client.post(server.url("/json")).header("content-type", "application/json").body(body);
    let large = "x".repeat(1_001);
    check(client.get(server.url("/nowhere")), 404, "not_found", "there is nothing at /nowhere").await;
    check(client.get(server.url("/path/x")), 404, "not_found", "").await;
    check(client.get(server.url("/query?number=x")), 400, "bad_request", "invalid digit").await;
    check(json("{"), 400, "bad_request", "").await;
    check(client.post(server.url("/json")).body("{}"), 415, "unsupported_media_type", "application/json").await;
    check(client.get(server.url("/ignores")), 405, "method_not_allowed", "answers POST only").await;
    check(client.post(server.url("/ignores")).body(large), 413, "payload_too_large", "1000 bytes").await;
    let broken = check(client.get(server.url("/broken")), 500, "internal", "internal error").await;
    let cause = broken["cause"]["exceptions"][0]["message"].as_str().unwrap().to_owned();
    assert_eq!(cause, "cannot count the likes: disk full");
    let panicked = check(client.get(server.url("/panics")), 500, "internal", "internal error").await;
    assert!(panicked["cause"]["exceptions"][0]["message"].as_str().unwrap().contains("the unicorn escaped"));
    let answer = client.post(server.url("/ignores")).body("x".repeat(1_000)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[actix_rt::test]
async fn a_body_without_a_length_is_counted_while_it_is_read() {
    async fn check(addr: SocketAddr, bytes: usize, expected: &str) {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let head = "POST /ignores HTTP/1.1\r\nhost: site\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        let chunks = format!(
            "{head}1f4\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
            "x".repeat(500),
            bytes - 500,
            "x".repeat(bytes - 500)
        );
        stream.write_all(chunks.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with(expected), "{bytes}: {answer}");
    }
    let server = serve(routes);
    check(server.addr, 1_000, "HTTP/1.1 200").await;
    check(server.addr, 1_001, "HTTP/1.1 413").await;
}
