//! What a run has found out. Units are in the names; a figure is absent where the system does not tell.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::send::Sent;
use super::server::DoorCount;
use super::usage::Usage;

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) topology: String,
    pub(super) seed: u64,
    pub(super) traffic: Traffic,
    pub(super) limits: Limits,
    pub(super) intake: Vec<IntakeRow>,
    pub(super) stores: Vec<StoreColumn>,
}

/// What the made-up traffic is like.
#[derive(Debug, Serialize)]
pub(super) struct Traffic {
    /// Documents, as the X-Ray SDKs send them.
    pub(super) segments_per_trace: f64,
    pub(super) bytes_per_segment: f64,
}

/// What a document costs that is only read, or only written.
#[derive(Debug, Serialize)]
pub(super) struct Limits {
    pub(super) parse_cpu_us: f64,
    pub(super) append_cpu_us: f64,
}

/// One way in.
#[derive(Debug, Serialize)]
pub(super) struct IntakeRow {
    pub(super) way: &'static str,
    /// Documents or spans.
    pub(super) sent: u64,
    pub(super) per_second: f64,
    /// CPU time for each that was taken.
    pub(super) cpu_us: Option<f64>,
    /// The part of it that the kernel took.
    pub(super) kernel_us: Option<f64>,
    /// The parts that threads took, by name.
    pub(super) threads_us: BTreeMap<String, f64>,
    /// Refused or dropped by the local X-Ray, with a reason.
    pub(super) refused: u64,
    /// Dropped by the kernel.
    pub(super) kernel_drops: u64,
    /// In no count at all.
    pub(super) unaccounted: u64,
    /// Calls that were told to come back later.
    pub(super) repeated: u64,
}

impl IntakeRow {
    #[expect(clippy::cast_precision_loss, reason = "figures for the eye")]
    pub(super) fn new(way: &'static str, sent: &Sent, counted: &DoorCount, used: &Usage) -> Self {
        let documents = sent.documents;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / counted.accepted.max(1) as f64;
        let accounted = counted.accepted + counted.refused() + counted.kernel_drops;
        Self {
            way,
            sent: documents,
            per_second: documents as f64 / sent.wall.as_secs_f64(),
            cpu_us: used.cpu.map(each),
            kernel_us: used.kernel.map(each),
            threads_us: used.threads.iter().map(|(name, time)| (name.clone(), each(*time))).collect(),
            refused: counted.refused(),
            kernel_drops: counted.kernel_drops,
            unaccounted: documents.saturating_sub(accounted),
            repeated: sent.repeated,
        }
    }
}

/// A store of one size.
#[derive(Debug, Serialize)]
pub(super) struct StoreColumn {
    pub(super) traces: u64,
    pub(super) segments: u64,
    /// Absent for a store in memory, like the next one.
    pub(super) disk_bytes_per_segment: Option<f64>,
    /// From the start of a process on the filled store to its first answer.
    pub(super) opening_ms: Option<f64>,
    /// Memory after filling,
    pub(super) filled_resident_bytes: Option<u64>,
    /// after opening again,
    pub(super) opened_resident_bytes: Option<u64>,
    /// and after all questions.
    pub(super) asked_resident_bytes: Option<u64>,
    pub(super) answers: Answers,
}

impl StoreColumn {
    #[expect(clippy::cast_precision_loss, reason = "figures for the eye")]
    pub(super) fn new(
        traces: u64,
        segments: u64,
        disk_bytes: Option<u64>,
        opening: Option<Duration>,
        [filled, opened, asked]: [Option<u64>; 3],
        answers: Answers,
    ) -> Self {
        Self {
            traces,
            segments,
            disk_bytes_per_segment: disk_bytes.map(|bytes| bytes as f64 / segments.max(1) as f64),
            opening_ms: opening.map(|time| time.as_secs_f64() * 1e3),
            filled_resident_bytes: filled,
            opened_resident_bytes: opened,
            asked_resident_bytes: asked,
            answers,
        }
    }
}

/// What questions cost. The window is the hour in which all traces started.
#[derive(Debug, Serialize)]
pub(super) struct Answers {
    /// `GetServiceGraph`.
    pub(super) graph: Answer,
    /// `GetTimeSeriesServiceStatistics` by the minute.
    pub(super) series: Answer,
    /// The first page of a filter that many traces match.
    pub(super) filter_page: Answer,
    /// A filter that no trace matches.
    pub(super) filter_scan: Answer,
    /// `BatchGetTraces` of five.
    pub(super) batch_get: Answer,
    /// The console's map,
    pub(super) map_page: Answer,
    /// and its dashboard.
    pub(super) dashboard_page: Answer,
}

/// What one question costs.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) asked: usize,
    pub(super) median_ms: f64,
    pub(super) worst_ms: f64,
    pub(super) cpu_ms: Option<f64>,
    /// CPU time for each trace that was looked at.
    pub(super) cpu_us_per_trace: Option<f64>,
}

impl Answer {
    #[expect(clippy::cast_precision_loss, reason = "figures for the eye")]
    pub(super) fn new(walls: &mut [Duration], cpu: Option<Duration>, examined: u64) -> Self {
        walls.sort_unstable();
        let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
        let cpu_us = cpu.map(|cpu| cpu.as_secs_f64() * 1e6);
        Self {
            asked: walls.len(),
            median_ms: ms(walls.get(walls.len() / 2)),
            worst_ms: ms(walls.last()),
            cpu_ms: cpu_us.map(|us| us / 1e3 / walls.len().max(1) as f64),
            cpu_us_per_trace: cpu_us.filter(|_| examined > 0).map(|us| us / examined as f64),
        }
    }
}
