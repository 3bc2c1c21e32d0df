//! One thread that computes digits of pi for as long as any like is slow: CPU worth finding in a profile.
//!
//! It works half of the time and there is only one of it, however many likes are slow at once, so that a machine with two cores
//! still serves the fine likes at once. Slowness itself is wall time on the async side and never waits for this thread.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::pi::Digits;

/// How long the thread works before it rests for as long.
const WORK: Duration = Duration::from_millis(10);

/// Digits computed before it starts over: later ones take too long to stop in between (the original computed 2,500 to 3,500).
const DIGITS_PER_ROUND: usize = 3_000;

/// The handle of the thread, which ends when the last handle and the last [`Burning`] are gone.
#[derive(Clone, Debug)]
pub struct Burner(Arc<Hearth>);

#[derive(Debug)]
struct Hearth {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    slow_likes: usize,
    closed: bool,
    /// Digits computed so far: the evidence that there was work.
    digits: u64,
}

/// Keeps the thread at work until it is dropped: one for each slow like.
#[derive(Debug)]
#[must_use = "the thread works only while this is alive"]
pub struct Burning(Arc<Hearth>);

impl Burner {
    /// Starts the thread, which sleeps until the first [`Burner::burn`].
    pub fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread_side = Arc::clone(&shared);
        std::thread::Builder::new().name("chaos".to_owned()).spawn(move || thread_side.work_until_closed())?;
        Ok(Self(Arc::new(Hearth { shared })))
    }

    /// Puts the thread to work for one more slow like.
    pub fn burn(&self) -> Burning {
        self.0.shared.lock().slow_likes += 1;
        self.0.shared.changed.notify_all();
        Burning(Arc::clone(&self.0))
    }

    /// Returns how many digits of pi were computed since the start.
    pub fn digits(&self) -> u64 {
        self.0.shared.lock().digits
    }
}

impl Drop for Burning {
    fn drop(&mut self) {
        self.0.shared.lock().slow_likes -= 1;
    }
}

impl Drop for Hearth {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_until_closed(&self) {
        let mut digits = Digits::new().take(DIGITS_PER_ROUND);
        while self.wait_for_work() {
            let started = Instant::now();
            let mut computed = 0;
            while started.elapsed() < WORK {
                match digits.next() {
                    Some(digit) => {
                        std::hint::black_box(digit);
                        computed += 1;
                    }
                    None => digits = Digits::new().take(DIGITS_PER_ROUND),
                }
            }
            self.rest(started.elapsed(), computed);
        }
    }

    /// Sleeps until a like is slow; false once nobody can ask any more.
    fn wait_for_work(&self) -> bool {
        let idle = |state: &mut State| state.slow_likes == 0 && !state.closed;
        let state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        !state.closed
    }

    fn rest(&self, length: Duration, computed: u64) {
        let mut state = self.lock();
        state.digits += computed;
        let _rested = self.changed.wait_timeout_while(state, length, |state| !state.closed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_until(condition: impl Fn() -> bool, what: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn digits_are_computed_only_while_a_like_is_slow() {
        let burner = Burner::start().unwrap();
        assert_eq!(burner.digits(), 0);

        let (first, second) = (burner.burn(), burner.burn());
        wait_until(|| burner.digits() > 0, "a slow like should put the thread to work");
        drop(first);
        let so_far = burner.digits();
        wait_until(|| burner.digits() > so_far, "the other slow like should keep it at work");

        drop(second);
        assert_eq!(burner.0.shared.lock().slow_likes, 0);
    }

    #[test]
    fn the_thread_ends_with_its_last_handle() {
        let burner = Burner::start().unwrap();
        let shared = Arc::clone(&burner.0.shared);
        let slow_like = burner.burn();
        drop(burner);
        assert!(!shared.lock().closed, "a slow like still needs the thread");
        drop(slow_like);
        wait_until(|| Arc::strong_count(&shared) == 1, "the thread should let go of its half");
    }
}
