//! Resource policies: kept and given back. Nobody else has access here, so they grant and deny nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::Timestamp;
use crate::refusal::{Reason, Refusal, check_length};

/// The most policies of one account.
const MAX_POLICIES: usize = 5;
/// The longest policy, in bytes.
const MAX_BYTES: usize = 5 * 1024;
/// The revision that a caller names when there must be no policy yet.
const NO_REVISION: &str = "0";

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Unique.
    pub name: String,
    /// JSON, as it was sent.
    pub document: String,
    /// Changes with every change, and is never the same for two policies.
    pub revision_id: String,
    /// When it was set.
    pub updated_at: Timestamp,
}

/// All policies.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PolicyTable {
    by_name: BTreeMap<String, Policy>,
    last_revision: u64,
}

impl PolicyTable {
    /// The policies, by name.
    pub fn list(&self) -> Vec<&Policy> {
        self.by_name.values().collect()
    }

    /// Sets a policy. With a revision, only when the policy is still at it; revision 0 means that there is none.
    ///
    /// # Errors
    /// When the name or the document is refused, the revision is another, or there are five already.
    pub fn put(
        &mut self,
        name: &str,
        document: &str,
        revision: Option<&str>,
        now: Timestamp,
    ) -> Result<Policy, Refusal> {
        check_name(name)?;
        check_document(document)?;
        self.check_revision(name, revision)?;
        if !self.by_name.contains_key(name) && self.by_name.len() >= MAX_POLICIES {
            let message = format!("PolicyName: there are {MAX_POLICIES} policies already, and no more are allowed");
            return Err(Refusal::new(Reason::PolicyCountLimitExceeded, message));
        }
        self.last_revision += 1;
        let policy = Policy {
            name: name.to_owned(),
            document: document.to_owned(),
            revision_id: self.last_revision.to_string(),
            updated_at: now,
        };
        self.by_name.insert(name.to_owned(), policy.clone());
        Ok(policy)
    }

    /// Removes a policy; with a revision, only when it is still at it.
    ///
    /// # Errors
    /// When there is no such policy, or the revision is another.
    pub fn delete(&mut self, name: &str, revision: Option<&str>) -> Result<(), Refusal> {
        if !self.by_name.contains_key(name) {
            return Err(Refusal::invalid(format!("PolicyName: there is no resource policy {name}")));
        }
        self.check_revision(name, revision)?;
        self.by_name.remove(name);
        Ok(())
    }

    fn check_revision(&self, name: &str, wanted: Option<&str>) -> Result<(), Refusal> {
        let is = self.by_name.get(name).map_or(NO_REVISION, |policy| &policy.revision_id);
        match wanted {
            Some(wanted) if wanted != is => {
                let message = format!("PolicyRevisionId: the policy {name} is at revision {is}, not {wanted}");
                Err(Refusal::new(Reason::InvalidPolicyRevisionId, message))
            }
            _ => Ok(()),
        }
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    check_length("PolicyName", name, 1..=128)?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)) {
        return Ok(());
    }
    Err(Refusal::invalid(format!("PolicyName: only letters, digits and _+=,.@- are allowed, not {name:?}")))
}

fn check_document(document: &str) -> Result<(), Refusal> {
    if document.len() > MAX_BYTES {
        let message = format!("PolicyDocument: {} bytes are more than {MAX_BYTES}", document.len());
        return Err(Refusal::new(Reason::PolicySizeLimitExceeded, message));
    }
    match serde_json::from_str(document) {
        Ok(Value::Object(_)) => Ok(()),
        Ok(_) => Err(malformed("it is not a JSON object")),
        Err(error) => Err(malformed(&error.to_string())),
    }
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(Reason::MalformedPolicyDocument, format!("PolicyDocument: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    #[test]
    fn policies_are_taken_or_refused() {
        let check = |name: &str, document: &str, expected: Option<Reason>| {
            let refused = PolicyTable::default().put(name, document, None, NOW).err();
            assert_eq!(refused.as_ref().map(|refusal| refusal.reason), expected, "{name} {refused:?}");
        };
        let padded = |bytes: usize| format!("{:bytes$}", "{}");
        check("p", r#"{"Version": "2012-10-17", "Statement": []}"#, None);
        check("a_b+c=d,e.f@g-h", "{}", None);
        check(&"p".repeat(128), "{}", None);
        check(&"p".repeat(129), "{}", Some(Reason::InvalidRequest));
        check("", "{}", Some(Reason::InvalidRequest));
        check("a b", "{}", Some(Reason::InvalidRequest));
        check("p", "", Some(Reason::MalformedPolicyDocument));
        check("p", "[]", Some(Reason::MalformedPolicyDocument));
        check("p", "{", Some(Reason::MalformedPolicyDocument));
        check("p", &padded(5_120), None);
        check("p", &padded(5_121), Some(Reason::PolicySizeLimitExceeded));
    }

    #[test]
    fn a_revision_guards_against_the_changes_of_others() {
        let mut table = PolicyTable::default();
        let reason = |outcome: Result<(), Refusal>| outcome.err().map(|refusal| refusal.reason);
        let stale = Some(Reason::InvalidPolicyRevisionId);
        let first = table.put("p", "{}", Some("0"), NOW).unwrap();
        assert_eq!(reason(table.put("p", "{}", Some("0"), NOW).map(drop)), stale, "there is one now");
        let second = table.put("p", "{}", Some(&first.revision_id), NOW).unwrap();
        assert_eq!(reason(table.put("p", "{}", Some(&first.revision_id), NOW).map(drop)), stale);
        assert_eq!(reason(table.put("q", "{}", Some("7"), NOW).map(drop)), stale);
        assert!(table.put("p", "{}", None, NOW).is_ok(), "without a revision the last one wins");
        assert_eq!(reason(table.delete("p", Some(&second.revision_id))), stale);
        assert_eq!(reason(table.delete("p", None)), None);
        assert_eq!(reason(table.delete("p", None)), Some(Reason::InvalidRequest));
    }

    #[test]
    fn there_are_at_most_five() {
        let mut table = PolicyTable::default();
        for name in ["a", "b", "c", "d", "e"] {
            table.put(name, "{}", None, NOW).unwrap();
        }
        assert_eq!(table.put("f", "{}", None, NOW).unwrap_err().reason, Reason::PolicyCountLimitExceeded);
        assert!(table.put("e", "{}", None, NOW).is_ok(), "one that is there can be changed");
        assert_eq!(table.list().len(), 5);
    }
}
