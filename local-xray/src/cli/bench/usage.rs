//! What a process has used, as the system tells it. Only Linux does; elsewhere the figures are absent.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What one process has used so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// CPU time of all its threads, past ones too, in steps of 10 ms.
    pub(super) cpu: Option<Duration>,
    /// The part of it that the kernel took.
    pub(super) kernel: Option<Duration>,
    /// CPU time of the threads that there are, by name.
    pub(super) threads: BTreeMap<String, Duration>,
    /// Memory that it holds.
    pub(super) resident_bytes: Option<u64>,
}

impl Usage {
    /// Looks at a process.
    pub(super) fn of(process: u32) -> Self {
        let folder = Path::new("/proc").join(process.to_string());
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
        let times = read("stat").as_deref().and_then(times);
        let mut threads = BTreeMap::new();
        for thread in std::fs::read_dir(folder.join("task")).into_iter().flatten().flatten() {
            let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            if let (Some(name), Some([user, kernel])) = (name(&stat), self::times(&stat)) {
                *threads.entry(name.to_owned()).or_default() += user + kernel;
            }
        }
        Self {
            cpu: times.map(|[user, kernel]| user + kernel),
            kernel: times.map(|[_, kernel]| kernel),
            threads,
            resident_bytes: read("status").as_deref().and_then(resident_bytes),
        }
    }

    /// What was used since an earlier look; the memory is that of now.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let passed = |now: Option<Duration>, then: Option<Duration>| now?.checked_sub(then?);
        let of_thread = |(name, time): (&String, &Duration)| {
            let before = earlier.threads.get(name).copied().unwrap_or_default();
            (name.clone(), time.saturating_sub(before))
        };
        Self {
            cpu: passed(self.cpu, earlier.cpu),
            kernel: passed(self.kernel, earlier.kernel),
            threads: self.threads.iter().map(of_thread).collect(),
            resident_bytes: self.resident_bytes,
        }
    }
}

/// The name of a thread, which may hold anything.
fn name(stat: &str) -> Option<&str> {
    Some(stat.split_once('(')?.1.rsplit_once(')')?.0)
}

/// User and system time: the 14th and 15th field, counted behind the name.
fn times(stat: &str) -> Option<[Duration; 2]> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut time = || {
        let ticks = fields.next()?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second().max(1)))
    };
    Some([time()?, time()?])
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_moves_no_field() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 9 0 100 0 0";
        let ticks = rustix::param::clock_ticks_per_second();
        let expected = [150_000, 50_000].map(|time| Duration::from_millis(time / ticks));
        assert_eq!((times(stat), name(stat)), (Some(expected), Some("a) b")));
        assert_eq!((times("nonsense"), name("nonsense")), (None, None));
    }

    #[test]
    fn memory_is_in_kibibytes() {
        assert_eq!(resident_bytes("VmSize:\t 9 kB\nVmRSS:\t    1024 kB\n"), Some(1 << 20));
        assert_eq!(resident_bytes(""), None);
    }
}
