//! When to stop: on SIGINT or SIGTERM, or when a test says so.
//!
//! The first request to stop starts the drain, a second one ends it. actix-web would take SIGINT as a forced stop at once,
//! which is why its own signal handling is switched off in [`crate::server`].

use std::sync::Arc;

use tokio::sync::watch;

/// A stop button that can be shared: pressed once it asks for an orderly stop, pressed again for an immediate one.
#[derive(Clone, Debug)]
pub struct Shutdown {
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum State {
    Running,
    Stopping,
    Forced,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A button that only the program presses, as tests do.
    pub fn new() -> Self {
        Self { state: Arc::new(watch::Sender::new(State::Running)) }
    }

    /// A button that SIGINT and SIGTERM press too; needs a running runtime.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    pub fn on_signals() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let shutdown = Self::new();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let button = shutdown.clone();
        actix_rt::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                };
                tracing::info!(signal.name = name, "{name} received");
                button.trigger();
            }
        });
        Ok(shutdown)
    }

    /// Presses the button: the first time asks for an orderly stop, the second time for an immediate one.
    pub fn trigger(&self) {
        self.state.send_modify(|state| {
            *state = if *state == State::Running { State::Stopping } else { State::Forced };
        });
    }

    /// Whether a stop has been asked for.
    pub fn is_requested(&self) -> bool {
        *self.state.borrow() >= State::Stopping
    }

    /// Waits until a stop is asked for.
    pub async fn requested(&self) {
        self.reaches(State::Stopping).await;
    }

    /// Waits until an immediate stop is asked for.
    pub async fn forced(&self) {
        self.reaches(State::Forced).await;
    }

    async fn reaches(&self, wanted: State) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.state.subscribe().wait_for(|state| *state >= wanted).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn the_first_press_asks_and_the_second_forces() {
        let shutdown = Shutdown::new();
        assert!(!shutdown.is_requested());
        shutdown.trigger();
        shutdown.requested().await;
        assert_eq!(*shutdown.state.borrow(), State::Stopping);
        shutdown.trigger();
        shutdown.forced().await;
    }
}
