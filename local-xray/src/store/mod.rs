//! Where traces live: one owner applies documents, readers get snapshots.
//!
//! The `owner` is a thread at the end of a bounded queue, so state changes in one place and in one order. It writes each
//! group of documents to the `journal` before it takes them into memory, then publishes its maps, which share structure
//! with the ones before: taking a [`Snapshot`] costs a reference count, and a reader never waits for a writer. Traces are
//! assembled when somebody looks at them, not when they arrive.
//!
//! Traces that have been quiet for a while leave memory (`settled`): their digests go to an index beside the journal, and
//! whoever looks at one reads it back (`archive`). A snapshot (`state`) is of both kinds, and no answer tells them apart.
//!
//! What is kept is bounded by age, by bytes on disk and by memory; `retention` decides which journal files go, oldest first.

mod aggregate;
mod archive;
mod arrival;
mod assemble;
mod budget;
mod cache;
mod checkpoint;
mod counted;
mod entry;
#[cfg(test)]
mod failure_tests;
mod index;
mod inferred;
mod journal;
mod lock;
mod newest;
mod owner;
mod reading;
mod report;
mod retention;
mod roll;
mod seconds;
mod settled;
mod state;
#[cfg(test)]
mod tests;
mod trace;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::document::TraceId;

pub use self::arrival::Arrival;
use self::budget::Budget;
pub use self::entry::{Entry, Extent, NoPosition, Position, Range};
use self::journal::Shape;
use self::journal::files::{Disk, Memory};
pub use self::journal::{Durability, Recovery};
use self::lock::{Lock, NotLocked};
use self::owner::{Batch, Folders, Owner};
pub(crate) use self::reading::{WORTH_A_THREAD, opened};
pub use self::reading::{graph_of, matching};
pub use self::report::{Evicted, Incident, StoreReport};
use self::retention::Bounds;
pub use self::retention::Eviction;
use self::state::State;
pub use self::trace::{Trace, inferred_segment};

/// How many batches of documents may wait for the owner.
const QUEUE_BATCHES: usize = 4_096;
/// The folder of the journal, inside the data folder.
const JOURNAL: &str = "journal";

/// Where documents are kept, and how many.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The data folder; `None` keeps everything in memory, until the process ends.
    pub folder: Option<PathBuf>,
    /// The most bytes that documents and their index may take, compressed.
    pub max_bytes: u64,
    /// The most memory that traces may take, apart from files in memory and what is made to answer questions.
    pub max_memory: u64,
    /// How long documents are kept after they arrived.
    pub max_age: Duration,
    /// When a document counts as stored.
    pub durability: Durability,
}

impl StoreConfig {
    fn unusable(&self, error: io::Error) -> NotOpened {
        let folder = self.folder.as_deref().unwrap_or(Path::new("(memory)"));
        NotOpened::Folder { folder: folder.display().to_string(), error }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// Another process works with the same folder.
    #[error("another local X-Ray (process {process}) has the data folder {folder} open")]
    Held {
        /// The folder.
        folder: String,
        /// The process.
        process: String,
    },
    /// The folder cannot be used.
    #[error("the data folder {folder} cannot be used: {error}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        error: io::Error,
    },
    /// The operating system refused a thread.
    #[error("the store's thread cannot start: {0}")]
    Thread(#[from] io::Error),
}

impl Folders {
    fn on_disk(path: &Path) -> io::Result<Self> {
        Ok(Self {
            journal: Arc::new(Disk::open(path, "journal")?),
            index: Arc::new(Disk::open(path, "index")?),
            checkpoints: Arc::new(Disk::open(path, "checkpoint")?),
        })
    }

    fn in_memory() -> Self {
        let folder = Arc::<Memory>::default;
        Self { journal: folder(), index: folder(), checkpoints: folder() }
    }
}

/// The handle to the store: cheap to clone, usable from any thread and runtime.
#[derive(Clone)]
pub struct Store {
    queue: mpsc::Sender<Batch>,
    published: Arc<ArcSwap<Published>>,
}

/// What readers see.
struct Published {
    state: State,
    report: StoreReport,
}

/// Why documents are not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// More documents arrive than can be applied.
    #[error("the intake queue is full")]
    QueueFull,
    /// The store has stopped.
    #[error("the local X-Ray is stopping")]
    Stopped,
    /// They cannot be written down.
    #[error("{0}")]
    Unwritten(Arc<str>),
}

impl Store {
    /// Opens a store with everything that was acknowledged before. It ends when the last handle is dropped.
    ///
    /// # Errors
    /// When the folder cannot be used, another process has it, or the operating system refuses a thread. What is inside
    /// the files never keeps a store from opening.
    pub fn open(config: &StoreConfig) -> Result<Self, NotOpened> {
        let Some(folder) = &config.folder else { return Self::start(config, &Folders::in_memory(), None) };
        let folders = Folders::on_disk(&folder.join(JOURNAL)).map_err(|error| config.unusable(error))?;
        let lock = Lock::take(folder).map_err(|error| match error {
            NotLocked::Held(process) => NotOpened::Held { folder: folder.display().to_string(), process },
            NotLocked::Io(error) => config.unusable(error),
        })?;
        Self::start(config, &folders, Some(lock))
    }

    fn start(config: &StoreConfig, folders: &Folders, lock: Option<Lock>) -> Result<Self, NotOpened> {
        let shape = Shape::new(config.max_bytes, config.max_age, config.durability);
        let budget = Budget::new(config.max_memory);
        let bounds = Bounds { max_bytes: config.max_bytes, max_memory: budget.rows(), max_age: config.max_age };
        let mut owner = Owner::open(folders, shape, bounds, budget).map_err(|error| config.unusable(error))?;
        let published = Arc::new(ArcSwap::from_pointee(owner.published()));
        let (queue, batches) = mpsc::channel(QUEUE_BATCHES);
        let publish_to = Arc::clone(&published);
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        thread::Builder::new().name("store".to_owned()).spawn(move || {
            clock.block_on(owner.work(batches, &publish_to));
            drop(lock);
        })?;
        Ok(Self { queue, published })
    }

    /// Stores documents, waiting for room in the queue. Once this returns well they are written down, and every snapshot
    /// shows them.
    ///
    /// # Errors
    /// When they cannot be written, or the store has stopped. Nothing of them is stored then.
    pub async fn apply(&self, arrivals: Vec<Arrival>) -> Result<(), NotStored> {
        let (tell, outcome) = oneshot::channel();
        self.queue.send(Batch { arrivals, tell }).await.map_err(|_| NotStored::Stopped)?;
        outcome.await.map_err(|_| NotStored::Stopped)?
    }

    /// The store as it is now. It does not change while the caller looks at it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { published: self.published.load_full() }
    }
}

/// The store at one moment.
#[derive(Clone)]
pub struct Snapshot {
    published: Arc<Published>,
}

impl Snapshot {
    /// One trace, to be asked before its documents are read.
    pub fn entry(&self, id: TraceId) -> Option<Entry> {
        self.published.state.entry(id)
    }

    /// One trace.
    pub fn trace(&self, id: TraceId) -> Option<Arc<Trace>> {
        self.entry(id)?.trace()
    }

    /// How full the store is.
    pub fn report(&self) -> StoreReport {
        self.published.report.clone()
    }
}
