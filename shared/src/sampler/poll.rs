//! When X-Ray is asked for rules and targets, and the thread on which that happens.
//!
//! Rules are fetched every five minutes, at once when X-Ray says that one has changed, and again soon when fetching failed. What the
//! rules counted is reported every ten seconds, or as often as X-Ray asks for it. What could not be reported is counted on.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use opentelemetry::Context;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::client::Client;
use super::rules::Rule;
use super::targets::{RuleSet, Statistics, Target};
use super::{BeforeRules, epoch_seconds};

const RULES_EVERY: Duration = Duration::from_secs(300);
const RULES_JITTER: Duration = Duration::from_secs(5);
/// How soon rules are asked for again after a failure: a sidecar often starts a moment after its service. Doubles up to the longest pause.
const RULES_RETRY: Duration = Duration::from_secs(1);
const RULES_RETRY_AT_LEAST_EVERY: Duration = Duration::from_secs(10);
const TARGETS_EVERY: Duration = Duration::from_secs(10);
const TARGETS_JITTER: Duration = Duration::from_millis(100);
/// The longest interval between reports that X-Ray may ask for.
const TARGETS_AT_LEAST_EVERY: Duration = Duration::from_secs(300);
/// How many statistics the API takes in one call.
const MAX_STATISTICS: usize = 25;

/// Rules as they were served.
#[derive(Clone, Debug, Default)]
pub(super) struct ServedRules {
    pub(super) rules: Vec<Rule>,
    /// When the youngest of them was changed, in seconds since the Unix epoch by X-Ray's clock.
    pub(super) modified_at: f64,
}

/// The answer to a report.
#[derive(Clone, Debug, Default)]
pub(super) struct Grants {
    pub(super) targets: Vec<Target>,
    /// When to report again.
    pub(super) interval: Option<Duration>,
    /// When any rule was last changed or deleted, in seconds since the Unix epoch by X-Ray's clock.
    pub(super) modified_at: f64,
    /// Statistics that X-Ray could not use, usually because the rule is gone.
    pub(super) unprocessed: usize,
}

/// Whoever serves rules: the HTTP client, or a simulation of X-Ray.
pub(super) trait SamplingService {
    fn rules(&mut self) -> anyhow::Result<ServedRules>;
    fn targets(&mut self, client_id: &str, now: u64, statistics: &[Statistics]) -> anyhow::Result<Grants>;
}

/// The two polls of one process. Keeps no time of its own.
pub(super) struct Polling<S> {
    service: S,
    rules: Arc<ArcSwap<RuleSet>>,
    before_rules: BeforeRules,
    client_id: String,
    jitter: StdRng,
    rules_due: Duration,
    targets_due: Duration,
    retry: Duration,
    /// The latest change of any rule that we have heard of; X-Ray's clock, which ours need not agree with.
    modified_at: f64,
    /// How the last call of each kind went, to log changes only: one kind may be answered where the other is not.
    rules_line: Line,
    targets_line: Line,
}

/// How the last of some calls went; unknown before the first.
#[derive(Debug, Default)]
struct Line(Option<bool>);

impl Line {
    /// Whether this is another outcome than the last time.
    fn turned(&mut self, is_answered: bool) -> bool {
        self.0.replace(is_answered) != Some(is_answered)
    }
}

impl<S: SamplingService> Polling<S> {
    pub(super) fn new(service: S, rules: Arc<ArcSwap<RuleSet>>, before_rules: BeforeRules, seed: u64) -> Self {
        let mut jitter = StdRng::seed_from_u64(seed);
        Self {
            service,
            rules,
            before_rules,
            client_id: format!("{:024x}", jitter.random::<u128>() >> 32),
            rules_due: Duration::ZERO,
            targets_due: TARGETS_EVERY + jitter.random_range(Duration::ZERO..TARGETS_JITTER),
            jitter,
            retry: RULES_RETRY,
            modified_at: 0.0,
            rules_line: Line::default(),
            targets_line: Line::default(),
        }
    }

    /// Does what is due `elapsed` after the start, which is `now` in seconds since the Unix epoch; answers how long to wait until the next.
    pub(super) fn tick(&mut self, elapsed: Duration, now: u64) -> Duration {
        if elapsed >= self.targets_due {
            let interval = self.report(now, elapsed).unwrap_or(TARGETS_EVERY);
            let interval = interval.clamp(Duration::from_secs(1), TARGETS_AT_LEAST_EVERY);
            self.targets_due = elapsed + interval + self.jitter.random_range(Duration::ZERO..TARGETS_JITTER);
        }
        if elapsed >= self.rules_due {
            let pause = match self.refresh(now) {
                Ok(()) => RULES_EVERY + self.jitter.random_range(Duration::ZERO..RULES_JITTER),
                Err(error) => {
                    if self.rules_line.turned(false) {
                        self.say_unanswered(&error);
                    }
                    let pause = self.retry;
                    self.retry = (pause * 2).min(RULES_RETRY_AT_LEAST_EVERY);
                    pause
                }
            };
            self.rules_due = elapsed + pause;
        }
        self.targets_due.min(self.rules_due).saturating_sub(elapsed)
    }

    fn refresh(&mut self, now: u64) -> anyhow::Result<()> {
        let served = self.service.rules()?;
        self.modified_at = self.modified_at.max(served.modified_at);
        let refreshed = self.rules.load().refreshed(served.rules, now);
        self.rules.store(Arc::new(refreshed));
        self.retry = RULES_RETRY;
        if self.rules_line.turned(true) {
            let rules = self.rules.load().len();
            tracing::info!(sampling.rules = rules, "sampling follows X-Ray; rules that apply here: {rules}");
        }
        Ok(())
    }

    /// Without rules from the start, it depends on the sampler what is kept: one that only waits for rules to come is nothing to warn of.
    fn say_unanswered(&self, error: &anyhow::Error) {
        if self.rules.load().is_served() {
            tracing::warn!("X-Ray does not say what to sample ({error:#}): its last rules are kept for an hour");
        } else if self.before_rules == BeforeRules::Few {
            tracing::warn!(
                "X-Ray does not say what to sample ({error:#}): without rules it is one trace a second and 5 % of the others"
            );
        } else {
            tracing::debug!("X-Ray does not say what to sample ({error:#}): without rules it is every trace");
        }
    }

    /// Reports what was counted and takes over what is granted; answers when X-Ray wants the next report.
    fn report(&mut self, now: u64, elapsed: Duration) -> Option<Duration> {
        let mut interval = None;
        let statistics = self.rules.load().take_statistics();
        let mut calls = statistics.chunks(MAX_STATISTICS);
        for some in calls.by_ref() {
            match self.service.targets(&self.client_id, now, some) {
                Ok(grants) => {
                    self.rules.store(Arc::new(self.rules.load().granted(&grants.targets)));
                    self.targets_line.turned(true);
                    interval = interval.into_iter().chain(grants.interval).min();
                    if grants.modified_at > self.modified_at || grants.unprocessed > 0 {
                        self.modified_at = self.modified_at.max(grants.modified_at);
                        self.rules_due = elapsed;
                    }
                }
                Err(error) => {
                    self.rules.load().put_back(some);
                    // Without rules the other line has said all there is to say.
                    if self.targets_line.turned(false) && self.rules_line.0 == Some(true) {
                        tracing::warn!("X-Ray does not take what was sampled ({error:#}): its last quotas run out");
                    }
                    break; // the others would wait for the same timeout
                }
            }
        }
        calls.for_each(|unsent| self.rules.load().put_back(unsent));
        interval
    }
}

/// The thread that polls; it ends when this is stopped or dropped.
#[derive(Debug)]
#[must_use = "polling ends when this is dropped"]
pub struct Poller {
    stop: mpsc::Sender<()>,
}

impl Poller {
    pub(super) fn start(url: &str, rules: Arc<ArcSwap<RuleSet>>, before_rules: BeforeRules) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let url = url.to_owned();
        std::thread::Builder::new().name("xray-sampling".to_owned()).spawn(move || {
            let _untraced = Context::enter_telemetry_suppressed_scope();
            match Client::new(&url) {
                Ok(client) => poll(Polling::new(client, rules, before_rules, rand::random()), &stopped),
                Err(error) => tracing::warn!("X-Ray cannot be asked what to sample: {error:#}"),
            }
        })?;
        Ok(Self { stop })
    }

    /// Ends the polls. Does not wait for a call under way, which ends with its timeout: nobody wants its answer any more.
    pub fn stop(self) {
        drop(self.stop);
    }
}

fn poll(mut polling: Polling<Client>, stopped: &mpsc::Receiver<()>) {
    let started = Instant::now();
    loop {
        let wait = polling.tick(started.elapsed(), epoch_seconds());
        match stopped.recv_timeout(wait) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use opentelemetry::trace::SpanKind;
    use serde_json::json;

    use super::super::reservoir::Quota;
    use super::super::rules::Request;
    use super::super::rules::tests::{origin, rule};
    use super::*;

    const NOW: u64 = 1_700_000_000;

    /// A service that notes when it was asked, and answers as it is told.
    #[derive(Clone, Default)]
    struct Scripted(Rc<RefCell<Script>>);

    #[derive(Default)]
    struct Script {
        is_dead: bool,
        rules: ServedRules,
        grants: Grants,
        asked_for_rules: usize,
        reports: Vec<Vec<Statistics>>,
    }

    impl SamplingService for Scripted {
        fn rules(&mut self) -> anyhow::Result<ServedRules> {
            let mut script = self.0.borrow_mut();
            script.asked_for_rules += 1;
            anyhow::ensure!(!script.is_dead, "dead");
            Ok(script.rules.clone())
        }

        fn targets(&mut self, _: &str, _: u64, statistics: &[Statistics]) -> anyhow::Result<Grants> {
            let mut script = self.0.borrow_mut();
            anyhow::ensure!(!script.is_dead, "dead");
            script.reports.push(statistics.to_vec());
            Ok(script.grants.clone())
        }
    }

    /// A process with its polls, in simulated time.
    struct Process {
        service: Scripted,
        polling: Polling<Scripted>,
        elapsed: Duration,
        due: Duration,
    }

    impl Process {
        fn new(rules: Vec<Rule>) -> Self {
            let service = Scripted::default();
            service.0.borrow_mut().rules = ServedRules { rules, modified_at: 50.0 };
            let polling = Polling::new(service.clone(), Arc::default(), BeforeRules::Few, 7);
            Self { service, polling, elapsed: Duration::ZERO, due: Duration::ZERO }
        }

        fn now(&self) -> u64 {
            NOW + self.elapsed.as_secs()
        }

        /// Runs the polls until so many seconds after the start, with one request before each.
        fn run_until(&mut self, seconds: u64) {
            while self.due <= Duration::from_secs(seconds) {
                self.elapsed = self.due;
                self.request();
                self.due += self.polling.tick(self.elapsed, self.now());
            }
        }

        fn request(&self) -> Option<bool> {
            let origin = origin(&[]);
            let request = Request::new(&origin, &SpanKind::Server, &[]);
            Some(self.polling.rules.load().decide(&request, self.now(), || 0.5)?.sampled)
        }

        fn asked_for_rules(&self) -> usize {
            self.service.0.borrow().asked_for_rules
        }

        fn reports(&self) -> usize {
            self.service.0.borrow().reports.len()
        }
    }

    #[test]
    fn rules_come_at_once_and_every_five_minutes_reports_go_every_ten_seconds() {
        let mut process = Process::new(vec![rule(json!({}))]);
        process.run_until(9);
        assert_eq!((process.asked_for_rules(), process.reports()), (1, 0));
        process.run_until(11);
        assert_eq!((process.asked_for_rules(), process.reports()), (1, 1));
        process.run_until(299);
        assert_eq!((process.asked_for_rules(), process.reports()), (1, 29));
        process.run_until(306);
        assert_eq!(process.asked_for_rules(), 2);
        let client_id = process.polling.client_id.clone();
        assert!(client_id.len() == 24 && client_id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{client_id}");
    }

    #[test]
    fn the_interval_that_is_asked_for_is_kept_within_reason() {
        fn check(interval: u64, expected: usize) {
            let mut process = Process::new(vec![rule(json!({}))]);
            process.service.0.borrow_mut().grants.interval = Some(Duration::from_secs(interval));
            process.run_until(72);
            assert_eq!(process.reports(), expected, "{interval}");
        }
        check(30, 3);
        check(60, 2);
        check(1_000_000, 1);
        let mut process = Process::new(vec![rule(json!({}))]);
        process.service.0.borrow_mut().grants.interval = Some(Duration::ZERO);
        process.run_until(20);
        assert!((9..=11).contains(&process.reports()), "{}", process.reports());
    }

    #[test]
    fn a_changed_or_deleted_rule_is_fetched_with_the_next_report() {
        let mut process = Process::new(vec![rule(json!({}))]);
        process.service.0.borrow_mut().grants.modified_at = 50.0;
        process.run_until(31);
        assert_eq!(process.asked_for_rules(), 1, "we have heard of this change");
        process.service.0.borrow_mut().grants.modified_at = 60.0;
        process.service.0.borrow_mut().rules.rules = vec![rule(json!({"FixedRate": 1.0}))];
        process.run_until(41);
        assert_eq!(process.asked_for_rules(), 2);
        assert_eq!(process.request(), Some(true));
        process.run_until(71);
        assert_eq!(process.asked_for_rules(), 2, "once for each change");
        process.service.0.borrow_mut().grants.unprocessed = 1;
        process.run_until(81);
        assert_eq!(process.asked_for_rules(), 3);
    }

    #[test]
    fn without_an_answer_rules_stay_for_an_hour_and_nothing_that_was_counted_is_lost() {
        let mut process = Process::new(vec![rule(json!({"FixedRate": 1.0}))]);
        process.run_until(15);
        process.service.0.borrow_mut().is_dead = true;
        process.run_until(3_595);
        assert_eq!(process.request(), Some(true));
        process.run_until(3_625);
        assert_eq!(process.request(), None, "the caller falls back");
        process.service.0.borrow_mut().is_dead = false;
        process.run_until(3_650);
        assert_eq!(process.request(), Some(true), "rules are asked for again soon");
        let reports = process.service.0.borrow().reports.concat();
        let reported: u64 = reports.iter().map(|statistics| statistics.counts.requests).sum();
        assert!(reported > 350, "{reported}");
        let left: u64 =
            process.polling.rules.load().take_statistics().iter().map(|statistics| statistics.counts.requests).sum();
        assert!(left < 5, "{left}");
    }

    #[test]
    fn a_service_that_starts_late_is_found_soon_and_a_dead_one_is_not_pestered() {
        let mut process = Process::new(vec![rule(json!({}))]);
        process.service.0.borrow_mut().is_dead = true;
        process.run_until(7);
        assert_eq!(process.asked_for_rules(), 4, "after 0, 1, 3 and 7 seconds");
        process.run_until(126);
        assert_eq!(process.asked_for_rules(), 4 + 12, "after 8, then every 10");
        process.service.0.borrow_mut().is_dead = false;
        process.run_until(140);
        assert_eq!(process.asked_for_rules(), 17);
    }

    #[test]
    fn an_idle_process_has_nothing_to_report_and_many_rules_go_in_several_calls() {
        let many: Vec<Rule> =
            (0..60).map(|number| rule(json!({"RuleName": format!("r{number}"), "Priority": number + 1}))).collect();
        let service = Scripted::default();
        service.0.borrow_mut().rules.rules = many;
        let quota = Some(Quota { per_second: 1, until: 4e9 });
        let target = |rule_name: &str| Target { rule_name: rule_name.to_owned(), fixed_rate: 1.0, quota };
        service.0.borrow_mut().grants.targets = vec![target("r0"), target("r59")];
        let mut polling = Polling::new(service.clone(), Arc::default(), BeforeRules::Few, 7);
        polling.tick(Duration::ZERO, NOW);
        polling.tick(Duration::from_secs(11), NOW);
        assert!(service.0.borrow().reports.is_empty());
        let counts = super::super::reservoir::Counts { requests: 1, ..Default::default() };
        let counted: Vec<Statistics> =
            (0..60).map(|number| Statistics { rule_name: format!("r{number}"), counts }).collect();
        polling.rules.load().put_back(&counted);
        polling.tick(Duration::from_secs(22), NOW);
        let sizes: Vec<usize> = service.0.borrow().reports.iter().map(Vec::len).collect();
        assert_eq!(sizes, [25, 25, 10]);

        polling.rules.load().put_back(&counted);
        service.0.borrow_mut().is_dead = true;
        polling.tick(Duration::from_secs(33), NOW);
        assert_eq!(polling.rules.load().take_statistics().len(), 60, "what was not sent is not lost");
    }
}
