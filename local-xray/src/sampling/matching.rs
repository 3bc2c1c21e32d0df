//! Which rule a request meets, and how much of such requests is kept: what clients do with the rules, done here so that a
//! person can try a rule before services use it. Pure.
//!
//! Patterns ignore case. What is not known about a request fits the pattern `*` only.

use std::collections::BTreeMap;
use std::fmt;

use super::Rule;

/// What a client knows about a request when it decides; `None` for what it does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The name of the service.
    pub service_name: Option<String>,
    /// The type of the service, its origin.
    pub service_type: Option<String>,
    /// The host of the request.
    pub host: Option<String>,
    /// The HTTP method.
    pub http_method: Option<String>,
    /// The path of the URL, without the query.
    pub url_path: Option<String>,
    /// The resource that the request came through.
    pub resource_arn: Option<String>,
    /// Attributes of the request.
    pub attributes: BTreeMap<String, String>,
}

/// The first member of a rule that a request does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The member, or the key of an attribute.
    pub member: String,
    /// What the rule wants.
    pub pattern: String,
    /// What the request has.
    pub found: Option<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { member, pattern, found } = self;
        match found {
            Some(found) => write!(f, "{member} is {found}, not {pattern}"),
            None => write!(f, "{member} is not known, and must be {pattern}"),
        }
    }
}

/// How many requests a second a rule keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// By its reservoir.
    pub by_reservoir: f64,
    /// By its rate.
    pub by_rate: f64,
}

impl Rule {
    /// Why a request does not meet this rule; `None` when it does.
    pub fn mismatch(&self, request: &Request) -> Option<Mismatch> {
        let members = [
            ("service name", &self.service_name, &request.service_name),
            ("service type", &self.service_type, &request.service_type),
            ("host", &self.host, &request.host),
            ("method", &self.http_method, &request.http_method),
            ("path", &self.url_path, &request.url_path),
            ("resource ARN", &self.resource_arn, &request.resource_arn),
        ];
        let members = members.map(|(member, pattern, found)| (member.to_owned(), pattern, found.as_ref()));
        let attributes =
            self.attributes.iter().map(|(key, pattern)| (key.clone(), pattern, request.attributes.get(key)));
        let (member, pattern, found) = members
            .into_iter()
            .chain(attributes)
            .find(|(_, pattern, found)| *pattern != "*" && !found.is_some_and(|found| fits(pattern, found)))?;
        Some(Mismatch { member, pattern: pattern.clone(), found: found.cloned() })
    }

    /// What is kept of so many such requests a second, over all clients.
    pub fn kept(&self, requests_per_second: f64) -> Kept {
        let by_reservoir = requests_per_second.min(f64::from(self.reservoir_size)).max(0.0);
        Kept { by_reservoir, by_rate: (requests_per_second - by_reservoir).max(0.0) * self.fixed_rate }
    }

    /// Says whether X-Ray SDKs leave this rule out: they know neither attributes nor the ARN of a resource.
    pub fn is_skipped_by_sdks(&self) -> bool {
        self.resource_arn != "*" || !self.attributes.is_empty()
    }
}

impl Kept {
    /// Requests a second, by reservoir and rate together.
    pub fn total(self) -> f64 {
        self.by_reservoir + self.by_rate
    }
}

/// Says whether a text fits a pattern in which `*` stands for any run of characters and `?` for exactly one.
fn fits(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    // The ends of the beginnings of the text that the pattern so far fits; a row of the usual table.
    let mut ends = vec![false; text.len() + 1];
    if let Some(start) = ends.first_mut() {
        *start = true;
    }
    for wanted in pattern.to_lowercase().chars() {
        ends = match wanted {
            '*' => {
                let mut reached = false;
                ends.iter()
                    .map(|&end| {
                        reached |= end;
                        reached
                    })
                    .collect()
            }
            _ => {
                let letters = text.iter().map(|&found| wanted == '?' || wanted == found);
                let moved = ends.iter().zip(letters).map(|(&end, is_wanted)| end && is_wanted);
                std::iter::once(false).chain(moved).collect()
            }
        };
    }
    ends.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_know_stars_and_question_marks() {
        let check =
            |pattern: &str, text: &str, expected: bool| assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        check("*", "", true);
        check("", "", true);
        check("", "a", false);
        check("a*c", "abbc", true);
        check("a*c", "ab", false);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("*/like", "/mysfits/7/LIKE", true);
        check("/mysfits/*/like", "/mysfits//like", true);
        check("**a**b**", "xxaxxbxx", true);
        check("*a*b*", "ba", false);
        check("gr?ße", "GRÖßE", true);
        check(&"*a".repeat(60), &"a".repeat(59), false);
    }

    #[test]
    fn the_first_member_that_does_not_fit_is_named() {
        let like = Request {
            service_name: Some("monolith".to_owned()),
            http_method: Some("post".to_owned()),
            url_path: Some("/mysfits/7/like".to_owned()),
            ..Request::default()
        };
        let check = |change: &dyn Fn(&mut Rule), expected: Option<&str>| {
            let mut rule = Rule::of_everything("r");
            change(&mut rule);
            let mismatch = rule.mismatch(&like).map(|mismatch| mismatch.to_string());
            assert_eq!(mismatch.as_deref(), expected);
        };
        check(&|_| (), None);
        check(&|rule| rule.http_method = "POST".to_owned(), None);
        check(&|rule| rule.url_path = "/".to_owned(), Some("path is /mysfits/7/like, not /"));
        check(&|rule| rule.host = "shop*".to_owned(), Some("host is not known, and must be shop*"));
        check(
            &|rule| rule.attributes = [("tier".to_owned(), "gold".to_owned())].into(),
            Some("tier is not known, and must be gold"),
        );
    }

    #[test]
    fn the_reservoir_comes_first_and_the_rate_takes_from_the_rest() {
        let rule = Rule { reservoir_size: 2, fixed_rate: 0.1, ..Rule::of_everything("r") };
        let check = |requests: f64, by_reservoir: f64, by_rate: f64| {
            let kept = rule.kept(requests);
            assert!((kept.by_reservoir - by_reservoir).abs() < 1e-9 && (kept.by_rate - by_rate).abs() < 1e-9);
        };
        check(0.0, 0.0, 0.0);
        check(1.5, 1.5, 0.0);
        check(2.0, 2.0, 0.0);
        check(52.0, 2.0, 5.0);
    }
}
