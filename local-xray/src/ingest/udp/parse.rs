//! The parsers: threads that make documents of datagrams and hand them to the intake.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::ingest::{Door, Intake};

use super::batch::Batch;
use super::datagram::{self, Received};

/// While one parser waits for the store, another one parses.
const PARSERS: usize = 2;
/// How many batches may wait for a parser. The receiver goes on filling the next one meanwhile.
const QUEUE_BATCHES: usize = 2;
/// The most documents that are handed over at once: a large batch is stored in parts.
const DOCUMENTS_AT_ONCE: usize = 1_024;

/// The threads.
pub(super) struct Parsers {
    threads: Vec<JoinHandle<()>>,
}

type Queue = Arc<Mutex<mpsc::Receiver<Batch>>>;

impl Parsers {
    /// Starts the threads; they end when the sender of the queue is dropped and the queue is empty.
    pub(super) fn start(intake: &Intake) -> io::Result<(Self, mpsc::Sender<Batch>)> {
        let (queue, batches) = mpsc::channel(QUEUE_BATCHES);
        let batches = Arc::new(Mutex::new(batches));
        let mut threads = Vec::new();
        for _ in 0..PARSERS {
            let parser = Parser { intake: intake.clone(), runtime: runtime()? };
            let batches = Arc::clone(&batches);
            threads.push(thread::Builder::new().name("udp-parse".to_owned()).spawn(move || parser.run(&batches))?);
        }
        Ok((Self { threads }, queue))
    }

    /// Waits for the threads to end.
    pub(super) fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread that parses datagrams panicked");
            }
        }
    }
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().build()
}

struct Parser {
    intake: Intake,
    /// Waits for the store.
    runtime: Runtime,
}

impl Parser {
    fn run(self, batches: &Queue) {
        // Whoever waits for a batch holds the lock, and the next one waits for the lock.
        let next = || batches.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        while let Some(batch) = next() {
            let mut received = Received::default();
            for datagram in batch.datagrams() {
                datagram::read(datagram, &mut received);
                if received.arrivals.len() >= DOCUMENTS_AT_ONCE {
                    self.store(&mut received);
                }
            }
            self.store(&mut received);
        }
    }

    /// Stores what was received. What cannot be stored is counted by the intake; nobody else is there to hear of it.
    fn store(&self, received: &mut Received) {
        received.rejections.drain(..).for_each(|rejection| self.intake.reject(rejection, Door::Udp));
        if !received.arrivals.is_empty() {
            let _ = self.runtime.block_on(self.intake.submit(std::mem::take(&mut received.arrivals), Door::Udp));
        }
    }
}
