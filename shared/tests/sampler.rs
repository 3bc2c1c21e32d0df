//! The sampler from outside: following a local X-Ray, without a daemon, and behind the trace headers of a real server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use actix_web::http::header::HeaderName;
use actix_web::{HttpResponse, web};
use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, TraceId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};
use serde_json::json;
use shared::config::{Environment, ListenAddr};
use shared::sampler::{SAMPLING_RULE, XraySampler};
use shared::server::{self, HttpSettings, Listener};
use shared::shutdown::Shutdown;
use shared::telemetry::{self, TelemetryConfig};

const DEADLINE: Duration = Duration::from_secs(20);

/// A local X-Ray on a thread of its own, which ends with the test process; answers its URL.
fn local_xray() -> String {
    let (sender, started) = mpsc::channel();
    std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let app = local_xray::App::build(local_xray::Config::on_free_ports()).await.unwrap();
            sender.send(format!("http://{}", app.addr())).unwrap();
            app.run_until_stopped(std::future::pending()).await
        })
    });
    started.recv_timeout(DEADLINE).unwrap()
}

fn resource() -> Resource {
    Resource::builder_empty().with_service_name("monolith").build()
}

fn ask(sampler: &XraySampler) -> SamplingResult {
    sampler.should_sample(None, TraceId::from(7), "GET /", &SpanKind::Server, &[], &[])
}

fn rule_of(result: &SamplingResult) -> Option<&Value> {
    result.attributes.iter().find(|attribute| attribute.key.as_str() == SAMPLING_RULE).map(|attribute| &attribute.value)
}

#[test]
fn a_service_follows_the_default_rule_of_a_local_x_ray_and_says_so_on_the_span() {
    let (sampler, poller) = XraySampler::start(&local_xray(), &resource()).unwrap();
    let started = Instant::now();
    while rule_of(&ask(&sampler)).is_none() {
        assert!(started.elapsed() < DEADLINE, "the rules did not arrive");
        std::thread::yield_now();
    }
    // The default rule of a local X-Ray keeps every request.
    for _ in 0..1_000 {
        let result = ask(&sampler);
        assert_eq!(result.decision, SamplingDecision::RecordAndSample);
        assert_eq!(rule_of(&result), Some(&Value::from("Default")));
    }
    poller.stop();
    assert_eq!(ask(&sampler).decision, SamplingDecision::RecordAndSample, "rules outlive the polls");
}

#[test]
fn without_a_daemon_few_traces_are_sampled_and_no_rule_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (sampler, poller) = XraySampler::start(&format!("http://{nobody}"), &resource()).unwrap();
    let results: Vec<SamplingResult> = (0..10_000).map(|_| ask(&sampler)).collect();
    poller.stop();
    let sampled = results.iter().filter(|result| result.decision == SamplingDecision::RecordAndSample).count();
    // A twentieth is 500 with a standard deviation of 22; ten of those, and one for each second that this took.
    assert!((280..720).contains(&sampled), "{sampled}");
    assert!(results.iter().all(|result| rule_of(result).is_none()));
}

/// Nothing of `/` is sampled, everything else is.
async fn rules() -> HttpResponse {
    let rule = |name: &str, priority: u32, path: &str, rate: f64| {
        json!({"SamplingRule": {
            "RuleName": name, "ResourceARN": "*", "Priority": priority, "FixedRate": rate, "ReservoirSize": 0, "ServiceName": "*",
            "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": path, "Version": 1, "Attributes": {},
        }})
    };
    let records = [rule("health checks", 1, "/", 0.0), rule("Default", 10_000, "*", 1.0)];
    HttpResponse::Ok().json(json!({"SamplingRuleRecords": records}))
}

async fn is_sampled() -> HttpResponse {
    HttpResponse::Ok().json(telemetry::is_sampled())
}

/// A client of the service, which serves its own rules.
struct Visitor {
    url: String,
}

impl Visitor {
    /// Whether the request was sampled, and the trace header of the answer.
    async fn get(&self, path: &str, header: Option<&str>) -> (bool, String) {
        let mut request = reqwest::Client::new().get(format!("{}{path}", self.url));
        if let Some(header) = header {
            request = request.header("x-amzn-trace-id", header);
        }
        let answer = request.send().await.unwrap();
        let name = HeaderName::from_static("x-amzn-trace-id");
        let answered = answer.headers().get(name.as_str()).unwrap().to_str().unwrap().to_owned();
        (answer.json().await.unwrap(), answered)
    }

    async fn wait_for_the_rules(&self) {
        let started = Instant::now();
        let mut in_a_row = 0;
        // Twenty in a row are no work of the fallback, which samples a twentieth.
        while in_a_row < 20 {
            assert!(started.elapsed() < DEADLINE, "the rules are not followed");
            in_a_row = if self.get("/likes", None).await.0 { in_a_row + 1 } else { 0 };
        }
    }

    async fn check(&self, path: &str, header: Option<&str>, expected: bool) {
        let (is_sampled, answered) = self.get(path, header).await;
        assert_eq!(is_sampled, expected, "{path} {header:?}");
        let asked = header.is_some_and(|header| header.contains("Sampled=?"));
        let decision = format!(";Sampled={}", u8::from(expected));
        assert_eq!(answered.ends_with(&decision), asked, "{path} {header:?}: {answered}");
        if header.is_some() {
            assert!(answered.starts_with("Root=1-5759e988-bd862e3fe1be46a994272793"), "{answered}");
        }
    }
}

async fn serve_and_check(listener: Listener) -> anyhow::Result<()> {
    let visitor = Visitor { url: format!("http://{}", listener.addr()) };
    let settings = HttpSettings { workers: 1, ..HttpSettings::default() };
    let running = server::start(listener, &settings, |routes| {
        routes
            .route("/GetSamplingRules", web::post().to(rules))
            .route("/", web::get().to(is_sampled))
            .route("/likes", web::get().to(is_sampled));
    })?;
    let shutdown = Shutdown::new();
    let served = actix_rt::spawn(server::run_until_stopped(vec![running], shutdown.clone()));
    visitor.wait_for_the_rules().await;
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let with = |rest: &str| format!("{root}{rest}");
    // Nobody has decided: the rules do.
    let undecided = ["", ";Sampled=?", ";Parent=53995c3f42cd8ad8", ";Parent=53995c3f42cd8ad8;Sampled=?"];
    for rest in undecided {
        visitor.check("/", Some(&with(rest)), false).await;
        visitor.check("/likes", Some(&with(rest)), true).await;
    }
    let behind_a_load_balancer = format!("Self=1-67891234-12456789abcdef0123456789;{root}");
    visitor.check("/", Some(&behind_a_load_balancer), false).await;
    visitor.check("/likes", Some(&behind_a_load_balancer), true).await;
    visitor.check("/", None, false).await;
    visitor.check("/likes", None, true).await;
    // The caller has decided: the rules are not asked.
    for parent in ["", ";Parent=53995c3f42cd8ad8"] {
        visitor.check("/", Some(&with(&format!("{parent};Sampled=1"))), true).await;
        visitor.check("/likes", Some(&with(&format!("{parent};Sampled=0"))), false).await;
    }
    shutdown.trigger();
    served.await?
}

#[test]
fn rules_decide_about_every_header_that_leaves_the_decision_open() {
    let listener = server::bind("LISTEN_ADDR", &ListenAddr::loopback(0)).unwrap();
    let address = listener.addr().to_string();
    let environment = Environment::from_pairs([
        ("OTEL_TRACES_SAMPLER", "xray"),
        ("AWS_XRAY_DAEMON_ADDRESS", address.as_str()),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("LOGLEVEL", "off"),
    ]);
    let config = TelemetryConfig::from_environment(&environment, "monolith", "1.2.3").unwrap();
    let telemetry = telemetry::init(&config).unwrap();
    let served = actix_rt::System::new().block_on(serve_and_check(listener));
    telemetry.shutdown();
    served.unwrap();
}
