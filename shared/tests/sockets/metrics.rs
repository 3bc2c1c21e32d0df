//! What is measured on the way, as a collector receives it over OTLP.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use shared::http_client::Upstream;
use shared::telemetry::database::{Connections, Database};
use tokio::sync::Notify;

use crate::helpers::{Peer, daemon, eventually, serve, serve_with};

/// Attributes in one line, `key=value` in the order of their keys, and the number beside them: a sum, or how many were measured.
type Points = BTreeMap<String, i64>;

/// The points of a metric, and its unit and bucket bounds.
fn measured(name: &str) -> (Points, String, Vec<f64>) {
    let metric = daemon().metrics().into_iter().find(|metric| metric.name == name);
    let metric = metric.unwrap_or_else(|| panic!("there is no metric {name}"));
    let mut bounds = Vec::new();
    let points = match metric.data.unwrap() {
        Data::Sum(sum) => sum.data_points.into_iter().map(|point| match point.value.unwrap() {
            number_data_point::Value::AsInt(number) => (line(point.attributes), number),
            number_data_point::Value::AsDouble(number) => panic!("{name} is {number}"),
        }),
        Data::Histogram(histogram) => {
            let points = histogram.data_points.into_iter();
            let points = points.map(|point| {
                bounds = point.explicit_bounds;
                (line(point.attributes), i64::try_from(point.count).unwrap())
            });
            return (points.collect(), metric.unit, bounds);
        }
        other => panic!("{name} is {other:?}"),
    };
    (points.collect(), metric.unit, bounds)
}

fn line(attributes: Vec<KeyValue>) -> String {
    let text = |value| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let mut pairs: Vec<String> =
        attributes.into_iter().map(|pair| format!("{}={}", pair.key, text(pair.value.unwrap().value))).collect();
    pairs.sort();
    pairs.join(" ")
}

/// The points whose attributes contain `part`.
fn about(points: Points, part: &str) -> Vec<(String, i64)> {
    points.into_iter().filter(|(attributes, _)| attributes.contains(part)).collect()
}

#[actix_rt::test]
async fn requests_are_measured_by_route_method_and_status() {
    let server = serve(|settings| {
        let answer = async |id: web::Path<u32>| match *id {
            0 => HttpResponse::ImATeapot().finish(),
            1 => HttpResponse::InternalServerError().finish(),
            _ => HttpResponse::Ok().finish(),
        };
        settings.service(web::resource("/measured/{id}").to(answer));
    });
    for id in [0, 1, 2, 3] {
        server.get(&format!("/measured/{id}"), &[]).await;
    }
    for method in ["BREW", "WHISK"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        reqwest::Client::new().request(method, server.url("/measured/4")).send().await.unwrap();
    }
    server.get("/health/live", &[]).await;
    let (points, unit, bounds) = measured("http.server.request.duration");
    let of_route = |rest: &str, count| (rest.to_owned(), count);
    let route = "http.route=/measured/{id} url.scheme=http";
    let method = "http.request.method";
    let status = "http.response.status_code";
    let expected = [
        of_route(&format!("error.type=500 {method}=GET {status}=500 {route}"), 1),
        of_route(&format!("{method}=GET {status}=200 {route}"), 2),
        of_route(&format!("{method}=GET {status}=418 {route}"), 1),
        of_route(&format!("{method}=_OTHER {status}=200 {route}"), 2),
    ];
    assert_eq!(about(points.clone(), "/measured/"), expected);
    assert_eq!(unit, "s");
    assert_eq!((bounds.len(), bounds.first(), bounds.last()), (14, Some(&0.005), Some(&10.0)));
    assert!(about(points, "health").is_empty());
}

#[actix_rt::test]
async fn an_unknown_url_makes_no_series_of_its_own() {
    let server = serve(|_| {});
    for path in ["/nowhere/1", "/nowhere/2"] {
        server.get(path, &[]).await;
    }
    let (points, ..) = measured("http.server.request.duration");
    assert!(about(points.clone(), "nowhere").is_empty());
    assert!(!about(points, "http.response.status_code=404 url.scheme").is_empty());
}

#[actix_rt::test]
async fn a_request_is_active_while_it_is_answered() {
    let release = Arc::new(Notify::new());
    let state = web::Data::new(Arc::clone(&release));
    let server = serve_with(move |settings| {
        let answer = async |release: web::Data<Arc<Notify>>| {
            release.notified().await;
            HttpResponse::Ok().finish()
        };
        settings.app_data(state.clone()).route("/held", web::patch().to(answer));
    });
    // No other test patches anything.
    let active = || {
        let metrics = daemon().metrics();
        metrics.iter().any(|metric| metric.name == "http.server.active_requests")
            && measured("http.server.active_requests").0.get("http.request.method=PATCH url.scheme=http") == Some(&1)
    };
    let request = actix_rt::spawn(reqwest::Client::new().patch(server.url("/held")).send());
    eventually(async || active().then_some(())).await;
    release.notify_one();
    request.await.unwrap().unwrap();
    assert!(!active());
}

#[actix_rt::test]
async fn calls_are_measured_by_where_they_went_and_how_they_ended() {
    daemon();
    let peer = Peer::answering(&["HTTP/1.1 404 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"]);
    let upstream = Upstream::new("peer", &peer.url).unwrap();
    assert_eq!(upstream.connect().get("/a").send().await.unwrap().status, 404);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap(); // takes the connection by backlog, never answers
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let late = Upstream::new("late", &silent_url).unwrap().with_deadline(Duration::from_millis(50));
    assert!(late.connect().get("/b").send().await.is_err());
    let client = Upstream::new("abandoned", &silent_url).unwrap().connect();
    assert!(tokio::time::timeout(Duration::from_millis(50), client.get("/c").send()).await.is_err());

    let port = |url: &str| format!("server.port={}", url.rsplit_once(':').unwrap().1);
    let (points, unit, bounds) = measured("http.client.request.duration");
    assert_eq!((unit.as_str(), bounds.len()), ("s", 14));
    let (called, at) = ("http.request.method=GET", "server.address=127.0.0.1");
    let answered = format!("error.type=404 {called} http.response.status_code=404 {at} {}", port(&peer.url));
    assert_eq!(about(points.clone(), &port(&peer.url)), [(answered, 1)]);
    let unanswered = |kind: &str| (format!("error.type={kind} {called} {at} {}", port(&silent_url)), 1);
    assert_eq!(about(points, &port(&silent_url)), [unanswered("abandoned"), unanswered("deadline_exceeded")]);
}

#[actix_rt::test]
async fn queries_and_the_pool_they_wait_at_are_measured() {
    daemon();
    let database = Database::sqlite("measured");
    let pool = database.pool("writer", 1, || Connections { used: 1, idle: 2 });
    let query = database.query("SELECT mysfits", "SELECT 1");
    query.connection(&pool, async { Ok::<_, std::fmt::Error>(()) }).await.unwrap();
    query.returning(async { Ok::<_, std::fmt::Error>(vec![1, 2]) }, Vec::len).await.unwrap();
    let query = database.query("UPDATE mysfits", "UPDATE 1");
    assert!(query.connection(&pool, async { Err::<(), _>(std::fmt::Error) }).await.is_err());
    drop(query);

    let name = "db.client.connection.pool.name=measured@sqlite writer";
    let (points, unit, _) = measured("db.client.connection.count");
    let state = |state: &str| format!("{name} db.client.connection.state={state}");
    assert_eq!((about(points, name), unit.as_str()), (vec![(state("idle"), 2), (state("used"), 1)], "{connection}"));
    assert_eq!(about(measured("db.client.connection.max").0, name), [(name.to_owned(), 1)]);
    assert_eq!(about(measured("db.client.connection.pending_requests").0, name), [(name.to_owned(), 0)]);
    let (points, unit, bounds) = measured("db.client.connection.wait_time");
    assert_eq!((about(points, name), unit.as_str(), bounds.len()), (vec![(name.to_owned(), 2)], "s", 9));
    let of_query = |verb: &str| format!("db.namespace=measured db.operation.name={verb} db.system.name=sqlite");
    let expected = [(of_query("SELECT"), 1), (format!("{} error.type=unanswered", of_query("UPDATE")), 1)];
    assert_eq!(about(measured("db.client.operation.duration").0, "=measured"), expected);
}

#[actix_rt::test]
async fn export_tells_of_itself() {
    let server = serve(|settings| {
        settings.route("/", web::get().to(HttpResponse::Ok));
    });
    server.get("/", &[]).await;
    let (processed, unit, _) = measured("otel.sdk.processor.span.processed");
    assert_eq!((unit.as_str(), processed["error.type=queue_full"]), ("{span}", 0));
    let (exported, ..) = measured("otel.sdk.exporter.span.exported");
    assert!(processed[""] > 0 && exported[""] > 0, "{processed:?} {exported:?}");
    assert!(measured("otel.sdk.processor.span.queue.size").0.contains_key(""));
    let counts = daemon().export_counts();
    assert!(counts.metric_exports > 0);
    assert_eq!(counts.metric_exports_failed, 0);
}
