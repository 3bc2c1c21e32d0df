//! A header in, the same trace out: through the middleware, a handler, the client, and the next service.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use shared::error::ApiError;
use shared::http_client::{HttpClient, Upstream};
use shared::telemetry::{self, database::Database};

use crate::helpers::{DEADLINE, ROOT, TestServer, XRAY_HEADER, daemon, root_of, serve, serve_with};

const PARENT: &str = "53995c3f42cd8ad8";

/// Answers with the headers that carry a trace.
fn echo(settings: &mut ServiceConfig) {
    async fn headers(request: HttpRequest) -> HttpResponse {
        let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        HttpResponse::Ok().json([header("x-amzn-trace-id"), header("traceparent"), header("baggage")])
    }
    settings.route("/echo", web::get().to(headers));
}

/// A service whose `/` asks `callee` for its `/echo`.
fn in_front_of(callee: &TestServer) -> TestServer {
    let upstream = Upstream::new("callee", &callee.url("")).unwrap();
    async fn forward(client: Data<HttpClient>) -> Result<HttpResponse, ApiError> {
        Ok(client.get("/echo").send().await?.into_response())
    }
    serve_with(move |settings| {
        settings.app_data(Data::new(upstream.connect())).route("/", web::get().to(forward));
    })
}

#[actix_rt::test]
async fn a_trace_goes_through_two_services() {
    let callee = serve(echo);
    let caller = in_front_of(&callee);
    let header = format!("Root={ROOT_A};Parent={PARENT};Sampled=?;Lineage=a:1|b:2");
    const ROOT_A: &str = "1-5759e988-aaaaaaaaaaaaaaaaaaaaaaaa";
    let answer = caller.get("/", &[(XRAY_HEADER, &header), ("baggage", "visitor=7")]).await;
    assert_eq!(answer.headers()[XRAY_HEADER], format!("Root={ROOT_A};Sampled=1"));
    let [xray, w3c, baggage]: [Option<String>; 3] = answer.json().await.unwrap();

    let documents = daemon().documents(ROOT_A, 3);
    let [first, call, second] = documents.as_slice() else { panic!("{documents:#?}") };
    assert_eq!(first["name"], "test service");
    assert_eq!(first["parent_id"], PARENT);
    assert_eq!(first["http"]["request"]["client_ip"], "127.0.0.1");
    assert_eq!(call["type"], "subsegment");
    assert_eq!(call["name"], "callee");
    assert_eq!(call["namespace"], "remote");
    assert_eq!(call["parent_id"], first["id"]);
    assert_eq!(second["parent_id"], call["id"]);
    let call_id = call["id"].as_str().unwrap();
    assert_eq!(xray.unwrap(), format!("Root={ROOT_A};Parent={call_id};Sampled=1;Lineage=a:1|b:2"));
    assert_eq!(w3c.unwrap(), format!("00-5759e988aaaaaaaaaaaaaaaaaaaaaaaa-{call_id}-01"));
    assert_eq!(baggage.unwrap(), "visitor=7");
}

#[actix_rt::test]
async fn a_load_balancers_root_is_kept_and_a_broken_one_is_not() {
    let server = serve(echo);
    let w3c = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let kept = |shape: &str, unique: &str| (shape.replace("ROOT", &root(unique)), Some(root(unique)));
    let cases = [
        kept("Root=ROOT", "bd862e3fe1be46a994272001"),
        kept("Self=1-67891234-12456789abcdef0123456789;Root=ROOT", "bd862e3fe1be46a994272002"),
        kept("Root=ROOT;Sampled=1", "bd862e3fe1be46a994272003"),
        kept("Sampled=?;Root=ROOT", "bd862e3fe1be46a994272004"),
        kept("Parent=53995c3f42cd8ad8;Root=ROOT", "bd862e3fe1be46a994272005"),
        ("Root=1-5-a".to_owned(), None),
        ("Root=9-5759e988-bd862e3fe1be46a994272793".to_owned(), None),
        ("nonsense".to_owned(), None),
    ];
    for (header, expected) in cases {
        let answer = server.get("/echo", &[(XRAY_HEADER, &header)]).await;
        let root = root_of(&answer);
        match expected {
            Some(expected) => assert_eq!(root, expected, "{header}"),
            None => assert!(!header.contains(&root), "{header}"),
        }
        assert_eq!(daemon().documents(&root, 1)[0]["name"], "test service", "{header}");
    }
    let answer = server.get("/echo", &[(XRAY_HEADER, &format!("Root={ROOT}")), ("traceparent", w3c)]).await;
    assert_eq!(root_of(&answer), "1-4bf92f35-77b34da6a3ce929d0e0e4736");
}

fn root(unique: &str) -> String {
    format!("1-5759e988-{unique}")
}

#[actix_rt::test]
async fn an_unsampled_trace_is_passed_on_and_not_recorded() {
    let callee = serve(echo);
    let caller = in_front_of(&callee);
    let unsampled = root("cccccccccccccccccccccccc");
    let answer = caller.get("/", &[(XRAY_HEADER, &format!("Root={unsampled};Sampled=0"))]).await;
    assert_eq!(answer.headers()[XRAY_HEADER], format!("Root={unsampled}"));
    let [xray, ..]: [Option<String>; 3] = answer.json().await.unwrap();
    let xray = xray.unwrap();
    assert!(xray.starts_with(&format!("Root={unsampled};Parent=")) && xray.ends_with(";Sampled=0"), "{xray}");
    assert_eq!(daemon().documents(&unsampled, 0), Vec::<Value>::new());
}

/// A handler with everything inside it that makes a subsegment.
fn busy(settings: &mut ServiceConfig) {
    #[tracing::instrument]
    async fn inner() -> Result<i32, std::fmt::Error> {
        telemetry::annotate("chaos_fault", "slow");
        telemetry::annotate("mysfit_id", "a");
        let query = Database::sqlite("mysfits").query("SELECT mysfits", "SELECT * FROM mysfits");
        query.returning(async { Ok(1) }, |_| 1).await
    }
    async fn handler() -> HttpResponse {
        let _ = inner().await;
        HttpResponse::Ok().body(telemetry::current_trace_id().unwrap())
    }
    async fn check() -> HttpResponse {
        let _ = inner().await;
        HttpResponse::Ok().finish()
    }
    settings.route("/busy/{id}", web::get().to(handler)).route("/health/ready", web::get().to(check));
}

#[actix_rt::test]
async fn spans_inside_a_request_nest_and_annotations_arrive() {
    let server = serve(busy);
    let answer = server.get("/busy/7?why=not", &[("user-agent", "ELB-HealthChecker/2.0")]).await;
    let root = root_of(&answer);
    assert_eq!(answer.text().await.unwrap(), root);
    let documents = daemon().documents(&root, 3);
    let [served, inner, query] = documents.as_slice() else { panic!("{documents:#?}") };
    assert_eq!(served["http"]["request"]["user_agent"], "ELB-HealthChecker/2.0");
    assert_eq!(served["http"]["request"]["url"], server.url("/busy/7?why=not"));
    assert_eq!(served["metadata"]["default"]["http.route"], "/busy/{id}");
    assert_eq!(inner["name"], "inner");
    assert_eq!(inner["parent_id"], served["id"]);
    assert_eq!(inner["annotations"], serde_json::json!({"chaos_fault": "slow", "mysfit_id": "a"}));
    assert_eq!(query["parent_id"], inner["id"]);
    assert_eq!(query["name"], "mysfits@sqlite");
    assert_eq!(query["sql"]["database_type"], "sqlite");
    assert_eq!(query["sql"]["sanitized_query"], "SELECT * FROM mysfits");
}

#[actix_rt::test]
async fn health_checks_leave_no_trace_not_even_of_their_queries() {
    let server = serve(busy);
    let answer =
        server.get("/health/ready", &[(XRAY_HEADER, &format!("Root={}", root("eeeeeeeeeeeeeeeeeeeeeeee")))]).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().get(XRAY_HEADER).is_none());
    let marker = root_of(&server.get("/busy/after", &[]).await);
    daemon().documents(&marker, 3);
    assert!(daemon().urls().iter().all(|url| !url.contains("/health/")), "{DEADLINE:?}");
    daemon().documents(&root("eeeeeeeeeeeeeeeeeeeeeeee"), 0);
}
