//! Two readings of a process in the form of Docker's statistics, as the endpoint of version 4 answers them.
//!
//! A reader takes the CPU share from the difference of `cpu_stats` and `precpu_stats`, both for the container and for the machine.
//! `network_rate_stats` is ECS's own addition.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use super::measure::{Network, Reading};
use super::metadata::timestamp;
use super::task::Task;

/// Statistics of one container.
#[derive(Debug, Serialize)]
pub(super) struct Stats {
    read: String,
    preread: String,
    pids_stats: Pids,
    blkio_stats: BlockIo,
    num_procs: u64,
    storage_stats: Empty,
    cpu_stats: Cpu,
    precpu_stats: Cpu,
    memory_stats: Memory,
    name: String,
    id: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    networks: BTreeMap<String, Network>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_rate_stats: Option<NetworkRate>,
}

#[derive(Debug, Serialize)]
struct Empty {}

#[derive(Debug, Serialize)]
struct Pids {
    current: u64,
}

#[derive(Debug, Serialize)]
struct BlockIo {
    io_service_bytes_recursive: [BlockOperation; 2],
}

#[derive(Debug, Serialize)]
struct BlockOperation {
    major: u64,
    minor: u64,
    op: &'static str,
    value: u64,
}

#[derive(Debug, Default, Serialize)]
struct Cpu {
    cpu_usage: CpuUsage,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_cpu_usage: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    online_cpus: Option<u64>,
    throttling_data: Throttling,
}

#[derive(Debug, Default, Serialize)]
struct CpuUsage {
    total_usage: u64,
    usage_in_kernelmode: u64,
    usage_in_usermode: u64,
}

#[derive(Debug, Default, Serialize)]
struct Throttling {
    periods: u64,
    throttled_periods: u64,
    throttled_time: u64,
}

#[derive(Debug, Serialize)]
struct Memory {
    usage: u64,
    max_usage: u64,
    stats: MemoryDetails,
    limit: u64,
}

#[derive(Debug, Serialize)]
struct MemoryDetails {
    rss: u64,
}

#[derive(Debug, Serialize)]
struct NetworkRate {
    rx_bytes_per_sec: f64,
    tx_bytes_per_sec: f64,
}

/// What versions of the endpoint differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Versions 2 and 3.
    Plain,
    /// Version 4, with rates of the network.
    WithRates,
}

/// The statistics of a task's container; nothing before its process was first looked at.
pub(super) fn of(task: &Task, form: Form) -> Option<Stats> {
    let now = task.readings[1].as_ref()?;
    let before = task.readings[0].as_ref();
    let never = timestamp(SystemTime::UNIX_EPOCH);
    Some(Stats {
        read: timestamp(now.at),
        preread: before.map_or(never, |before| timestamp(before.at)),
        pids_stats: Pids { current: now.processes },
        blkio_stats: BlockIo {
            io_service_bytes_recursive: [
                BlockOperation { major: 0, minor: 0, op: "Read", value: now.disk_read },
                BlockOperation { major: 0, minor: 0, op: "Write", value: now.disk_written },
            ],
        },
        num_procs: 0, // Docker counts here on Windows only
        storage_stats: Empty {},
        cpu_stats: cpu(now),
        precpu_stats: before.map(cpu).unwrap_or_default(),
        memory_stats: Memory {
            usage: now.memory,
            max_usage: task.peak_memory,
            stats: MemoryDetails { rss: now.memory },
            limit: now.machine_memory,
        },
        name: task.family.clone(),
        id: task.container_id.clone(),
        networks: now.networks.clone(),
        network_rate_stats: before.filter(|_| form == Form::WithRates).and_then(|before| rate(before, now)),
    })
}

fn cpu(reading: &Reading) -> Cpu {
    let Reading { user, kernel, machine, cpus, .. } = *reading;
    Cpu {
        cpu_usage: CpuUsage { total_usage: user + kernel, usage_in_kernelmode: kernel, usage_in_usermode: user },
        system_cpu_usage: Some(machine),
        online_cpus: Some(cpus),
        throttling_data: Throttling::default(),
    }
}

/// Bytes a second over all interfaces; nothing where the system lists none.
#[expect(clippy::cast_precision_loss, reason = "a rate of bytes needs no more than 52 bits")]
fn rate(before: &Reading, now: &Reading) -> Option<NetworkRate> {
    let seconds = now.at.duration_since(before.at).ok()?.as_secs_f64();
    if seconds <= 0.0 || now.networks.is_empty() {
        return None;
    }
    let total = |reading: &Reading, bytes: fn(&Network) -> u64| reading.networks.values().map(bytes).sum::<u64>();
    let per_second =
        |bytes: fn(&Network) -> u64| total(now, bytes).saturating_sub(total(before, bytes)) as f64 / seconds;
    Some(NetworkRate {
        rx_bytes_per_sec: per_second(|network| network.rx_bytes),
        tx_bytes_per_sec: per_second(|network| network.tx_bytes),
    })
}
