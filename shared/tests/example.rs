//! The example of two services, as the executable that it is: one order is one trace, what is still waiting is sent when they are stopped,
//! and nothing that telemetry says at its start is lost.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(20);

/// One of the two services, and what it logs.
struct Service {
    process: Child,
    lines: Receiver<Value>,
}

impl Service {
    fn start(name: &str, variables: &[(&str, &str)]) -> Self {
        let executables = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples");
        let mut command = Command::new(executables.join("two_services"));
        command.arg(name).env_clear().env("LISTEN_ADDR", "0").envs(variables.iter().copied()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { process, lines }
    }

    /// The next line of this level.
    fn line(&self, level: &str) -> Value {
        loop {
            let line = self.lines.recv_timeout(DEADLINE).expect("another line");
            if line["level"] == level {
                return line;
            }
        }
    }

    /// Where it listens, as its first line says.
    fn url(&self) -> String {
        let line = self.line("INFO");
        format!("http://{}", line["fields"]["server.address"].as_str().expect("an address"))
    }

    fn stop(mut self) {
        let id = Pid::from_raw(self.process.id().try_into().unwrap()).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        assert!(self.process.wait().unwrap().success());
        let complaint = self.lines.iter().find(|line| line["level"] == "WARN");
        assert_eq!(complaint, None);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[actix_rt::test]
async fn an_order_at_the_restaurant_is_one_trace_through_the_kitchen() {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon.set_read_timeout(Some(DEADLINE)).unwrap();
    let address = daemon.local_addr().unwrap().to_string();
    let telemetry = [
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "3600000"), // nothing is sent before the end
        ("AWS_XRAY_DAEMON_ADDRESS", &address),
    ];
    let kitchen = Service::start("kitchen", &telemetry);
    let restaurant = Service::start("restaurant", &[&telemetry[..], &[("KITCHEN_URL", &kitchen.url())]].concat());

    let served = reqwest::get(format!("{}/order/soup", restaurant.url())).await.unwrap();
    let trace = served.headers()["x-amzn-trace-id"].to_str().unwrap().strip_prefix("Root=").unwrap().to_owned();
    assert_eq!(served.text().await.unwrap(), "one soup\n");
    restaurant.stop();
    kitchen.stop();

    let mut documents = BTreeMap::new();
    let mut buffer = vec![0; 65_536];
    while documents.len() < 3 {
        let length = daemon.recv(&mut buffer).unwrap();
        let (_, body) = std::str::from_utf8(&buffer[..length]).unwrap().split_once('\n').unwrap();
        let document: Value = serde_json::from_str(body).unwrap();
        assert_eq!(document["trace_id"], trace.as_str());
        let kind = if document["type"] == "subsegment" { "call" } else { document["name"].as_str().unwrap() };
        documents.insert(kind.to_owned(), document.clone());
    }
    let [order, call, cook] = ["restaurant", "call", "kitchen"].map(|kind| &documents[kind]);
    assert_eq!((&call["parent_id"], &cook["parent_id"]), (&order["id"], &call["id"]));
    assert_eq!((&call["namespace"], &cook["annotations"]["dish"]), (&"remote".into(), &"soup".into()));
}

#[test]
fn that_nobody_serves_sampling_rules_is_told_even_where_it_is_known_at_once() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let variables =
        [("OTEL_TRACES_SAMPLER", "xray"), ("OTEL_TRACES_EXPORTER", "console"), ("AWS_XRAY_DAEMON_ADDRESS", &nobody)];
    let kitchen = Service::start("kitchen", &variables);
    let warning = kitchen.line("WARN")["message"].as_str().unwrap().to_owned();
    assert!(warning.starts_with("X-Ray does not say what to sample"), "{warning}");
}
