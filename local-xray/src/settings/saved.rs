//! Settings on disk: one JSON file that is replaced as a whole, so that it is always the old one or the new one.
//!
//! What passes by itself (sampling statistics, retrievals) is not saved.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::refusal::{Reason, Refusal};
use crate::sampling::RuleTable;

use super::{Account, GroupTable, PolicyTable, State, TagTable};

const NAME: &str = "settings.json";

/// What is saved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    pub(super) groups: GroupTable,
    pub(super) sampling_rules: RuleTable,
    pub(super) tags: TagTable,
    pub(super) policies: PolicyTable,
    pub(super) account: Account,
}

#[derive(Serialize)]
struct ToSave<'a> {
    groups: &'a GroupTable,
    sampling_rules: &'a RuleTable,
    tags: &'a TagTable,
    policies: &'a PolicyTable,
    account: &'a Account,
}

/// Why the settings of an earlier run cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// The file cannot be read.
    #[error("the settings in {path} cannot be read: {error}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The file does not hold settings. It is never written in part, so somebody has changed it.
    #[error("the settings in {path} are not understood ({error}); mend the file, or remove it to begin anew")]
    Json {
        /// The file.
        path: String,
        /// Where, and what was expected.
        error: serde_json::Error,
    },
}

/// The file, and what it holds.
#[derive(Debug)]
pub(super) struct SettingsFile {
    path: PathBuf,
    text: Vec<u8>,
}

impl SettingsFile {
    /// Reads the settings in a data folder; `None` when there are none yet.
    pub(super) fn open(folder: &Path) -> Result<(Self, Option<Saved>), NotRead> {
        let path = folder.join(NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Self { path, text: Vec::new() }, None));
            }
            Err(error) => return Err(NotRead::Io { path: path.display().to_string(), error }),
        };
        match serde_json::from_slice(&text) {
            Ok(saved) => Ok((Self { path, text }, Some(saved))),
            Err(error) => Err(NotRead::Json { path: path.display().to_string(), error }),
        }
    }

    /// Saves settings, unless they are saved already.
    ///
    /// # Errors
    /// When the file cannot be written; the old one is still there then.
    pub(super) fn save(&mut self, state: &State) -> Result<(), Refusal> {
        let failed = |error: &dyn std::fmt::Display| {
            Refusal::new(Reason::Unavailable, format!("the settings cannot be saved: {error}"))
        };
        let State { groups, sampling, tags, policies, account, retrievals: _ } = state;
        let to_save = ToSave { groups, sampling_rules: &sampling.rules, tags, policies, account };
        let text = serde_json::to_vec_pretty(&to_save).map_err(|error| failed(&error))?;
        if text != self.text {
            replace(&self.path, &text).map_err(|error| failed(&error))?;
            self.text = text;
        }
        Ok(())
    }
}

/// Puts a new file in the place of an old one. Whoever opens it meanwhile, or after a loss of power, finds one of them.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use crate::arn::Reference;
    use crate::document::Timestamp;
    use crate::limits::Limits;
    use crate::sampling::{DEFAULT, Rule, RuleChange};
    use crate::settings::{GroupChange, Settings, Tag};

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_123_456);

    fn open(folder: &Path) -> Settings {
        Settings::open(folder, Limits::default(), NOW).unwrap()
    }

    fn text(settings: &Settings) -> String {
        settings.read(|state| {
            format!(
                "{:?} {:?} {:?} {:?} {:?}",
                state.groups,
                state.sampling.rules.list(),
                state.tags,
                state.policies,
                state.account
            )
        })
    }

    #[test]
    fn settings_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let settings = open(folder.path());
        let tag = Tag { key: "team".to_owned(), value: "likes".to_owned() };
        let change = GroupChange { filter_expression: Some("fault".to_owned()), insights: None };
        settings.change(|state| state.create_group("broken", change, std::slice::from_ref(&tag))).unwrap();
        let rule = Rule { priority: 7, fixed_rate: 0.25, ..Rule::of_everything("likes") };
        settings.change(|state| state.create_rule(rule, &[tag], NOW)).unwrap();
        let default = Reference { name: Some(DEFAULT.to_owned()), arn: None };
        let slower = RuleChange { fixed_rate: Some(0.5), ..RuleChange::default() };
        settings.change(|state| state.sampling.rules.update(&default, slower, NOW)).unwrap();
        settings.change(|state| state.policies.put("p", "{}", None, NOW)).unwrap();
        settings.change(|state| state.account.index("Default", 5.0, NOW)).unwrap();

        let again = open(folder.path());
        assert_eq!(text(&again), text(&settings));
        let second = again.change(|state| state.policies.put("p", "{}", None, NOW)).unwrap();
        assert_eq!(second.revision_id, "2", "revisions go on");
    }

    #[test]
    fn what_cannot_be_saved_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let settings = open(folder.path());
        let before = text(&settings);
        std::fs::create_dir(folder.path().join("settings.new")).unwrap();
        let refused = settings.change(|state| state.policies.put("p", "{}", None, NOW)).unwrap_err();
        assert_eq!(refused.reason, Reason::Unavailable);
        assert_eq!(text(&settings), before);
        std::fs::remove_dir(folder.path().join("settings.new")).unwrap();
        assert!(settings.change(|state| state.policies.put("p", "{}", None, NOW)).is_ok(), "it goes on by itself");
    }

    #[test]
    fn an_untouched_default_rule_is_that_of_the_run() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).change(|state| state.policies.put("p", "{}", None, NOW)).unwrap();
        let strict = Settings::open(folder.path(), Limits::new(true), NOW).unwrap();
        let rate = strict.read(|state| state.sampling.rules.get(DEFAULT).unwrap().rule.fixed_rate);
        assert_eq!(rate, 0.05);
    }

    #[test]
    fn a_file_that_somebody_broke_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), "{}").unwrap();
        let error = Settings::open(folder.path(), Limits::default(), NOW).unwrap_err().to_string();
        assert!(error.contains(NAME) && error.contains("missing field `groups`"), "{error}");
    }
}
