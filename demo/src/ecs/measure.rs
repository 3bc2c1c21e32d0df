//! Reads what a process and its descendants have used so far.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// Everything that one look at a process finds; totals count from its start.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) at: SystemTime,
    /// CPU time in user mode and in the kernel, in nanoseconds.
    pub(super) user: u64,
    pub(super) kernel: u64,
    /// CPU time that the whole machine had, idle or not, in nanoseconds.
    pub(super) machine: u64,
    pub(super) cpus: u64,
    /// Resident memory, and the machine's, in bytes.
    pub(super) memory: u64,
    pub(super) machine_memory: u64,
    pub(super) processes: u64,
    pub(super) disk_read: u64,
    pub(super) disk_written: u64,
    /// Interfaces of the network namespace, by name: containers of one task share theirs, and so do processes of one machine.
    pub(super) networks: BTreeMap<String, Network>,
}

/// The counters of one interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Network {
    pub(super) rx_bytes: u64,
    pub(super) rx_packets: u64,
    pub(super) rx_errors: u64,
    pub(super) rx_dropped: u64,
    pub(super) tx_bytes: u64,
    pub(super) tx_packets: u64,
    pub(super) tx_errors: u64,
    pub(super) tx_dropped: u64,
}

/// Looks at processes.
#[derive(Debug)]
pub(super) struct Meter {
    system: System,
    since: Instant,
    cpus: u64,
}

impl Meter {
    /// Counts the machine's time from `since`, which all meters of one endpoint must have in common.
    pub(super) fn new(since: Instant) -> Self {
        let mut system = System::new();
        system.refresh_memory();
        let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64);
        Self { system, since, cpus }
    }

    /// The process and whatever it has started by now, that is what a container holds.
    pub(super) fn family_of(&mut self, pid: u32) -> Vec<u32> {
        let nothing = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Never).without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, nothing);
        let mut family = vec![pid];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            let is_child = |process: &&sysinfo::Process| process.parent() == Some(Pid::from_u32(parent));
            family.extend(self.system.processes().values().filter(is_child).map(|process| process.pid().as_u32()));
            next += 1;
        }
        family
    }

    /// What these processes have used together; nothing when none of them is there any more.
    pub(super) fn read(&mut self, pids: &[u32]) -> Option<Reading> {
        let wanted: Vec<Pid> = pids.iter().copied().map(Pid::from_u32).collect();
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().with_disk_usage().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&wanted), true, what);
        let found: Vec<_> = wanted.iter().filter_map(|pid| self.system.process(*pid)).collect();
        let first = found.first()?.pid().as_u32();
        let times = found.iter().map(|process| {
            let whole = (Duration::from_millis(process.accumulated_cpu_time()).as_nanos(), 0);
            cpu_times(process.pid().as_u32()).unwrap_or(whole)
        });
        let (user, kernel) = times.fold((0, 0), |sum, time| (sum.0 + time.0, sum.1 + time.1));
        let disk =
            |bytes: fn(&sysinfo::DiskUsage) -> u64| found.iter().map(|process| bytes(&process.disk_usage())).sum();
        Some(Reading {
            at: SystemTime::now(),
            user: u64::try_from(user).unwrap_or(u64::MAX),
            kernel: u64::try_from(kernel).unwrap_or(u64::MAX),
            machine: u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX).saturating_mul(self.cpus),
            cpus: self.cpus,
            memory: found.iter().map(|process| process.memory()).sum(),
            machine_memory: self.system.total_memory(),
            processes: found.len() as u64,
            disk_read: disk(|usage| usage.total_read_bytes),
            disk_written: disk(|usage| usage.total_written_bytes),
            networks: networks(first),
        })
    }
}

/// CPU time in user mode and in the kernel, in nanoseconds, where the system tells them apart in `/proc`.
fn cpu_times(pid: u32) -> Option<(u128, u128)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (user, kernel) = ticks(&stat)?;
    let nanoseconds =
        |ticks: u64| u128::from(ticks) * 1_000_000_000 / u128::from(rustix::param::clock_ticks_per_second());
    Some((nanoseconds(user), nanoseconds(kernel)))
}

/// The 14th and 15th field. The second is the name in parentheses and may hold anything, parentheses and spaces too.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// The interfaces that a process sees, where the system lists them in `/proc`.
fn networks(pid: u32) -> BTreeMap<String, Network> {
    parse_networks(&std::fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap_or_default())
}

/// Two lines of heading, and then a line for each interface: eight counters of what came in and eight of what went out.
fn parse_networks(text: &str) -> BTreeMap<String, Network> {
    let line = |line: &str| {
        let (name, counters) = line.split_once(':')?;
        let counters: Vec<u64> = counters.split_whitespace().map_while(|counter| counter.parse().ok()).collect();
        let [rx_bytes, rx_packets, rx_errors, rx_dropped, _, _, _, _, tx_bytes, tx_packets, tx_errors, tx_dropped, ..] =
            *counters.as_slice()
        else {
            return None;
        };
        let network =
            Network { rx_bytes, rx_packets, rx_errors, rx_dropped, tx_bytes, tx_packets, tx_errors, tx_dropped };
        Some((name.trim().to_owned(), network))
    };
    text.lines().skip(2).filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_uses_more_and_more() {
        let mut meter = Meter::new(Instant::now());
        let own = [std::process::id()];
        let first = meter.read(&own).unwrap();
        assert!(first.memory > 0 && first.machine_memory > first.memory && first.processes == 1);
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut sum = 0_u64;
        loop {
            sum = (0..100_000).fold(sum, |sum, n| std::hint::black_box(sum ^ n));
            let later = meter.read(&own).unwrap();
            if later.user + later.kernel > first.user + first.kernel {
                assert!(later.machine > first.machine);
                return;
            }
            assert!(Instant::now() < deadline, "no CPU time was seen in half a minute of work");
        }
    }

    #[test]
    fn a_family_is_a_process_with_its_descendants() {
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let mut meter = Meter::new(Instant::now());
        let family = meter.family_of(std::process::id());
        assert_eq!(family.first(), Some(&std::process::id()));
        assert!(family.contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn nobody_is_read_as_nothing() {
        let mut meter = Meter::new(Instant::now());
        assert_eq!(meter.read(&[u32::MAX - 7]), None);
        assert_eq!(meter.read(&[]), None);
    }

    #[test]
    fn times_are_found_behind_a_strange_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 140 60 0 0";
        for name in ["(cat)", "(a b)", "(a) (b)", "()"] {
            assert_eq!(ticks(&format!("7 {name} {rest}")), Some((140, 60)), "{name}");
        }
        for broken in ["", "7 (cat", "7 (cat) S 1", "7 (cat) S 1 2 3 4 5 6 7 8 9 10 x 60"] {
            assert_eq!(ticks(broken), None, "{broken}");
        }
    }

    #[test]
    fn interfaces_are_read_line_by_line() {
        let text = "Inter-|   Receive |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n\
            \x20   lo: 100 10 1 2 0 0 0 0 200 20 3 4 0 0 0 0\n  eth0:5 6 7\n";
        let networks = parse_networks(text);
        assert_eq!(networks.keys().collect::<Vec<_>>(), ["lo"]);
        let lo = networks["lo"];
        assert_eq!((lo.rx_bytes, lo.rx_dropped, lo.tx_bytes, lo.tx_dropped), (100, 2, 200, 4));
        assert!(parse_networks("").is_empty());
    }
}
