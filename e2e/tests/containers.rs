//! The stack in containers does what it does as processes, and forgets nothing that it has acknowledged when one of them dies.

#![expect(clippy::indexing_slicing, reason = "a test may panic on an answer of the wrong shape")]

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use e2e::{Browser, Containers, Setup, docker, eventually};
use fantoccini::Locator;
use like_service::chaos::{Mode, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use uuid::Uuid;

const COCO: &str = "0e37d916-f960-4772-a25a-01b762b5c1bd";

/// Everything that a URL would have to escape.
const PASSWORD: &str = "p@ss:/w%20rd";

/// What an image may weigh.
const MAX_IMAGE_BYTES: u64 = 45_000_000;

/// What the whole stack may take at most.
const MAX_MEMORY: u64 = 512 * 1024 * 1024;

#[tokio::test]
async fn in_docker_a_click_in_chromium_can_be_followed_to_its_trace_and_the_map() -> Result<()> {
    let setup = Setup { name: "click", variables: &[("CHAOSMODE", "off")], ..Setup::default() };
    let stack = Containers::start(&setup).await?;
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
    let trace = link.rsplit('/').next().unwrap_or_default();
    let lines = stack.console(&format!("/logs?range=all&trace={trace}"));
    eventually("log lines of that trace", || async {
        browser.page.goto(&lines).await?;
        let found = browser.page.find_all(Locator::Css("section.lines .entry")).await?;
        Ok((!found.is_empty()).then_some(()))
    })
    .await?;
    browser.close().await?;

    the_map_has_services_and_database(&stack).await
}

async fn the_map_has_services_and_database(stack: &Containers) -> Result<()> {
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
    let secrets = Secrets::new()?;
    let (database, token) = (secrets.path("database"), secrets.path("token"));
    let variables =
        [("CHAOSMODE", "off"), ("DB_PASSWORD_FILE", database.as_str()), ("INTERNAL_TOKEN_FILE", token.as_str())];
    let overrides = ["docker-compose.secrets.yml"];
    let setup = Setup { name: "deaths", variables: &variables, overrides: &overrides, ..Setup::default() };
    let stack = Containers::start(&setup).await?;
    no_secret_is_told(&stack)?;
    nobody_has_more_rights_than_needed(&stack)?;
    let visitors: Vec<Visitor> = (0..4).map(|_| Visitor::start(&stack)).collect();
    everyone_gets_on(&visitors).await?;
    for service in Containers::SERVICES {
        let others = starts_of_others(&stack, service)?;
        stack.kill(service)?;
        stack.start_again(service).await?;
        everyone_gets_on(&visitors).await.with_context(|| format!("after the death of {service}"))?;
        ensure!(starts_of_others(&stack, service)? == others, "the death of {service} made others start again");
    }

    let mut likes = 0;
    for visitor in visitors {
        likes += visitor.leave_with_everything_kept(&stack).await?;
    }
    let (shown, kept) = (likes_shown(&stack.site("")).await?, likes_in_the_table(&stack)?);
    ensure!(shown == likes && kept == likes, "{likes} likes were given, {shown} are shown and {kept} in the table");
    Ok(())
}

#[tokio::test]
async fn in_docker_several_of_each_service_share_a_database_and_traces_come_over_udp() -> Result<()> {
    let variables = [
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("CHAOS_SEED", "7"),
        ("DB_PASSWORD", PASSWORD),
        ("DB_AUTH", "scram-sha-256"),
        ("INTERNAL_TOKEN", "between-us"),
    ];
    let scale = [("monolith", 2), ("like-service", 3)];
    let setup = Setup { name: "several", variables: &variables, scale: &scale, has_traffic: true, ..Setup::default() };
    let stack = Containers::start(&setup).await?;
    let [one, other] = stack.sites() else { bail!("two monoliths show {} sites", stack.sites().len()) };
    let client = reqwest::Client::new();

    // The same key at both doors at once; then whoever asks at the other door sees what was counted at this one.
    let keys: Vec<String> = fine_keys().take(40).collect();
    for key in &keys {
        let (here, there) = tokio::join!(like_counted(&client, one, key), like_counted(&client, other, key));
        let counted = here?.max(there?);
        for site in [one, other] {
            let shown = likes_shown(site).await?;
            ensure!(shown >= counted, "{counted} likes were counted and {site} shows {shown}");
        }
    }
    ensure!(adopted_at(&client, &[one, other]).await? == 1, "a mysfit was adopted more than once");
    all_like_services_are_used(&stack, &client, one).await?;

    // The visitors meet chaos, and what they met came over UDP.
    the_map_has_services_and_database(&stack).await?;
    eventually("a like that chaos met", || async {
        Ok(traces(&stack, "annotation.chaos_fault = \"slow\"").await?.then_some(()))
    })
    .await?;
    eventually("health checks of the load balancer", || async {
        Ok(traces(&stack, "http.useragent CONTAINS \"HealthChecker\"").await?.then_some(()))
    })
    .await?;

    // Segments find the local X-Ray where it is, not where it was.
    stack.move_xray().await?;
    let moved_at = now()?;
    eventually("traces to come in at the new address", || async {
        Ok(traces_since(&stack, moved_at, "service(\"like service\")").await?.then_some(()))
    })
    .await?;

    // One of three Like services dies under load.
    let victim = stack.containers("like-service")?.remove(0);
    docker(&["kill", &victim])?;
    let more: Vec<String> = fine_keys().skip(keys.len()).take(30).collect();
    for key in &more {
        eventually("a like without one of the Like services", || async {
            Ok(like(&client, other, key).await.then_some(()))
        })
        .await?;
    }

    stack.stop("visitors")?;
    let list = keys.iter().chain(&more).map(|key| format!("'{key}'")).collect::<Vec<_>>().join(",");
    let ours = count(&stack, &format!("SELECT count(*) FROM likes WHERE like_key IN ({list})"))?;
    ensure!(ours == 70, "70 likes of ours were counted, and {ours} are in the table");
    let kept = likes_in_the_table(&stack)?;
    for site in [one, other] {
        let shown = likes_shown(site).await?;
        ensure!(shown == kept, "{kept} likes are in the table and {site} shows {shown}");
    }
    Ok(())
}

#[tokio::test]
async fn in_docker_a_sidecar_of_aws_takes_the_place_of_local_xray() -> Result<()> {
    for (collector, exporter) in [("adot", "otlp"), ("xray-daemon", "xray")] {
        let variables = [
            ("COLLECTOR", collector),
            ("OTEL_TRACES_EXPORTER", exporter),
            ("CHAOSMODE", "off"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "from-the-caller"),
        ];
        let overrides = ["docker-compose.aws.yml", "e2e/containers/sidecar.yml"];
        let setup = Setup { name: collector, variables: &variables, overrides: &overrides, ..Setup::default() };
        let stack = Containers::start(&setup).await?;

        for service in Containers::SERVICES {
            let environment = stack.inspect(service, "{{json .Config.Env}}")?.concat();
            let has_credentials = environment.contains("AWS_SECRET_ACCESS_KEY=from-the-caller");
            ensure!(has_credentials == (service == "local-xray"), "credentials in {service}: {environment}");
            ensure!(!environment.contains("AWS_SESSION_TOKEN="), "a session token that nobody gave: {environment}");
        }
        let page = reqwest::get(stack.site("/")).await?.text().await?;
        let console = "eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#xray:traces/{trace_id}";
        ensure!(page.contains(console), "the page does not lead to AWS's console:\n{page}");
        let client = reqwest::Client::new();
        ensure!(like(&client, &stack.site(""), "by-the-sidecar").await, "a like was not counted");
        the_map_has_services_and_database(&stack).await.with_context(|| format!("by {collector}"))?;
    }
    Ok(())
}

/// Keys that chaos leaves alone under the stack's seed.
fn fine_keys() -> impl Iterator<Item = String> {
    let chaos = Settings::original(Mode::On, 7);
    (0..).map(|n| format!("container-{n}")).filter(move |key| chaos.fault_for(key).is_none())
}

/// Likes, and answers with the count that came back.
async fn like_counted(client: &reqwest::Client, site: &str, key: &str) -> Result<u64> {
    let request = client.post(format!("{site}/mysfits/{COCO}/like")).header("Idempotency-Key", key);
    let answer = request.send().await?.error_for_status()?;
    answer.json::<Value>().await?["likes"].as_u64().context("an answer holds a count")
}

/// Twenty visitors adopt the same mysfit at these sites at once; answers with how many were told that they have.
async fn adopted_at(client: &reqwest::Client, sites: &[&str]) -> Result<usize> {
    let adopt = |site: &str| {
        let request = client.post(format!("{site}/mysfits/{COCO}/adopt"));
        tokio::spawn(async move { Ok::<_, reqwest::Error>(request.send().await?.status().as_u16()) })
    };
    let visitors: Vec<_> = sites.iter().cycle().take(20).map(|site| adopt(site)).collect();
    let mut adopted = 0;
    for visitor in visitors {
        match visitor.await?? {
            200 => adopted += 1,
            409 => {}
            other => bail!("an adoption was answered with {other}"),
        }
    }
    Ok(adopted)
}

/// Likes, many at a time, until each Like service has had its part.
async fn all_like_services_are_used(stack: &Containers, client: &reqwest::Client, site: &str) -> Result<()> {
    let containers = stack.containers("like-service")?;
    ensure!(containers.len() == 3, "there are {} Like services", containers.len());
    eventually("each Like service to have been asked", || async {
        let likes = fine_keys().take(20).map(|key| {
            let (client, site) = (client.clone(), site.to_owned());
            tokio::spawn(async move { like(&client, &site, &key).await })
        });
        for like in likes.collect::<Vec<_>>() {
            ensure!(like.await?, "a like was not counted");
        }
        let is_used =
            |id: &String| Ok::<_, anyhow::Error>(docker(&["logs", id])?.contains("the monolith answered a like"));
        let used = containers.iter().map(is_used).collect::<Result<Vec<_>>>()?;
        Ok(used.iter().all(|used| *used).then_some(()))
    })
    .await
}

/// Whether there is a trace of the last hour that this filter selects.
async fn traces(stack: &Containers, filter: &str) -> Result<bool> {
    traces_since(stack, now()? - 3600, filter).await
}

/// Whether a trace that this filter selects began after that second.
async fn traces_since(stack: &Containers, start: u64, filter: &str) -> Result<bool> {
    let question = json!({ "StartTime": start, "EndTime": now()? + 60, "FilterExpression": filter });
    let answer = stack.xray().call("/TraceSummaries", &question).await?;
    Ok(answer["TraceSummaries"].as_array().is_some_and(|found| !found.is_empty()))
}

/// Whole seconds since 1970.
fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// The likes of all mysfits together, as a site shows them.
async fn likes_shown(site: &str) -> Result<u64> {
    let answer: Value = reqwest::get(format!("{site}/mysfits")).await?.error_for_status()?.json().await?;
    Ok(answer["mysfits"].as_array().into_iter().flatten().filter_map(|one| one["likes"].as_u64()).sum())
}

fn likes_in_the_table(stack: &Containers) -> Result<u64> {
    count(stack, "SELECT count(*) FROM likes")
}

/// Asks the database for one number.
fn count(stack: &Containers, statement: &str) -> Result<u64> {
    let psql = ["psql", "--username=mysfits", "--tuples-only", "--no-align", "--command", statement];
    Ok(stack.execute("postgres", &psql)?.trim().parse()?)
}

/// Files with secrets, as `docker-compose.secrets.yml` takes them: everybody may read them, and only we get to where they are.
struct Secrets(TempDir);

impl Secrets {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?; // made for its owner alone
        for (name, secret) in [("database", PASSWORD), ("token", "between-us")] {
            let path = folder.path().join(name);
            std::fs::write(&path, format!("{secret}\n"))?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))?;
        }
        Ok(Self(folder))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

/// When the containers of all other services were started.
fn starts_of_others(stack: &Containers, service: &str) -> Result<Vec<String>> {
    let others = Containers::SERVICES.into_iter().filter(|other| *other != service);
    let starts = others.map(|other| stack.inspect(other, "{{.Name}} {{.State.StartedAt}}"));
    Ok(starts.collect::<Result<Vec<_>>>()?.concat())
}

/// Whoever may look at a container sees no secret.
fn no_secret_is_told(stack: &Containers) -> Result<()> {
    for service in Containers::SERVICES {
        let told = stack.inspect(service, "{{json .Config.Env}}")?.concat();
        ensure!(!told.contains(PASSWORD) && !told.contains("between-us"), "{service} tells a secret: {told}");
    }
    Ok(())
}

/// Nobody is root, nobody can write but where a volume is, nobody takes more memory than it was given, and the images are small.
fn nobody_has_more_rights_than_needed(stack: &Containers) -> Result<()> {
    let template = "{{.Config.User}}|{{.HostConfig.ReadonlyRootfs}}|{{.HostConfig.CapDrop}}|{{.HostConfig.Memory}}";
    let mut memory = 0;
    for service in Containers::SERVICES {
        let rights = stack.inspect(service, template)?.concat();
        let parts: Vec<&str> = rights.split('|').collect();
        ensure!(!["", "0", "root"].contains(&parts[0]), "{service} runs as {}", parts[0]);
        ensure!(parts[1] == "true" && parts[2] == "[ALL]", "{service} may write or has capabilities: {rights}");
        let limit: u64 = parts[3].parse()?;
        ensure!(limit > 0, "{service} has no memory limit");
        memory += limit;
    }
    ensure!(memory <= MAX_MEMORY, "the stack may take {memory} bytes of memory");
    for service in ["local-xray", "like-service", "monolith"] {
        let image = stack.inspect(service, "{{.Image}}")?.concat();
        let bytes: u64 = docker(&["image", "inspect", "--format", "{{.Size}}", &image])?.trim().parse()?;
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
