//! The stack in containers does what it does as processes, and forgets nothing that it has acknowledged when one of them dies.

#![expect(clippy::indexing_slicing, reason = "a test may panic on an answer of the wrong shape")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::{Browser, Containers, docker, eventually};
use fantoccini::Locator;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

const COCO: &str = "0e37d916-f960-4772-a25a-01b762b5c1bd";

/// The database with a password, as it should be run by whoever opens it to more than the monolith.
const WITH_PASSWORD: [(&str, &str); 3] =
    [("CHAOSMODE", "off"), ("DB_PASSWORD", "p@ss:/w%20rd"), ("DB_AUTH", "scram-sha-256")];

/// What an image may weigh.
const MAX_IMAGE_BYTES: u64 = 45_000_000;

#[tokio::test]
async fn in_docker_a_click_in_chromium_can_be_followed_to_its_trace_and_the_map() -> Result<()> {
    let stack = Containers::start("click", &[("CHAOSMODE", "off")]).await?;
    let browser = Browser::open().await?;
    let card = |part: &str| format!("[data-mysfit='{COCO}'] {part}");
    browser.page.goto(&stack.site("/")).await?;
    let heart = card("[data-action=like]:enabled");
    browser.page.wait().at_most(Duration::from_secs(30)).for_element(Locator::Css(&heart)).await?.click().await?;
    eventually("the like to be counted", || async {
        let outcome = browser.page.find(Locator::Css(&card("[data-outcome]"))).await?.text().await?;
        Ok(outcome.starts_with("Counted").then_some(()))
    })
    .await?;

    let link = browser.page.find(Locator::Css(&card("a[data-trace]"))).await?.attr("href").await?;
    let link = link.context("the link leads somewhere")?;
    ensure!(link.starts_with(&stack.console("/traces/")), "the trace is not looked for here: {link}");
    browser.page.goto(&link).await?;
    eventually("both services and the database in the timeline", || async {
        let mut rows = Vec::new();
        for row in browser.page.find_all(Locator::Css(".timeline summary .name b")).await? {
            rows.push(row.text().await?);
        }
        let has = |name: &str| rows.iter().any(|row| row == name);
        Ok((has("monolith") && has("like service") && has("mysfits@postgres")).then_some(()))
    })
    .await?;
    browser.close().await?;

    eventually("both services and the database on the map", || async {
        let services = stack.xray().service_graph().await?;
        let has = |name: &str, kind: Option<&str>| {
            services.iter().any(|node| node["Name"] == name && kind.is_none_or(|kind| node["Type"] == kind))
        };
        let database = has("mysfits@postgres", Some("Database::SQL"));
        Ok((has("monolith", None) && has("like service", None) && database).then_some(()))
    })
    .await
}

#[tokio::test]
async fn in_docker_what_was_acknowledged_survives_the_death_of_each_container() -> Result<()> {
    let stack = Containers::start("deaths", &WITH_PASSWORD).await?;
    nobody_has_more_rights_than_needed(&stack)?;
    let visitors: Vec<Visitor> = (0..4).map(|_| Visitor::start(&stack)).collect();
    everyone_gets_on(&visitors).await?;
    for service in Containers::SERVICES {
        stack.kill(service)?;
        stack.start_again(service).await?;
        everyone_gets_on(&visitors).await.with_context(|| format!("after the death of {service}"))?;
    }

    let mut likes = 0;
    for visitor in visitors {
        likes += visitor.leave_with_everything_kept(&stack).await?;
    }
    let answer: Value = reqwest::get(stack.site("/mysfits")).await?.json().await?;
    let shown: u64 = answer["mysfits"].as_array().into_iter().flatten().filter_map(|one| one["likes"].as_u64()).sum();
    ensure!(shown == likes, "{likes} likes were given and {shown} are shown");
    let count = ["psql", "--username=mysfits", "--tuples-only", "--no-align", "--command=SELECT count(*) FROM likes"];
    let kept: u64 = stack.execute("postgres", &count)?.trim().parse()?;
    ensure!(kept == likes, "{likes} likes were given and {kept} are in the table");
    Ok(())
}

/// Nobody is root, nobody can write but where a volume is, and the images are small.
fn nobody_has_more_rights_than_needed(stack: &Containers) -> Result<()> {
    let template = "{{.Config.User}}|{{.HostConfig.ReadonlyRootfs}}|{{.HostConfig.CapDrop}}|{{.HostConfig.Memory}}";
    for service in Containers::SERVICES {
        let rights = stack.inspect(service, template)?;
        let parts: Vec<&str> = rights.trim().split('|').collect();
        ensure!(!["", "0", "root"].contains(&parts[0]), "{service} runs as {}", parts[0]);
        ensure!(parts[1] == "true" && parts[2] == "[ALL]", "{service} may write or has capabilities: {rights}");
        ensure!(parts[3] != "0", "{service} has no memory limit");
    }
    for service in ["local-xray", "like-service", "monolith"] {
        let image = stack.inspect(service, "{{.Image}}")?;
        let bytes: u64 = docker(&["image", "inspect", "--format", "{{.Size}}", image.trim()])?.trim().parse()?;
        ensure!(bytes <= MAX_IMAGE_BYTES, "the image of {service} has {bytes} bytes");
    }
    Ok(())
}

/// Waits until every visitor has had more likes and more traces acknowledged than now.
async fn everyone_gets_on(visitors: &[Visitor]) -> Result<()> {
    for visitor in visitors {
        let before = visitor.done();
        eventually("another like and another trace to be acknowledged", || async {
            let now = visitor.done();
            Ok((now.0 > before.0 + 3 && now.1 > before.1 + 3).then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Somebody who gives likes and, as a service of their own, sends traces, one after the other, whatever comes of it.
struct Visitor {
    log: Arc<Mutex<Log>>,
    at_work: JoinHandle<()>,
}

#[derive(Default)]
struct Log {
    acknowledged_likes: Vec<String>,
    doubtful_likes: Vec<String>,
    acknowledged_traces: Vec<String>,
    is_leaving: bool,
}

impl Visitor {
    fn start(stack: &Containers) -> Self {
        let log = Arc::new(Mutex::new(Log::default()));
        let work = work(stack.site(""), stack.console("/TraceSegments"), Arc::clone(&log));
        Self { log, at_work: tokio::spawn(work) }
    }

    /// How many likes and traces were acknowledged.
    fn done(&self) -> (usize, usize) {
        let log = self.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (log.acknowledged_likes.len(), log.acknowledged_traces.len())
    }

    /// Finds every trace that was acknowledged. Sends each like that got no answer, or no good one, again under its key, then every
    /// like once more, and returns how many there are.
    async fn leave_with_everything_kept(self, stack: &Containers) -> Result<u64> {
        self.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_leaving = true;
        self.at_work.await?;
        let log = std::mem::take(&mut *self.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let client = reqwest::Client::new();
        for ids in log.acknowledged_traces.chunks(100) {
            let answer = client.post(stack.console("/Traces")).json(&json!({ "TraceIds": ids })).send().await?;
            let answer: Value = answer.error_for_status()?.json().await?;
            let missing = &answer["UnprocessedTraceIds"];
            ensure!(missing == &json!([]), "these traces were acknowledged and are gone: {missing}");
        }
        let keys: Vec<String> = log.doubtful_likes.into_iter().chain(log.acknowledged_likes).collect();
        for key in &keys {
            eventually("a like to be counted in the end", || async {
                Ok(like(&client, &stack.site(""), key).await.then_some(()))
            })
            .await?;
        }
        Ok(u64::try_from(keys.len())?)
    }
}

async fn work(site: String, segments: String, log: Arc<Mutex<Log>>) {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(15)).build().unwrap_or_default();
    loop {
        let key = Uuid::new_v4().to_string();
        let is_counted = like(&client, &site, &key).await;
        let (id, document) = segment();
        let is_taken = send(&client, &segments, &document).await;
        let mut log = log.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if is_counted { &mut log.acknowledged_likes } else { &mut log.doubtful_likes }.push(key);
        if is_taken {
            log.acknowledged_traces.push(id);
        }
        if log.is_leaving {
            return;
        }
    }
}

async fn like(client: &reqwest::Client, site: &str, key: &str) -> bool {
    let request = client.post(format!("{site}/mysfits/{COCO}/like")).header("Idempotency-Key", key);
    request.send().await.is_ok_and(|answer| answer.status() == 200)
}

/// A trace of one segment, and its id.
fn segment() -> (String, String) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let unique = Uuid::new_v4().simple().to_string();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970 fit for long")]
    let id = format!("1-{:08x}-{}", now as u64, &unique[..24]);
    let document =
        json!({ "trace_id": id, "id": &unique[16..], "name": "visitor", "start_time": now, "end_time": now + 0.01 });
    (id, document.to_string())
}

async fn send(client: &reqwest::Client, segments: &str, document: &str) -> bool {
    let request = client.post(segments).json(&json!({ "TraceSegmentDocuments": [document] }));
    let Ok(answer) = request.send().await.and_then(reqwest::Response::error_for_status) else { return false };
    answer.json::<Value>().await.is_ok_and(|answer| answer["UnprocessedTraceSegments"] == json!([]))
}
