//! The report at the end, as a person reads it and as JSON for scripts.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Pace;
use super::mix::Kind;
use super::processes::Usage;
use super::tally::{Quantiles, Tally, rate};

/// A whole load in numbers.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) site: String,
    pub(super) seed: u64,
    /// Requests a second that were asked for, in an open loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<f64>,
    /// Clients, in a closed loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clients: Option<u16>,
    pub(super) seconds: f64,
    pub(super) answered: u64,
    pub(super) answered_per_second: f64,
    pub(super) answers: BTreeMap<u16, u64>,
    pub(super) unanswered: u64,
    pub(super) was_interrupted: bool,
    pub(super) under_way: u64,
    /// Milliseconds, from when a request was due.
    pub(super) latency_ms: BTreeMap<Kind, Quantiles>,
    pub(super) overall_latency_ms: Quantiles,
    /// The processes that are known.
    pub(super) processes: Vec<Usage>,
}

impl Report {
    pub(super) fn new(
        site: &str,
        pace: Pace,
        seed: u64,
        elapsed: Duration,
        was_interrupted: bool,
        tally: &Tally,
        processes: Vec<Usage>,
    ) -> Self {
        let (rate_asked, clients) = match pace {
            Pace::Open { rate } => (Some(rate), None),
            Pace::Closed { clients } => (None, Some(clients)),
        };
        Self {
            site: site.to_owned(),
            seed,
            rate: rate_asked,
            clients,
            seconds: elapsed.as_secs_f64(),
            answered: tally.answered_count(),
            answered_per_second: rate(tally.answered_count(), elapsed),
            answers: tally.answers().clone(),
            unanswered: tally.unanswered(),
            was_interrupted,
            under_way: tally.under_way(),
            latency_ms: tally.quantiles().collect(),
            overall_latency_ms: tally.overall(),
            processes,
        }
    }

    fn write_answers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:<16}{:>10}", "answer", "count")?;
        for (status, count) in &self.answers {
            writeln!(f, "{status:<16}{count:>10}")?;
        }
        if self.unanswered > 0 {
            writeln!(f, "{:<16}{:>10}", "none", self.unanswered)?;
        }
        if self.under_way > 0 {
            writeln!(f, "{:<16}{:>10}", "not waited for", self.under_way)?;
        }
        Ok(())
    }

    fn write_latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:<16}{:>10}{:>11}{:>11}{:>11}{:>11}", "latency", "count", "p50", "p95", "p99", "max")?;
        let kinds = self.latency_ms.iter().map(|(kind, quantiles)| (kind.name(), quantiles));
        let all = (self.latency_ms.len() > 1).then_some(("all", &self.overall_latency_ms));
        for (name, Quantiles { count, p50, p95, p99, max }) in kinds.chain(all) {
            let [p50, p95, p99, max] = [p50, p95, p99, max].map(|milliseconds| time(*milliseconds));
            writeln!(f, "{name:<16}{count:>10}{p50:>11}{p95:>11}{p99:>11}{max:>11}")?;
        }
        Ok(())
    }

    fn write_processes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.processes.is_empty() {
            return write!(
                f,
                "\nCPU and memory are not known: no demo on this machine serves {}, and no --pid was given",
                self.site
            );
        }
        write!(f, "\n{:<16}{:>10}{:>11}{:>11}{:>11}", "process", "CPU", "a request", "memory", "at most")?;
        for Usage { name, cpu_seconds, memory_bytes, peak_memory_bytes, .. } in &self.processes {
            let each = time(cpu_seconds * 1e3 / self.answered.max(1) as f64);
            let (memory, peak) = (mebibytes(*memory_bytes), mebibytes(*peak_memory_bytes));
            write!(f, "\n{name:<16}{:>10}{each:>11}{memory:>11}{peak:>11}", format!("{cpu_seconds:.2} s"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered, seconds, answered_per_second, seed, .. } = self;
        let how = match (self.rate, self.clients) {
            (Some(rate), _) => format!("{rate} were due"),
            (None, Some(1)) => "1 client".to_owned(),
            (None, clients) => format!("{} clients", clients.unwrap_or_default()),
        };
        let end = if self.was_interrupted { ", interrupted" } else { "" };
        writeln!(
            f,
            "{answered} answers in {seconds:.1} s{end}: {answered_per_second:.1} a second ({how}) · seed {seed}"
        )?;
        self.write_answers(f)?;
        self.write_latencies(f)?;
        self.write_processes(f)
    }
}

fn time(milliseconds: f64) -> String {
    if milliseconds < 1_000.0 { format!("{milliseconds:.2} ms") } else { format!("{:.2} s", milliseconds / 1e3) }
}

fn mebibytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, ((bytes & ((1 << 20) - 1)) * 10) >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        let mut tally = Tally::default();
        for (kind, status, milliseconds) in [
            (Kind::Like, Some(200), 2_500),
            (Kind::Like, Some(404), 4),
            (Kind::List, Some(200), 1),
            (Kind::Like, None, 30_000),
        ] {
            tally.sent();
            tally.answered(kind, status, Duration::from_millis(milliseconds));
        }
        tally
    }

    fn report(pace: Pace, processes: Vec<Usage>) -> Report {
        Report::new("http://127.0.0.1:8080", pace, 7, Duration::from_secs(2), false, &tally(), processes)
    }

    #[test]
    fn a_report_is_a_sentence_and_three_tables() {
        let monolith = Usage {
            name: "monolith".to_owned(),
            pid: 1,
            cpu_seconds: 0.06,
            memory_bytes: 20 << 20,
            peak_memory_bytes: (20 << 20) + (1 << 19),
        };
        let expected = "\
3 answers in 2.0 s: 1.5 a second (2 were due) · seed 7

answer               count
200                      2
404                      1
none                     1

latency              count        p50        p95        p99        max
likes                    2    4.00 ms     2.50 s     2.50 s     2.50 s
GET /mysfits             1    1.00 ms    1.00 ms    1.00 ms    1.00 ms
all                      3    4.00 ms     2.50 s     2.50 s     2.50 s

process                CPU  a request     memory    at most
monolith            0.06 s   20.00 ms   20.0 MiB   20.5 MiB";
        assert_eq!(report(Pace::Open { rate: 2.0 }, vec![monolith]).to_string(), expected);
    }

    #[test]
    fn processes_of_another_machine_are_said_to_be_unknown() {
        let text = report(Pace::Closed { clients: 1 }, Vec::new()).to_string();
        assert!(text.starts_with("3 answers in 2.0 s: 1.5 a second (1 client)"), "{text}");
        assert!(text.ends_with("CPU and memory are not known: no demo on this machine serves http://127.0.0.1:8080, and no --pid was given"), "{text}");
    }

    #[test]
    fn json_has_the_same_numbers_by_name() {
        let json = serde_json::to_value(report(Pace::Open { rate: 2.0 }, Vec::new())).unwrap();
        let check = |pointer: &str, expected: serde_json::Value| {
            assert_eq!(json.pointer(pointer), Some(&expected), "{pointer}");
        };
        check("/rate", 2.0.into());
        check("/answers/404", 1.into());
        check("/unanswered", 1.into());
        check("/latency_ms/list/p99", 1.0.into());
        check("/overall_latency_ms/count", 3.into());
        assert_eq!(json.get("clients"), None);
    }
}
