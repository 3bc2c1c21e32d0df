//! Likes while chaos is on, and the switch on the internal listener. No test here measures time: order shows what waits for what.

use like_service::chaos::{Fault, Mode, Settings};
use serde_json::json;

use crate::helpers::{EVANGELINE, QUIET, StubMonolith, annotations_of, spawn_app};

/// The original's shares with slowness that a test can wait for.
const CHAOS: Settings = Settings { slow_min_ms: 1, slow_max_ms: 20, ..Settings::original(Mode::On, 7) };

/// The first key that meets the wanted fate.
fn key_with(wanted: impl Fn(Option<Fault>) -> bool) -> String {
    let mut keys = (0..).map(|n| format!("key-{n}"));
    keys.find(|key| wanted(CHAOS.fault_for(key))).unwrap()
}

fn slow_key() -> String {
    key_with(|fate| matches!(fate, Some(Fault::Slow { .. })))
}

fn lost_key() -> String {
    key_with(|fate| fate == Some(Fault::NotFound))
}

fn fine_key() -> String {
    key_with(|fate| fate.is_none())
}

fn value<'a>(annotations: &'a [(String, String)], key: &str) -> Option<&'a str> {
    annotations.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

#[actix_rt::test]
async fn a_lost_like_answers_404_and_never_reaches_the_monolith() {
    const MYSFIT: &str = "2b473002-36f8-4b87-954e-9a377e0ccbec";
    let monolith = StubMonolith::counting();
    let heard = spawn_app(&monolith.url, CHAOS).like(MYSFIT, &lost_key()).await;

    assert_eq!((heard.status, heard.code()), (404, "not_found"));
    assert_eq!(monolith.asked(), []);
    assert_eq!(value(&annotations_of(MYSFIT).await, "chaos_fault"), Some("not_found"));
}

#[actix_rt::test]
async fn a_failed_like_answers_500_and_never_reaches_the_monolith() {
    const MYSFIT: &str = "33e1fbd4-2fd8-45fb-a42f-f92551694506";
    let monolith = StubMonolith::counting();
    let all_fail = Settings { slow_share: 0.0, not_found_share: 0.0, failed_share: 1.0, ..CHAOS };
    let heard = spawn_app(&monolith.url, all_fail).like(MYSFIT, "any").await;

    assert_eq!((heard.status, heard.code()), (500, "internal"));
    assert_eq!(monolith.asked(), []);
    assert_eq!(value(&annotations_of(MYSFIT).await, "chaos_fault"), Some("failed"));
}

#[actix_rt::test]
async fn a_like_with_a_dropped_header_is_counted_and_the_monolith_learns_of_no_trace() {
    const MYSFIT: &str = "b6d16e02-6aeb-413c-b457-321151bb403d";
    let monolith = StubMonolith::counting();
    let all_dropped = Settings { slow_share: 0.0, not_found_share: 0.0, dropped_header_share: 1.0, ..CHAOS };
    let app = spawn_app(&monolith.url, all_dropped);
    assert_eq!(app.like(MYSFIT, "any").await.status, 200);
    app.change_chaos(&json!({ "mode": "off" })).await;
    assert_eq!(app.like(EVANGELINE, "any").await.status, 200);

    let has_header = monolith.asked().into_iter().map(|asked| asked.has_trace_header).collect::<Vec<_>>();
    assert_eq!(has_header, [false, true]);
    assert_eq!(value(&annotations_of(MYSFIT).await, "chaos_fault"), Some("dropped_header"));
}

#[actix_rt::test]
async fn a_slow_like_is_counted_all_the_same() {
    const MYSFIT: &str = "0e37d916-f960-4772-a25a-01b762b5c1bd";
    let monolith = StubMonolith::counting();
    let heard = spawn_app(&monolith.url, CHAOS).like(MYSFIT, &slow_key()).await;

    assert_eq!((heard.status, &heard.json), (200, &json!({ "likes": 5 })));
    assert_eq!(monolith.asked().len(), 1);
    assert_eq!(value(&annotations_of(MYSFIT).await, "chaos_fault"), Some("slow"));
}

#[actix_rt::test]
async fn a_fine_like_bears_no_mark_of_chaos() {
    const MYSFIT: &str = "da5303ae-5aba-495c-b5d6-eb5c4a66b941";
    let monolith = StubMonolith::counting();
    let heard = spawn_app(&monolith.url, CHAOS).like(MYSFIT, &fine_key()).await;

    assert_eq!(heard.status, 200);
    let annotations = annotations_of(MYSFIT).await;
    assert_eq!(value(&annotations, "mysfit_id"), Some(MYSFIT));
    assert_eq!(value(&annotations, "chaos_fault"), None);
}

#[actix_rt::test]
async fn a_retry_meets_the_same_fate() {
    let monolith = StubMonolith::counting();
    let app = spawn_app(&monolith.url, CHAOS);
    for _ in 0..3 {
        assert_eq!(app.like(EVANGELINE, &lost_key()).await.status, 404);
        assert_eq!(app.like(EVANGELINE, &fine_key()).await.status, 200);
    }
}

#[actix_rt::test]
async fn a_fine_like_overtakes_slow_ones_on_a_single_worker() {
    let monolith = StubMonolith::counting();
    let forever = Settings { slow_min_ms: 60_000, slow_max_ms: 60_000, ..CHAOS };
    let app = spawn_app(&monolith.url, forever);
    let (slow_key, fine_key) = (slow_key(), fine_key());
    let slow = futures_util::future::join_all((0..20).map(|_| app.like(EVANGELINE, &slow_key)));

    tokio::select! {
        _ = slow => panic!("a like that is slow for a minute came first"),
        heard = app.like(EVANGELINE, &fine_key) => assert_eq!(heard.status, 200),
    }
    assert_eq!(monolith.asked().len(), 1);
}

#[actix_rt::test]
async fn the_switch_shows_and_changes_what_is_in_force() {
    let monolith = StubMonolith::counting();
    let app = spawn_app(&monolith.url, QUIET);
    let lost_key = lost_key();
    assert_eq!(app.like(EVANGELINE, &lost_key).await.status, 200);

    let heard = app.change_chaos(&json!({ "mode": "on" })).await;
    let expected = json!({
        "mode": "on", "seed": 7, "slow_share": 0.64, "not_found_share": 0.25, "failed_share": 0.0,
        "dropped_header_share": 0.0, "slow_min_ms": 1200, "slow_max_ms": 3500,
    });
    assert_eq!((heard.status, &heard.json), (200, &expected));
    assert_eq!(app.like(EVANGELINE, &lost_key).await.status, 404);

    let shown = app.client.get(format!("{}/chaos", app.internal_url)).send().await.unwrap();
    assert_eq!(shown.json::<serde_json::Value>().await.unwrap(), expected);

    app.change_chaos(&json!({ "mode": "off" })).await;
    assert_eq!(app.like(EVANGELINE, &lost_key).await.status, 200);
}

#[actix_rt::test]
async fn an_impossible_change_is_refused_and_changes_nothing() {
    let app = spawn_app(&StubMonolith::nobody(), CHAOS);
    let check = async |change: serde_json::Value, part_of_message: &str| {
        let heard = app.change_chaos(&change).await;
        assert_eq!((heard.status, heard.code()), (400, "bad_request"), "{change}");
        let message = heard.json["error"]["message"].as_str().unwrap();
        assert!(message.contains(part_of_message), "{change}: {message}");
    };
    check(json!({ "slow_share": 2 }), "slow_share is 2").await;
    check(json!({ "slow_share": 0.9 }), "add up to").await;
    check(json!({ "slow_min_ms": 21 }), "slow_min_ms <= slow_max_ms").await;
    check(json!({ "mode": "perhaps" }), "unknown variant").await;
    check(json!({ "slowness": 1 }), "unknown field").await;
    assert_eq!(app.change_chaos(&json!({})).await.json["slow_max_ms"], 20);
}

#[actix_rt::test]
async fn the_switch_is_not_on_the_public_listener() {
    assert_eq!(spawn_app(&StubMonolith::nobody(), CHAOS).get("/chaos").await.status, 404);
}
