//! What the client repeats, what it does not, and when it stops asking.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError, web};
use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt, Tracer};
use shared::error::ApiError;
use shared::http_client::{Answer, CallError, HttpClient, Upstream};

use crate::helpers::{Peer, daemon, eventually, header_of, serve};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const BROKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nabc";
const NONSENSE: &str = "EHLO mail.example\r\n\r\n";
const HANGS_UP: &str = "";

fn client(url: &str) -> HttpClient {
    daemon();
    Upstream::new("peer", url).unwrap().connect()
}

async fn post(client: &HttpClient, key: Option<&str>) -> Result<Answer, CallError> {
    let call = client.post("/likes");
    match key {
        Some(key) => call.idempotency_key(key).send().await,
        None => call.send().await,
    }
}

#[actix_rt::test]
async fn a_call_is_repeated_only_where_that_is_harmless() {
    async fn check(answers: &[&'static str], key: Option<&str>, expected: Result<u16, &str>, requests: usize) {
        let peer = Peer::answering(answers);
        let outcome = post(&client(&peer.url), key).await;
        let outcome = outcome.map(|answer| answer.status.as_u16()).map_err(|error| match error {
            CallError::Unreachable { connected, .. } => format!("unreachable, connected: {connected}"),
            CallError::Unusable { .. } => "unusable".to_owned(),
            other => panic!("{other}"),
        });
        assert_eq!(outcome, expected.map_err(str::to_owned), "{answers:?} {key:?}");
        let seen = peer.requests();
        assert_eq!(seen.len(), requests, "{answers:?} {key:?}");
        assert!(seen.iter().all(|request| header_of(request, "idempotency-key") == key));
    }
    let key = Some("click-1");
    check(&[OK], None, Ok(200), 1).await;
    check(&[HANGS_UP, OK], key, Ok(200), 2).await;
    check(&[HANGS_UP, OK], None, Err("unreachable, connected: true"), 1).await;
    check(&[HANGS_UP], key, Err("unreachable, connected: true"), 3).await;
    check(&[BUSY, OK], key, Ok(200), 2).await;
    check(&[BUSY, OK], None, Ok(503), 1).await;
    check(&[BUSY], key, Ok(503), 3).await;
    check(&[BROKEN, OK], key, Err("unusable"), 1).await;
    check(&[NONSENSE, OK], key, Err("unusable"), 1).await;
}

#[actix_rt::test]
async fn each_refused_connection_is_tried_again_and_seen_on_the_trace() {
    let client = client(&nobody());
    let span = opentelemetry::global::tracer("test").start("visitor");
    let context = Context::new().with_span(span);
    let trace_id = context.span().span_context().trace_id().to_string();
    let outcome = {
        use opentelemetry::context::FutureExt;
        post(&client, None).with_context(context.clone()).await
    };
    context.span().end();
    assert!(matches!(outcome, Err(CallError::Unreachable { connected: false, .. })), "{outcome:?}");
    let error = ApiError::from(outcome.unwrap_err());
    assert_eq!(error.status_code(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(error.to_string(), "peer cannot be reached at the moment, please try again later");

    let (time, unique) = trace_id.split_at(8);
    let documents = daemon().documents(&format!("1-{time}-{unique}"), 4);
    let attempts: Vec<_> = documents.iter().filter(|document| document["name"] == "peer").collect();
    let resends: Vec<_> =
        attempts.iter().map(|attempt| attempt["metadata"]["default"]["http.request.resend_count"].as_i64()).collect();
    assert_eq!(resends, [None, Some(1), Some(2)]);
    assert!(attempts.iter().all(|attempt| attempt["fault"] == true && attempt["namespace"] == "remote"));
}

#[actix_rt::test]
async fn the_breaker_opens_answers_at_once_and_closes_again() {
    let peer = Peer::answering(&[HANGS_UP]);
    daemon();
    let upstream = Upstream::new("peer", &peer.url).unwrap().with_breaker(2, Duration::from_millis(20));
    let (one, other) = (upstream.connect(), upstream.connect());
    for client in [&one, &other] {
        assert!(matches!(post(client, None).await, Err(CallError::Unreachable { .. })));
    }
    let asked = peer.requests().len();
    assert_eq!(asked, 2);
    // Open now, for both workers: nobody is asked. A probe may go through once the pause is over, and fails.
    let refused = eventually(async || match post(&one, None).await {
        Err(CallError::BreakerOpen { .. }) => Some(()),
        _ => None,
    });
    refused.await;
    peer.now_answers(OK);
    let answer = eventually(async || post(&other, None).await.ok()).await;
    assert_eq!(answer.body, "ok");
    assert_eq!(post(&one, None).await.unwrap().status, StatusCode::OK, "closed for every worker");
}

#[actix_rt::test]
async fn a_failing_or_slow_answer_does_not_open_the_breaker() {
    let peer = Peer::answering(&["HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"]);
    daemon();
    let upstream = Upstream::new("peer", &peer.url).unwrap().with_breaker(1, Duration::from_secs(3_600));
    let client = upstream.connect();
    for _ in 0..3 {
        assert_eq!(post(&client, None).await.unwrap().status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    let silent = TcpListener::bind("127.0.0.1:0").unwrap(); // accepts by backlog, never answers
    let url = format!("http://{}", silent.local_addr().unwrap());
    let upstream = Upstream::new("peer", &url).unwrap().with_deadline(Duration::from_millis(50));
    let client = upstream.with_breaker(1, Duration::from_secs(3_600)).connect();
    for _ in 0..2 {
        let error = post(&client, Some("click-1")).await.unwrap_err();
        assert!(matches!(error, CallError::DeadlineExceeded { .. }), "{error}");
        assert_eq!(ApiError::from(error).status_code(), StatusCode::GATEWAY_TIMEOUT);
    }
}

#[actix_rt::test]
async fn a_503_is_what_the_caller_hears_when_the_repetition_takes_too_long() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    async fn answer() -> HttpResponse {
        if ASKED.fetch_add(1, Ordering::SeqCst) > 0 {
            std::future::pending::<()>().await;
        }
        HttpResponse::ServiceUnavailable().body("the database is away")
    }
    let server = serve(|settings| {
        settings.route("/likes", web::post().to(answer));
    });
    let upstream = Upstream::new("peer", &server.url("")).unwrap().with_deadline(Duration::from_secs(1));
    let answer = post(&upstream.connect(), Some("click-1")).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (StatusCode::SERVICE_UNAVAILABLE, &b"the database is away"[..]));
}

#[actix_rt::test]
async fn a_slow_answer_stays_a_slow_200_asked_for_once() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    async fn answer() -> HttpResponse {
        ASKED.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(300)).await; // the slowness under test
        HttpResponse::Ok().body("at last")
    }
    let server = serve(|settings| {
        settings.route("/likes", web::post().to(answer));
    });
    let answer = post(&client(&server.url("")), Some("click-1")).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (StatusCode::OK, &b"at last"[..]));
    assert_eq!(ASKED.load(Ordering::SeqCst), 1);
}

/// An address where nobody answers any more.
fn nobody() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

#[actix_rt::test]
async fn calls_go_round_and_a_dead_address_costs_no_visitor_anything() {
    let (one, other, dead) = (Peer::answering(&[OK]), Peer::answering(&[OK]), nobody());
    let upstream = Upstream::new("peer", &format!("{},{dead},{}", one.url, other.url)).unwrap();
    daemon();
    let client = upstream.with_breaker(1, Duration::from_secs(3_600)).connect();
    for _ in 0..21 {
        assert_eq!(post(&client, None).await.unwrap().status, StatusCode::OK);
    }
    let seen = [one.requests().len(), other.requests().len()];
    assert_eq!(seen.iter().sum::<usize>(), 21);
    assert!(seen.iter().all(|requests| (9..=12).contains(requests)), "{seen:?}");
}

#[actix_rt::test]
async fn a_repetition_goes_to_the_next_address_and_the_trace_tells_where() {
    let (busy, well) = (Peer::answering(&[BUSY]), Peer::answering(&[OK]));
    daemon();
    let client = Upstream::new("peer", &format!("{},{}", busy.url, well.url)).unwrap().connect();
    let context = Context::new().with_span(opentelemetry::global::tracer("test").start("visitor"));
    let (time, unique) = {
        let trace_id = context.span().span_context().trace_id().to_string();
        (trace_id[..8].to_owned(), trace_id[8..].to_owned())
    };
    let answer = {
        use opentelemetry::context::FutureExt;
        post(&client, Some("click-1")).with_context(context.clone()).await.unwrap()
    };
    context.span().end();
    assert_eq!((answer.status, busy.requests().len(), well.requests().len()), (StatusCode::OK, 1, 1));
    let documents = daemon().documents(&format!("1-{time}-{unique}"), 3);
    let called: Vec<_> =
        documents.iter().filter_map(|document| document.pointer("/http/request/url")?.as_str()).collect();
    assert_eq!(called, [format!("{}/likes", busy.url), format!("{}/likes", well.url)]);
}

#[actix_rt::test]
async fn addresses_change_while_calls_are_made() {
    let (before, after) = (Peer::answering(&[OK]), Peer::answering(&[OK]));
    daemon();
    let upstream = Upstream::new("peer", &before.url).unwrap();
    let (one_worker, another) = (upstream.connect(), upstream.connect());
    post(&one_worker, None).await.unwrap();
    upstream.set_addresses([after.url.as_str()]).unwrap();
    for client in [&one_worker, &another] {
        post(client, None).await.unwrap();
    }
    assert_eq!((before.requests().len(), after.requests().len()), (1, 2));
}

#[actix_rt::test]
async fn every_address_is_tried_before_a_call_fails() {
    let well = Peer::answering(&[OK]);
    let dead: Vec<String> = (0..5).map(|_| nobody()).collect();
    daemon();
    let client = Upstream::new("peer", &format!("{},{}", dead.join(","), well.url)).unwrap().connect();
    assert_eq!(post(&client, None).await.unwrap().status, StatusCode::OK);
}
