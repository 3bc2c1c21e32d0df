//! The sampler alone, without anything else of this crate: follows the rules of an X-Ray daemon or a local X-Ray, and says each second
//! how many of a hundred requests they would record. Each of these in a terminal of its own:
//!
//! ```text
//! cargo run -p local-xray -- serve
//! cargo run -p shared --example sampling
//! ```
//!
//! Rules made on the Sampling page, <http://127.0.0.1:2000/sampling>, are followed within ten seconds.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program that shows something each second")]

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, TraceId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample as _};
use shared::sampler::{SAMPLING_RULE, XraySampler};

fn main() -> std::io::Result<()> {
    let resource = Resource::builder().with_service_name("restaurant").build();
    let (sampler, _polls_until_dropped) = XraySampler::start("http://127.0.0.1:2000", &resource)?;
    let request = [
        KeyValue::new("http.request.method", "GET"),
        KeyValue::new("url.path", "/order/soup"),
        KeyValue::new("server.address", "127.0.0.1"),
    ];
    loop {
        let mut recorded: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..100 {
            let result = sampler.should_sample(None, TraceId::from(1), "GET", &SpanKind::Server, &request, &[]);
            if result.decision == SamplingDecision::RecordAndSample {
                let rule = result.attributes.iter().find(|attribute| attribute.key.as_str() == SAMPLING_RULE);
                *recorded.entry(rule.map_or("without rules".into(), |rule| rule.value.to_string())).or_default() += 1;
            }
        }
        println!("of 100 requests: {recorded:?}");
        std::thread::sleep(Duration::from_secs(1));
    }
}
