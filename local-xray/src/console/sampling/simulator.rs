//! The simulator: a request as somebody imagines it, the rules as a client would try them, and what would be kept.

use std::collections::HashMap;

use crate::console::format;
use crate::sampling::{Request, Rule};

use super::form::pairs;

/// The fields: name in the URL, label, an example.
const FIELDS: [(&str, &str, &str); 6] = [
    ("service", "Service name", "monolith"),
    ("type", "Service type", "AWS::ECS::Fargate"),
    ("host", "Host", "127.0.0.1:8080"),
    ("method", "Method", "GET"),
    ("path", "Path", "/"),
    ("arn", "Resource ARN", ""),
];
/// Requests a second, when nothing is said.
const USUAL_RATE: f64 = 10.0;

/// What was asked, and the answer once the rules were tried.
#[derive(Default)]
pub(in crate::console) struct Simulator {
    pub(super) fields: Vec<Field>,
    pub(super) attributes: String,
    pub(super) requests_per_second: String,
    pub(super) problem: Option<String>,
    pub(super) outcome: Option<Outcome>,
    /// `None` until somebody asks.
    request: Option<(Request, f64)>,
}

/// A field of the form.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) example: &'static str,
    pub(super) value: String,
}

/// Which rule decides, and what it keeps.
pub(super) struct Outcome {
    pub(super) rule: String,
    /// Rules that were tried before, with the reason why each is not meant.
    pub(super) passed_over: Vec<(String, String)>,
    /// `3.5 of 10 requests a second, 35 %`.
    pub(super) kept: String,
    /// `1 by the reservoir, 2.5 by the rate`.
    pub(super) parts: String,
    /// Widths in percent: by reservoir, by rate.
    pub(super) shares: (String, String),
    /// The rules that X-Ray SDKs would have left out.
    pub(super) skipped: Vec<String>,
}

impl Simulator {
    /// Reads what was asked out of the URL.
    pub(super) fn of(query: &HashMap<String, String>) -> Self {
        let text = |name: &str| query.get(name).map(|text| text.trim()).unwrap_or_default();
        let fields = FIELDS.map(|(name, label, example)| Field { name, label, example, value: text(name).to_owned() });
        let known = |name: &str| Some(text(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        let mut simulator = Self {
            fields: fields.into(),
            attributes: text("attributes").to_owned(),
            requests_per_second: if text("rps").is_empty() { USUAL_RATE.to_string() } else { text("rps").to_owned() },
            ..Self::default()
        };
        if !query.contains_key("rps") {
            return simulator;
        }
        let rate = simulator.requests_per_second.parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate > 0.0);
        match (pairs(text("attributes")), rate) {
            (Ok(attributes), Some(rate)) => {
                let request = Request {
                    service_name: known("service"),
                    service_type: known("type"),
                    host: known("host"),
                    http_method: known("method"),
                    url_path: known("path").map(|path| path.split('?').next().unwrap_or_default().to_owned()),
                    resource_arn: known("arn"),
                    attributes,
                };
                simulator.request = Some((request, rate));
            }
            (Err(words), _) => simulator.problem = Some(words),
            (_, None) => simulator.problem = Some("Requests a second: a number above 0 is meant".to_owned()),
        }
        simulator
    }

    /// Tries the rules in their order.
    pub(super) fn tried(self, rules: &[&Rule]) -> Self {
        let simulator = if self.fields.is_empty() { Self::of(&HashMap::new()) } else { self };
        let outcome = simulator.request.as_ref().and_then(|(request, rate)| outcome(request, *rate, rules));
        Self { outcome, ..simulator }
    }

    /// Says whether the request meets this rule.
    pub(super) fn meets(&self, rule: &str) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.rule == rule)
    }
}

fn outcome(request: &Request, rate: f64, rules: &[&Rule]) -> Option<Outcome> {
    let mut passed_over = Vec::new();
    let mut tried = Vec::new();
    for rule in rules {
        tried.push(*rule);
        match rule.mismatch(request) {
            Some(mismatch) => passed_over.push((rule.name.clone(), mismatch.to_string())),
            None => return Some(met(rule, rate, passed_over, &tried)),
        }
    }
    None
}

fn met(rule: &Rule, rate: f64, passed_over: Vec<(String, String)>, tried: &[&Rule]) -> Outcome {
    let kept = rule.kept(rate);
    let share = |part: f64| format!("{:.1}", part / rate * 100.0);
    Outcome {
        rule: rule.name.clone(),
        passed_over,
        kept: format!(
            "{} of {} requests a second, {} %",
            number(kept.total()),
            number(rate),
            number(kept.total() / rate * 100.0)
        ),
        parts: format!("{} by the reservoir, {} by the rate", number(kept.by_reservoir), number(kept.by_rate)),
        shares: (share(kept.by_reservoir), share(kept.by_rate)),
        skipped: tried.iter().filter(|rule| rule.is_skipped_by_sdks()).map(|rule| rule.name.clone()).collect(),
    }
}

/// With at most two digits behind the point.
fn number(value: f64) -> String {
    if value >= 1_000.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number, rounded")]
        return format::count(value.round() as u64);
    }
    format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&str, &str)], rules: &[&Rule]) -> Simulator {
        let query = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Simulator::of(&query).tried(rules)
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_the_others_say_why_not() {
        let likes = Rule { url_path: "*/like".to_owned(), ..Rule::of_everything("likes") };
        let gold = Rule { attributes: [("tier".to_owned(), "gold".to_owned())].into(), ..Rule::of_everything("gold") };
        let default = Rule { fixed_rate: 0.05, reservoir_size: 1, ..Rule::of_everything("Default") };
        let simulator = asked(&[("path", "/?x=1"), ("rps", "21")], &[&likes, &gold, &default]);
        assert!(simulator.meets("Default") && !simulator.meets("likes"));
        let outcome = simulator.outcome.unwrap();
        assert_eq!(outcome.kept, "2 of 21 requests a second, 9.52 %");
        assert_eq!(outcome.parts, "1 by the reservoir, 1 by the rate");
        assert_eq!(outcome.passed_over[0].1, "path is /, not */like");
        assert_eq!(outcome.skipped, ["gold"]);
    }

    #[test]
    fn nothing_is_tried_until_somebody_asks() {
        let default = Rule::of_everything("Default");
        assert!(asked(&[], &[&default]).outcome.is_none());
        assert!(asked(&[("rps", "0")], &[&default]).problem.is_some());
        assert!(asked(&[("rps", "10"), ("attributes", "gold")], &[&default]).problem.is_some());
        assert!(asked(&[("rps", "")], &[&default]).meets("Default"));
    }
}
