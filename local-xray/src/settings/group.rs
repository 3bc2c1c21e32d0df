//! Groups: named filter expressions, evaluated when somebody asks. So a group also covers the past, and never mixes the
//! traces of two versions of its expression.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arn::{self, Reference};
use crate::filter::{self, Filter, GroupKey, Groups};
use crate::limits::Limits;
use crate::refusal::{Refusal, check_length};

/// The group of all traces, which always exists.
const DEFAULT: &str = "Default";
/// The longest name, in characters.
const MAX_NAME: usize = 32;

/// One group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Letters, digits and dashes; upper and lower case differ.
    pub name: String,
    /// Unique, also among groups that once had the same name.
    pub arn: String,
    /// Which traces belong to it; empty for all.
    pub filter_expression: String,
    /// What is wanted of insights.
    pub insights: Insights,
}

/// What is wanted of insights. It is kept and given back; no insight is ever made here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insights {
    /// Insights are wanted.
    pub enabled: bool,
    /// Notifications of them are wanted too.
    pub notifications: bool,
}

/// What to set of a group; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct GroupChange {
    /// The new expression.
    pub filter_expression: Option<String>,
    /// The new wishes for insights.
    pub insights: Option<InsightsChange>,
}

/// What to set of the wishes for insights.
#[derive(Debug, Clone, Copy, Default)]
pub struct InsightsChange {
    /// Whether insights are wanted.
    pub enabled: Option<bool>,
    /// Whether notifications are.
    pub notifications: Option<bool>,
}

/// All groups, the default one included.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupTable {
    by_name: BTreeMap<String, Group>,
    #[serde(skip)]
    limits: Limits,
}

impl GroupTable {
    /// The default group alone.
    pub fn new(limits: Limits) -> Self {
        let default = Group {
            name: DEFAULT.to_owned(),
            arn: arn::of_default_group(DEFAULT),
            filter_expression: String::new(),
            insights: Insights::default(),
        };
        Self { by_name: BTreeMap::from([(DEFAULT.to_owned(), default)]), limits }
    }

    /// The groups of an earlier run, with the limits of this one.
    pub(super) fn with(self, saved: Self) -> Self {
        Self { limits: self.limits, ..saved }
    }

    /// The groups, the default one first, the others by name.
    pub fn list(&self) -> Vec<&Group> {
        let mut groups: Vec<_> = self.by_name.values().collect();
        groups.sort_by_key(|group| group.name != DEFAULT);
        groups
    }

    /// Finds a group.
    ///
    /// # Errors
    /// When nothing is named, there is no such group, or name and ARN are of two.
    pub fn find(&self, reference: &Reference) -> Result<&Group, Refusal> {
        let group = match (&reference.name, &reference.arn) {
            (Some(name), _) => {
                let unknown = || Refusal::invalid(format!("GroupName: there is no group {name}"));
                self.by_name.get(name).ok_or_else(unknown)?
            }
            (None, Some(arn)) => {
                let unknown = || Refusal::invalid(format!("GroupARN: there is no group {arn}"));
                self.with_arn(arn).ok_or_else(unknown)?
            }
            (None, None) => return Err(Refusal::invalid("a group is named by GroupName or GroupARN")),
        };
        match &reference.arn {
            Some(arn) if *arn != group.arn => {
                Err(Refusal::invalid(format!("GroupARN: {arn} is not the group {}", group.name)))
            }
            _ => Ok(group),
        }
    }

    /// Says whether a group has this ARN.
    pub fn has_arn(&self, arn: &str) -> bool {
        self.with_arn(arn).is_some()
    }

    /// The filter of the traces that belong to a group. Naming none means all traces.
    ///
    /// # Errors
    /// When there is no such group, or its expression refers to a group that is gone.
    pub fn filter(&self, reference: &Reference) -> Result<Filter, Refusal> {
        let expression = match reference {
            Reference { name: None, arn: None } => "",
            named => &self.find(named)?.filter_expression,
        };
        self.compile(expression)
    }

    /// Compiles an expression that may refer to these groups.
    ///
    /// # Errors
    /// Where the expression is not understood, with the place.
    pub fn compile(&self, expression: &str) -> Result<Filter, Refusal> {
        filter::compile(expression, self).map_err(|error| Refusal::invalid(format!("FilterExpression: {error}")))
    }

    /// Makes a group.
    ///
    /// # Errors
    /// When the name is not one, is taken or reserved, there are too many groups, or the expression is not understood.
    pub fn create(&mut self, name: &str, change: GroupChange) -> Result<Group, Refusal> {
        check_name(name)?;
        if self.by_name.contains_key(name) {
            return Err(Refusal::invalid(format!("GroupName: there is a group {name} already")));
        }
        if self.by_name.len() > self.limits.groups() {
            let most = self.limits.groups();
            return Err(Refusal::invalid(format!(
                "GroupName: there are {most} groups already, and no more are allowed"
            )));
        }
        let group = Group {
            name: name.to_owned(),
            arn: arn::new_for_group(name),
            filter_expression: String::new(),
            insights: Insights::default(),
        };
        self.put(group, change)
    }

    /// Changes what was sent of a group.
    ///
    /// # Errors
    /// When there is no such group, the expression is not understood, or it would change which traces are in the default
    /// group.
    pub fn update(&mut self, reference: &Reference, change: GroupChange) -> Result<Group, Refusal> {
        let group = self.find(reference)?.clone();
        if group.name == DEFAULT && change.filter_expression.as_ref().is_some_and(|text| !text.is_empty()) {
            return Err(Refusal::invalid("FilterExpression: the group Default holds every trace"));
        }
        self.put(group, change)
    }

    /// Removes a group and gives it back.
    ///
    /// # Errors
    /// When there is no such group, or it is the default one.
    pub fn delete(&mut self, reference: &Reference) -> Result<Group, Refusal> {
        let group = self.find(reference)?.clone();
        if group.name == DEFAULT {
            return Err(Refusal::invalid("GroupName: the group Default cannot be deleted"));
        }
        self.by_name.remove(&group.name);
        Ok(group)
    }

    /// Puts a group in with its changes. The expression is compiled among all groups, itself included: one that leads
    /// back to its own group is refused here and not when it is asked for.
    fn put(&mut self, mut group: Group, change: GroupChange) -> Result<Group, Refusal> {
        group.insights = group.insights.with(change.insights.unwrap_or_default())?;
        let expression_changes = change.filter_expression.is_some();
        group.filter_expression = change.filter_expression.unwrap_or(group.filter_expression);
        let mut changed = self.clone();
        changed.by_name.insert(group.name.clone(), group.clone());
        if expression_changes {
            changed.compile(&group.filter_expression)?;
        }
        *self = changed;
        Ok(group)
    }

    fn with_arn(&self, arn: &str) -> Option<&Group> {
        self.by_name.values().find(|group| group.arn == arn)
    }
}

/// The groups that filter expressions may refer to.
impl Groups for GroupTable {
    fn filter_expression(&self, key: GroupKey, value: &str) -> Option<String> {
        let group = match key {
            GroupKey::Name => self.by_name.get(value),
            GroupKey::Arn => self.with_arn(value),
        };
        group.map(|group| group.filter_expression.clone())
    }
}

impl Insights {
    fn with(self, change: InsightsChange) -> Result<Self, Refusal> {
        let changed = Self {
            enabled: change.enabled.unwrap_or(self.enabled),
            notifications: change.notifications.unwrap_or(self.notifications),
        };
        if changed.notifications && !changed.enabled {
            return Err(Refusal::invalid("InsightsConfiguration: NotificationsEnabled needs InsightsEnabled"));
        }
        Ok(changed)
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    check_length("GroupName", name, 1..=MAX_NAME)?;
    if name == DEFAULT {
        return Err(Refusal::invalid("GroupName: Default is the name of the group of all traces"));
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Refusal::invalid(format!("GroupName: only letters, digits and dashes are allowed, not {name:?}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(expression: &str) -> GroupChange {
        GroupChange { filter_expression: Some(expression.to_owned()), insights: None }
    }

    fn named(name: &str) -> Reference {
        Reference { name: Some(name.to_owned()), arn: None }
    }

    fn with_arn(arn: &str) -> Reference {
        Reference { name: None, arn: Some(arn.to_owned()) }
    }

    fn table(groups: &[(&str, &str)]) -> GroupTable {
        let mut table = GroupTable::new(Limits::default());
        for (name, expression) in groups {
            table.create(name, filtered(expression)).unwrap();
        }
        table
    }

    #[test]
    fn names_are_letters_digits_and_dashes() {
        let mut table = table(&[("slow", "")]);
        let mut check = |name: &str, expected: Result<(), &str>| match (table.create(name, filtered("")), expected) {
            (Ok(group), Ok(())) => assert_eq!(group.name, name),
            (Err(refusal), Err(part)) => assert!(refusal.message.contains(part), "{name}: {refusal}"),
            (outcome, _) => panic!("{name}: {outcome:?}"),
        };
        check("Slow", Ok(()));
        check("like-service-2", Ok(()));
        check(&"g".repeat(32), Ok(()));
        check(&"g".repeat(33), Err("33 characters are not between 1 and 32"));
        check("", Err("GroupName: 0 characters"));
        check("slow", Err("there is a group slow already"));
        check("Default", Err("group of all traces"));
        check("slow likes", Err("only letters, digits and dashes"));
        check("größer", Err("only letters, digits and dashes"));
    }

    #[test]
    fn a_group_is_found_by_name_or_arn() {
        let mut table = table(&[("slow", "responsetime > 1"), ("broken", "fault")]);
        let arn = |name: &str| table.find(&named(name)).unwrap().arn.clone();
        let (slow, broken) = (arn("slow"), arn("broken"));
        assert!(slow.contains(":group/slow/"), "{slow}");
        let check = |name: Option<&str>, arn: Option<&str>, expected: Option<&str>| {
            let reference = Reference { name: name.map(str::to_owned), arn: arn.map(str::to_owned) };
            assert_eq!(table.find(&reference).ok().map(|group| group.name.as_str()), expected, "{reference:?}");
        };
        check(Some("slow"), None, Some("slow"));
        check(None, Some(&slow), Some("slow"));
        check(Some("slow"), Some(&slow), Some("slow"));
        check(Some("slow"), Some(&broken), None);
        check(Some("SLOW"), None, None);
        check(None, Some("arn:aws:xray:us-east-1:000000000000:group/Default"), Some("Default"));
        check(None, None, None);

        table.delete(&with_arn(&slow)).unwrap();
        let again = table.create("slow", filtered("")).unwrap();
        assert_ne!(again.arn, slow, "a group of the same name is another group");
    }

    #[test]
    fn expressions_are_compiled_when_they_are_set() {
        let mut table = table(&[("a", "fault"), ("b", r#"group.name = "a" AND responsetime > 1"#)]);
        let check = |outcome: Result<Group, Refusal>, part: &str| {
            let refusal = outcome.unwrap_err();
            assert!(refusal.message.contains(part), "{refusal}");
        };
        check(table.create("c", filtered("responsetme > 1")), "^^^^^^^^^^^");
        check(table.create("c", filtered(r#"group.name = "nobody""#)), "there is no group");
        check(table.create("c", filtered(r#"group.name = "c""#)), "refers to itself");
        check(table.update(&named("a"), filtered(r#"group.name = "b""#)), "refers to itself");
        check(table.update(&named("Default"), filtered("fault")), "holds every trace");
        assert_eq!(table.find(&named("a")).unwrap().filter_expression, "fault", "a refused change changes nothing");
        assert!(table.filter(&named("b")).is_ok());
        table.delete(&named("a")).unwrap();
        assert!(table.filter(&named("b")).is_err(), "its expression refers to a group that is gone");
        assert!(table.delete(&named("Default")).is_err());
    }

    #[test]
    fn a_change_leaves_the_rest() {
        let mut table = table(&[("slow", "responsetime > 1")]);
        let insights = |enabled: Option<bool>, notifications: Option<bool>| GroupChange {
            filter_expression: None,
            insights: Some(InsightsChange { enabled, notifications }),
        };
        assert!(table.update(&named("slow"), insights(None, Some(true))).is_err(), "notifications need insights");
        table.update(&named("slow"), insights(Some(true), Some(true))).unwrap();
        let group = table.update(&named("slow"), filtered("fault")).unwrap();
        assert_eq!(group.insights, Insights { enabled: true, notifications: true });
        assert!(table.update(&named("slow"), insights(Some(false), None)).is_err());
        let group = table.update(&named("slow"), insights(None, Some(false))).unwrap();
        assert_eq!((group.filter_expression.as_str(), group.insights.enabled), ("fault", true));
    }

    #[test]
    fn strict_limits_count_groups_as_aws_does() {
        let mut table = GroupTable::new(Limits::new(true));
        for number in 0..25 {
            table.create(&format!("g{number}"), GroupChange::default()).unwrap();
        }
        assert!(table.create("g25", GroupChange::default()).unwrap_err().message.contains("25 groups"));
        assert_eq!(table.list().len(), 26);
        assert_eq!(table.list()[0].name, "Default");
    }
}
