//! Likes: forwarded truthfully, counted once.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use monolith::config::LikeServiceConfig;
use monolith::like_client::LIKE_SERVICE;
use reqwest::Method;
use serde_json::json;
use shared::config::Secret;
use shared::http_client::Upstream;

use crate::helpers::{EVANGELINE, LikeService, NOBODY, spawn_app, spawn_app_calling, spawn_app_with};

const JSON: &str = "application/json";

#[actix_rt::test]
async fn a_like_is_forwarded_with_its_key_and_answered_as_it_is() {
    let likes = LikeService::answering(200, JSON, r#"{"mysfitId":"x","likes":7}"#);
    let app = spawn_app_calling(&likes).await;
    let answer = app.like(EVANGELINE, "my-key").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"mysfitId":"x","likes":7}"#));
    let seen = likes.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].path.as_str(), seen[0].key.as_str()), (&*format!("/mysfits/{EVANGELINE}/like"), "my-key"));
}

#[actix_rt::test]
async fn whatever_the_like_service_says_is_passed_on() {
    async fn check(status: u16, content_type: &'static str, body: &str) {
        let likes = LikeService::answering(status, content_type, body);
        let app = spawn_app_calling(&likes).await;
        let request = app.request(Method::POST, &format!("/mysfits/{EVANGELINE}/like"));
        let answer = app.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (status, body));
        assert_eq!(answer.header("Content-Type"), Some(content_type));
    }
    check(404, JSON, r#"{"error":{"code":"not_found","message":"chaos"}}"#).await;
    check(500, "text/html", "<h1>oh no</h1>").await;
    check(503, JSON, "{}").await;
}

#[actix_rt::test]
async fn a_like_without_a_key_gets_a_fresh_one() {
    let likes = LikeService::answering(200, JSON, "{}");
    let app = spawn_app_calling(&likes).await;
    for _ in 0..3 {
        assert_eq!(app.post(&format!("/mysfits/{EVANGELINE}/like")).await.status, 200);
    }
    let keys: HashSet<_> = likes.seen().into_iter().map(|request| request.key).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| key.len() == 36), "{keys:?}");
}

#[actix_rt::test]
async fn what_cannot_be_a_like_is_refused_before_anybody_is_called() {
    let likes = LikeService::answering(200, JSON, "{}");
    let app = spawn_app_calling(&likes).await;
    app.like("ghost", "key").await.error(404, "not_found");
    app.like(EVANGELINE, "").await.error(400, "bad_request");
    app.like(EVANGELINE, "two words").await.error(400, "bad_request");
    app.like(EVANGELINE, &"k".repeat(65)).await.error(400, "bad_request");
    let twice = app.request(Method::POST, &format!("/mysfits/{EVANGELINE}/like"));
    let twice = twice.header("Idempotency-Key", "one").header("Idempotency-Key", "two");
    app.send(twice).await.error(400, "bad_request");
    assert_eq!(likes.seen(), []);
}

#[actix_rt::test]
async fn the_trace_of_the_visitor_reaches_the_like_service() {
    let likes = LikeService::answering(200, JSON, "{}");
    let app = spawn_app_calling(&likes).await;
    async fn check(app: &crate::helpers::TestApp, likes: &LikeService, header: &str, is_kept: bool) {
        const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";
        let request = app.request(Method::POST, &format!("/mysfits/{EVANGELINE}/like"));
        let answer = app.send(request.header("X-Amzn-Trace-Id", header)).await;
        assert_eq!(answer.root() == ROOT, is_kept, "{header}");
        let forwarded = likes.seen().pop().unwrap().trace;
        assert!(forwarded.contains(&format!("Root={};", answer.root())), "{forwarded}");
        assert!(forwarded.contains("Parent="), "{forwarded}");
    }
    check(&app, &likes, "Root=1-5759e988-bd862e3fe1be46a994272793", true).await;
    check(&app, &likes, "Self=1-67891234-12456789abcdef0123456789;Root=1-5759e988-bd862e3fe1be46a994272793", true)
        .await;
    check(&app, &likes, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", true).await;
    check(&app, &likes, "Root=1-5759e988-short", false).await;
    check(&app, &likes, "rubbish", false).await;
}

#[actix_rt::test]
async fn a_slow_like_is_waited_for_while_others_are_served() {
    let likes = LikeService::holding_back(r#"{"likes":1}"#);
    let app = spawn_app_calling(&likes).await;
    let slow = app.like(EVANGELINE, "slow");
    let others = async {
        while likes.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(app.get("/mysfits").await.status, 200);
        likes.let_one_answer_out();
    };
    let (slow, ()) = futures_util::join!(slow, others);
    assert_eq!((slow.status.as_u16(), slow.body.as_str()), (200, r#"{"likes":1}"#));
}

#[actix_rt::test]
async fn a_like_service_that_never_answers_is_a_timeout() {
    let likes = LikeService::holding_back("{}");
    let app = spawn_app_with(|config| config.like_service = likes.impatient_config()).await;
    app.like(EVANGELINE, "key").await.error(504, "timeout");
    assert_eq!(likes.seen().len(), 1, "a request that arrived is not sent again");
}

#[actix_rt::test]
async fn a_dead_like_service_is_told_at_once() {
    let app = spawn_app().await;
    let message = app.like(EVANGELINE, "key").await.error(503, "unavailable");
    assert!(message.contains("like service"), "{message}");
    assert_eq!(app.get("/mysfits").await.status, 200);
}

#[actix_rt::test]
async fn once_the_breaker_is_open_nobody_knocks_any_more() {
    let (url, knocks) = start_hanging_up();
    let app = spawn_app_with(|config| {
        let upstream = Upstream::new(LIKE_SERVICE, &url).unwrap().with_breaker(3, Duration::from_secs(600));
        config.like_service = LikeServiceConfig { upstream };
    })
    .await;
    for n in 0..3 {
        app.like(EVANGELINE, &n.to_string()).await.error(503, "unavailable");
    }
    let before = knocks.load(Ordering::SeqCst);
    assert!(before >= 3, "{before} knocks");
    for n in 3..20 {
        app.like(EVANGELINE, &n.to_string()).await.error(503, "unavailable");
    }
    assert_eq!(knocks.load(Ordering::SeqCst), before);
}

#[actix_rt::test]
async fn a_like_is_counted_once_however_often_its_key_comes() {
    let app = spawn_app().await;
    for _ in 0..5 {
        let answer = app.fulfill(EVANGELINE, "one").await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"mysfitId": EVANGELINE, "likes": 1})));
    }
    let answers = join_all((0..20).map(|_| app.fulfill(EVANGELINE, "two"))).await;
    for answer in answers {
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"mysfitId": EVANGELINE, "likes": 2})));
    }
    assert_eq!(app.likes_of(EVANGELINE).await, 2);
}

#[actix_rt::test]
async fn likes_of_many_visitors_at_once_all_count() {
    let app = spawn_app().await;
    let keys: Vec<_> = (0..20).map(|n| format!("visitor-{n}")).collect();
    let answers = join_all(keys.iter().map(|key| app.fulfill(EVANGELINE, key))).await;
    let counts: HashSet<_> = answers.iter().map(|answer| answer.json()["likes"].as_u64().unwrap()).collect();
    assert_eq!(counts, (1..=20).collect());
    assert_eq!(app.likes_of(EVANGELINE).await, 20);
}

#[actix_rt::test]
async fn counting_needs_a_mysfit_and_a_key() {
    let app = spawn_app().await;
    app.fulfill(NOBODY, "key").await.error(404, "not_found");
    app.fulfill("ghost", "key").await.error(404, "not_found");
    app.fulfill(EVANGELINE, "two words").await.error(400, "bad_request");
    let keyless = app.internal_request(&format!("/mysfits/{EVANGELINE}/fulfill-like"));
    app.send(keyless).await.error(400, "bad_request");
    assert_eq!(app.likes_of(EVANGELINE).await, 0);
}

#[actix_rt::test]
async fn counting_needs_the_token_where_one_is_set() {
    let app = spawn_app_with(|config| config.servers.internal_token = Some(Secret::new("open sesame"))).await;
    let path = format!("/mysfits/{EVANGELINE}/fulfill-like");
    let request = || app.internal_request(&path).header("Idempotency-Key", "key");
    app.send(request()).await.error(401, "unauthorized");
    app.send(request().header("X-Internal-Token", "open")).await.error(401, "unauthorized");
    app.send(request().header("X-Internal-Token", "open sesame!")).await.error(401, "unauthorized");
    assert_eq!(app.likes_of(EVANGELINE).await, 0);
    assert_eq!(app.send(request().header("X-Internal-Token", "open sesame")).await.status, 200);
    assert_eq!(app.likes_of(EVANGELINE).await, 1);
}

#[actix_rt::test]
async fn each_listener_answers_only_what_is_its_own() {
    let app = spawn_app().await;
    let public = app.request(Method::POST, &format!("/mysfits/{EVANGELINE}/fulfill-like"));
    app.send(public.header("Idempotency-Key", "key")).await.error(404, "not_found");
    let internal = app.internal_request(&format!("/mysfits/{EVANGELINE}/like"));
    app.send(internal.header("Idempotency-Key", "key")).await.error(404, "not_found");
    assert_eq!(app.likes_of(EVANGELINE).await, 0);
    let log_level = async |url: &str| reqwest::get(format!("{url}/log-level")).await.unwrap().status().as_u16();
    assert_eq!((log_level(&app.url).await, log_level(&app.internal_url).await), (404, 200));
}

#[actix_rt::test]
async fn operators_say_where_the_like_service_is_while_the_monolith_runs() {
    let (one, other) = (LikeService::answering(200, JSON, "{}"), LikeService::answering(200, JSON, "{}"));
    let app = spawn_app_calling(&one).await;
    let addresses = format!("{}/like-addresses", app.internal_url);
    let (client, named) = (reqwest::Client::new(), |list: &[&str]| json!({ "addresses": list }));
    let put = |body: serde_json::Value| client.put(&addresses).json(&body).send();

    let answer: serde_json::Value = client.get(&addresses).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({ "addresses": [one.url()], "resting": [] }));
    let answer = put(named(&[one.url(), other.url()])).await.unwrap();
    assert_eq!(
        answer.json::<serde_json::Value>().await.unwrap(),
        json!({ "addresses": [one.url(), other.url()], "resting": [] })
    );
    // Two workers share one turn.
    for n in 0..10 {
        assert_eq!(app.like(EVANGELINE, &n.to_string()).await.status, 200);
    }
    assert_eq!((one.seen().len(), other.seen().len()), (5, 5));

    for wrong in [named(&[]), named(&["like-service:8081"]), named(&[one.url(), one.url()]), json!({ "address": "x" })]
    {
        assert_eq!(put(wrong.clone()).await.unwrap().status(), 400, "{wrong}");
    }
    assert_eq!(put(named(&[other.url()])).await.unwrap().status(), 200);
    app.like(EVANGELINE, "last").await;
    assert_eq!((one.seen().len(), other.seen().len()), (5, 6));
    let public = client.get(format!("{}/like-addresses", app.url)).send().await.unwrap();
    assert_eq!(public.status(), 404);
}

#[actix_rt::test]
async fn where_the_like_service_is_can_be_told_with_the_token_only() {
    let app = spawn_app_with(|config| config.servers.internal_token = Some(Secret::new("open-sesame"))).await;
    let (client, url) = (reqwest::Client::new(), format!("{}/like-addresses", app.internal_url));
    let wish = json!({ "addresses": ["http://127.0.0.1:2"] });
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(client.put(&url).json(&wish).send().await.unwrap().status(), 401);
    let shown = client.put(&url).header("X-Internal-Token", "open-sesame").json(&wish).send().await.unwrap();
    assert_eq!(shown.status(), 200);
}

#[actix_rt::test]
async fn the_log_level_asks_for_the_token_where_one_is_set() {
    let app = spawn_app_with(|config| config.servers.internal_token = Some(Secret::new("open-sesame"))).await;
    let ask = |token: &'static str| {
        let request = reqwest::Client::new().get(format!("{}/log-level", app.internal_url));
        async move { request.header("X-Internal-Token", token).send().await.unwrap().status().as_u16() }
    };
    assert_eq!((ask("open").await, ask("open-sesame").await), (401, 200));
}

/// A server that hangs up on everybody, and how many it hung up on. Its thread ends with the process.
fn start_hanging_up() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let knocks = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&knocks);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    (url, knocks)
}
