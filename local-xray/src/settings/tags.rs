//! Tags on groups and sampling rules: kept and given back, read by nothing here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::refusal::{Reason, Refusal, check_length};

/// The most tags on one resource.
const MAX_TAGS: usize = 50;
/// Tags that only AWS itself may set.
const RESERVED_PREFIX: &str = "aws:";

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// Up to 256 characters.
    pub value: String,
}

/// Tags by the ARN of what they are on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TagTable {
    by_arn: BTreeMap<String, BTreeMap<String, String>>,
}

impl TagTable {
    /// Adds tags to a resource; a key that is there gets the new value.
    ///
    /// # Errors
    /// When a tag is refused, or there would be more than fifty.
    pub fn add(&mut self, arn: &str, tags: &[Tag]) -> Result<(), Refusal> {
        check(tags)?;
        let mut together = self.by_arn.get(arn).cloned().unwrap_or_default();
        together.extend(tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())));
        if together.len() > MAX_TAGS {
            return Err(too_many(together.len()).about(arn));
        }
        if !together.is_empty() {
            self.by_arn.insert(arn.to_owned(), together);
        }
        Ok(())
    }

    /// Removes tags from a resource; keys that are not there are passed over.
    ///
    /// # Errors
    /// When a key is too long, or AWS's own.
    pub fn remove(&mut self, arn: &str, keys: &[String]) -> Result<(), Refusal> {
        keys.iter().try_for_each(|key| check_key("TagKeys", key))?;
        if let Some(tags) = self.by_arn.get_mut(arn) {
            tags.retain(|key, _| !keys.contains(key));
        }
        Ok(())
    }

    /// The tags of a resource, by key.
    pub fn list(&self, arn: &str) -> Vec<Tag> {
        let tags = self.by_arn.get(arn).into_iter().flatten();
        tags.map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
    }

    /// Forgets a resource that is gone.
    pub fn forget(&mut self, arn: &str) {
        self.by_arn.remove(arn);
    }
}

/// Refuses tags that no resource could take.
///
/// # Errors
/// When a key or value is too long, reserved or repeated, or there are more than fifty.
pub(super) fn check(tags: &[Tag]) -> Result<(), Refusal> {
    let mut keys = BTreeSet::new();
    for Tag { key, value } in tags {
        check_key("Tags", key)?;
        check_length(&format!("Tags: the Value of {key}"), value, 0..=256)?;
        if !keys.insert(key) {
            return Err(Refusal::invalid(format!("Tags: the Key {key} is given twice")));
        }
    }
    if tags.len() > MAX_TAGS { Err(too_many(tags.len())) } else { Ok(()) }
}

fn check_key(member: &str, key: &str) -> Result<(), Refusal> {
    check_length(&format!("{member}: the key \"{key}\""), key, 1..=128)?;
    if key.to_ascii_lowercase().starts_with(RESERVED_PREFIX) {
        return Err(Refusal::invalid(format!("{member}: keys that begin with {RESERVED_PREFIX} are AWS's own: {key}")));
    }
    Ok(())
}

fn too_many(count: usize) -> Refusal {
    Refusal::new(Reason::TooManyTags, format!("Tags: {count} are more than the {MAX_TAGS} that a resource may have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.to_owned(), value: value.to_owned() }
    }

    fn tags(count: usize) -> Vec<Tag> {
        (0..count).map(|number| tag(&format!("key{number}"), "")).collect()
    }

    #[test]
    fn tags_are_taken_or_refused() {
        let check = |tags: &[Tag], expected: Option<Reason>| {
            let refused = TagTable::default().add("arn", tags).err();
            assert_eq!(refused.as_ref().map(|refusal| refusal.reason), expected, "{refused:?}");
        };
        check(&[], None);
        check(&[tag("team", "likes"), tag("Team", "")], None);
        check(&[tag(&"k".repeat(128), &"v".repeat(256))], None);
        check(&tags(50), None);
        check(&tags(51), Some(Reason::TooManyTags));
        check(&[tag("", "")], Some(Reason::InvalidRequest));
        check(&[tag(&"k".repeat(129), "")], Some(Reason::InvalidRequest));
        check(&[tag("k", &"v".repeat(257))], Some(Reason::InvalidRequest));
        check(&[tag("aws:team", "")], Some(Reason::InvalidRequest));
        check(&[tag("AWS:team", "")], Some(Reason::InvalidRequest));
        check(&[tag("a", "1"), tag("a", "2")], Some(Reason::InvalidRequest));
    }

    #[test]
    fn later_values_win_and_fifty_is_the_sum() {
        let mut table = TagTable::default();
        table.add("arn", &tags(50)).unwrap();
        table.add("arn", &[tag("key7", "new")]).unwrap();
        let refused = table.add("arn", &[tag("one more", "")]).unwrap_err();
        assert_eq!((refused.reason, refused.resource.as_deref()), (Reason::TooManyTags, Some("arn")));
        assert_eq!(table.list("arn").len(), 50);
        assert!(table.list("arn").contains(&tag("key7", "new")));
        table.remove("arn", &["key7".to_owned(), "unknown".to_owned()]).unwrap();
        assert_eq!(table.list("arn").len(), 49);
        assert_eq!(table.list("another"), []);
        table.forget("arn");
        assert_eq!(table.list("arn"), []);
    }
}
