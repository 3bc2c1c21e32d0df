//! What answering costs: CPU time and memory of the processes behind the site.
//!
//! Those of a demo on this machine are found by themselves: its monolith was told to listen where the site is, and the others have the
//! same parent. Processes of anything else are named with `--pid`.

use anyhow::Context as _;
use reqwest::Url;
use serde::Serialize;
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use crate::child::Role;

/// Processes that are being watched.
#[derive(Debug)]
pub(super) struct Processes {
    system: System,
    watched: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    pid: Pid,
    name: String,
    cpu_before: u64,
    now: Reading,
    peak_memory: u64,
}

/// CPU time so far, in milliseconds, and memory in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    cpu: u64,
    memory: u64,
}

/// What one process has used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Usage {
    pub(super) name: String,
    pub(super) pid: u32,
    /// CPU time, of user and system, from the first request to a moment after the last answer.
    pub(super) cpu_seconds: f64,
    /// Resident memory at the end.
    pub(super) memory_bytes: u64,
    /// The most that was seen, looking once a second.
    pub(super) peak_memory_bytes: u64,
}

impl Processes {
    /// The processes with these ids; without any, those of the demo that serves `site` on this machine, if there is one.
    ///
    /// # Errors
    /// When there is no process with one of the ids.
    pub(super) fn find(site: &str, pids: &[u32]) -> anyhow::Result<Self> {
        let mut system = System::new();
        let what = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always).with_environ(UpdateKind::Always);
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, what.without_tasks());
        let watched = match pids {
            [] => demo_at(&system, site),
            pids => pids.iter().map(|pid| named(&system, *pid)).collect::<anyhow::Result<_>>()?,
        };
        Ok(Self { system, watched })
    }

    /// Whether nothing is watched.
    pub(super) const fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// Counts from here.
    pub(super) fn start(&mut self) {
        self.look();
        for watched in &mut self.watched {
            watched.cpu_before = watched.now.cpu;
        }
    }

    /// Reads everything anew; a process that has ended keeps what was read last.
    pub(super) fn look(&mut self) {
        let pids: Vec<Pid> = self.watched.iter().map(|watched| watched.pid).collect();
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, what);
        for watched in &mut self.watched {
            if let Some(process) = self.system.process(watched.pid) {
                watched.now = Reading { cpu: process.accumulated_cpu_time(), memory: process.memory() };
                watched.peak_memory = watched.peak_memory.max(process.memory());
            }
        }
    }

    /// Looks a last time and tells what was used.
    pub(super) fn end(mut self) -> Vec<Usage> {
        self.look();
        self.watched.into_iter().map(Watched::usage).collect()
    }
}

impl Watched {
    const fn new(pid: Pid, name: String) -> Self {
        Self { pid, name, cpu_before: 0, now: Reading { cpu: 0, memory: 0 }, peak_memory: 0 }
    }

    fn usage(self) -> Usage {
        let cpu = std::time::Duration::from_millis(self.now.cpu.saturating_sub(self.cpu_before));
        Usage {
            name: self.name,
            pid: self.pid.as_u32(),
            cpu_seconds: cpu.as_secs_f64(),
            memory_bytes: self.now.memory,
            peak_memory_bytes: self.peak_memory,
        }
    }
}

fn named(system: &System, pid: u32) -> anyhow::Result<Watched> {
    let process = system.process(Pid::from_u32(pid)).with_context(|| format!("there is no process {pid} (--pid)"))?;
    let name = role_of(process).map_or_else(|| process.name().to_string_lossy().into_owned(), str::to_owned);
    Ok(Watched::new(process.pid(), name))
}

/// The children of the demo whose monolith listens on the port of `site`, the services before the local X-Ray.
fn demo_at(system: &System, site: &str) -> Vec<Watched> {
    let is_monolith = |process: &&Process| role_of(process) == Some(Role::Monolith.word()) && listens_at(process, site);
    let Some(parent) = system.processes().values().find(is_monolith).and_then(Process::parent) else {
        return Vec::new();
    };
    let is_sibling = |process: &&Process| process.parent() == Some(parent);
    let siblings = system.processes().values().filter(is_sibling);
    let mut watched: Vec<Watched> =
        siblings.filter_map(|process| Some(Watched::new(process.pid(), role_of(process)?.to_owned()))).collect();
    watched.sort_unstable_by_key(|watched| (watched.name == Role::LocalXray.word(), watched.name.clone()));
    watched
}

/// Which of the demo's processes this is: `… child monolith`.
fn role_of(process: &Process) -> Option<&'static str> {
    let [.., verb, role] = process.cmd() else { return None };
    let roles = [Role::Monolith, Role::LikeService, Role::LocalXray].map(Role::word);
    roles.into_iter().find(|word| verb == "child" && role == word)
}

fn listens_at(process: &Process, site: &str) -> bool {
    let Some(url) = Url::parse(site).ok().filter(|url| url.host_str().is_some_and(is_here)) else { return false };
    let port = url.port_or_known_default();
    let listen = process.environ().iter().find_map(|entry| entry.to_str()?.strip_prefix("LISTEN_ADDR="));
    let listen = listen.and_then(|address| address.rsplit(':').next()?.parse().ok());
    port.is_some() && port == listen
}

fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_watched_by_its_id() {
        let mut processes = Processes::find("http://127.0.0.1:9", &[std::process::id()]).unwrap();
        processes.start();
        let usage = processes.end();
        assert_eq!(usage.iter().map(|usage| usage.pid).collect::<Vec<_>>(), [std::process::id()]);
        assert!(usage.iter().all(|usage| usage.memory_bytes > 0 && usage.peak_memory_bytes >= usage.memory_bytes));
    }

    #[test]
    fn a_process_that_is_not_there_is_told_by_its_id() {
        let error = Processes::find("http://127.0.0.1:9", &[u32::MAX - 7]).unwrap_err();
        assert_eq!(error.to_string(), "there is no process 4294967288 (--pid)");
    }

    #[test]
    fn a_site_without_a_demo_of_this_machine_has_no_processes() {
        for site in ["http://127.0.0.1:9", "http://mysfits.example"] {
            assert!(Processes::find(site, &[]).unwrap().is_empty(), "{site}");
        }
    }
}
