//! What a user of X-Ray sets, besides the traces that services send: groups, sampling rules, tags, policies.
//!
//! One owner: everything lives in one [`State`] behind one lock, so a change is seen whole or not at all, and what
//! belongs together (a group and its tags) comes and goes together. With a data folder, a change is saved before it is
//! answered.

mod account;
mod group;
mod policy;
mod retrieval;
mod saved;
mod tags;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::document::Timestamp;
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::sampling::{Rule, RuleRecord, Sampling};

pub use crate::arn::Reference;

pub use self::account::{Account, Destination, INDEXING_RULE};
pub use self::group::{Group, GroupChange, GroupTable, Insights, InsightsChange};
pub use self::policy::{Policy, PolicyTable};
pub use self::retrieval::{Retrieval, RetrievalTable};
pub use self::saved::NotRead;
use self::saved::{Saved, SettingsFile};
pub use self::tags::{Tag, TagTable};

/// The handle to the settings: cheap to clone, usable from any thread.
#[derive(Debug, Clone)]
pub struct Settings {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    state: State,
    /// `None` when settings end with the process.
    file: Option<SettingsFile>,
}

/// All settings at one moment.
#[derive(Debug, Clone)]
pub struct State {
    /// Groups of traces.
    pub groups: GroupTable,
    /// Sampling rules, and what clients report about them.
    pub sampling: Sampling,
    /// Tags by the ARN of what they are on.
    pub tags: TagTable,
    /// Resource policies.
    pub policies: PolicyTable,
    /// What an account has once.
    pub account: Account,
    /// Questions that are asked in two steps.
    pub retrievals: RetrievalTable,
}

impl Settings {
    /// The settings that X-Ray begins with, until the process ends.
    pub fn new(limits: Limits, now: Timestamp) -> Self {
        Self::with(State::new(limits, now), None)
    }

    /// The settings that are saved in a data folder, or those that X-Ray begins with.
    ///
    /// # Errors
    /// When a file is there that cannot be read or understood.
    pub fn open(folder: &Path, limits: Limits, now: Timestamp) -> Result<Self, NotRead> {
        let (file, saved) = SettingsFile::open(folder)?;
        let state = State::new(limits, now);
        let state = match saved {
            Some(saved) => state.with(saved),
            None => state,
        };
        Ok(Self::with(state, Some(file)))
    }

    fn with(state: State, file: Option<SettingsFile>) -> Self {
        Self { kept: Arc::new(Mutex::new(Kept { state, file })) }
    }

    /// The groups as they are now, for a query that takes longer than the lock should be held.
    pub fn groups(&self) -> GroupTable {
        self.lock().state.groups.clone()
    }

    /// Looks at the settings. Nobody else can meanwhile, so `look` is short.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().state)
    }

    /// Changes the settings; a change that is refused leaves them as they were.
    ///
    /// # Errors
    /// Those of `change`, and when the change cannot be saved.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut kept = self.lock();
        let mut changed = kept.state.clone();
        let answer = change(&mut changed)?;
        if let Some(file) = &mut kept.file {
            file.save(&changed)?;
        }
        kept.state = changed;
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // The state is replaced whole and last, so a panic in between left nothing half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(limits: Limits, now: Timestamp) -> Self {
        Self {
            groups: GroupTable::new(limits),
            sampling: Sampling::new(limits, now),
            tags: TagTable::default(),
            policies: PolicyTable::default(),
            account: Account::default(),
            retrievals: RetrievalTable::default(),
        }
    }

    /// These settings with what an earlier run has saved.
    fn with(self, saved: Saved) -> Self {
        let Saved { groups, sampling_rules, tags, policies, account } = saved;
        let mut sampling = self.sampling;
        sampling.rules = sampling.rules.with(sampling_rules);
        Self { groups: self.groups.with(groups), sampling, tags, policies, account, retrievals: self.retrievals }
    }

    /// Makes a group, with tags.
    ///
    /// # Errors
    /// When the name, the expression or a tag is refused.
    pub fn create_group(&mut self, name: &str, change: GroupChange, tags: &[Tag]) -> Result<Group, Refusal> {
        tags::check(tags)?;
        let group = self.groups.create(name, change)?;
        self.tags.add(&group.arn, tags)?;
        Ok(group)
    }

    /// Removes a group and its tags.
    ///
    /// # Errors
    /// When there is no such group, or it is the default one.
    pub fn delete_group(&mut self, reference: &Reference) -> Result<(), Refusal> {
        let group = self.groups.delete(reference)?;
        self.tags.forget(&group.arn);
        Ok(())
    }

    /// Makes a sampling rule, with tags.
    ///
    /// # Errors
    /// When a member of the rule or a tag is refused.
    pub fn create_rule(&mut self, rule: Rule, tags: &[Tag], now: Timestamp) -> Result<RuleRecord, Refusal> {
        tags::check(tags)?;
        let record = self.sampling.rules.create(rule, now)?;
        self.tags.add(&record.rule.arn(), tags)?;
        Ok(record)
    }

    /// Removes a sampling rule and its tags, and gives it back.
    ///
    /// # Errors
    /// When there is no such rule, or it is the default one.
    pub fn delete_rule(&mut self, reference: &Reference, now: Timestamp) -> Result<RuleRecord, Refusal> {
        let record = self.sampling.rules.delete(reference, now)?;
        self.tags.forget(&record.rule.arn());
        Ok(record)
    }

    /// Refuses the ARN of something that cannot have tags.
    ///
    /// # Errors
    /// When neither a group nor a sampling rule has this ARN.
    pub fn check_taggable(&self, arn: &str) -> Result<(), Refusal> {
        if self.groups.has_arn(arn) || self.sampling.rules.has_arn(arn) {
            return Ok(());
        }
        Err(Refusal::not_found(format!("ResourceARN: no group and no sampling rule has the ARN {arn}"), arn))
    }
}
