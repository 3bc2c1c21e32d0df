//! The decision that one rule makes about one request, and what it counts. Atomics only: requests never wait for one another.
//!
//! While X-Ray has granted a quota, so many requests a second are sampled, the rest at the fixed rate. Until then, and when the quota
//! has run out, one request a second is borrowed from the reservoir. A rule without a reservoir knows only its fixed rate.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far a window may lie in the future before it is taken for a clock that was set back, in seconds.
const RACE: u64 = 1;
/// The bits of a window that count; the others hold its second.
const COUNT_BITS: u32 = 24;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// What X-Ray has granted this client for now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quota {
    /// Requests a second.
    pub(super) per_second: u32,
    /// Until when, in seconds since the Unix epoch.
    pub(super) until: f64,
}

/// What a rule counted since its last report, in the words of the X-Ray API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Requests that the rule was about.
    pub(super) requests: u64,
    /// Those sampled from the quota or at the fixed rate.
    pub(super) sampled: u64,
    /// Those sampled by borrowing, which `sampled` leaves out.
    pub(super) borrowed: u64,
}

/// The state of a rule that survives each refresh.
#[derive(Debug, Default)]
pub(super) struct Reservoir {
    window: Window,
    requests: AtomicU64,
    sampled: AtomicU64,
    borrowed: AtomicU64,
}

impl Reservoir {
    /// Decides about one request at `now`, in whole seconds since the Unix epoch; `random` gives a number from 0 up to 1.
    pub(super) fn decide(
        &self,
        size: u32,
        quota: Option<Quota>,
        fixed_rate: f64,
        now: u64,
        random: impl FnOnce() -> f64,
    ) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
        let quota = quota.filter(|quota| quota.until >= now as f64);
        let counter = match quota {
            Some(quota) if self.window.take(now, quota.per_second) => &self.sampled,
            None if size > 0 && self.window.take(now, 1) => &self.borrowed,
            _ if random() < fixed_rate => &self.sampled,
            _ => return false,
        };
        // Pairs with `take_counts`: whoever sees this increment also sees the one of `requests`.
        counter.fetch_add(1, Ordering::Release);
        true
    }

    /// Takes what was counted, and counts from zero again.
    pub(super) fn take_counts(&self) -> Counts {
        let sampled = self.sampled.swap(0, Ordering::Acquire);
        let borrowed = self.borrowed.swap(0, Ordering::Acquire);
        Counts { requests: self.requests.swap(0, Ordering::Relaxed), sampled, borrowed }
    }

    /// Puts back what could not be reported.
    pub(super) fn put_back(&self, counts: Counts) {
        self.requests.fetch_add(counts.requests, Ordering::Relaxed);
        self.sampled.fetch_add(counts.sampled, Ordering::Release);
        self.borrowed.fetch_add(counts.borrowed, Ordering::Release);
    }
}

/// How many were taken in the current second.
#[derive(Debug, Default)]
pub(super) struct Window(AtomicU64);

impl Window {
    /// Takes one, unless `limit` were taken in the second `now` already.
    pub(super) fn take(&self, now: u64, limit: u32) -> bool {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |window| {
            let (second, taken) = (window >> COUNT_BITS, window & COUNT_MASK);
            // Somebody may have read the clock before us and come in after the second had passed: the window stays where it is.
            let (second, taken) = if (now..=now + RACE).contains(&second) { (second, taken) } else { (now, 0) };
            (taken < u64::from(limit).min(COUNT_MASK)).then_some((second << COUNT_BITS) | (taken + 1))
        });
        taken.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    #[test]
    fn a_window_lets_so_many_through_in_each_second() {
        let window = Window::default();
        let taken = |now, limit, tries: u32| (0..tries).filter(|_| window.take(now, limit)).count();
        assert_eq!(taken(NOW, 3, 5), 3);
        assert_eq!(taken(NOW + 1, 3, 2), 2);
        assert_eq!(taken(NOW + 1, 3, 5), 1);
        assert_eq!(taken(NOW, 3, 5), 0, "a late reader of the clock opens no second window");
        assert_eq!(taken(NOW + 1, 4, 5), 1, "the limit may rise within the second");
        assert_eq!(taken(NOW + 9, 0, 5), 0);
        assert_eq!(taken(NOW - 3_600, 3, 5), 3, "a clock that was set back does not close it for an hour");
    }

    #[test]
    fn threads_share_a_window() {
        let window = Window::default();
        let taken: usize = std::thread::scope(|scope| {
            let takers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..1_000).filter(|_| window.take(NOW, 1_500)).count())).collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum()
        });
        assert_eq!(taken, 1_500);
    }

    #[test]
    fn a_quota_is_used_up_first_then_the_rate_decides_and_without_a_quota_one_is_borrowed() {
        /// Five requests in one second, with (sampled, borrowed) expected.
        fn check(size: u32, quota: Option<(u32, f64)>, rate: f64, expected: (u64, u64)) {
            let reservoir = Reservoir::default();
            let quota = quota.map(|(per_second, left)| Quota { per_second, until: NOW as f64 + left });
            let decided = (0..5).filter(|_| reservoir.decide(size, quota, rate, NOW, || 0.5)).count();
            let counts = reservoir.take_counts();
            assert_eq!(
                (counts.requests, counts.sampled, counts.borrowed),
                (5, expected.0, expected.1),
                "{size} {quota:?}"
            );
            assert_eq!(decided as u64, expected.0 + expected.1);
            assert_eq!(reservoir.take_counts(), Counts::default());
        }
        check(10, Some((2, 300.0)), 0.0, (2, 0));
        check(10, Some((2, 0.0)), 0.0, (2, 0));
        check(10, Some((2, -1.0)), 0.0, (0, 1));
        check(10, Some((0, 300.0)), 0.0, (0, 0));
        check(10, None, 0.0, (0, 1));
        check(0, None, 0.0, (0, 0));
        check(10, Some((2, 300.0)), 0.6, (5, 0));
        check(10, None, 0.6, (4, 1));
        check(0, None, 0.5, (0, 0));
        check(0, None, 1.0, (5, 0));
    }

    #[test]
    fn a_report_never_tells_of_more_sampled_than_requests() {
        let reservoir = Reservoir::default();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!((0..100_000).all(|_| reservoir.decide(0, None, 1.0, NOW, || 0.5)));
                done.store(true, Ordering::Release);
            });
            let mut total = Counts::default();
            let mut is_over = false;
            while !is_over {
                is_over = done.load(Ordering::Acquire); // then once more, for what was counted meanwhile
                let counts = reservoir.take_counts();
                total.requests += counts.requests;
                total.sampled += counts.sampled;
                assert!(total.sampled <= total.requests, "{total:?}");
            }
            assert_eq!(total, Counts { requests: 100_000, sampled: 100_000, borrowed: 0 });
        });
    }

    #[test]
    fn what_could_not_be_reported_is_counted_on() {
        let reservoir = Reservoir::default();
        let counts = Counts { requests: 9, sampled: 2, borrowed: 1 };
        reservoir.put_back(counts);
        reservoir.decide(0, None, 1.0, NOW, || 0.0);
        assert_eq!(reservoir.take_counts(), Counts { requests: 10, sampled: 3, borrowed: 1 });
    }
}
