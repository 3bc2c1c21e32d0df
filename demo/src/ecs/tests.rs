//! The endpoint's answers: golden files for a task with round numbers, AWS's documented members, and the detector that services use.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::UNIX_EPOCH;

use opentelemetry_aws::detector::EcsResourceDetector;
use opentelemetry_sdk::Resource;

use super::super::measure::{Network, Reading};
use super::*;

fn reading(seconds: u64) -> Reading {
    let lo = Network {
        rx_bytes: 1_000 * seconds,
        rx_packets: 10,
        tx_bytes: 500 * seconds,
        tx_packets: 5,
        ..Network::default()
    };
    Reading {
        at: UNIX_EPOCH + Duration::from_secs(1_790_000_000 + seconds),
        user: seconds * 400_000_000,
        kernel: seconds * 100_000_000,
        machine: seconds * 2_000_000_000,
        cpus: 2,
        memory: 30 << 20,
        machine_memory: 8 << 30,
        processes: 1,
        disk_read: 4_096,
        disk_written: 8_192,
        networks: BTreeMap::from([("lo".to_owned(), lo)]),
    }
}

/// A Like service that has used a quarter of a machine with two CPUs.
fn example() -> Task {
    let mut task = Task::new("like-service", "like-service", UNIX_EPOCH + Duration::from_secs(1_790_000_000));
    task.id = "1dc5c17a422b4dc4b493d3970c6c4f00".to_owned();
    task.container_id = format!("{}-2495160603", task.id);
    task.image_id = format!("sha256:{}", "ab".repeat(32));
    task.take(reading(10));
    task.take(reading(12));
    task
}

fn asked_for(path: &str) -> Option<Value> {
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    find(&path, &[&example()], "http://127.0.0.1:8170")
}

/// `UPDATE_GOLDEN=1 cargo test -p demo ecs` writes the files anew.
#[test]
fn answers_are_those_of_the_golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/ecs");
    let files = [
        ("v4-container.json", "v4/like-service"),
        ("v4-task.json", "v4/like-service/task"),
        ("v4-stats.json", "v4/like-service/stats"),
        ("v4-task-stats.json", "v4/like-service/task/stats"),
        ("v3-container.json", "v3/like-service"),
        ("v3-task.json", "v3/like-service/task"),
        ("v3-stats.json", "v3/like-service/stats"),
        ("v2-metadata.json", "like-service/v2/metadata"),
        ("v2-stats.json", "like-service/v2/stats"),
        ("index.json", "/"),
    ];
    for (name, path) in files {
        let answer = serde_json::to_string_pretty(&asked_for(path).unwrap()).unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(folder.join(name), &answer).unwrap();
        }
        assert_eq!(answer, std::fs::read_to_string(folder.join(name)).unwrap(), "{path}, {name}");
    }
}

#[test]
fn the_same_is_found_by_every_path_that_leads_there() {
    let container = "1dc5c17a422b4dc4b493d3970c6c4f00-2495160603";
    let check =
        |one: &str, other: &str| assert_eq!(asked_for(one).unwrap(), asked_for(other).unwrap(), "{one}, {other}");
    check("v4/like-service/task", "v4/like-service/taskWithTags");
    check("v3/like-service", &format!("like-service/v2/metadata/{container}"));
    check("v3/like-service/stats", &format!("like-service/v2/stats/{container}"));
    check("v3/like-service/task/stats", "like-service/v2/stats");
    for unknown in ["v4", "v4/nobody", "v4/like-service/tasks", "v5/like-service", "like-service/v2/metadata/other"] {
        assert_eq!(asked_for(unknown), None, "{unknown}");
    }
}

/// A member that AWS documents, its type, and whether every answer has it.
type Member = (&'static str, fn(&Value) -> bool, bool);

const TEXT: fn(&Value) -> bool = Value::is_string;
const LIST: fn(&Value) -> bool = Value::is_array;
const OBJECT: fn(&Value) -> bool = Value::is_object;
const NUMBER: fn(&Value) -> bool = Value::is_number;

/// Versions 2 and 3 of a task; version 4 adds [`ADDED_TO_TASK`]. AWS leaves out what there is none of: limits, pulls.
const TASK: [Member; 11] = [
    ("Cluster", TEXT, true),
    ("TaskARN", TEXT, true),
    ("Family", TEXT, true),
    ("Revision", TEXT, true),
    ("DesiredStatus", TEXT, true),
    ("KnownStatus", TEXT, true),
    ("Containers", LIST, true),
    ("Limits", OBJECT, false),
    ("PullStartedAt", TEXT, false),
    ("PullStoppedAt", TEXT, false),
    ("AvailabilityZone", TEXT, true),
];
const ADDED_TO_TASK: [Member; 4] = [
    ("LaunchType", TEXT, true),
    ("ServiceName", TEXT, true),
    ("EphemeralStorageMetrics", OBJECT, false),
    ("ClockDrift", OBJECT, false),
];
const CONTAINER: [Member; 15] = [
    ("DockerId", TEXT, true),
    ("Name", TEXT, true),
    ("DockerName", TEXT, true),
    ("Image", TEXT, true),
    ("ImageID", TEXT, true),
    ("Ports", LIST, false),
    ("Labels", OBJECT, true),
    ("DesiredStatus", TEXT, true),
    ("KnownStatus", TEXT, true),
    ("ExitCode", NUMBER, false),
    ("Limits", OBJECT, false),
    ("CreatedAt", TEXT, true),
    ("StartedAt", TEXT, true),
    ("Type", TEXT, true),
    ("Networks", LIST, true),
];
const ADDED_TO_CONTAINER: [Member; 3] =
    [("ContainerARN", TEXT, true), ("LogDriver", TEXT, true), ("LogOptions", OBJECT, false)];
const STATS: [Member; 14] = [
    ("read", TEXT, true),
    ("preread", TEXT, true),
    ("pids_stats", OBJECT, true),
    ("blkio_stats", OBJECT, true),
    ("num_procs", NUMBER, true),
    ("storage_stats", OBJECT, true),
    ("cpu_stats", OBJECT, true),
    ("precpu_stats", OBJECT, true),
    ("memory_stats", OBJECT, true),
    ("name", TEXT, true),
    ("id", TEXT, true),
    ("networks", OBJECT, true),
    ("network_rate_stats", OBJECT, false),
    ("os_type", TEXT, false),
];

fn holds_documented_members(answer: &Value, members: &[Member], what: &str) {
    for (name, is_of_type, is_always_there) in members {
        match answer.get(name) {
            Some(value) => assert!(is_of_type(value), "{what}: {name} is {value}"),
            None => assert!(!is_always_there, "{what} has no {name}"),
        }
    }
    for name in answer.as_object().unwrap().keys() {
        assert!(members.iter().any(|member| member.0 == name), "AWS documents no {name} in {what}");
    }
}

#[test]
fn answers_have_the_members_that_aws_documents_and_no_others() {
    let later_task = [TASK.as_slice(), &ADDED_TO_TASK].concat();
    let later_container = [CONTAINER.as_slice(), &ADDED_TO_CONTAINER].concat();
    for (version, task, container) in [("v3", &TASK[..], &CONTAINER[..]), ("v4", &later_task, &later_container)] {
        let answer = asked_for(&format!("{version}/like-service/task")).unwrap();
        holds_documented_members(&answer, task, version);
        holds_documented_members(&answer["Containers"][0], container, version);
        holds_documented_members(&asked_for(&format!("{version}/like-service")).unwrap(), container, version);
        holds_documented_members(&asked_for(&format!("{version}/like-service/stats")).unwrap(), &STATS, version);
    }
}

#[test]
fn a_reader_of_the_statistics_comes_to_the_share_that_was_used() {
    let stats = asked_for("v4/like-service/stats").unwrap();
    let number = |pointer: &str| stats.pointer(pointer).and_then(Value::as_f64).unwrap();
    let used = number("/cpu_stats/cpu_usage/total_usage") - number("/precpu_stats/cpu_usage/total_usage");
    let had = number("/cpu_stats/system_cpu_usage") - number("/precpu_stats/system_cpu_usage");
    let percent = used / had * number("/cpu_stats/online_cpus") * 100.0;
    assert!((percent - 50.0).abs() < 1e-9, "half of one CPU was used, not {percent} %");
    assert_eq!(stats["network_rate_stats"]["rx_bytes_per_sec"], 1_000.0);
    assert_eq!(asked_for("v3/like-service/stats").unwrap().get("network_rate_stats"), None);
}

#[test]
fn a_task_that_has_not_started_has_no_statistics() {
    let task = Task::new("a", "a", UNIX_EPOCH);
    assert_eq!(find(&["v4", "a", "stats"], &[&task], ""), Some(Value::Null));
    assert_eq!(find(&["v4", "a", "task"], &[&task], "").unwrap()["KnownStatus"], "CREATED");
}

fn agent() -> (Agent, mpsc::Receiver<Order>) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    Agent::start(free).unwrap()
}

/// The detector reads the process environment, which tests share; so this test runs again in a process of its own.
#[actix_rt::test]
async fn the_detector_of_opentelemetry_accepts_the_endpoint() {
    const ANNOUNCED: &str = "ECS_CONTAINER_METADATA_URI_V4";
    if std::env::var_os(ANNOUNCED).is_none() {
        let (agent, _orders) = agent();
        let variables = agent.announce("like-service", "like-service");
        let run = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ecs::agent::tests::the_detector_of_opentelemetry_accepts_the_endpoint", "--nocapture"])
            .envs(variables)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
        assert!(agent.shared.lock().asked.is_empty(), "the detector is no person who asks");
        return;
    }
    let resource = Resource::builder().with_detector(Box::new(EcsResourceDetector)).build();
    let get = |key: &'static str| resource.get(&key.into()).map(|value| value.to_string()).unwrap_or_default();
    assert_eq!(get("cloud.platform"), "aws_ecs");
    assert_eq!(get("cloud.region"), "eu-west-1");
    assert_eq!(get("aws.ecs.launchtype"), "fargate");
    assert_eq!(get("aws.ecs.cluster.arn"), "arn:aws:ecs:eu-west-1:000000000000:cluster/mysfits");
    assert_eq!(get("aws.ecs.task.family"), "like-service");
    assert_eq!(get("container.image.name"), "mysfits/like-service");
    assert!(get("aws.ecs.container.arn").starts_with("arn:aws:ecs:eu-west-1:000000000000:container/mysfits/"));
}

#[actix_rt::test]
async fn a_running_process_is_measured_over_http() {
    let (agent, _orders) = agent();
    agent.announce("me", "me");
    agent.watch("me", std::process::id());
    let stats: Value = reqwest::get(format!("{}/v4/me/stats", agent.url())).await.unwrap().json().await.unwrap();
    assert!(stats["memory_stats"]["usage"].as_u64().unwrap() > 1_000_000, "{stats:#}");
    assert!(stats["memory_stats"]["limit"].as_u64().unwrap() > stats["memory_stats"]["usage"].as_u64().unwrap());
    let asked: Value = reqwest::get(format!("{}/asked", agent.url())).await.unwrap().json().await.unwrap();
    assert_eq!(asked, json!(["/v4/me/stats"]));

    let unknown = reqwest::get(format!("{}/v4/nobody", agent.url())).await.unwrap();
    assert_eq!(unknown.status(), 404);
    let said: Value = unknown.json().await.unwrap();
    assert_eq!(said["tasks"]["me"], format!("{}/v4/me", agent.url()));
    agent.forget("me");
    assert_eq!(reqwest::get(format!("{}/v4/me", agent.url())).await.unwrap().status(), 404);
}

#[actix_rt::test]
async fn a_wish_is_handed_on_and_its_outcome_answered() {
    let (agent, mut orders) = agent();
    let url = format!("{}/wish", agent.url());
    let wish = Wish::LikeService(Life::Dead);
    for outcome in [Ok(()), Err("it will not die".to_owned())] {
        let answer = actix_rt::spawn(reqwest::Client::new().put(&url).json(&wish).send());
        let order = orders.recv().await.unwrap();
        assert_eq!(order.wish, wish);
        order.done.send(outcome.clone()).unwrap();
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.status().is_success(), outcome.is_ok());
        assert_eq!(answer.text().await.unwrap().contains("it will not die"), outcome.is_err());
    }
}

#[actix_rt::test]
async fn a_page_of_another_site_is_refused() {
    let (agent, _orders) = agent();
    agent.announce("me", "me");
    let client = reqwest::Client::new();
    let from_a_page = client.put(format!("{}/wish", agent.url())).header("Origin", "http://evil.example");
    assert_eq!(from_a_page.json(&Wish::LikeService(Life::Dead)).send().await.unwrap().status(), 403);
    let renamed = client.get(format!("{}/v4/me", agent.url())).header("Host", "evil.example:8170");
    assert_eq!(renamed.send().await.unwrap().status(), 403);
}
