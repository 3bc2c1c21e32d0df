//! What a process has used, as the system tells it. Only Linux does; elsewhere the figures are absent.

use std::path::Path;
use std::time::Duration;

/// What one process has used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// CPU time of all its threads, past ones too, in steps of 10 ms.
    pub(super) cpu: Option<Duration>,
    /// Memory that it holds.
    pub(super) resident_bytes: Option<u64>,
}

impl Usage {
    /// Looks at a process.
    pub(super) fn of(process: u32) -> Self {
        let folder = Path::new("/proc").join(process.to_string());
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
        Self {
            cpu: read("stat").as_deref().and_then(cpu),
            resident_bytes: read("status").as_deref().and_then(resident_bytes),
        }
    }

    /// The CPU time since an earlier look.
    pub(super) fn cpu_since(&self, earlier: &Self) -> Option<Duration> {
        self.cpu?.checked_sub(earlier.cpu?)
    }
}

/// User and system time: the 14th and 15th field, counted behind the name, which may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second().max(1)))
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
        assert_eq!(cpu(stat), Some(Duration::from_millis(200_000 / ticks)));
        assert_eq!(cpu("nonsense"), None);
    }

    #[test]
    fn memory_is_in_kibibytes() {
        assert_eq!(resident_bytes("VmSize:\t 9 kB\nVmRSS:\t    1024 kB\n"), Some(1 << 20));
        assert_eq!(resident_bytes(""), None);
    }
}
