//! What a span says beyond its name: who asked and how much was said, how a call was made, how long a query waited and what it brought.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use shared::config::{Environment, ListenAddr};
use shared::http_client::{HttpClient, Upstream};
use shared::server::{self, HttpSettings};
use shared::shutdown::Shutdown;
use shared::telemetry::database::{Connections, Database};
use shared::telemetry::middleware::TrustedProxies;

use crate::helpers::{TestServer, daemon, eventually, root_of, serve, serve_with};

/// What is told about a span and has no place of its own in X-Ray's format.
fn metadata<'a>(document: &'a Value, key: &str) -> &'a Value {
    &document["metadata"]["default"][key]
}

/// A server that believes the forwarding headers of this machine.
fn serve_behind_a_proxy(routes: fn(&mut ServiceConfig)) -> TestServer {
    daemon();
    let environment = Environment::from_pairs([("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")]);
    let trusted_proxies = TrustedProxies::from_environment(&environment).unwrap();
    let listener = server::bind("LISTEN_ADDR", &ListenAddr::loopback(0)).unwrap();
    let addr = listener.addr();
    let settings = HttpSettings { trusted_proxies, workers: 1, ..HttpSettings::default() };
    let running = server::start(listener, &settings, routes).unwrap();
    let shutdown = Shutdown::new();
    let ended = actix_rt::spawn(server::run_until_stopped(vec![running], shutdown.clone()));
    TestServer { addr, shutdown, ended }
}

fn twelve_bytes(routes: &mut ServiceConfig) {
    async fn answer(_: web::Bytes) -> HttpResponse {
        HttpResponse::Ok().body("twelve bytes")
    }
    routes.route("/said", web::post().to(answer));
}

async fn posted(server: &TestServer) -> Value {
    let request = reqwest::Client::new().post(server.url("/said?quietly=1")).body("seventeen bytes !");
    let request = request.header("x-forwarded-for", "198.51.100.1, 203.0.113.7, 10.0.0.2");
    let answer = request.header("x-forwarded-proto", "https").header("host", "mysfits.example").send().await.unwrap();
    daemon().documents(&root_of(&answer), 1).remove(0)
}

#[actix_rt::test]
async fn a_served_request_tells_who_asked_and_how_much_was_said() {
    let behind_a_proxy = posted(&serve_behind_a_proxy(twelve_bytes)).await;
    let request = &behind_a_proxy["http"]["request"];
    assert_eq!((&request["client_ip"], &request["x_forwarded_for"]), (&"203.0.113.7".into(), &true.into()));
    assert_eq!(request["url"], "https://mysfits.example/said?quietly=1");
    assert_eq!(metadata(&behind_a_proxy, "http.request.body.size"), 17);
    assert_eq!(behind_a_proxy["http"]["response"]["content_length"], 12);

    let believing_nobody = posted(&serve(twelve_bytes)).await;
    let request = &believing_nobody["http"]["request"];
    assert_eq!((&request["client_ip"], request.get("x_forwarded_for")), (&"127.0.0.1".into(), None));
    assert_eq!(request["url"], "http://mysfits.example/said?quietly=1");
}

/// A server whose `/` makes one call with `client` and answers with what came of it.
fn calling(upstream: Upstream) -> TestServer {
    async fn call(client: Data<HttpClient>) -> HttpResponse {
        match client.get("/likes").send().await {
            Ok(answer) => answer.into_response(),
            Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
        }
    }
    serve_with(move |routes| {
        routes.app_data(Data::new(upstream.connect())).route("/", web::get().to(call));
    })
}

#[actix_rt::test]
async fn a_call_tells_its_attempt_its_deadline_and_the_state_of_the_breaker() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let upstream = Upstream::new("peer", &format!("http://{nobody}")).unwrap();
    let upstream = upstream.with_deadline(Duration::from_secs(7)).with_breaker(2, Duration::from_millis(1));
    let server = calling(upstream);
    let calls = async || -> Vec<Value> {
        let root = root_of(&server.get("/", &[]).await);
        daemon().whole(&root).into_iter().filter(|document| document["name"] == "peer").collect()
    };
    let first = calls().await;
    // Two failures open the breaker, and the third attempt may already be its probe.
    let told: Vec<_> = first
        .iter()
        .map(|call| (metadata(call, "call.breaker"), metadata(call, "http.request.resend_count")))
        .collect();
    assert_eq!(told[..2], [(&"closed".into(), &Value::Null), (&"closed".into(), &1.into())]);
    for call in &first {
        let left = metadata(call, "call.deadline_ms").as_i64().unwrap();
        assert!((1..=7_000).contains(&left), "{left}");
        assert_eq!((&call["fault"], &call["namespace"]), (&true.into(), &"remote".into()));
        assert!(call["cause"]["exceptions"][0]["message"].as_str().unwrap().contains("peer cannot be reached"));
    }
    let probe = eventually(async || calls().await.into_iter().find(|call| metadata(call, "call.breaker") == "probing"));
    assert_eq!(probe.await["fault"], true);
}

#[actix_rt::test]
async fn a_query_tells_its_statement_its_wait_and_its_rows() {
    async fn list(_: HttpRequest) -> HttpResponse {
        let database = Database::postgresql("mysfits", "db", 5432).with_user("monolith");
        let pool = database.pool("readers", 1, || Connections { used: 1, idle: 0 });
        let query = database.query("SELECT mysfits", "SELECT id FROM mysfits WHERE good_evil = $1");
        query.connection(&pool, async { Ok::<_, std::fmt::Error>(()) }).await.unwrap();
        query.returning(async { Ok::<_, std::fmt::Error>(vec!["a", "b"]) }, Vec::len).await.unwrap();
        let failing = database.query("UPDATE mysfits", "UPDATE mysfits SET adopted = true");
        let failed = failing.affecting(async { Err::<u64, _>("the disk is full") }, |rows| *rows).await;
        HttpResponse::Ok().body(failed.unwrap_err())
    }
    let server = serve(|routes| {
        routes.route("/", web::get().to(list));
    });
    let root = root_of(&server.get("/", &[]).await);
    let documents = daemon().documents(&root, 3);
    let of = |statement: &str| {
        let asked = |document: &&Value| {
            document["sql"]["sanitized_query"].as_str().is_some_and(|sql| sql.starts_with(statement))
        };
        documents.iter().find(asked).unwrap()
    };
    let query = of("SELECT");
    assert_eq!((&query["name"], &query["sql"]["user"]), (&"mysfits@db".into(), &"monolith".into()));
    assert_eq!(query["sql"]["sanitized_query"], "SELECT id FROM mysfits WHERE good_evil = $1");
    assert!(metadata(query, "db.client.connection.wait_ms").as_f64().unwrap() >= 0.0);
    assert_eq!(metadata(query, "db.response.returned_rows"), 2);
    let failed = of("UPDATE");
    assert_eq!(
        (&failed["fault"], &failed["cause"]["exceptions"][0]["message"]),
        (&true.into(), &"the disk is full".into())
    );
}

/// Work that outlives its request still belongs to the request's trace.
#[actix_rt::test]
async fn work_in_the_background_keeps_its_trace() {
    async fn begin() -> HttpResponse {
        use opentelemetry::Context;
        use opentelemetry::context::FutureExt as _;
        #[tracing::instrument]
        async fn count_likes_later() {
            tokio::task::yield_now().await;
        }
        actix_rt::spawn(count_likes_later().with_context(Context::current()));
        HttpResponse::Accepted().finish()
    }
    let server = serve(|routes| {
        routes.route("/", web::post().to(begin));
    });
    let answer = reqwest::Client::new().post(server.url("/")).send().await.unwrap();
    let documents = daemon().documents(&root_of(&answer), 2);
    let work = documents.iter().find(|document| document["name"] == "count_likes_later").unwrap();
    let served = documents.iter().find(|document| document["name"] == "test service").unwrap();
    assert_eq!(work["parent_id"], served["id"]);
}
