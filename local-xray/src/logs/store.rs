//! The handle to the lines, and what readers see.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::document::TraceId;
use crate::store::{Durability, Eviction, Incident, NotStored};

use super::files::{Recovery, Shape};
use super::line::{Line, Place};
use super::owner::{Batch, Owner};
use super::retention::Bounds;
use super::state::State;
use super::{LogQuery, LogRecord};

/// How many batches of lines may wait for the owner.
const QUEUE_BATCHES: usize = 1_024;
/// The folder of the lines, inside the data folder.
const FOLDER: &str = "logs";

/// Where lines are kept, and how many.
#[derive(Debug, Clone)]
pub struct LogsConfig {
    /// The data folder, which must be held by this process; `None` keeps everything in memory, until the process ends.
    pub folder: Option<PathBuf>,
    /// The most bytes that lines may take as JSON, on disk and once more in memory.
    pub max_bytes: u64,
    /// How long lines are kept after they arrived.
    pub max_age: Duration,
    /// When a line counts as stored.
    pub durability: Durability,
}

/// Why lines cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// The folder cannot be used.
    #[error("the log lines in {folder} cannot be read: {error}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        error: io::Error,
    },
    /// The operating system refused a thread.
    #[error("the thread of the log lines cannot start: {0}")]
    Thread(#[from] io::Error),
}

/// How full it is, what has gone, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogsReport {
    /// Lines held.
    pub lines: usize,
    /// How many bytes they take as JSON.
    pub bytes: u64,
    /// The bound on `bytes`.
    pub max_bytes: u64,
    /// Lines that went since the start, by reason.
    pub evicted: BTreeMap<Eviction, u64>,
    /// What was found when the files were opened.
    pub recovery: Recovery,
    /// Why nothing can be stored at present.
    pub incident: Option<Incident>,
}

/// What readers see.
pub(super) struct Published {
    pub(super) state: State,
    pub(super) report: LogsReport,
}

/// The handle: cheap to clone, usable from any thread and runtime.
#[derive(Clone)]
pub struct Logs {
    queue: mpsc::Sender<Batch>,
    published: Arc<ArcSwap<Published>>,
}

impl Logs {
    /// Opens the lines that were acknowledged before. The thread behind it ends when the last handle is dropped.
    ///
    /// # Errors
    /// When the folder cannot be used, or the operating system refuses a thread. What is inside the files never keeps it from opening.
    pub fn open(config: &LogsConfig) -> Result<Self, NotOpened> {
        let folder = config.folder.as_ref().map(|folder| folder.join(FOLDER));
        let shape = Shape::new(config.max_bytes, config.max_age, config.durability);
        let bounds = Bounds { max_bytes: config.max_bytes, max_age: config.max_age };
        let mut owner = Owner::open(folder.as_deref(), shape, bounds)
            .map_err(|error| NotOpened::Folder { folder: folder.unwrap_or_default().display().to_string(), error })?;
        let published = Arc::new(ArcSwap::from_pointee(owner.published()));
        let (queue, batches) = mpsc::channel(QUEUE_BATCHES);
        let publish_to = Arc::clone(&published);
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        thread::Builder::new()
            .name("logs".to_owned())
            .spawn(move || clock.block_on(owner.work(batches, &publish_to)))?;
        Ok(Self { queue, published })
    }

    /// Stores lines, waiting for room in the queue. Once this returns well they are written down, and every snapshot shows them.
    ///
    /// # Errors
    /// When they cannot be written, or the owner has stopped. None of them is stored then.
    pub async fn apply(&self, records: &[LogRecord]) -> Result<(), NotStored> {
        let (tell, outcome) = oneshot::channel();
        self.queue.send(Batch::new(records, tell)).await.map_err(|_| NotStored::Stopped)?;
        outcome.await.map_err(|_| NotStored::Stopped)?
    }

    /// The lines as they are now. They do not change while the caller looks at them.
    pub fn snapshot(&self) -> LogSnapshot {
        LogSnapshot { published: self.published.load_full() }
    }
}

/// The lines at one moment.
#[derive(Clone)]
pub struct LogSnapshot {
    published: Arc<Published>,
}

impl LogSnapshot {
    /// The lines that are meant, latest first. Reading all of them can take long.
    pub fn find(&self, query: &LogQuery) -> impl Iterator<Item = (Place, &Line)> {
        let state = &self.published.state;
        // One of the two is empty.
        let of_trace = query.trace.into_iter().flat_map(move |id| state.of_trace(id));
        let of_window = query.trace.is_none().then(|| state.latest_first(query.window)).into_iter().flatten();
        of_trace.chain(of_window).filter(move |(_, line)| query.matches(line))
    }

    /// The lines of one trace, earliest first.
    pub fn of_trace(&self, id: TraceId) -> Vec<(Place, &Line)> {
        let mut lines: Vec<_> = self.published.state.of_trace(id).collect();
        lines.reverse();
        lines
    }

    /// The names of the services that have lines, in order.
    pub fn services(&self) -> Vec<String> {
        let mut services: Vec<String> = self.published.state.services().map(str::to_owned).collect();
        services.sort_unstable();
        services
    }

    /// How full it is.
    pub fn report(&self) -> LogsReport {
        self.published.report.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Map, json};

    use super::*;
    use crate::document::{Timestamp, Window};
    use crate::logs::Level;

    fn config(folder: Option<&Path>, max_bytes: u64) -> LogsConfig {
        LogsConfig {
            folder: folder.map(Path::to_owned),
            max_bytes,
            max_age: Duration::from_hours(1),
            durability: Durability::Process,
        }
    }

    fn trace(number: u8) -> TraceId {
        TraceId::from_bytes([number; 16])
    }

    fn line(micros: i64, service: &str, trace_id: Option<TraceId>) -> LogRecord {
        LogRecord {
            time: Timestamp::from_micros(micros),
            level: Level::Info,
            service: service.to_owned(),
            trace_id,
            span_id: None,
            body: json!(format!("at {micros}")),
            fields: Map::new(),
            source: Map::new(),
        }
    }

    fn times<'a>(lines: impl IntoIterator<Item = (Place, &'a Line)>) -> Vec<i64> {
        lines.into_iter().map(|(_, line)| line.record().time.micros()).collect()
    }

    #[tokio::test]
    async fn lines_are_listed_by_time_whoever_came_first() {
        let logs = Logs::open(&config(None, 1 << 20)).unwrap();
        let (a, b) = (Some(trace(1)), Some(trace(2)));
        logs.apply(&[line(5, "web", a), line(2, "web", b)]).await.unwrap();
        logs.apply(&[line(3, "shop", a), line(5, "web", None)]).await.unwrap();
        logs.apply(&[]).await.unwrap();
        let snapshot = logs.snapshot();
        assert_eq!(times(snapshot.find(&LogQuery::default())), [5, 5, 3, 2]);
        assert_eq!(times(snapshot.of_trace(trace(1))), [3, 5]);
        assert_eq!(times(snapshot.find(&LogQuery { trace: a, ..LogQuery::default() })), [5, 3]);
        let window = Window { start: Timestamp::from_micros(3), end: Timestamp::from_micros(5) };
        assert_eq!(times(snapshot.find(&LogQuery { window, ..LogQuery::default() })), [3]);
        assert_eq!(snapshot.services(), ["shop", "web"]);
        assert_eq!((snapshot.report().lines, snapshot.of_trace(trace(9)).len()), (4, 0));
    }

    #[tokio::test]
    async fn what_was_acknowledged_is_there_again_at_the_same_place() {
        let folder = tempfile::tempdir().unwrap();
        let places =
            |logs: &Logs| logs.snapshot().find(&LogQuery::default()).map(|(place, _)| place).collect::<Vec<_>>();
        let before = {
            let logs = Logs::open(&config(Some(folder.path()), 1 << 20)).unwrap();
            logs.apply(&[line(5, "web", None), line(2, "web", Some(trace(1)))]).await.unwrap();
            places(&logs)
        };
        let again = Logs::open(&config(Some(folder.path()), 1 << 20)).unwrap();
        assert_eq!(places(&again), before);
        assert_eq!(times(again.snapshot().of_trace(trace(1))), [2]);
    }

    #[tokio::test]
    async fn the_oldest_go_and_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        for place in [None, Some(folder.path())] {
            let logs = Logs::open(&config(place, 4_000)).unwrap();
            for micros in 0..200 {
                logs.apply(&[line(micros, if micros < 10 { "early" } else { "late" }, Some(trace(7)))]).await.unwrap();
            }
            let snapshot = logs.snapshot();
            let report = snapshot.report();
            assert!(report.bytes <= report.max_bytes && report.lines > 20, "{report:?}");
            assert_eq!(report.evicted[&Eviction::Room] + report.lines as u64, 200);
            assert_eq!(times(snapshot.find(&LogQuery::default())).first(), Some(&199), "the newest stayed");
            assert_eq!(
                (snapshot.services(), snapshot.of_trace(trace(7)).len()),
                (vec!["late".to_owned()], report.lines)
            );
        }
    }

    #[tokio::test]
    async fn a_disk_that_cannot_be_written_costs_what_arrives_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(&config(Some(folder.path()), 1 << 20)).unwrap();
        let in_the_way = folder.path().join(FOLDER).join("0000000001.jsonl");
        std::fs::create_dir(&in_the_way).unwrap();
        assert!(matches!(logs.apply(&[line(1, "web", None)]).await, Err(NotStored::Unwritten(_))));
        assert!(logs.snapshot().report().incident.is_some());
        std::fs::remove_dir(&in_the_way).unwrap();
        logs.apply(&[line(2, "web", None)]).await.unwrap();
        assert_eq!(times(logs.snapshot().find(&LogQuery::default())), [2]);
        assert_eq!(logs.snapshot().report().incident, None, "it goes on by itself");
    }
}
