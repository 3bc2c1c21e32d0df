//! What a sampling decision costs, and what it costs more when all cores share one sampler: `cargo bench -p shared --bench sampler`.
//!
//! The samplers follow the rule of a local X-Ray, so each decision walks the whole path: rules, matching, window, counters. Threads with a
//! sampler each have nothing to wait for; threads that share one would show a lock by taking many times as long.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program that measures and prints"
)]

use std::hint::black_box;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, TraceId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::ShouldSample;
use shared::sampler::XraySampler;

const DECISIONS: u32 = 500_000;
const DEADLINE: Duration = Duration::from_secs(20);

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

/// One decision; answers whether a rule took it.
fn decide(sampler: &XraySampler, attributes: &[KeyValue]) -> bool {
    let result = sampler.should_sample(None, TraceId::from(7), "GET /mysfits", &SpanKind::Server, attributes, &[]);
    !black_box(result).attributes.is_empty()
}

/// Decides on as many threads as there are samplers.
fn nanoseconds_per_decision(samplers: &[&XraySampler], attributes: &[KeyValue]) -> f64 {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for sampler in samplers {
            scope.spawn(|| {
                for _ in 0..DECISIONS {
                    black_box(decide(sampler, attributes));
                }
            });
        }
    });
    started.elapsed().as_secs_f64() * 1e9 / f64::from(DECISIONS)
}

fn main() {
    let resource = Resource::builder_empty().with_service_name("monolith").build();
    let url = local_xray();
    let attributes = [
        KeyValue::new("http.request.method", "GET"),
        KeyValue::new("url.full", "http://127.0.0.1:8080/mysfits"),
        KeyValue::new("url.path", "/mysfits"),
        KeyValue::new("server.address", "127.0.0.1"),
        KeyValue::new("server.port", 8080),
    ];
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let started: Vec<_> = (0..cores).map(|_| XraySampler::start(&url, &resource).unwrap()).collect();
    let own: Vec<&XraySampler> = started.iter().map(|(sampler, _)| sampler).collect();
    let since = Instant::now();
    while !own.iter().all(|sampler| decide(sampler, &attributes)) {
        assert!(since.elapsed() < DEADLINE, "the rules did not arrive");
    }
    let shared = vec![own[0]; cores];
    for (name, samplers) in
        [("one thread", &own[..1]), ("a sampler for each core", &own), ("one sampler for all cores", &shared)]
    {
        println!("{name}: {:.0} ns a decision", nanoseconds_per_decision(samplers, &attributes));
    }
    started.into_iter().for_each(|(_, poller)| poller.stop());
}
