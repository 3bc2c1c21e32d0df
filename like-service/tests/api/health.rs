//! `GET /` and `/health/*`: never an opinion about another service.

use crate::helpers::{QUIET, StubMonolith, spawn_app};

#[actix_rt::test]
async fn health_does_not_depend_on_the_monolith() {
    let app = spawn_app(&StubMonolith::nobody(), QUIET);
    for path in ["/", "/health/live", "/health/ready"] {
        let heard = app.get(path).await;
        assert_eq!((heard.status, heard.json["status"].as_str()), (200, Some("ok")), "{path}");
    }
}

#[actix_rt::test]
async fn health_does_not_ask_the_monolith() {
    let monolith = StubMonolith::counting();
    let app = spawn_app(&monolith.url, QUIET);
    app.get("/").await;
    app.get("/health/ready").await;
    assert_eq!(monolith.asked(), []);
}

#[actix_rt::test]
async fn an_unknown_url_is_an_error_in_the_envelope() {
    let heard = spawn_app(&StubMonolith::nobody(), QUIET).get("/nothing").await;
    assert_eq!((heard.status, heard.code()), (404, "not_found"));
}
