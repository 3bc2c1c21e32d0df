//! What a graph counts of one minute, second by second.
//!
//! A window seldom begins with a minute, and a minute can have tens of thousands of traces. So the sums of its seconds are made
//! once, and what is asked of a part of it comes from those. Windows that move on with the clock ask for other minutes all the
//! time: only the sums of a few are kept.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::digest::DigestView;
use crate::document::{Timestamp, TraceId, Window};

use super::aggregate::{Memo, Minute};
use super::counted::Counted;

/// Of how many minutes the seconds are kept.
const KEPT: usize = 8;

/// The sums of each second of a minute, and the traces that have work in it.
pub(super) struct Seconds {
    begin: Timestamp,
    seconds: Vec<Second>,
}

#[derive(Default)]
struct Second {
    counted: Counted<'static>,
    working: Vec<TraceId>,
}

impl Seconds {
    /// Adds up traces with work in a minute.
    pub(super) fn of<'d>(minute: Minute, digests: impl Iterator<Item = (TraceId, DigestView<'d>)>) -> Self {
        let begin = minute.window().start;
        let windows: Vec<Window> = minute.seconds().collect();
        let digests: Vec<_> = digests.collect();
        let mut counted: Vec<Counted<'_>> = windows.iter().map(|_| Counted::default()).collect();
        let mut working: Vec<Vec<TraceId>> = windows.iter().map(|_| Vec::new()).collect();
        for (id, digest) in &digests {
            let counts = digest.counts_in(minute.window()).map(|count| count.piece().start_time);
            let links = digest.links_in(minute.window()).map(|(_, begun, ..)| begun);
            let seconds: BTreeSet<usize> = counts.chain(links).map(|begun| place(begin, begun)).collect();
            for second in seconds {
                let parts = (windows.get(second), counted.get_mut(second), working.get_mut(second));
                if let (Some(window), Some(counted), Some(working)) = parts {
                    counted.add(digest, *window);
                    working.push(*id);
                }
            }
        }
        let seconds = counted.into_iter().zip(working);
        let seconds = seconds.map(|(counted, working)| Second { counted: counted.into_owned(), working });
        Self { begin, seconds: seconds.collect() }
    }

    /// The sums of the second that begins then.
    pub(super) fn counted(&self, second: Timestamp) -> &Counted<'static> {
        &self.seconds.get(place(self.begin, second)).expect("a second of this minute").counted
    }

    /// The traces with work in the second that begins then.
    pub(super) fn working_in(&self, second: Timestamp) -> &[TraceId] {
        self.seconds.get(place(self.begin, second)).map_or(&[], |second| &second.working)
    }
}

fn place(begin: Timestamp, time: Timestamp) -> usize {
    usize::try_from(time.since(begin).as_secs()).unwrap_or(usize::MAX)
}

/// The seconds of a few minutes, each known by its memo: a minute that changes gets another one.
#[derive(Default)]
pub(super) struct Broken(Mutex<VecDeque<(Memo, Arc<Seconds>)>>);

impl Broken {
    /// The seconds of the minute with this memo.
    pub(super) fn get(&self, memo: &Memo, make: impl FnOnce() -> Seconds) -> Arc<Seconds> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_meant = |(known, _): &&(Memo, Arc<Seconds>)| Arc::ptr_eq(known, memo);
        if let Some((_, seconds)) = kept().iter().find(is_meant) {
            return Arc::clone(seconds);
        }
        let made = Arc::new(make());
        let mut kept = kept();
        kept.truncate(KEPT - 1);
        kept.push_front((Arc::clone(memo), Arc::clone(&made)));
        made
    }
}
