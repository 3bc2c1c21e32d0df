//! The circuit breaker: after a few transport failures in a row nobody waits for a dead service.
//!
//! Closed, it counts failures in a row. Open, it refuses at once until a pause has passed. Then one call goes through as a probe:
//! its success closes the breaker, its failure opens it again. Time is a parameter.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The breaker of one address, shared by the workers of a process.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    state: Arc<Mutex<State>>,
    failures_to_open: u32,
    pause: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Probing,
}

/// Leave to make one call; whoever holds it reports how the call went. Dropped without a report it counts as no evidence.
#[derive(Debug)]
#[must_use = "report the outcome, or the breaker learns nothing"]
pub(super) struct Permit {
    breaker: Breaker,
    probe: bool,
    now: Instant,
    reported: bool,
}

impl Breaker {
    pub(super) fn new(failures_to_open: u32, pause: Duration) -> Self {
        Self { state: Arc::new(Mutex::new(State::Closed { failures: 0 })), failures_to_open, pause }
    }

    /// Leave for a call at `now`, or `None` while the breaker is open.
    pub(super) fn permit(&self, now: Instant) -> Option<Permit> {
        let probe = self.change(|state| match *state {
            State::Closed { .. } => Some(false),
            State::Open { until } if now >= until => {
                *state = State::Probing;
                Some(true)
            }
            State::Open { .. } | State::Probing => None,
        })?;
        Some(Permit { breaker: self.clone(), probe, now, reported: false })
    }

    /// Whether calls go through without further ado.
    pub(super) fn is_closed(&self) -> bool {
        self.change(|state| matches!(state, State::Closed { .. }))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        // A state is replaced whole, so a poisoned one is still a state.
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Permit {
    /// Whether this call finds out if the other side is back.
    pub(super) fn is_probe(&self) -> bool {
        self.probe
    }

    /// The other side answered, whatever it said.
    pub(super) fn answered(mut self) {
        self.reported = true;
        self.breaker.change(|state| *state = State::Closed { failures: 0 });
    }

    /// The other side could not be reached.
    pub(super) fn failed(mut self, now: Instant) {
        self.reported = true;
        let (threshold, until) = (self.breaker.failures_to_open, now + self.breaker.pause);
        self.breaker.change(|state| {
            *state = match *state {
                State::Closed { failures } if failures + 1 < threshold => State::Closed { failures: failures + 1 },
                State::Open { until } => State::Open { until },
                State::Closed { .. } | State::Probing => State::Open { until },
            };
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.probe && !self.reported {
            let now = self.now;
            self.breaker.change(|state| {
                // Another call's report may have decided already.
                if *state == State::Probing {
                    *state = State::Open { until: now };
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(5);

    fn open_breaker(now: Instant) -> Breaker {
        let breaker = Breaker::new(2, PAUSE);
        breaker.permit(now).unwrap().failed(now);
        breaker.permit(now).unwrap().failed(now);
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let now = Instant::now();
        let breaker = Breaker::new(2, PAUSE);
        breaker.permit(now).unwrap().failed(now);
        breaker.permit(now).unwrap().answered();
        breaker.permit(now).unwrap().failed(now);
        assert!(breaker.permit(now).is_some());
        breaker.permit(now).unwrap().failed(now);
        assert!(breaker.permit(now).is_none());
    }

    #[test]
    fn one_probe_after_the_pause_decides() {
        let now = Instant::now();
        let breaker = open_breaker(now);
        let later = now + PAUSE;
        let probe = breaker.permit(later).unwrap();
        assert!(breaker.permit(later).is_none(), "a second call must not join the probe");
        probe.failed(later);
        assert!(breaker.permit(later).is_none());
        breaker.permit(later + PAUSE).unwrap().answered();
        assert!(breaker.permit(later + PAUSE).is_some());
    }

    #[test]
    fn an_abandoned_probe_lets_the_next_call_try() {
        let now = Instant::now();
        let breaker = open_breaker(now);
        drop(breaker.permit(now + PAUSE).unwrap());
        assert!(breaker.permit(now + PAUSE).is_some());
    }

    #[test]
    fn an_abandoned_probe_changes_nothing_once_the_breaker_has_closed() {
        let now = Instant::now();
        let breaker = Breaker::new(2, PAUSE);
        let slow_call = breaker.permit(now).unwrap();
        breaker.permit(now).unwrap().failed(now);
        breaker.permit(now).unwrap().failed(now);
        let probe = breaker.permit(now + PAUSE).unwrap();
        slow_call.answered();
        drop(probe);
        let (_one, other) = (breaker.permit(now + PAUSE), breaker.permit(now + PAUSE));
        assert!(other.is_some(), "a closed breaker lets every call through");
    }
}
