//! The fields of a sampling rule, as they are or as they were sent; text until they are understood.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::console::form::Fields;
use crate::sampling::{DEFAULT, Rule, RuleChange};

use super::HEALTH_CHECKS;

/// Everything as text.
#[derive(Clone)]
pub(in crate::console) struct Form {
    /// The rule that is changed; `None` when one is made.
    pub(super) changes: Option<String>,
    pub(super) name: String,
    pub(super) priority: String,
    pub(super) reservoir: String,
    /// In percent.
    pub(super) rate: String,
    /// Patterns: name of the field, its label, the text.
    pub(super) patterns: [(&'static str, &'static str, String); 6],
    /// A line `key=pattern` each.
    pub(super) attributes: String,
    /// Why the form was refused.
    pub(super) problem: Option<String>,
}

impl Default for Form {
    fn default() -> Self {
        let rule = Rule { priority: 1_000, fixed_rate: 0.05, ..Rule::of_everything("") };
        Self { changes: None, ..Self::of(&rule) }
    }
}

impl Form {
    pub(super) fn of(rule: &Rule) -> Self {
        Self {
            changes: Some(rule.name.clone()),
            name: rule.name.clone(),
            priority: rule.priority.to_string(),
            reservoir: rule.reservoir_size.to_string(),
            rate: percent(rule.fixed_rate),
            patterns: [
                ("service", "Service name", rule.service_name.clone()),
                ("type", "Service type", rule.service_type.clone()),
                ("host", "Host", rule.host.clone()),
                ("method", "Method", rule.http_method.clone()),
                ("path", "Path", rule.url_path.clone()),
                ("arn", "Resource ARN", rule.resource_arn.clone()),
            ],
            attributes: lines(&rule.attributes),
            problem: None,
        }
    }

    /// A rule that keeps hardly any of a load balancer's checks.
    pub(super) fn of_health_checks() -> Self {
        let rule = Rule {
            priority: 100,
            fixed_rate: 0.01,
            reservoir_size: 0,
            http_method: "GET".to_owned(),
            url_path: "/".to_owned(),
            ..Rule::of_everything(HEALTH_CHECKS)
        };
        Self { changes: None, ..Self::of(&rule) }
    }

    pub(super) fn of_fields(fields: &Fields<'_>, changes: Option<&str>) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        let patterns = Self::default().patterns.map(|(field, label, _)| (field, label, text(field)));
        Self {
            changes: changes.map(str::to_owned),
            name: changes.unwrap_or(fields.text("name")).to_owned(),
            priority: text("priority"),
            reservoir: text("reservoir"),
            rate: text("rate"),
            patterns,
            attributes: text("attributes"),
            problem: None,
        }
    }

    /// Of the default rule only the numbers can be changed.
    pub(super) fn is_default(&self) -> bool {
        self.changes.as_deref() == Some(DEFAULT)
    }

    /// Where the change of a rule is sent; `None` for a rule that is made.
    pub(super) fn action(&self) -> Option<String> {
        self.changes.as_ref().map(|name| format!("/ui/sampling/{}", in_path(name)))
    }

    /// The rule that the fields describe.
    ///
    /// # Errors
    /// Names the field that is not understood.
    pub(super) fn rule(&self) -> Result<Rule, String> {
        let [service_name, service_type, host, http_method, url_path, resource_arn] = self.texts();
        Ok(Rule {
            priority: number("Priority", &self.priority)?,
            fixed_rate: self.fixed_rate()?,
            reservoir_size: number("Reservoir", &self.reservoir)?,
            service_name,
            service_type,
            host,
            http_method,
            url_path,
            resource_arn,
            attributes: pairs(&self.attributes)?,
            ..Rule::of_everything(&self.name)
        })
    }

    /// The change that the fields describe.
    ///
    /// # Errors
    /// Names the field that is not understood.
    pub(super) fn change(&self) -> Result<RuleChange, String> {
        let numbers = RuleChange {
            fixed_rate: Some(self.fixed_rate()?),
            reservoir_size: Some(number("Reservoir", &self.reservoir)?),
            ..RuleChange::default()
        };
        if self.is_default() {
            return Ok(numbers);
        }
        let rule = self.rule()?;
        Ok(RuleChange {
            priority: Some(rule.priority),
            service_name: Some(rule.service_name),
            service_type: Some(rule.service_type),
            host: Some(rule.host),
            http_method: Some(rule.http_method),
            url_path: Some(rule.url_path),
            resource_arn: Some(rule.resource_arn),
            attributes: Some(rule.attributes),
            ..numbers
        })
    }

    /// The patterns; one that was left empty stands for anything.
    fn texts(&self) -> [String; 6] {
        self.patterns.clone().map(|(_, _, text)| if text.is_empty() { "*".to_owned() } else { text })
    }

    fn fixed_rate(&self) -> Result<f64, String> {
        let rate: f64 = number("Rate", self.rate.trim_end_matches('%').trim_end())?;
        if (0.0..=100.0).contains(&rate) {
            Ok(rate / 100.0)
        } else {
            Err("Rate: a share lies between 0 and 100 %".to_owned())
        }
    }
}

fn number<T: FromStr>(field: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{field}: \u{201c}{text}\u{201d} is not such a number"))
}

/// Lines of `key=value`.
///
/// # Errors
/// Shows the line that is none.
pub(super) fn pairs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pair = |line: &str| {
        let (key, value) =
            line.split_once('=').ok_or_else(|| format!("Attributes: \u{201c}{line}\u{201d} is not key=value"))?;
        Ok((key.trim().to_owned(), value.trim().to_owned()))
    };
    lines.map(pair).collect()
}

fn lines(pairs: &BTreeMap<String, String>) -> String {
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("\n")
}

/// A share in percent, with as many digits as it needs and four at most.
pub(super) fn percent(share: f64) -> String {
    let digits = format!("{:.4}", share * 100.0);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A name as one part of a path; names of rules may hold anything.
pub(super) fn in_path(name: &str) -> String {
    form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_understood_again() {
        let rule = Rule {
            priority: 7,
            fixed_rate: 0.07,
            reservoir_size: 3,
            url_path: "/mysfits/*".to_owned(),
            attributes: [("tier".to_owned(), "gold=1".to_owned())].into(),
            ..Rule::of_everything("likes")
        };
        let form = Form::of(&rule);
        assert_eq!((form.rate.as_str(), form.attributes.as_str()), ("7", "tier=gold=1"));
        let again = form.rule().unwrap();
        assert!((again.fixed_rate - 0.07).abs() < 1e-12);
        assert_eq!(again, Rule { fixed_rate: again.fixed_rate, ..rule });
    }

    #[test]
    fn a_field_that_is_not_understood_is_named() {
        let check = |change: &dyn Fn(&mut Form), expected: &str| {
            let mut form = Form::default();
            change(&mut form);
            let words = form.rule().unwrap_err();
            assert!(words.starts_with(expected), "{words}");
        };
        check(&|form| form.priority = "soon".to_owned(), "Priority");
        check(&|form| form.reservoir = "-1".to_owned(), "Reservoir");
        check(&|form| form.rate = "101".to_owned(), "Rate: a share lies");
        check(&|form| form.rate = "NaN".to_owned(), "Rate: a share lies");
        check(&|form| form.attributes = "gold".to_owned(), "Attributes");
        assert!(Form { rate: "5 %".to_owned(), ..Form::default() }.rule().is_ok());
    }

    #[test]
    fn of_the_default_rule_only_numbers_are_changed() {
        let form = Form::of(&Rule::of_everything(DEFAULT));
        let change = form.change().unwrap();
        assert!(change.priority.is_none() && change.host.is_none() && change.fixed_rate.is_some());
    }

    #[test]
    fn names_fit_into_paths() {
        assert_eq!(in_path("a b/c?d%"), "a%20b%2Fc%3Fd%25");
    }
}
