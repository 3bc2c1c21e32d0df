//! What it takes to answer a page of the console, over a real socket, with 100,000 traces stored:
//! `cargo bench -p local-xray --bench pages`.
//!
//! The aim is 100 ms for each: a list of 1,000 traces, and a map of 200 services. The traces are those of
//! `local-xray bench`, spread over the hour before now.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{LazyLock, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use divan::Bencher;
use local_xray::document::{Timestamp, Window};
use local_xray::store::{Arrival, Durability, StoreConfig};
use local_xray::workload::Workload;
use local_xray::{App, Config};
use tokio::runtime::{Builder, Runtime};

/// That of the executable.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TRACES: u64 = 100_000;
/// Documents that are stored at once.
const GROUP: u64 = 1_000;

fn main() {
    divan::main();
}

/// The map, asked for the first time: digests and sums are made once and kept.
#[divan::bench(args = ["mysfits", "200"], sample_count = 1, sample_size = 1)]
fn first_after_filling(bencher: Bencher<'_, '_>, topology: &'static str) {
    let client = Client::of(topology);
    bencher.bench_local(|| client.ask("/map?range=all"));
}

/// A list of 1,000 traces: as it is, sorted, cut by a filter, grouped; two sets side by side; and what does not list traces.
const MYSFITS: [&str; 10] = [
    "/traces?range=all&rows=1000",
    "/traces?range=all&rows=1000&sort=slowest",
    "/traces?range=all&rows=1000&filter=http.method+%3D+%22POST%22",
    "/traces?range=all&rows=1000&node=like+service",
    "/traces?range=all&by=url",
    "/analytics?range=all",
    "/map?range=all",
    "/dashboard?range=all",
    "/why?range=all",
    "/intake",
];

#[divan::bench(args = MYSFITS, sample_count = 10, sample_size = 1)]
fn of_a_hundred_thousand_traces(bencher: Bencher<'_, '_>, path: &str) {
    answered(bencher, "mysfits", path);
}

/// Maps of 200 services: in clusters, node by node, against the period before; and the other pages of such a system.
const LAYERED: [&str; 7] = [
    "/map?range=all",
    "/map?range=all&clusters=off",
    "/map?range=30m&compare=before",
    "/dashboard?range=all",
    "/traces?range=all&rows=1000",
    "/analytics?range=all",
    "/why?range=all",
];

#[divan::bench(args = LAYERED, sample_count = 10, sample_size = 1)]
fn of_two_hundred_services(bencher: Bencher<'_, '_>, path: &str) {
    answered(bencher, "200", path);
}

fn answered(bencher: Bencher<'_, '_>, topology: &'static str, path: &str) {
    let client = Client::of(topology);
    client.ask(path);
    bencher.bench_local(|| client.ask(path));
}

/// Asks the local X-Ray of a topology.
struct Client {
    address: SocketAddr,
    client: reqwest::Client,
    runtime: Runtime,
}

impl Client {
    fn of(topology: &'static str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { address: server(topology), client, runtime }
    }

    /// The size of a page, in bytes.
    fn ask(&self, path: &str) -> usize {
        let url = format!("http://{}{path}", self.address);
        self.runtime.block_on(async {
            let answer = self.client.get(&url).send().await.expect("an answer");
            assert!(answer.status().is_success(), "{url} answered {}", answer.status());
            answer.bytes().await.expect("a page").len()
        })
    }
}

/// A filled local X-Ray for each topology, which ends with the process.
fn server(topology: &'static str) -> SocketAddr {
    static SERVERS: LazyLock<Mutex<HashMap<&'static str, SocketAddr>>> = LazyLock::new(Mutex::default);
    let mut servers = SERVERS.lock().expect("nobody panics with it");
    *servers.entry(topology).or_insert_with(|| start(topology))
}

fn start(topology: &str) -> SocketAddr {
    let workload = {
        let now = Timestamp::now();
        let window = Window { start: now.before(Duration::from_secs(3_600)), end: now };
        Workload::new(topology.parse().expect("a topology"), 7, TRACES, window)
    };
    let (tell, address) = mpsc::channel();
    thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let store = StoreConfig {
                folder: None,
                max_bytes: u64::MAX,
                max_memory: u64::MAX,
                max_age: Duration::MAX,
                durability: Durability::default(),
            };
            let app = App::build(Config { store, ..Config::on_free_ports() }).await.expect("a local X-Ray");
            let store = app.state().store;
            for first in (0..TRACES).step_by(usize::try_from(GROUP).expect("a small number")) {
                let group = first..(first + GROUP).min(TRACES);
                let arrivals = group.flat_map(|number| workload.story(number).documents()).map(Arrival::from).collect();
                store.apply(arrivals).await.expect("the store takes them");
            }
            tell.send(app.addr()).expect("somebody waits");
            app.run_until_stopped(std::future::pending()).await.expect("it runs");
        });
    });
    address.recv().expect("the local X-Ray starts")
}
