//! Work on many things shared out among the cores.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

/// Does the work on parts of about equal length, one a core, and gives the results in the order of the parts; none for an
/// empty list. Lists of fewer than two times `least` things are one part.
pub(crate) fn on_all_cores<'t, T: Sync, R: Send>(
    things: &'t [T],
    least: usize,
    work: impl Fn(&'t [T]) -> R + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let parts = cores.min(things.len() / least.max(1)).max(1);
    let mut parts = things.chunks(things.len().div_ceil(parts).max(1));
    let Some(first) = parts.next() else { return Vec::new() };
    thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let first = std::iter::once(work(first));
        first.chain(others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_is_worked_on_once_and_in_order() {
        for length in [0, 1, 2, 3, 7, 100, 1_001] {
            let numbers: Vec<usize> = (0..length).collect();
            let parts = on_all_cores(&numbers, 1, <[usize]>::to_vec);
            assert_eq!(parts.concat(), numbers);
            assert!(parts.iter().all(|part| !part.is_empty()));
        }
        assert_eq!(on_all_cores(&[1, 2, 3], 2, <[i32]>::len), [3], "too few for a second core");
    }
}
