//! A thread with a runtime of its own, for sockets that no worker may own.
//!
//! Each actix worker is a runtime by itself, and a socket answers only while the runtime that opened it runs. A pool shared
//! by workers would hand one worker the sockets of another, which stop answering when that one ends first in a drain.

use std::future::Future;
use std::io;
use std::thread;

use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::store::StoreError;

/// A running thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct ConnectionThread {
    runtime: Handle,
    _running: oneshot::Sender<()>,
}

impl ConnectionThread {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, ended) = oneshot::channel::<()>();
        thread::Builder::new().name("database".to_owned()).spawn(move || {
            let _ = runtime.block_on(ended); // resolves when the sender is dropped
        })?;
        Ok(ConnectionThread { runtime: handle, _running: running })
    }

    /// Runs `work` on the thread, inside the caller's trace; it runs to its end even if the caller stops waiting.
    pub(super) async fn run<T, E>(&self, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let task = self.runtime.spawn(work.with_context(Context::current()));
        task.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }
}
