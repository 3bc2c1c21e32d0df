//! Settings that an AWS account has once. They are kept and given back so that programs which set them up can run; on
//! one machine nothing is encrypted, traces stay where they are, and every trace is indexed.

use serde::{Deserialize, Serialize};

use crate::document::Timestamp;
use crate::refusal::{Refusal, check_length, check_range};

/// The only indexing rule there is.
pub const INDEXING_RULE: &str = "Default";

/// What an account has once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The key that traces should be encrypted with; `None` for X-Ray's own way.
    pub encryption_key: Option<String>,
    /// Where traces should go.
    pub destination: Destination,
    /// The share of traces, in percent, that should be indexed.
    pub indexing_percentage: f64,
    /// When that was set.
    pub indexing_modified_at: Timestamp,
}

/// Where traces should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// To X-Ray.
    XRay,
    /// To CloudWatch Logs, for Transaction Search.
    CloudWatchLogs,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            encryption_key: None,
            destination: Destination::XRay,
            indexing_percentage: 100.0,
            indexing_modified_at: Timestamp::EPOCH,
        }
    }
}

impl Account {
    /// Sets the key to encrypt with.
    ///
    /// # Errors
    /// When the key is no name of a key.
    pub fn encrypt_with(&mut self, key: Option<String>) -> Result<(), Refusal> {
        key.as_deref().map_or(Ok(()), |key| check_length("KeyId", key, 1..=3_000))?;
        self.encryption_key = key;
        Ok(())
    }

    /// Sets the share of traces to index.
    ///
    /// # Errors
    /// When there is no such rule, or the share is no percentage.
    pub fn index(&mut self, rule: &str, percentage: f64, now: Timestamp) -> Result<(), Refusal> {
        if rule != INDEXING_RULE {
            let message = format!("Name: there is no indexing rule {rule}, only {INDEXING_RULE}");
            return Err(Refusal::not_found(message, rule));
        }
        check_range("Rule.Probabilistic.DesiredSamplingPercentage", percentage, 0.0..=100.0)?;
        self.indexing_percentage = percentage;
        self.indexing_modified_at = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Reason;

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut account = Account::default();
        let now = Timestamp::from_micros(1);
        let mut check = |rule: &str, percentage: f64, expected: Option<Reason>| {
            let refused = account.index(rule, percentage, now).err();
            assert_eq!(refused.map(|refusal| refusal.reason), expected, "{rule} {percentage}");
        };
        check("Default", 5.0, None);
        check("Default", 101.0, Some(Reason::InvalidRequest));
        check("Default", f64::NAN, Some(Reason::InvalidRequest));
        check("default", 1.0, Some(Reason::ResourceNotFound));
        assert!(account.encrypt_with(Some(String::new())).is_err());
        account.encrypt_with(Some("alias/traces".to_owned())).unwrap();
        assert!(account.encrypt_with(Some("k".repeat(3_001))).is_err());
        assert_eq!((account.indexing_percentage, account.encryption_key.as_deref()), (5.0, Some("alias/traces")));
    }
}
