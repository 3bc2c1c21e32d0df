//! Where traces live: one owner applies documents, readers get snapshots.
//!
//! The owner is a thread at the end of a bounded queue, so state changes in one place and in one order. After each
//! batch it publishes its maps, which share structure with the ones before: taking a [`Snapshot`] costs two reference
//! counts, and a reader never waits for a writer. Traces are assembled when somebody looks at them, not when they arrive.
//!
//! Everything is kept in memory, bounded by bytes; the traces that were active longest ago go first, and are counted.

mod assemble;
mod inferred;
mod retention;
mod state;
mod trace;

use std::sync::Arc;
use std::thread;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::document::{Document, TraceId, Window};

use self::state::State;
pub use self::trace::{Trace, inferred_segment};

/// How many batches of documents may wait for the owner.
const QUEUE_BATCHES: usize = 4_096;
/// The most batches that are applied before their effect is published.
const BATCHES_PER_PUBLICATION: usize = 256;

/// The handle to the store: cheap to clone, usable from any thread and runtime.
#[derive(Clone)]
pub struct Store {
    queue: mpsc::Sender<Batch>,
    published: Arc<ArcSwap<State>>,
}

struct Batch {
    documents: Vec<Document>,
    applied: Option<oneshot::Sender<()>>,
}

/// The store's owner is gone, or its queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// More documents arrive than can be applied.
    #[error("the intake queue is full")]
    QueueFull,
    /// The store has stopped.
    #[error("the store has stopped")]
    Stopped,
}

impl Store {
    /// Starts an empty store that keeps about `max_bytes` of traces. It ends when the last handle is dropped.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn start(max_bytes: usize) -> std::io::Result<Self> {
        let (queue, batches) = mpsc::channel(QUEUE_BATCHES);
        let published = Arc::new(ArcSwap::from_pointee(State::new(max_bytes)));
        let publish_to = Arc::clone(&published);
        thread::Builder::new().name("store".to_owned()).spawn(move || own(batches, &publish_to))?;
        Ok(Self { queue, published })
    }

    /// Stores documents, waiting for room in the queue. Every snapshot taken after this returns shows them.
    ///
    /// # Errors
    /// When the store has stopped.
    pub async fn apply(&self, documents: Vec<Document>) -> Result<(), NotStored> {
        let (applied, done) = oneshot::channel();
        let batch = Batch { documents, applied: Some(applied) };
        self.queue.send(batch).await.map_err(|_| NotStored::Stopped)?;
        done.await.map_err(|_| NotStored::Stopped)
    }

    /// The store as it is now. It does not change while the caller looks at it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { state: self.published.load_full() }
    }
}

/// The owner's life: apply what waits, publish, tell those who wait for it.
fn own(mut batches: mpsc::Receiver<Batch>, published: &ArcSwap<State>) {
    let mut state = State::clone(&published.load());
    let mut waiting = Vec::new();
    while let Some(first) = batches.blocking_recv() {
        let more = std::iter::from_fn(|| batches.try_recv().ok());
        for batch in std::iter::once(first).chain(more).take(BATCHES_PER_PUBLICATION) {
            batch.documents.into_iter().for_each(|document| state.apply(document));
            waiting.extend(batch.applied);
        }
        state.evict();
        published.store(Arc::new(state.clone()));
        for applied in waiting.drain(..) {
            // A caller that has gone away does not need to be told.
            let _ = applied.send(());
        }
    }
}

/// The store at one moment.
#[derive(Clone)]
pub struct Snapshot {
    state: Arc<State>,
}

/// How full the store is, and what it has let go of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreReport {
    /// Traces held.
    pub traces: usize,
    /// About how many bytes they take.
    pub bytes: usize,
    /// The bound on `bytes`.
    pub max_bytes: usize,
    /// Traces let go of to stay within the bound.
    pub evicted_traces: u64,
    /// Segments and subsegments in those traces.
    pub evicted_segments: u64,
}

impl Snapshot {
    /// One trace.
    pub fn trace(&self, id: TraceId) -> Option<Arc<Trace>> {
        self.state.trace(id)
    }

    /// The traces that were active in the window, whenever they started; latest start first.
    pub fn traces_between(&self, window: Window) -> Vec<Arc<Trace>> {
        self.state.active_in(window)
    }

    /// The traces that started in the window, latest start first.
    pub fn traces_started_in(&self, window: Window) -> Vec<Arc<Trace>> {
        self.state.started_in(window)
    }

    /// How full the store is.
    pub fn report(&self) -> StoreReport {
        self.state.report()
    }
}
