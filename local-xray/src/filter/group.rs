//! Groups inside expressions: the group's own expression takes the place of `group.name = "…"`.
//!
//! Done once, before evaluation, so that an unknown group or one that refers to itself is an error with a place and
//! never a filter that quietly matches nothing.

use super::ast::{Condition, Expression, GroupKey, GroupReference};
use super::error::{FilterError, Problem};
use super::eval::Filter;

/// How deeply groups may refer to groups.
const MAX_GROUP_NESTING: usize = 8;
/// How many references to groups one expression may lead to, those in the groups' own expressions included.
const MAX_GROUP_REFERENCES: usize = 100;

/// Finds the filter expressions of groups.
pub trait Groups {
    /// The text of a group's filter expression, empty for a group of all traces; `None` when there is no such group.
    fn filter_expression(&self, key: GroupKey, value: &str) -> Option<String>;
}

/// Replaces every reference to a group, so that the expression can be evaluated. `text` is what it was parsed from.
pub(super) fn resolve(expression: Expression, text: &str, groups: &dyn Groups) -> Result<Filter, FilterError> {
    let mut resolver = Resolver { groups, open: Vec::new(), references: 0 };
    resolver.condition(expression.0).map(Filter::new).map_err(|problem| problem.within(text))
}

struct Resolver<'g> {
    groups: &'g dyn Groups,
    /// The groups whose expressions are being resolved, outermost first.
    open: Vec<(GroupKey, String)>,
    references: usize,
}

impl Resolver<'_> {
    fn condition(&mut self, condition: Condition) -> Result<Condition, Problem> {
        Ok(match condition {
            Condition::All(conditions) => Condition::all(self.conditions(conditions)?),
            Condition::Any(conditions) => Condition::any(self.conditions(conditions)?),
            Condition::Not(condition) => self.condition(*condition)?.negated(),
            Condition::Group(reference) => self.group(&reference)?,
            // Groups ask about the whole trace, so the parser allows none in braces.
            other @ (Condition::Compare(..)
            | Condition::Service(..)
            | Condition::Edge(..)
            | Condition::RootCause(..)
            | Condition::RootCauseJson(_)) => other,
        })
    }

    fn conditions(&mut self, conditions: Vec<Condition>) -> Result<Vec<Condition>, Problem> {
        conditions.into_iter().map(|condition| self.condition(condition)).collect()
    }

    fn group(&mut self, reference: &GroupReference) -> Result<Condition, Problem> {
        let problem = |message: String| Problem::new(reference.span.clone(), message);
        let value = &reference.value;
        let key = (reference.by, value.clone());
        if self.open.contains(&key) {
            return Err(problem(format!("the group \"{value}\" refers to itself")));
        }
        self.references += 1;
        if self.open.len() == MAX_GROUP_NESTING || self.references > MAX_GROUP_REFERENCES {
            return Err(problem("too many groups refer to one another here".to_owned()));
        }
        let Some(text) = self.groups.filter_expression(reference.by, value) else {
            let hint = "names of groups are case-sensitive";
            return Err(problem(format!("there is no group with {} = \"{value}\"", reference.by)).hint(hint));
        };
        let of_group =
            |error: &FilterError| problem(format!("the group \"{value}\" cannot be used")).hint(error.to_string());
        let inner = super::parse(&text).map_err(|error| of_group(&error))?;
        self.open.push(key);
        let resolved = self.condition(inner.0).map_err(|inner| of_group(&inner.within(&text)));
        self.open.pop();
        resolved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::compile;

    struct SomeGroups;

    impl Groups for SomeGroups {
        fn filter_expression(&self, _: GroupKey, value: &str) -> Option<String> {
            let expression = match value {
                "a" => r#"fault OR group.name = "b""#,
                "b" => r#"group.name = "a""#,
                "broken" => "responsetme > 5",
                _ => return None,
            };
            Some(expression.to_owned())
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let error = compile(text, &SomeGroups).map(|_| ()).expect_err(text).to_string();
        assert_eq!(error.lines().collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn groups_that_cannot_be_used_are_refused() {
        check(
            r#"ok AND group.name = "c""#,
            &[
                "there is no group with group.name = \"c\" (at character 21)",
                r#"  ok AND group.name = "c""#,
                "                      ^^^",
                "names of groups are case-sensitive",
            ],
        );
        check(
            r#"group.name = "broken""#,
            &[
                "the group \"broken\" cannot be used (at character 14)",
                r#"  group.name = "broken""#,
                "               ^^^^^^^^",
                "unknown keyword `responsetme` (at character 1)",
                "  responsetme > 5",
                "  ^^^^^^^^^^^",
                "did you mean `responsetime`?",
            ],
        );
        check(
            r#"group.name = "b""#,
            &[
                "the group \"b\" cannot be used (at character 14)",
                r#"  group.name = "b""#,
                "               ^^^",
                "the group \"a\" cannot be used (at character 14)",
                r#"  group.name = "a""#,
                "               ^^^",
                "the group \"b\" refers to itself (at character 23)",
                r#"  fault OR group.name = "b""#,
                "                        ^^^",
            ],
        );
    }
}
