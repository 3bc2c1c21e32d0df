//! `POST /mysfits/{id}/like` on a quiet day: what the monolith is asked, and that its answer is passed on truthfully.

use actix_web::http::StatusCode;
use serde_json::json;

use crate::helpers::{Asked, EVANGELINE, QUIET, StubMonolith, TOKEN, spawn_app};

#[actix_rt::test]
async fn a_like_is_counted_by_the_monolith() {
    let monolith = StubMonolith::counting();
    let heard = spawn_app(&monolith.url, QUIET).like(EVANGELINE, "a-key").await;

    assert_eq!((heard.status, heard.json), (200, json!({ "likes": 5 })));
    let expected = Asked {
        path: format!("POST /mysfits/{EVANGELINE}/fulfill-like"),
        key: Some("a-key".to_owned()),
        token: Some(TOKEN.to_owned()),
        has_trace_header: true,
    };
    assert_eq!(monolith.asked(), [expected]);
}

#[actix_rt::test]
async fn a_like_without_a_key_gets_one() {
    let monolith = StubMonolith::counting();
    let app = spawn_app(&monolith.url, QUIET);
    for _ in 0..2 {
        let answer = app.client.post(format!("{}/mysfits/{EVANGELINE}/like", app.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let keys: Vec<_> = monolith.asked().into_iter().filter_map(|asked| asked.key).collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
}

#[actix_rt::test]
async fn every_status_of_the_monolith_is_passed_on() {
    for status in [201, 400, 403, 404, 409, 429, 500, 502] {
        let monolith = StubMonolith::start(StatusCode::from_u16(status).unwrap(), r#"{"error":{"code":"its own"}}"#);
        let heard = spawn_app(&monolith.url, QUIET).like(EVANGELINE, "a-key").await;
        assert_eq!((heard.status, heard.code()), (status, "its own"));
        assert_eq!(monolith.asked().len(), 1, "{status} is an answer, and is not asked for twice");
    }
}

#[actix_rt::test]
async fn a_token_that_the_monolith_refuses_is_no_fault_of_the_visitor() {
    let monolith = StubMonolith::start(StatusCode::UNAUTHORIZED, r#"{"error":{"code":"unauthorized"}}"#);
    let heard = spawn_app(&monolith.url, QUIET).like(EVANGELINE, "a-key").await;
    assert_eq!((heard.status, heard.code()), (502, "bad_gateway"));
}

#[actix_rt::test]
async fn an_id_that_no_mysfit_can_have_goes_no_further() {
    let monolith = StubMonolith::counting();
    let app = spawn_app(&monolith.url, QUIET);
    for id in ["ghost", "4e53920c505a4a90a694b9300791f0ae", "..%2F..%2Fadmin", "%7B4e53920c%7D"] {
        let heard = app.like(id, "a-key").await;
        assert_eq!((heard.status, heard.code()), (404, "not_found"), "{id}");
    }
    assert_eq!(monolith.asked(), []);
}

#[actix_rt::test]
async fn a_key_that_is_none_is_refused() {
    let monolith = StubMonolith::counting();
    let app = spawn_app(&monolith.url, QUIET);
    for key in ["", "two words", &"k".repeat(65)] {
        let heard = app.like(EVANGELINE, key).await;
        assert_eq!((heard.status, heard.code()), (400, "bad_request"), "{key:?}");
    }
    assert_eq!(monolith.asked(), []);
}

#[actix_rt::test]
async fn two_keys_for_one_like_are_refused() {
    let monolith = StubMonolith::counting();
    let app = spawn_app(&monolith.url, QUIET);
    let request = app.client.post(format!("{}/mysfits/{EVANGELINE}/like", app.url));
    let request = request.header("Idempotency-Key", "one").header("Idempotency-Key", "other");
    assert_eq!(request.send().await.unwrap().status(), 400);
    assert_eq!(monolith.asked(), []);
}

#[actix_rt::test]
async fn a_monolith_that_is_down_costs_a_clear_503() {
    let app = spawn_app(&StubMonolith::nobody(), QUIET);
    let heard = app.like(EVANGELINE, "a-key").await;
    assert_eq!((heard.status, heard.code()), (503, "unavailable"));
    assert!(heard.json["error"]["message"].as_str().unwrap().contains("monolith"), "{heard:?}");
}

#[actix_rt::test]
async fn another_method_is_told_what_would_be_right() {
    let app = spawn_app(&StubMonolith::nobody(), QUIET);
    let heard = app.get(&format!("/mysfits/{EVANGELINE}/like")).await;
    assert_eq!((heard.status, heard.code(), heard.allow.as_deref()), (405, "method_not_allowed", Some("POST")));
}

#[actix_rt::test]
async fn a_large_body_is_refused_though_likes_have_none() {
    let monolith = StubMonolith::counting();
    let app = spawn_app(&monolith.url, QUIET);
    let request = app.client.post(format!("{}/mysfits/{EVANGELINE}/like", app.url)).body("x".repeat(20_000));
    assert_eq!(request.send().await.unwrap().status(), 413);
    assert_eq!(monolith.asked(), []);
}
