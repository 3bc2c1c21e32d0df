//! One like becomes one trace through both services and the store, and the map tells the truth about it.

#![expect(clippy::indexing_slicing, reason = "a test may panic on an answer of the wrong shape")]

use anyhow::{Context, Result, ensure};
use e2e::{Stack, Trace, eventually};
use like_service::chaos::{Fault, Mode, Settings};
use serde_json::{Value, json};

const SEED: u64 = 7;
const COCO: &str = "0e37d916-f960-4772-a25a-01b762b5c1bd";

/// Keys whose fate under the demo's seed is known before they are sent.
fn keys_with(wanted: fn(Option<Fault>) -> bool) -> impl Iterator<Item = String> {
    let chaos = Settings::original(Mode::On, SEED);
    (0..).map(|n| format!("journey-{n}")).filter(move |key| wanted(chaos.fault_for(key)))
}

async fn like(stack: &Stack, key: &str, trace_header: Option<&str>) -> Result<reqwest::Response> {
    let mut request =
        reqwest::Client::new().post(stack.site(&format!("/mysfits/{COCO}/like"))).header("Idempotency-Key", key);
    if let Some(header) = trace_header {
        request = request.header("X-Amzn-Trace-Id", header);
    }
    Ok(request.send().await?)
}

fn root_of(answer: &reqwest::Response) -> Result<String> {
    let header = answer.headers().get("X-Amzn-Trace-Id").context("every answer carries its trace id")?.to_str()?;
    let root = header.split(';').find_map(|pair| pair.strip_prefix("Root=")).context("the header has a Root")?;
    Ok(root.to_owned())
}

async fn whole_trace(stack: &Stack, id: &str) -> Result<Trace> {
    eventually(&format!("the whole of trace {id}"), || async {
        let Some(trace) = stack.xray().trace(id).await? else { return Ok(None) };
        let whole = trace.sent_by("monolith").len() == 2
            && trace.sent_by("like service").len() == 1
            && trace.asked_a_database();
        Ok(whole.then_some(trace))
    })
    .await
}

async fn one_like_is_one_trace(exporter: &str) -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--chaos", "off"], &[("OTEL_TRACES_EXPORTER", exporter)]).await?;
    let answer = like(&stack, "only-once", None).await?;
    ensure!(answer.status() == 200, "a like without chaos answered {}", answer.status());
    let id = root_of(&answer)?;
    whole_trace(&stack, &id).await?;
    for service in ["monolith", "like-service"] {
        let log = stack.log_of(service)?;
        ensure!(log.contains(&id), "the log of {service} does not name trace {id}:\n{log}");
    }
    stack.stop().await
}

#[tokio::test]
async fn one_like_is_one_trace_over_otlp() -> Result<()> {
    one_like_is_one_trace("otlp").await
}

#[tokio::test]
async fn one_like_is_one_trace_over_udp() -> Result<()> {
    one_like_is_one_trace("xray").await
}

#[tokio::test]
async fn the_root_that_a_load_balancer_sends_is_kept() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--chaos", "off"], &[]).await?;
    let root = "1-67891233-abcdef012345678912345678";
    let header = format!("Self=1-67891234-12456789abcdef012345678a;Root={root}");
    let answer = like(&stack, "behind-a-balancer", Some(&header)).await?;
    ensure!(root_of(&answer)? == root, "answered with {:?}", answer.headers());
    whole_trace(&stack, root).await?;
    stack.stop().await
}

#[tokio::test]
async fn a_broken_trace_header_starts_a_fresh_trace() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--chaos", "off"], &[]).await?;
    let answer = like(&stack, "broken-header", Some("Root=1-zzz;Parent=not hex")).await?;
    ensure!(answer.status() == 200);
    whole_trace(&stack, &root_of(&answer)?).await?;
    stack.stop().await
}

#[tokio::test]
async fn a_like_repeated_with_its_key_counts_once() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--chaos", "off"], &[]).await?;
    let first: Value = like(&stack, "one-click", None).await?.json().await?;
    for _ in 0..5 {
        let again: Value = like(&stack, "one-click", None).await?.json().await?;
        ensure!(again["likes"] == first["likes"], "a repeated key counted again: {first} then {again}");
    }
    let next: Value = like(&stack, "next-click", None).await?.json().await?;
    ensure!(next["likes"].as_u64() == first["likes"].as_u64().map(|likes| likes + 1), "{first} then {next}");
    stack.stop().await
}

#[tokio::test]
async fn the_map_has_both_services_the_way_back_and_the_database() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--seed", "7"], &[]).await?;
    let slow = keys_with(|fault| matches!(fault, Some(Fault::Slow { .. }))).take(2);
    let not_found = keys_with(|fault| fault == Some(Fault::NotFound)).take(2);
    let fine = keys_with(|fault| fault.is_none()).take(2);
    let mut statuses = Vec::new();
    for key in slow.chain(not_found).chain(fine) {
        statuses.push(like(&stack, &key, None).await?.status().as_u16());
    }
    ensure!(statuses == [200, 200, 404, 404, 200, 200], "the fates of the seed came out as {statuses:?}");

    let services = eventually("six whole likes on the map", || async {
        let services = stack.xray().service_graph().await?;
        let nobody_is_inferred = services.iter().all(|node| node["Type"] != "remote");
        let client = node(&services, "monolith", |kind| kind == Some("client"));
        let arrived = client.is_some_and(|client| client["Edges"][0]["SummaryStatistics"]["TotalCount"] == 6);
        Ok((arrived && nobody_is_inferred).then_some(services))
    })
    .await?;

    let monolith = node(&services, "monolith", |kind| kind != Some("client")).context("a monolith node")?;
    let like_service = node(&services, "like service", |kind| kind != Some("client")).context("a like service node")?;
    let client = node(&services, "monolith", |kind| kind == Some("client")).context("a client node")?;
    let database = services.iter().find(|node| node["Type"] == "Database::SQL").context("a database node")?;
    ensure!(monolith["State"] == "active" && like_service["State"] == "active", "{services:#?}");

    for (from, to, total, errors) in
        [(client, monolith, 6, 2), (monolith, like_service, 6, 2), (like_service, monolith, 4, 0)]
    {
        let statistics = edge(from, to).with_context(|| format!("an edge from {} to {}", from["Name"], to["Name"]))?;
        ensure!(statistics["TotalCount"] == total, "{} → {}: {statistics}", from["Name"], to["Name"]);
        ensure!(
            statistics["ErrorStatistics"]["OtherCount"] == errors,
            "{} → {}: {statistics}",
            from["Name"],
            to["Name"]
        );
        sums_hold(statistics)?;
    }
    let to_database = edge(monolith, database).context("an edge to the database")?;
    sums_hold(to_database)?;
    let slowest = like_service["SummaryStatistics"]["TotalResponseTime"].as_f64().context("a response time")?;
    ensure!(slowest > 2.0 * 1.2, "two slow likes take at least 1.2 s each, together {slowest} s");
    stack.stop().await
}

/// The expression of the original workshop, to the letter.
const UNUSUAL: &str = r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#;

#[tokio::test]
async fn the_workshops_filter_finds_the_odd_likes_and_its_group_changes_the_map() -> Result<()> {
    let stack = Stack::start(&["--no-traffic", "--seed", "7"], &[]).await?;
    let slow = keys_with(|fault| matches!(fault, Some(Fault::Slow { .. }))).take(2);
    let not_found = keys_with(|fault| fault == Some(Fault::NotFound)).take(2);
    let fine: Vec<String> = keys_with(|fault| fault.is_none()).take(3).collect();
    let mut odd = Vec::new();
    for key in slow.chain(not_found) {
        odd.push(root_of(&like(&stack, &key, None).await?)?);
    }
    for key in &fine {
        let id = root_of(&like(&stack, key, None).await?)?;
        whole_trace(&stack, &id).await?;
    }
    odd.sort();

    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let window = json!({ "StartTime": now - 600, "EndTime": now + 60 });
    let asking = |name: &str, value: &str| {
        let mut body = window.clone();
        body[name] = json!(value);
        body
    };
    eventually("exactly the slow and the lost likes", || async {
        let answer = stack.xray().call("/TraceSummaries", &asking("FilterExpression", UNUSUAL)).await?;
        let mut found: Vec<String> = Vec::new();
        for summary in answer["TraceSummaries"].as_array().into_iter().flatten() {
            found.extend(summary["Id"].as_str().map(str::to_owned));
        }
        found.sort();
        Ok((found == odd).then_some(()))
    })
    .await?;

    let group = json!({ "GroupName": "unusual-behavior", "FilterExpression": UNUSUAL });
    stack.xray().call("/CreateGroup", &group).await?;
    let likes_of = |graph: Value| -> Option<(u64, u64)> {
        let services = graph["Services"].as_array()?.clone();
        let statistics = node(&services, "like service", |kind| kind != Some("client"))?["SummaryStatistics"].clone();
        Some((statistics["TotalCount"].as_u64()?, statistics["ErrorStatistics"]["OtherCount"].as_u64()?))
    };
    let everything = likes_of(stack.xray().call("/ServiceGraph", &window).await?);
    ensure!(everything == Some((7, 2)), "the whole map counts {everything:?}");
    let grouped = likes_of(stack.xray().call("/ServiceGraph", &asking("GroupName", "unusual-behavior")).await?);
    ensure!(grouped == Some((4, 2)), "the group's map counts {grouped:?}");
    stack.stop().await
}

fn node<'a>(services: &'a [Value], name: &str, kind: impl Fn(Option<&str>) -> bool) -> Option<&'a Value> {
    services.iter().find(|node| node["Name"] == name && kind(node["Type"].as_str()))
}

fn edge<'a>(from: &'a Value, to: &Value) -> Option<&'a Value> {
    let edges = from["Edges"].as_array()?;
    edges.iter().find(|edge| edge["ReferenceId"] == to["ReferenceId"]).map(|edge| &edge["SummaryStatistics"])
}

fn sums_hold(statistics: &Value) -> Result<()> {
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    let error = &statistics["ErrorStatistics"];
    let parts = count(&statistics["OkCount"])
        + count(&error["TotalCount"])
        + count(&statistics["FaultStatistics"]["TotalCount"]);
    ensure!(parts == count(&statistics["TotalCount"]), "ok, errors and faults do not add up: {statistics}");
    ensure!(
        count(&error["ThrottleCount"]) + count(&error["OtherCount"]) == count(&error["TotalCount"]),
        "{statistics}"
    );
    Ok(())
}
