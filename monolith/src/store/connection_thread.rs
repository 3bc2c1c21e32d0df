//! A thread with a runtime of its own, for sockets that no worker may own.
//!
//! Each actix worker is a runtime by itself, and a socket answers only while the runtime that opened it runs. A pool shared
//! by workers would hand one worker the sockets of another, which stop answering when that one ends first in a drain.

use std::future::Future;
use std::io;
use std::panic;
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

    /// Runs `work` on the thread, inside the caller's trace; it runs to its end even if the caller stops waiting, and its panic
    /// becomes the caller's.
    pub(super) async fn run<T, E>(&self, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self.runtime.spawn(work.with_context(Context::current())).await {
            Ok(outcome) => outcome,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => panic::resume_unwind(panic),
                Err(_cancelled) => Err(StoreError::Closed.into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Mark(u32);

    #[actix_rt::test]
    async fn work_runs_on_the_thread_and_inside_the_callers_trace() {
        let thread = ConnectionThread::start().unwrap();
        let work = async {
            let mark = Context::current().get::<Mark>().copied();
            Ok::<_, StoreError>((mark, thread::current().name().map(str::to_owned)))
        };
        let outcome = thread.run(work).with_context(Context::current_with_value(Mark(7))).await.unwrap();
        assert_eq!(outcome, (Some(Mark(7)), Some("database".to_owned())));
    }

    #[actix_rt::test]
    async fn work_goes_on_when_the_caller_gives_up() {
        let thread = ConnectionThread::start().unwrap();
        let (started, has_started) = oneshot::channel();
        let (release, is_released) = oneshot::channel::<()>();
        let (finished, has_finished) = oneshot::channel();
        let mut call = Box::pin(thread.run(async move {
            started.send(()).unwrap();
            is_released.await.unwrap();
            finished.send("to the end").unwrap();
            Ok::<_, StoreError>(())
        }));
        tokio::select! {
            _ = &mut call => panic!("the work is held back"),
            started = has_started => started.unwrap(),
        }
        drop(call);
        release.send(()).unwrap();
        assert_eq!(has_finished.await, Ok("to the end"));
    }

    #[actix_rt::test]
    #[should_panic = "in the work"]
    async fn a_panic_is_the_callers() {
        let thread = ConnectionThread::start().unwrap();
        let _ = thread.run(async { if true { panic!("in the work") } else { Ok::<_, StoreError>(()) } }).await;
    }
}
