//! Every kind of trace header, through both services as processes, with each exporter and each sampler.
//!
//! The header comes in with a like at the monolith, which calls the like service, which calls back; what became of it is read in the
//! answer's own header and in the local X-Ray. A trace that was not recorded is known to be missing once a later one has arrived, because
//! each process sends its spans in the order in which they ended.

#![expect(clippy::indexing_slicing, reason = "a test may panic on an answer of the wrong shape")]

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use e2e::{Stack, Trace, eventually};
use serde_json::json;
use uuid::Uuid;

/// Whose likes are recorded by every rule, and whose by none where rules decide.
const COCO: &str = "0e37d916-f960-4772-a25a-01b762b5c1bd";
const EVANGELINE: &str = "4e53920c-505a-4a90-a694-b9300791f0ae";

const PARENT: &str = "53995c3f42cd8ad8";

/// Which trace a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Belongs {
    /// To the one that `X-Amzn-Trace-Id` names.
    ToRoot,
    /// To the one that `traceparent` names.
    ToW3c,
    /// To a new one.
    ToNone,
}

/// Who decides whether it is recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Decides {
    Caller(bool),
    Sampler,
}

use Belongs::{ToNone, ToRoot, ToW3c};
use Decides::{Caller, Sampler};

/// `X-Amzn-Trace-Id` and `traceparent`, and what is to become of them. `{root}` stands for a trace id in X-Ray's form that is new for each
/// request, `{w3c}` for one in W3C's.
type Row = (&'static str, &'static str, Belongs, Option<&'static str>, Decides);

const ROWS: [Row; 24] = [
    ("", "", ToNone, None, Sampler),
    // What a load balancer sends.
    ("Root={root}", "", ToRoot, None, Sampler),
    ("Self=1-67891234-12456789abcdef0123456789;Root={root}", "", ToRoot, None, Sampler),
    ("Root={root};Sampled=1", "", ToRoot, None, Caller(true)),
    ("Root={root};Sampled=0", "", ToRoot, None, Caller(false)),
    ("Root={root};Sampled=?", "", ToRoot, None, Sampler),
    // What a service sends.
    ("Root={root};Parent=53995c3f42cd8ad8;Sampled=1", "", ToRoot, Some(PARENT), Caller(true)),
    ("Root={root};Parent=53995c3f42cd8ad8;Sampled=0", "", ToRoot, Some(PARENT), Caller(false)),
    ("Root={root};Parent=53995c3f42cd8ad8;Sampled=?", "", ToRoot, Some(PARENT), Sampler),
    ("Root={root};Parent=53995c3f42cd8ad8", "", ToRoot, Some(PARENT), Sampler),
    // Odd ones.
    ("sampled=1; PARENT=53995c3f42cd8ad8; root={root}", "", ToRoot, Some(PARENT), Caller(true)),
    ("Root={root};Lineage=a87bd80c:1|68fd508a:5;Extra=x;Sampled=1", "", ToRoot, None, Caller(true)),
    ("Root={root};Sampled=1;Long={long}", "", ToRoot, None, Caller(true)),
    ("Root={root};Sampled=yes", "", ToRoot, None, Sampler),
    ("Root={root};Parent=not-hex;Sampled=1", "", ToRoot, None, Caller(true)),
    ("Root={timeless};Sampled=1", "", ToRoot, None, Caller(true)),
    ("Root=1-zzz;Parent=53995c3f42cd8ad8;Sampled=1", "", ToNone, None, Sampler),
    ("Root={root};Root={root}", "", ToNone, None, Sampler),
    ("nonsense", "", ToNone, None, Sampler),
    // Callers that speak W3C, alone and beside X-Ray's header.
    ("", "00-{w3c}-53995c3f42cd8ad8-01", ToW3c, Some(PARENT), Caller(true)),
    ("", "00-{w3c}-53995c3f42cd8ad8-00", ToW3c, Some(PARENT), Caller(false)),
    ("Root={root}", "00-{w3c}-53995c3f42cd8ad8-01", ToW3c, Some(PARENT), Caller(true)),
    ("Root={root}", "00-garbage-01", ToRoot, None, Sampler),
    // The last one is recorded by every choice: what has not arrived before it never will.
    (
        "Root={root};Parent=53995c3f42cd8ad8;Sampled=1",
        "00-{w3c}-00f067aa0ba902b7-00",
        ToRoot,
        Some(PARENT),
        Caller(true),
    ),
];

/// A value of `OTEL_TRACES_SAMPLER`, and what it makes of a decision.
struct Choice {
    name: &'static str,
    mysfit: &'static str,
    is_recorded: fn(Decides) -> bool,
}

const fn obeying(name: &'static str, mysfit: &'static str, is_recorded: fn(Decides) -> bool) -> Choice {
    Choice { name, mysfit, is_recorded }
}

const OBEYS_AND_KEEPS: fn(Decides) -> bool = |decides| decides != Caller(false);
const OBEYS_AND_DROPS: fn(Decides) -> bool = |decides| decides == Caller(true);

/// An answer, and what was expected of it.
struct Sent {
    row: Row,
    trace_id: String,
    is_recorded: bool,
}

fn in_x_rays_form(hex: &str) -> String {
    format!("1-{}-{}", &hex[..8], &hex[8..])
}

/// Sends one like under the headers of a row, and judges the header of its answer.
async fn send(stack: &Stack, row: Row, choice: &Choice) -> Result<Sent> {
    let (xray, w3c, belongs, _, decides) = row;
    let [root, timeless, traceparent] = [(); 3].map(|()| Uuid::new_v4().simple().to_string());
    // X-Ray's ids begin with the time, W3C's with anything.
    let (root, timeless) = (format!("6789abcd{}", &root[8..]), format!("ffffffff{}", &timeless[8..]));
    let header = xray.replace("{root}", &in_x_rays_form(&root)).replace("{timeless}", &in_x_rays_form(&timeless));
    let header = header.replace("{long}", &"x".repeat(2_000));
    let mut request = reqwest::Client::new().post(stack.site(&format!("/mysfits/{}/like", choice.mysfit)));
    if !header.is_empty() {
        request = request.header("X-Amzn-Trace-Id", header);
    }
    if !w3c.is_empty() {
        request = request.header("traceparent", w3c.replace("{w3c}", &traceparent));
    }
    let answer = request.send().await?;
    ensure!(answer.status() == 200, "{row:?}: a like was answered {}", answer.status());
    let answered = answer.headers().get("X-Amzn-Trace-Id").context("every answer names its trace")?.to_str()?;
    let (trace_id, decision) = match answered.strip_prefix("Root=").context("a Root comes first")?.split_once(';') {
        Some((trace_id, decision)) => (trace_id.to_owned(), Some(decision.to_owned())),
        None => (answered.trim_start_matches("Root=").to_owned(), None),
    };
    let named = if xray.contains("{timeless}") { &timeless } else { &root };
    match belongs {
        ToRoot => ensure!(trace_id == in_x_rays_form(named), "{row:?}: {answered}"),
        ToW3c => ensure!(trace_id == in_x_rays_form(&traceparent), "{row:?}: {answered}"),
        ToNone => ensure!(
            [&root, &timeless, &traceparent].iter().all(|hex| trace_id != in_x_rays_form(hex)),
            "{row:?}: {answered}"
        ),
    }
    let is_recorded = (choice.is_recorded)(decides);
    let expected = xray.contains("Sampled=?").then(|| format!("Sampled={}", u8::from(is_recorded)));
    ensure!(decision == expected, "{row:?}: answered {answered}, expected {expected:?}");
    Ok(Sent { row, trace_id, is_recorded })
}

/// Holds a trace against its row: whole, joined from hop to hop, and below the caller's segment where there is one.
fn judge(trace: &Trace, sent: &Sent) -> Result<()> {
    let (_, _, _, parent, _) = sent.row;
    let row = sent.row;
    let of_site = trace.sent_by("monolith").into_iter().find(|segment| segment["parent_id"].as_str() == parent);
    let of_site = of_site.with_context(|| format!("{row:?}: no segment below {parent:?}: {:#?}", trace.segments))?;
    let called = |segment: &serde_json::Value, whom: &str| {
        let mut calls = segment["subsegments"].as_array().into_iter().flatten();
        calls.find(|call| call["name"] == whom).map(|call| call["id"].clone())
    };
    let like = trace.sent_by("like service")[0];
    let back = called(like, "monolith").with_context(|| format!("{row:?}: the like service calls back"))?;
    ensure!(Some(&like["parent_id"]) == called(of_site, "like service").as_ref(), "{row:?}: {:#?}", trace.segments);
    ensure!(trace.sent_by("monolith").iter().any(|segment| segment["parent_id"] == back), "{row:?}");
    Ok(())
}

async fn whole(stack: &Stack, trace_id: &str) -> Result<Trace> {
    eventually(&format!("the whole of trace {trace_id}"), || async {
        let Some(trace) = stack.xray().trace(trace_id).await? else { return Ok(None) };
        let is_whole = trace.sent_by("monolith").len() == 2 && trace.sent_by("like service").len() == 1;
        Ok(is_whole.then_some(trace))
    })
    .await
}

/// Every row, one after the other, under one choice.
async fn check(stack: &Stack, choice: &Choice) -> Result<()> {
    let mut failures = String::new();
    let mut all = Vec::new();
    for row in ROWS {
        match send(stack, row, choice).await {
            Ok(sent) => all.push(sent),
            Err(error) => writeln!(failures, "{error:#}")?,
        }
    }
    for sent in all.iter().filter(|sent| sent.is_recorded) {
        if let Err(error) = judge(&whole(stack, &sent.trace_id).await?, sent) {
            writeln!(failures, "{error:#}")?;
        }
    }
    let not_recorded = all.iter().filter(|sent| !sent.is_recorded);
    for sent in not_recorded {
        if stack.xray().trace(&sent.trace_id).await?.is_some() {
            writeln!(failures, "{:?}: {} was recorded", sent.row, sent.trace_id)?;
        }
    }
    ensure!(failures.is_empty(), "{} for {}:\n{failures}", choice.name, choice.mysfit);
    Ok(())
}

/// A stack whose services export and sample in this way; there are no other visitors.
async fn start(exporter: &str, sampler: &str) -> Result<Stack> {
    let variables =
        [("OTEL_TRACES_EXPORTER", exporter), ("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", "1")];
    Stack::start(&["--no-traffic", "--chaos", "off"], &variables).await
}

async fn every_header_under(exporter: &str, choices: &[Choice]) -> Result<()> {
    for choice in choices {
        let stack = start(exporter, choice.name).await?;
        check(&stack, choice).await?;
        stack.stop().await?;
    }
    Ok(())
}

/// `always_off` is left out: where nothing is ever recorded, nothing can be waited for.
const STANDARD: [Choice; 4] = [
    obeying("parentbased_always_on", COCO, OBEYS_AND_KEEPS),
    obeying("parentbased_always_off", COCO, OBEYS_AND_DROPS),
    obeying("parentbased_traceidratio", COCO, OBEYS_AND_KEEPS),
    obeying("always_on", COCO, |_| true),
];

#[tokio::test]
async fn every_header_over_otlp() -> Result<()> {
    every_header_under("otlp", &STANDARD).await
}

#[tokio::test]
async fn every_header_over_udp() -> Result<()> {
    every_header_under("xray", &STANDARD).await
}

/// Under the rules of X-Ray: likes of one mysfit are recorded, those of another are not, and a caller's decision stands above both.
async fn every_header_under_rules(exporter: &str) -> Result<()> {
    let stack = start(exporter, "xray").await?;
    let none = json!({"SamplingRule": {
        "RuleName": "nothing-of-evangeline", "ResourceARN": "*", "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 0, "ServiceName": "*",
        "ServiceType": "*", "Host": "*", "HTTPMethod": "POST", "URLPath": format!("/mysfits/{EVANGELINE}/like"), "Version": 1,
    }});
    stack.xray().call("/CreateSamplingRule", &none).await?;
    let asked: Row = ("Root={root};Sampled=?", "", ToRoot, None, Sampler);
    let kept = obeying("xray", COCO, OBEYS_AND_KEEPS);
    let dropped = obeying("xray", EVANGELINE, OBEYS_AND_DROPS);
    eventually("the rule to be followed", || async {
        let (kept, dropped) = (send(&stack, asked, &kept).await, send(&stack, asked, &dropped).await);
        Ok((kept.is_ok() && dropped.is_ok()).then_some(()))
    })
    .await?;
    check(&stack, &dropped).await?;
    check(&stack, &kept).await?;
    stack.stop().await
}

#[tokio::test]
async fn every_header_under_sampling_rules_over_otlp() -> Result<()> {
    every_header_under_rules("otlp").await
}

#[tokio::test]
async fn every_header_under_sampling_rules_over_udp() -> Result<()> {
    every_header_under_rules("xray").await
}
