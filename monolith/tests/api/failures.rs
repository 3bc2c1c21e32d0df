//! Whatever goes wrong has a status, a code, and a trace.

use std::net::TcpListener;

use monolith::App;
use reqwest::{Body, Method};
use sqlx::{Connection, SqliteConnection};

use crate::helpers::{EVANGELINE, TestApp, config, spawn_app};

/// One byte more than any body may have.
const TOO_MUCH: usize = 16 * 1024 + 1;

#[actix_rt::test]
async fn a_body_too_large_is_refused_even_where_nobody_reads_it() {
    let app = spawn_app().await;
    let like = format!("/mysfits/{EVANGELINE}/like");
    let adopt = format!("/mysfits/{EVANGELINE}/adopt");
    for (method, path) in [(Method::GET, "/mysfits"), (Method::POST, &like), (Method::POST, &adopt)] {
        let declared = app.request(method.clone(), path).body(vec![b' '; TOO_MUCH]);
        app.send(declared).await.error(413, "payload_too_large");
        let chunks = futures_util::stream::iter((0..TOO_MUCH).map(|_| Ok::<_, std::io::Error>(" ")));
        let undeclared = app.request(method, path).header("Transfer-Encoding", "chunked");
        let undeclared = undeclared.body(Body::wrap_stream(chunks));
        app.send(undeclared).await.error(413, "payload_too_large");
    }
    let internal = app.internal_request(&format!("/mysfits/{EVANGELINE}/fulfill-like"));
    app.send(internal.body(vec![b' '; TOO_MUCH])).await.error(413, "payload_too_large");
    assert_eq!(app.get(&format!("/mysfits/{EVANGELINE}")).await.json()["adopted"], false);
}

#[actix_rt::test]
async fn a_body_within_the_limit_is_ignored() {
    let app = spawn_app().await;
    let request = app.request(Method::POST, &format!("/mysfits/{EVANGELINE}/adopt"));
    assert_eq!(app.send(request.body(vec![b'{'; TOO_MUCH - 1])).await.status, 200);
}

#[actix_rt::test]
async fn a_wrong_method_hears_the_right_ones() {
    let app = spawn_app().await;
    async fn check(app: &TestApp, method: Method, path: &str, allow: &str) {
        let answer = app.send(app.request(method, path)).await;
        answer.error(405, "method_not_allowed");
        assert_eq!(answer.header("Allow"), Some(allow), "{path}");
    }
    check(&app, Method::POST, "/mysfits", "GET, HEAD").await;
    check(&app, Method::DELETE, &format!("/mysfits/{EVANGELINE}"), "GET, HEAD").await;
    check(&app, Method::GET, &format!("/mysfits/{EVANGELINE}/like"), "POST").await;
    check(&app, Method::PUT, &format!("/mysfits/{EVANGELINE}/adopt"), "POST").await;
    check(&app, Method::OPTIONS, "/mysfits", "GET, HEAD").await;
}

#[actix_rt::test]
async fn an_unknown_url_is_not_found() {
    let app = spawn_app().await;
    app.get("/mysfit").await.error(404, "not_found");
    app.get("/mysfits/").await.error(404, "not_found");
}

#[actix_rt::test]
async fn a_foreign_origin_is_given_nothing() {
    let app = spawn_app().await;
    let answer = app.send(app.request(Method::GET, "/mysfits").header("Origin", "http://elsewhere.example")).await;
    assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
}

#[actix_rt::test]
async fn health_is_told_and_not_traced() {
    let app = spawn_app().await;
    for (path, body) in [("/health/live", r#"{"status":"live"}"#), ("/health/ready", r#"{"status":"ready"}"#)] {
        let answer = app.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, body));
        assert_eq!(answer.header("X-Amzn-Trace-Id"), None);
    }
}

#[actix_rt::test]
async fn a_broken_database_is_unready_and_its_secrets_stay_inside() {
    let app = spawn_app().await;
    break_database(&app).await;
    let answer = app.get("/health/ready").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (503, &"unavailable".into()));
    assert_eq!(app.get("/health/live").await.status, 200);
    for answer in [
        app.get("/mysfits").await,
        app.get(&format!("/mysfits/{EVANGELINE}")).await,
        app.post(&format!("/mysfits/{EVANGELINE}/adopt")).await,
        app.fulfill(EVANGELINE, "key").await,
    ] {
        assert_eq!(answer.error(500, "internal"), "internal error");
    }
}

#[actix_rt::test]
async fn a_taken_port_is_named_by_its_variable() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for variable in ["LISTEN_ADDR", "INTERNAL_LISTEN_ADDR"] {
        let config = config(&[("DATABASE_URL", "sqlite::memory:"), (variable, &address)]);
        let error = format!("{:#}", App::build(config).await.err().expect("the port is taken"));
        assert!(error.contains(&format!("({variable})")) && error.contains(&address), "{error}");
    }
}

#[actix_rt::test]
async fn a_database_that_cannot_be_opened_stops_the_start() {
    let config = config(&[("DATABASE_URL", "sqlite:/nowhere/zoo.db")]);
    let error = format!("{:#}", App::build(config).await.err().expect("there is no such folder"));
    assert!(error.starts_with("cannot open the database zoo: "), "{error}");
}

/// Takes the tables away under the running monolith.
pub(crate) async fn break_database(app: &TestApp) {
    let url = format!("sqlite:{}", app.database_file.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("DROP TABLE likes").execute(&mut connection).await.unwrap();
    sqlx::query("DROP TABLE mysfits").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
