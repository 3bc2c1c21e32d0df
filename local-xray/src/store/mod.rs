//! Where traces live: one owner applies documents, readers get snapshots.
//!
//! The `owner` is a thread at the end of a bounded queue, so state changes in one place and in one order. It writes each
//! group of documents to the `journal` before it takes them into memory, then publishes its maps, which share structure
//! with the ones before: taking a [`Snapshot`] costs a reference count, and a reader never waits for a writer. Traces are
//! assembled when somebody looks at them, not when they arrive.
//!
//! What is kept is bounded by age and by bytes on disk; `retention` decides which journal files go, oldest first.

mod aggregate;
mod assemble;
mod counted;
mod entry;
mod inferred;
mod journal;
mod lock;
mod owner;
mod reading;
mod report;
mod retention;
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

use crate::document::{Document, TraceId};

pub use self::entry::{Entry, NoPosition, Position, Range};
use self::journal::Shape;
use self::journal::files::{Disk, Folder, Memory};
pub use self::journal::{Durability, Recovery};
use self::lock::{Lock, NotLocked};
use self::owner::{Batch, Owner};
pub use self::reading::graph_of;
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
    /// The most bytes that documents may take, compressed.
    pub max_bytes: u64,
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
        let Some(folder) = &config.folder else { return Self::start(config, Box::new(Memory::default()), None) };
        let journal = Disk::open(&folder.join(JOURNAL)).map_err(|error| config.unusable(error))?;
        let lock = Lock::take(folder).map_err(|error| match error {
            NotLocked::Held(process) => NotOpened::Held { folder: folder.display().to_string(), process },
            NotLocked::Io(error) => config.unusable(error),
        })?;
        Self::start(config, Box::new(journal), Some(lock))
    }

    fn start(config: &StoreConfig, folder: Box<dyn Folder>, lock: Option<Lock>) -> Result<Self, NotOpened> {
        let shape = Shape::new(config.max_bytes, config.max_age, config.durability);
        let bounds = Bounds { max_bytes: config.max_bytes, max_age: config.max_age };
        let mut owner = Owner::open(folder, shape, bounds).map_err(|error| config.unusable(error))?;
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
    pub async fn apply(&self, documents: Vec<Document>) -> Result<(), NotStored> {
        let (tell, outcome) = oneshot::channel();
        self.queue.send(Batch::new(documents, tell)).await.map_err(|_| NotStored::Stopped)?;
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
    /// One trace.
    pub fn trace(&self, id: TraceId) -> Option<Arc<Trace>> {
        self.published.state.trace(id)
    }

    /// How full the store is.
    pub fn report(&self) -> StoreReport {
        self.published.report.clone()
    }
}
