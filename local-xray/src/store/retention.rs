//! What to let go of, as a pure decision.

/// Chooses from `candidates` (value and bytes, most dispensable first) as many as it takes to bring `bytes` within
/// `max_bytes`.
pub(super) fn evicted<T>(bytes: usize, max_bytes: usize, candidates: impl Iterator<Item = (T, usize)>) -> Vec<T> {
    let mut excess = bytes.saturating_sub(max_bytes);
    let mut chosen = Vec::new();
    if excess == 0 {
        return chosen;
    }
    for (candidate, freed) in candidates {
        chosen.push(candidate);
        excess = excess.saturating_sub(freed);
        if excess == 0 {
            break;
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::evicted;

    #[test]
    fn only_the_excess_is_evicted() {
        let check = |max_bytes: usize, expected: &[char]| {
            let candidates = [('a', 10), ('b', 20), ('c', 30)];
            assert_eq!(evicted(60, max_bytes, candidates.into_iter()), expected, "{max_bytes}");
        };
        check(100, &[]);
        check(60, &[]);
        check(59, &['a']);
        check(50, &['a']);
        check(49, &['a', 'b']);
        check(0, &['a', 'b', 'c']);
    }
}
