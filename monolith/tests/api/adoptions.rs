//! Adoptions.

use futures_util::future::join_all;
use serde_json::Value;

use crate::helpers::{EVANGELINE, NOBODY, spawn_app};

#[actix_rt::test]
async fn a_mysfit_is_adopted_once() {
    let app = spawn_app().await;
    let path = format!("/mysfits/{EVANGELINE}/adopt");
    let adopted = app.post(&path).await;
    assert_eq!((adopted.status.as_u16(), &adopted.json()["adopted"]), (200, &Value::Bool(true)));
    assert_eq!(app.get(&format!("/mysfits/{EVANGELINE}")).await.json(), adopted.json());
    let message = app.post(&path).await.error(409, "conflict");
    assert_eq!(message, "Evangeline is already adopted");
}

#[actix_rt::test]
async fn of_twenty_visitors_one_adopts() {
    let app = spawn_app().await;
    let path = format!("/mysfits/{EVANGELINE}/adopt");
    let mut statuses: Vec<_> =
        join_all((0..20).map(|_| app.post(&path))).await.into_iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert_eq!(statuses[1..], [409; 19]);
}

#[actix_rt::test]
async fn adopting_a_ghost_changes_nothing() {
    let app = spawn_app().await;
    let before = app.get("/mysfits").await.json();
    for id in [NOBODY, "ghost"] {
        app.post(&format!("/mysfits/{id}/adopt")).await.error(404, "not_found");
    }
    assert_eq!(app.get("/mysfits").await.json(), before);
}
