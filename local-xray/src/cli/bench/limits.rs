//! What no store could avoid: reading the documents with the same JSON library, and writing their bytes to a file.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::workload::{Story, Workload};

use super::report::{Limits, Traffic};

/// How often each limit is measured; the best time counts, since nothing but other work on the machine makes one longer.
const ROUNDS: usize = 5;
/// Documents written at once, as many as arrive in one call.
const WRITE: usize = 50;

/// Describes the traffic by a sample of it, and measures the limits with that.
pub(super) fn measure(sample: &Workload, dir: &Path) -> anyhow::Result<(Traffic, Limits)> {
    let stories = (0..sample.traces()).map(|number| sample.story(number));
    let documents: Vec<_> = stories.flat_map(|story: Story| story.documents()).map(|it| it.to_json()).collect();
    let bytes: usize = documents.iter().map(String::len).sum();
    let traffic = Traffic {
        segments_per_trace: ratio(documents.len(), sample.traces()),
        bytes_per_segment: ratio(bytes, documents.len() as u64),
    };
    let per_document = |time: Duration| time.as_secs_f64() * 1e6 / documents.len().max(1) as f64;
    let limits = Limits {
        parse_cpu_us: per_document(best(|| parse_alone(&documents))?),
        append_cpu_us: per_document(best(|| append_alone(&documents, dir))?),
    };
    Ok((traffic, limits))
}

fn best(mut measure: impl FnMut() -> anyhow::Result<Duration>) -> anyhow::Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        best = best.min(measure()?);
    }
    Ok(best)
}

fn parse_alone(documents: &[String]) -> anyhow::Result<Duration> {
    let before = thread_cpu();
    for document in documents {
        std::hint::black_box(serde_json::from_slice::<Value>(document.as_bytes())?);
    }
    Ok(thread_cpu().saturating_sub(before))
}

fn append_alone(documents: &[String], dir: &Path) -> anyhow::Result<Duration> {
    let mut file: File = tempfile::tempfile_in(dir).with_context(|| format!("cannot write in {}", dir.display()))?;
    let before = thread_cpu();
    let mut batch = Vec::new();
    for documents in documents.chunks(WRITE) {
        batch.clear();
        documents.iter().for_each(|document| batch.extend_from_slice(document.as_bytes()));
        file.write_all(&batch)?;
    }
    Ok(thread_cpu().saturating_sub(before))
}

/// CPU time of this thread.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[expect(clippy::cast_precision_loss, reason = "an average for the eye")]
fn ratio(amount: usize, of: u64) -> f64 {
    amount as f64 / of.max(1) as f64
}
