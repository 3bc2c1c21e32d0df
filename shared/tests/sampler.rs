//! The sampler from outside: a service that follows the rules of a local X-Ray, and one whose daemon is not there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, TraceId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};
use shared::sampler::{SAMPLING_RULE, XraySampler};

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
