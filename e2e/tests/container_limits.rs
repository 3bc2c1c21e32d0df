//! The local X-Ray in a container lives within the memory and the disk that the container gets.

#![expect(clippy::indexing_slicing, reason = "a test may panic on an answer of the wrong shape")]

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::{Containers, Setup, docker, eventually};
use serde_json::{Value, json};
use uuid::Uuid;

/// Documents in one call, as many as the X-Ray daemon sends.
const CALL: usize = 50;

/// Large documents, of which the compose file's memory for `local-xray` would hold a few thousand.
const MANY: usize = 20_000;

#[tokio::test]
async fn in_docker_more_traces_than_fit_memory_are_kept_all_the_same() -> Result<()> {
    let setup = Setup { name: "memory", variables: &[("CHAOSMODE", "off")], ..Setup::default() };
    let stack = Containers::start(&setup).await?;
    let started = stack.inspect("local-xray", "{{.State.StartedAt}}")?;
    let sent = fill(&stack.console(""), MANY).await?;
    ensure!(sent.refused.is_none(), "after {} documents: {:?}", sent.acknowledged.len(), sent.refused);
    ensure!(stack.inspect("local-xray", "{{.State.StartedAt}}")? == started, "the container was started again");
    ensure!(missing(&stack.console(""), &sent.acknowledged).await? == 0, "acknowledged traces are gone");
    Ok(())
}

#[tokio::test]
async fn in_docker_a_full_disk_costs_what_arrives_and_nothing_that_is_stored() -> Result<()> {
    let xray = Alone::start("full", "/data:size=4m,uid=65532,gid=65532")?;
    let url = xray.url()?;
    eventually("the local X-Ray to answer", || async {
        Ok(reqwest::get(format!("{url}/health/live")).await.is_ok_and(|answer| answer.status() == 200).then_some(()))
    })
    .await?;

    let sent = fill(&url, MANY).await?;
    let refused = sent.refused.context("20,000 documents fit into four megabytes")?;
    ensure!(refused.status == 503 && refused.words.contains("the disk is full"), "{refused:?}");
    ensure!(sent.acknowledged.len() >= CALL, "nothing was stored before");
    ensure!(missing(&url, &sent.acknowledged).await? == 0, "what was stored before is gone");
    let page = reqwest::get(format!("{url}/map")).await?.text().await?;
    ensure!(page.contains("the disk is full"), "the console does not say so:\n{page}");
    Ok(())
}

/// A container of the local X-Ray by itself, with a file system of a certain size for its data.
struct Alone(String);

impl Alone {
    fn start(name: &str, data: &str) -> Result<Self> {
        let alone = Self(format!("mysfits-test-{name}-{}", std::process::id()));
        let limits = ["--read-only", "--memory", "192m", "--tmpfs", data];
        let settings = ["--publish", "127.0.0.1::2000", "--env", "LOCAL_XRAY_NO_TOKEN=true"];
        docker(&[&["run", "--detach", "--name", &alone.0], &limits[..], &settings, &["mysfits/local-xray"]].concat())?;
        Ok(alone)
    }

    fn url(&self) -> Result<String> {
        let addresses = docker(&["port", &self.0, "2000/tcp"])?;
        Ok(format!("http://{}", addresses.lines().next().context("the container has a port")?))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _gone_already = docker(&["rm", "--force", "--volumes", &self.0]);
    }
}

/// What came of sending documents.
#[derive(Default)]
struct Sent {
    /// The traces whose documents were taken.
    acknowledged: Vec<String>,
    refused: Option<Refusal>,
}

#[derive(Debug)]
struct Refusal {
    status: u16,
    words: String,
}

/// Sends so many documents, each a trace, or fewer when they are refused.
async fn fill(url: &str, documents: usize) -> Result<Sent> {
    let client = reqwest::Client::new();
    let mut sent = Sent::default();
    for _ in 0..documents / CALL {
        let call = (0..CALL).map(|_| document()).collect::<Result<Vec<_>>>()?;
        let (ids, texts): (Vec<_>, Vec<_>) = call.into_iter().unzip();
        let body = json!({ "TraceSegmentDocuments": texts });
        let answer = client.post(format!("{url}/TraceSegments")).json(&body).send().await?;
        let status = answer.status().as_u16();
        if status != 200 {
            sent.refused = Some(Refusal { status, words: answer.text().await? });
            break;
        }
        sent.acknowledged.extend(ids);
    }
    Ok(sent)
}

/// A trace id, and the text of its only segment: some five kilobytes, as an instrumented service sends them, of which two
/// hundred bytes are like no other.
fn document() -> Result<(String, String)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let unique = Uuid::new_v4().simple().to_string();
    let id = format!("1-{:08x}-{}", now.as_secs(), &unique[..24]);
    let attributes: Vec<String> = (0..4).map(|_| Uuid::new_v4().to_string()).collect();
    let part = |number: u64| {
        json!({ "id": format!("{number:08x}{}", &unique[24..]), "name": "work", "start_time": now.as_secs(),
                "end_time": now.as_secs(), "metadata": { "default": { "attributes": "x".repeat(1_000) } } })
    };
    let document = json!({
        "trace_id": id, "id": &unique[16..], "name": "visitor", "start_time": now.as_secs(), "end_time": now.as_secs() + 1,
        "metadata": { "default": { "attributes": attributes } },
        "subsegments": (0..4).map(part).collect::<Vec<_>>(),
    });
    Ok((id, document.to_string()))
}

/// How many of these traces are not there.
async fn missing(url: &str, ids: &[String]) -> Result<usize> {
    let client = reqwest::Client::new();
    let mut missing = 0;
    for ids in ids.chunks(100) {
        let answer = client.post(format!("{url}/Traces")).json(&json!({ "TraceIds": ids })).send().await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        missing += answer["UnprocessedTraceIds"].as_array().context("a list")?.len();
    }
    Ok(missing)
}
