//! The counters of the intake.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ingest::{DoorCount, IntakeReport, UdpSocketReport};
use crate::logs::LogsReport;
use crate::store::StoreReport;

/// Counts since the start.
#[derive(Serialize)]
pub(crate) struct IntakeOut {
    /// By the name of the door.
    doors: BTreeMap<&'static str, DoorOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    udp: Option<UdpOut>,
    store: StoreOut,
    logs: LogsOut,
}

#[derive(Serialize)]
struct DoorOut {
    accepted: u64,
    /// Log lines stored.
    lines: u64,
    members_left_out: u64,
    /// By the code of the reason.
    rejected: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct UdpOut {
    buffer_requested: usize,
    buffer_granted: usize,
    /// Null where the system does not tell.
    kernel_drops: Option<u64>,
}

#[derive(Serialize)]
struct StoreOut {
    traces: usize,
    /// Ids that both a segment and a subsegment claimed.
    contested: u64,
}

#[derive(Serialize)]
struct LogsOut {
    lines: usize,
    /// Lines that went, for want of room or because of their age.
    evicted: u64,
}

impl IntakeOut {
    pub(in crate::api) fn new(report: &IntakeReport, store: &StoreReport, logs: &LogsReport) -> Self {
        Self {
            doors: report.doors.iter().map(|(door, count)| (door.as_str(), DoorOut::from(count))).collect(),
            udp: report.udp.map(UdpOut::from),
            store: StoreOut { traces: store.traces, contested: store.contested },
            logs: LogsOut { lines: logs.lines, evicted: logs.evicted.values().sum() },
        }
    }
}

impl From<&DoorCount> for DoorOut {
    fn from(count: &DoorCount) -> Self {
        Self {
            accepted: count.accepted,
            lines: count.lines,
            members_left_out: count.members_left_out,
            rejected: count.rejected.iter().map(|(code, count)| (code.as_str(), *count)).collect(),
        }
    }
}

impl From<UdpSocketReport> for UdpOut {
    fn from(report: UdpSocketReport) -> Self {
        let UdpSocketReport { buffer_requested, buffer_granted, kernel_drops } = report;
        Self { buffer_requested, buffer_granted, kernel_drops }
    }
}
