//! Ten minutes of four processes that share one rule, with X-Ray's side simulated after its documentation, in no time at all.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::Resource;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use super::poll::{Grants, Polling, SamplingService, ServedRules};
use super::reservoir::{Counts, Quota};
use super::rules::tests::rule;
use super::targets::{Statistics, Target};
use super::{BeforeRules, XraySampler};

const START: u64 = 1_700_000_000;
const SECONDS: u64 = 600;
const PROCESSES: u64 = 4;
const RESERVOIR: u32 = 10;
/// When every process has a quota that takes account of the others: all have reported twice.
const SETTLED: usize = 25;

/// X-Ray: shares the reservoir out among the clients that were heard of in the last half minute.
#[derive(Default)]
struct Xray {
    fixed_rate: f64,
    heard_of: BTreeMap<String, u64>,
    reported: Counts,
}

impl Xray {
    fn quota(&mut self, client_id: &str, now: u64) -> u32 {
        self.heard_of.insert(client_id.to_owned(), now);
        self.heard_of.retain(|_, heard| now - *heard <= 30);
        let clients = u32::try_from(self.heard_of.len()).unwrap();
        let place = self.heard_of.keys().position(|client| client == client_id).unwrap();
        RESERVOIR / clients + u32::from(u32::try_from(place).unwrap() < RESERVOIR % clients)
    }
}

/// One process's way to X-Ray.
struct Line(Rc<RefCell<Xray>>);

impl SamplingService for Line {
    fn rules(&mut self) -> anyhow::Result<ServedRules> {
        let shared = rule(json!({"ReservoirSize": RESERVOIR, "FixedRate": self.0.borrow().fixed_rate}));
        Ok(ServedRules { rules: vec![shared], modified_at: 0.0 })
    }

    fn targets(&mut self, client_id: &str, now: u64, statistics: &[Statistics]) -> anyhow::Result<Grants> {
        let mut xray = self.0.borrow_mut();
        let Statistics { rule_name, counts } = statistics[0].clone();
        xray.reported.requests += counts.requests;
        xray.reported.sampled += counts.sampled;
        xray.reported.borrowed += counts.borrowed;
        let quota = Quota { per_second: xray.quota(client_id, now), until: (now + 300) as f64 };
        let target = Target { rule_name, fixed_rate: xray.fixed_rate, quota: Some(quota) };
        Ok(Grants { targets: vec![target], interval: Some(Duration::from_secs(10)), ..Grants::default() })
    }
}

struct Process {
    sampler: XraySampler,
    polling: Polling<Line>,
    due: Duration,
    random: RefCell<StdRng>,
}

impl Process {
    fn new(xray: &Rc<RefCell<Xray>>, number: u64) -> Self {
        let rules = Arc::default();
        let sampler = XraySampler::with_rules(Arc::clone(&rules), BeforeRules::Few, &Resource::builder_empty().build());
        let polling = Polling::new(Line(Rc::clone(xray)), rules, BeforeRules::Few, number);
        // They do not all start in the same second.
        let due = Duration::from_secs(number);
        Self { sampler, polling, due, random: RefCell::new(StdRng::seed_from_u64(number)) }
    }

    /// One second: the polls that are due, then `requests` requests; answers how many were sampled.
    fn second(&mut self, second: u64, requests: u32) -> u32 {
        let elapsed = Duration::from_secs(second);
        if elapsed >= self.due {
            self.due = elapsed + self.polling.tick(elapsed, START + second);
        }
        let random = || self.random.borrow_mut().random::<f64>();
        let decide = || self.sampler.decide(&SpanKind::Server, &[], START + second, random).0;
        (0..requests).map(|_| u32::from(decide())).sum()
    }
}

/// What four processes sampled together in each second, and what X-Ray was told.
fn run(fixed_rate: f64, requests: [u32; 4]) -> (Vec<u32>, Counts) {
    let xray = Rc::new(RefCell::new(Xray { fixed_rate, ..Xray::default() }));
    let mut processes: Vec<Process> = (0..PROCESSES).map(|number| Process::new(&xray, number)).collect();
    let mut sampled = Vec::new();
    for second in 0..SECONDS {
        sampled
            .push(processes.iter_mut().zip(requests).map(|(process, requests)| process.second(second, requests)).sum());
    }
    let mut counts = xray.borrow().reported;
    for process in &processes {
        for unreported in process.sampler.state.rules.load().take_statistics() {
            counts.requests += unreported.counts.requests;
            counts.sampled += unreported.counts.sampled;
            counts.borrowed += unreported.counts.borrowed;
        }
    }
    (sampled, counts)
}

#[test]
fn four_processes_share_a_reservoir_to_the_last_trace() {
    let (sampled, counts) = run(0.0, [20, 20, 20, 20]);
    // The first to report is granted the whole reservoir, the second half of it, until they hear of one another.
    let unsettled: u32 = (1..=4).map(|clients| RESERVOIR.div_ceil(clients)).sum();
    for (second, sampled) in (0..).zip(sampled) {
        match second {
            0..4 => {} // not all of them have rules
            4..11 => assert_eq!(sampled, 4, "everyone borrows one, second {second}"),
            11..SETTLED => assert!(sampled <= unsettled, "second {second}: {sampled}"),
            _ => assert_eq!(sampled, RESERVOIR, "second {second}"),
        }
    }
    assert_eq!(counts.borrowed, 11 + 10 + 9 + 8, "one a second from the start of each to the first report");
}

#[test]
fn beyond_the_reservoir_the_fixed_rate_holds_and_every_request_is_reported() {
    let (sampled, counts) = run(0.1, [20, 20, 20, 20]);
    let settled = u64::from(sampled.iter().skip(SETTLED).sum::<u32>());
    let seconds = SECONDS - SETTLED as u64;
    let reservoir = u64::from(RESERVOIR) * seconds;
    let beyond = (80 - u64::from(RESERVOIR)) * seconds;
    // Five standard deviations of the binomial distribution; seeded, so either always or never.
    let (mean, slack) = (beyond as f64 * 0.1, 5.0 * (beyond as f64 * 0.09).sqrt());
    assert!(((settled - reservoir) as f64 - mean).abs() < slack, "{settled} of {}", 80 * seconds);
    let total: u32 = sampled.iter().sum();
    // What was decided before a process had rules is in no rule's statistics.
    let before_rules = 20 * (1 + 2 + 3);
    assert_eq!(counts.requests, 80 * SECONDS - before_rules);
    let counted = counts.sampled + counts.borrowed;
    assert!(counted <= u64::from(total) && counted + before_rules >= u64::from(total), "{counted} of {total}");
}

#[test]
fn an_idle_process_leaves_its_share_to_the_others() {
    let (sampled, _) = run(0.0, [20, 0, 20, 0]);
    assert!(sampled.iter().skip(SETTLED).all(|sampled| *sampled == RESERVOIR), "{sampled:?}");
    let (sampled, _) = run(0.0, [3, 0, 0, 0]);
    assert!(sampled.iter().skip(SETTLED).all(|sampled| *sampled == 3), "{sampled:?}");
}
