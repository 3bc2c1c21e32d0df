//! What was acknowledged is there afterwards: the process is killed under load, again and again.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use support::DEADLINE;

/// How often the process is killed.
const KILLS: u64 = 20;
/// How many senders there are at a time.
const SENDERS: u64 = 4;

/// The standalone binary at work on a data folder.
struct Process {
    child: Child,
    url: String,
    /// Held open: a program whose output nobody reads would fail to write it.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(folder: &Path) -> Self {
        let free = ["--listen", "0", "--otlp-grpc", "0", "--otlp-http", "0", "--max-bytes", "1GiB"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-xray"));
        command.arg("serve").args(free).arg("--data").arg(folder).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("it says where it listens").unwrap();
        let (_, rest) = line.split_once("http://").unwrap();
        let address = rest.split(',').next().unwrap();
        let url = format!("http://{address}");
        Self { child, url, _lines: lines }
    }

    /// SIGKILL: nothing in the process gets to know.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_gone = self.child.wait();
    }
}

/// Numbers that look random and are the same in every run.
fn scrambled(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^ (bits >> 27)
}

/// The trace of a document: three documents in a row share one, and senders share traces.
fn trace_id(number: u64) -> String {
    format!("1-69550001-{:024x}", number / 3)
}

fn document(number: u64) -> Value {
    let start = 1_767_225_600 + number;
    let padding = "x".repeat(usize::try_from(scrambled(number) % 3_000).unwrap());
    json!({
        "trace_id": trace_id(number), "id": format!("{:016x}", number + 1), "name": "shop",
        "start_time": start, "end_time": start + 1, "metadata": { "default": { "padding": padding } },
    })
}

/// Sends documents until the server is gone; remembers those that it acknowledged.
async fn send(client: Client, url: String, next: Arc<AtomicU64>, acknowledged: Arc<Mutex<BTreeSet<u64>>>) {
    loop {
        let count = 1 + scrambled(next.load(Ordering::Relaxed)) % 5;
        let first = next.fetch_add(count, Ordering::Relaxed);
        let numbers = first..first + count;
        let documents: Vec<_> = numbers.clone().map(|number| document(number).to_string()).collect();
        let body = json!({ "TraceSegmentDocuments": documents });
        let answer = client.post(format!("{url}/TraceSegments")).json(&body).send().await;
        let Ok(answer) = answer.and_then(reqwest::Response::error_for_status) else { return };
        let Ok(answer) = answer.json::<Value>().await else { return };
        assert_eq!(answer, json!({ "UnprocessedTraceSegments": [] }));
        acknowledged.lock().unwrap().extend(numbers);
    }
}

/// The numbers among `wanted` whose documents the server has.
async fn found(client: &Client, url: &str, wanted: &BTreeSet<u64>) -> BTreeSet<u64> {
    let ids: Vec<_> = wanted.iter().map(|number| trace_id(*number)).collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = BTreeSet::new();
    for ids in ids.chunks(100) {
        let answer = client.post(format!("{url}/Traces")).json(&json!({ "TraceIds": ids })).send().await.unwrap();
        let answer: Value = answer.error_for_status().unwrap().json().await.unwrap();
        for segment in
            answer["Traces"].as_array().unwrap().iter().flat_map(|trace| trace["Segments"].as_array().unwrap())
        {
            let number = u64::from_str_radix(segment["Id"].as_str().unwrap(), 16).unwrap() - 1;
            let stored: Value = serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
            assert_eq!(stored["metadata"], document(number)["metadata"], "whole");
            found.insert(number);
        }
    }
    found
}

#[test]
fn what_was_acknowledged_survives_kill_9_twenty_times() {
    actix_rt::System::new().block_on(kill_twenty_times());
}

async fn kill_twenty_times() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::builder().timeout(DEADLINE).build().unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for kill in 0..KILLS {
        let mut process = Process::start(folder.path());
        let known = acknowledged.lock().unwrap().clone();
        assert!(found(&client, &process.url, &known).await.is_superset(&known), "after {kill} kills");

        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            senders.spawn(send(client.clone(), process.url.clone(), Arc::clone(&next), Arc::clone(&acknowledged)));
        }
        // The moment is a number of documents and not a time, so that every run means the same.
        let enough = known.len() + usize::try_from(1 + scrambled(kill) % 60).unwrap();
        support::eventually("documents", async || (acknowledged.lock().unwrap().len() >= enough).then_some(())).await;
        process.kill();
        senders.join_all().await;
    }
    let process = Process::start(folder.path());
    let known = acknowledged.lock().unwrap().clone();
    assert!(known.len() as u64 >= KILLS);
    assert!(found(&client, &process.url, &known).await.is_superset(&known));
}

#[test]
fn a_second_process_is_told_who_has_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Process::start(folder.path());
    let free = ["--listen", "0", "--otlp-grpc", "0", "--otlp-http", "0"];
    let second = Command::new(env!("CARGO_BIN_EXE_local-xray"))
        .arg("serve")
        .args(free)
        .arg("--data")
        .arg(folder.path())
        .output()
        .unwrap();
    let words = String::from_utf8(second.stderr).unwrap();
    let named = format!("another local X-Ray (process {})", first.child.id());
    assert!(!second.status.success() && words.contains(&named), "{words}");
    assert!(words.contains("--data"), "{words}");
}

/// `/dev/full` in place of the first journal file: a disk on which nothing fits.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_to_senders_and_in_the_console() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("journal")).unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("journal/0000000001.journal")).unwrap();
    actix_rt::System::new().block_on(async {
        let process = Process::start(folder.path());
        let client = Client::builder().timeout(DEADLINE).build().unwrap();
        let body = json!({ "TraceSegmentDocuments": [document(1).to_string()] });
        let answer = client.post(format!("{}/TraceSegments", process.url)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 503);
        let words = answer.text().await.unwrap();
        assert!(words.contains("the disk is full"), "{words}");

        let page = async |path: &str| client.get(format!("{}{path}", process.url)).send().await.unwrap().text().await;
        for path in ["/map", "/traces", "/intake"] {
            let page = page(path).await.unwrap();
            assert!(page.contains("the disk is full"), "{path}: {page}");
        }
        let counts: Value = serde_json::from_str(&page("/intake.json").await.unwrap()).unwrap();
        assert!(counts.to_string().contains("NotStored"), "{counts}");
        assert!(found(&client, &process.url, &BTreeSet::from([1])).await.is_empty(), "nothing was acknowledged");
    });
}
