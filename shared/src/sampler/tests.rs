//! The sampler's behaviour without rules, and the peers that its tests talk to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::Client;
use super::poll::Polling;
use super::*;

pub(super) const DEADLINE: Duration = Duration::from_secs(20);

/// A local X-Ray on a thread of its own, which ends with the test process; answers its URL.
pub(super) fn local_xray() -> String {
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

/// A service that gives recorded answers, one to each connection, and notes what it was asked.
pub(super) struct Recorded {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<(String, Json)>>>,
}

impl Recorded {
    pub(super) fn answering(answers: &[(u16, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<(String, Json)>>> = Arc::default();
        let (noted, answers) = (Arc::clone(&requests), answers.to_vec());
        std::thread::spawn(move || {
            for (status, body) in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                noted.lock().unwrap().push(read_request(&stream));
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                );
            }
        });
        Self { url, requests }
    }

    /// Request line and body of each request.
    pub(super) fn requests(&self) -> Vec<(String, Json)> {
        self.requests.lock().unwrap().clone()
    }
}

fn read_request(stream: &TcpStream) -> (String, Json) {
    let mut lines = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_ascii_lowercase());
        if head.len() == 1 {
            head[0] = line.trim().to_owned();
        }
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length:")).unwrap().trim().parse().unwrap();
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    (head.swap_remove(0), serde_json::from_slice(&body).unwrap())
}

#[test]
fn without_rules_it_is_one_a_second_and_a_twentieth_of_the_others() {
    fn check(random: f64, expected: usize) {
        let sampler = XraySampler::with_rules(Arc::default(), BeforeRules::Few, &Resource::builder_empty().build());
        let sampled = |now| (0..10).filter(|_| sampler.decide(&SpanKind::Server, &[], now, || random).0).count();
        assert_eq!(sampled(1_700_000_000), expected, "{random}");
        assert_eq!(sampled(1_700_000_001), expected, "{random}");
    }
    check(0.5, 1);
    check(0.05, 1);
    check(0.049, 10);
}

/// A process that follows a local X-Ray over HTTP, with polls at times that the test chooses.
struct Process {
    url: String,
    sampler: XraySampler,
    polling: Polling<Client>,
    start: u64,
    elapsed: u64,
}

impl Process {
    fn new(url: String) -> Self {
        let rules = Arc::default();
        let sampler = XraySampler::with_rules(Arc::clone(&rules), BeforeRules::Few, &Resource::builder_empty().build());
        let polling = Polling::new(Client::new(&url).unwrap(), rules, BeforeRules::Few, 7);
        Self { url, sampler, polling, start: epoch_seconds(), elapsed: 0 }
    }

    /// What somebody does in the console of X-Ray meanwhile.
    fn operate(&self, path: &str, body: &Json) -> Json {
        let request = reqwest::blocking::Client::new().post(format!("{}{path}", self.url)).body(body.to_string());
        let answer = request.send().unwrap();
        let (status, text) = (answer.status(), answer.text().unwrap());
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// What X-Ray was told of the rule `likes`, in requests, sampled and borrowed.
    fn told_of_likes(&self) -> [u64; 3] {
        let answer = self.operate("/SamplingStatisticSummaries", &json!({}));
        let summaries = answer["SamplingStatisticSummaries"].as_array().unwrap().iter();
        let of_likes: Vec<&Json> = summaries.filter(|summary| summary["RuleName"] == "likes").collect();
        ["RequestCount", "SampledCount", "BorrowCount"]
            .map(|member| of_likes.iter().map(|summary| summary[member].as_u64().unwrap()).sum())
    }

    /// Eleven seconds later all polls are due; then ten likes: how many of them were sampled, and by which rule.
    fn ten_likes_after_the_next_polls(&mut self) -> (usize, String) {
        let now = self.start + self.elapsed;
        self.polling.tick(Duration::from_secs(self.elapsed), now);
        self.elapsed += 11;
        let like = [KeyValue::new("url.path", "/mysfits/7/like"), KeyValue::new("http.request.method", "POST")];
        let decisions: Vec<_> =
            (0..10).map(|_| self.sampler.decide(&SpanKind::Server, &like, now, || 0.5).1.unwrap()).collect();
        let sampled = decisions.iter().filter(|decision| decision.sampled).count();
        (sampled, decisions[0].rule_name.to_string())
    }
}

#[test]
fn a_rule_that_is_made_changed_and_deleted_in_a_local_x_ray_is_followed() {
    let mut process = Process::new(local_xray());
    let likes = json!({"RuleName": "likes", "ResourceARN": "*", "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 5,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "POST", "URLPath": "/mysfits/*/like", "Version": 1});
    process.operate("/CreateSamplingRule", &json!({"SamplingRule": likes}));
    let by = |sampled, rule: &str| (sampled, rule.to_owned());
    assert_eq!(process.ten_likes_after_the_next_polls(), by(1, "likes"), "one is borrowed");
    assert_eq!(
        process.ten_likes_after_the_next_polls(),
        by(5, "likes"),
        "the reservoir is granted, to one client alone"
    );
    process.operate("/UpdateSamplingRule", &json!({"SamplingRuleUpdate": {"RuleName": "likes", "FixedRate": 1.0}}));
    assert_eq!(process.ten_likes_after_the_next_polls(), by(10, "likes"), "the rest by the new rate");
    assert_eq!(process.told_of_likes(), [20, 5, 1], "requests, sampled, borrowed of the first two reports");
    process.operate("/DeleteSamplingRule", &json!({"RuleName": "likes"}));
    assert_eq!(
        process.ten_likes_after_the_next_polls(),
        by(10, "Default"),
        "a local X-Ray keeps everything by default"
    );
}
