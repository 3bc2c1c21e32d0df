//! What AWS refuses and one machine need not. `--strict` brings AWS's own limits back, so that a program can be tried
//! against them.

use std::time::Duration;

use crate::refusal::Refusal;

/// The most documents or spans in one request, so that a body full of empty ones does not become millions of refusals.
pub(crate) const MAX_ITEMS: usize = 100_000;

/// The bounds on what a caller may ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    strict: bool,
}

impl Limits {
    /// AWS's limits when `strict`; otherwise only what keeps one machine healthy.
    pub fn new(strict: bool) -> Self {
        Self { strict }
    }

    /// Checks a request by these limits. What passes only because they are lifted comes with the words in which AWS would have
    /// refused it.
    ///
    /// # Errors
    /// When the request is refused here, too.
    pub fn check<T>(self, check: impl Fn(Self) -> Result<T, Refusal>) -> Result<(T, Option<String>), Refusal> {
        let checked = check(self)?;
        Ok((checked, check(Self { strict: true }).err().map(|refusal| refusal.message)))
    }

    /// Says whether AWS's own limits hold.
    pub fn is_strict(self) -> bool {
        self.strict
    }

    /// How many ids one `BatchGetTraces` may name, and with AWS's limits one `GetTraceGraph`.
    pub fn trace_ids(self) -> usize {
        if self.strict { 5 } else { 100 }
    }

    /// Refuses more ids than one call may name.
    ///
    /// # Errors
    /// In X-Ray's own words.
    pub fn check_trace_ids(self, count: usize) -> Result<(), Refusal> {
        let most = self.trace_ids();
        if count > most { Err(Refusal::invalid(format!("Exceeding maximum query size: {most}"))) } else { Ok(()) }
    }

    /// How many documents one `PutTraceSegments` may carry.
    pub fn documents(self) -> usize {
        if self.strict { 50 } else { MAX_ITEMS }
    }

    /// How many groups there may be besides the default one.
    pub fn groups(self) -> usize {
        if self.strict { 25 } else { 1_000 }
    }

    /// How many sampling rules there may be besides the default one.
    pub fn sampling_rules(self) -> usize {
        if self.strict { 25 } else { 1_000 }
    }

    /// How many documents one `GetSamplingTargets` may carry.
    pub fn sampling_documents(self) -> usize {
        if self.strict { 25 } else { 1_000 }
    }

    /// The longest window of a query; `None` when any is fine. X-Ray documents none for its API; a day is the longest
    /// that programs are known to ask for at once.
    pub fn window(self) -> Option<Duration> {
        self.strict.then_some(Duration::from_hours(24))
    }
}
