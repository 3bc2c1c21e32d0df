//! Sampling rules as X-Ray serves them, and which requests each of them is about. Pure.
//!
//! A rule is about a request when all of its patterns fit and all of its attributes are there. What is not known about a request
//! (a background job has no URL) fits the pattern `*` only.

use std::collections::BTreeMap;

use opentelemetry::trace::SpanKind;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use serde::Deserialize;

/// The only version of rules that there has been.
const VERSION: u32 = 1;

/// One rule, in the words of the X-Ray API. Two equal rules mean the same in every respect.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rule {
    pub(super) rule_name: String,
    pub(super) priority: u32,
    /// The share of requests, 0 to 1, that is sampled beyond the reservoir.
    pub(super) fixed_rate: f64,
    /// How many requests a second are sampled first, all clients of the rule taken together.
    pub(super) reservoir_size: u32,
    #[serde(default)]
    service_name: Pattern,
    #[serde(default)]
    service_type: Pattern,
    #[serde(default)]
    host: Pattern,
    #[serde(default, rename = "HTTPMethod")]
    http_method: Pattern,
    #[serde(default, rename = "URLPath")]
    url_path: Pattern,
    #[serde(default, rename = "ResourceARN")]
    resource_arn: Pattern,
    #[serde(default)]
    attributes: BTreeMap<String, Pattern>,
    version: u32,
}

impl Rule {
    /// Whether a client like this one can apply the rule. Rules for one AWS resource are meant for the AWS services themselves.
    pub(super) fn is_for_us(&self) -> bool {
        self.version == VERSION
            && self.resource_arn.is_any()
            && !self.rule_name.is_empty()
            && (0.0..=1.0).contains(&self.fixed_rate)
    }

    /// Whether the rule is about this request.
    pub(super) fn matches(&self, request: &Request<'_>) -> bool {
        let attribute = |key: &str| request.attributes.iter().find(|attribute| attribute.key.as_str() == key);
        self.service_name.matches(request.service_name)
            && self.service_type.fits_one_of(request.service_types)
            && self.fits_host(request)
            && self.http_method.fits(request.method)
            && self.url_path.fits(request.path)
            && self.attributes.iter().all(|(key, pattern)| {
                attribute(key).is_some_and(|attribute| pattern.matches(&attribute.value.as_str()))
            })
    }

    /// A rule may name the host as the `Host` header does, with the port, or without it.
    fn fits_host(&self, request: &Request<'_>) -> bool {
        let with_port = || Some(format!("{}:{}", request.host?, request.port?));
        self.host.fits(request.host) || with_port().is_some_and(|host| self.host.matches(&host))
    }
}

/// Text in which `*` stands for any run of characters and `?` for exactly one. Case does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
struct Pattern(Vec<char>);

impl Default for Pattern {
    /// `*`.
    fn default() -> Self {
        Self(vec!['*'])
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self(text.chars().collect())
    }
}

impl Pattern {
    fn is_any(&self) -> bool {
        self.0 == ['*']
    }

    fn fits(&self, text: Option<&str>) -> bool {
        self.is_any() || text.is_some_and(|text| self.matches(text))
    }

    fn fits_one_of(&self, texts: &[&str]) -> bool {
        self.is_any() || texts.iter().any(|text| self.matches(text))
    }

    /// Matches by going back to the latest `*` only: an earlier one could not do better.
    fn matches(&self, text: &str) -> bool {
        if self.is_any() {
            return true;
        }
        let (mut at, mut rest) = (0, text.chars());
        let mut after_star = None;
        loop {
            let mut ahead = rest.clone();
            match (self.0.get(at), ahead.next()) {
                (None, None) => return true,
                (Some('*'), _) => {
                    at += 1;
                    after_star = Some((at, rest.clone()));
                }
                (Some(wanted), Some(found)) if *wanted == '?' || same_letter(*wanted, found) => {
                    at += 1;
                    rest = ahead;
                }
                (_, None) => return false,
                (_, Some(_)) => {
                    let Some((start, mut swallowed)) = after_star.take() else { return false };
                    swallowed.next();
                    (at, rest) = (start, swallowed.clone());
                    after_star = Some((start, swallowed));
                }
            }
        }
    }
}

fn same_letter(one: char, other: char) -> bool {
    one == other || one.eq_ignore_ascii_case(&other) || one.to_lowercase().eq(other.to_lowercase())
}

/// Who asks: the service, as its resource describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    service_name: String,
    service_types: Vec<&'static str>,
}

impl Origin {
    pub(super) fn of(resource: &Resource) -> Self {
        let text = |key: &'static str| resource.get(&key.into()).map(|value| value.as_str().into_owned());
        let platform = text("cloud.platform").unwrap_or_default();
        let on_fargate = text("aws.ecs.launchtype").is_some_and(|kind| kind.eq_ignore_ascii_case("fargate"));
        let service_types = match platform.as_str() {
            // Rules know ECS by its containers, segments on Fargate say Fargate; whoever writes a rule may mean either.
            "aws_ecs" if on_fargate => vec!["AWS::ECS::Container", "AWS::ECS::Fargate"],
            "aws_ecs" => vec!["AWS::ECS::Container"],
            "aws_ec2" => vec!["AWS::EC2::Instance"],
            "aws_eks" => vec!["AWS::EKS::Container"],
            "aws_elastic_beanstalk" => vec!["AWS::ElasticBeanstalk::Environment"],
            "aws_lambda" => vec!["AWS::Lambda::Function"],
            _ => Vec::new(),
        };
        Self { service_name: text("service.name").unwrap_or_default(), service_types }
    }
}

/// What is known about a request when its trace begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    service_name: &'a str,
    service_types: &'a [&'static str],
    host: Option<&'a str>,
    port: Option<i64>,
    method: Option<&'a str>,
    path: Option<&'a str>,
    attributes: &'a [KeyValue],
}

impl<'a> Request<'a> {
    /// Reads the attributes with which a span starts, in the current or the older semantic conventions.
    pub(super) fn new(origin: &'a Origin, kind: &SpanKind, attributes: &'a [KeyValue]) -> Self {
        // The URL of an outgoing call is somebody else's; a rule speaks of requests that are served.
        let served = !matches!(kind, SpanKind::Client | SpanKind::Producer);
        let value = |keys: [&str; 2]| {
            let find = |key| attributes.iter().find(|attribute| served && attribute.key.as_str() == key);
            keys.into_iter().find_map(find).map(|attribute| &attribute.value)
        };
        let text = |keys| match value(keys) {
            Some(Value::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let port = match value(["server.port", "net.host.port"]) {
            Some(Value::I64(port)) => Some(*port),
            _ => None,
        };
        let path = text(["url.path", "http.target"]).or_else(|| path_of(text(["url.full", "http.url"])?));
        Self {
            service_name: &origin.service_name,
            service_types: &origin.service_types,
            host: text(["server.address", "http.host"]),
            port,
            method: text(["http.request.method", "http.method"]),
            path: path.map(without_query),
            attributes,
        }
    }
}

fn path_of(url: &str) -> Option<&str> {
    let (_, after_scheme) = url.split_once("://")?;
    Some(after_scheme.find('/').and_then(|slash| after_scheme.get(slash..)).unwrap_or("/"))
}

fn without_query(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or(target)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A rule for every request, with some members of its own.
    pub(in crate::sampler) fn rule(members: serde_json::Value) -> Rule {
        let mut rule = json!({
            "RuleName": "r", "ResourceARN": "*", "Priority": 100, "FixedRate": 0.0, "ReservoirSize": 0, "ServiceName": "*",
            "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1, "Attributes": {},
        });
        let serde_json::Value::Object(members) = members else { panic!("{members} is no object") };
        rule.as_object_mut().unwrap().extend(members);
        serde_json::from_value(rule).unwrap()
    }

    pub(in crate::sampler) fn origin(attributes: &[(&'static str, &'static str)]) -> Origin {
        let attributes = attributes.iter().map(|(key, value)| KeyValue::new(*key, *value));
        Origin::of(&Resource::builder_empty().with_attributes(attributes).build())
    }

    #[test]
    fn a_pattern_knows_any_run_and_any_one_and_no_case() {
        fn check(pattern: &str, text: &str, expected: bool) {
            assert_eq!(Pattern::from(pattern.to_owned()).matches(text), expected, "{pattern} {text}");
        }
        check("*", "", true);
        check("", "", true);
        check("", "a", false);
        check("?", "a", true);
        check("?", "", false);
        check("?", "é", true);
        check("?*", "", false);
        check("/mysfits/*/like", "/mysfits/4e53920c/like", true);
        check("/mysfits/*/like", "/mysfits/4e53920c/likes", false);
        check("/mysfits/*/like", "/mysfits//like/like", true);
        check("*like*", "POST /a/like/b", true);
        check("a*b*c", "aXbXbc", true);
        check("a*b*c", "aXbXb", false);
        check("*.Example.COM", "shop.example.com", true);
        check("GRÜSSE*", "grüsse aus", true);
        check("a**b", "ab", true);
        check("abc", "ab", false);
        check("ab", "abc", false);
    }

    proptest! {
        #[test]
        fn a_pattern_of_plain_text_matches_itself_and_with_stars_put_in(text in "[a-cA-C/]{0,12}", at in 0usize..12) {
            let matches = |pattern: String| Pattern::from(pattern).matches(&text.to_uppercase());
            prop_assert!(matches(text.clone()));
            let (before, after) = text.split_at(at.min(text.len()));
            let starred = format!("{before}*{after}");
            let ends_only = format!("{before}*");
            prop_assert!(matches(starred) && matches(ends_only));
        }

        #[test]
        fn a_pattern_agrees_with_the_same_regular_expression(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let regex = format!("^(?i){}$", pattern.replace('*', ".*").replace('?', "."));
            let expected = regex::Regex::new(&regex).unwrap().is_match(&text);
            prop_assert_eq!(Pattern::from(pattern).matches(&text), expected);
        }
    }

    #[test]
    fn a_rule_is_about_requests_that_fit_in_every_respect() {
        fn check(members: serde_json::Value, expected: bool) {
            let on_fargate =
                [("service.name", "like service"), ("cloud.platform", "aws_ecs"), ("aws.ecs.launchtype", "FARGATE")];
            let origin = origin(&on_fargate);
            let attributes = [
                KeyValue::new("http.request.method", "POST"),
                KeyValue::new("url.path", "/mysfits/7/like"),
                KeyValue::new("server.address", "mysfits.example.com"),
                KeyValue::new("server.port", 8080),
                KeyValue::new("user_agent.original", "ELB-HealthChecker/2.0"),
                KeyValue::new("visits", 3),
            ];
            let request = Request::new(&origin, &SpanKind::Server, &attributes);
            let shown = members.to_string();
            assert_eq!(rule(members).matches(&request), expected, "{shown}");
        }
        check(json!({}), true);
        check(json!({"ServiceName": "Like*"}), true);
        check(json!({"ServiceName": "monolith"}), false);
        check(json!({"ServiceType": "AWS::ECS::Container"}), true);
        check(json!({"ServiceType": "AWS::ECS::Fargate"}), true);
        check(json!({"ServiceType": "AWS::EC2::Instance"}), false);
        check(json!({"Host": "*.example.com"}), true);
        check(json!({"Host": "mysfits.example.com:8080"}), true);
        check(json!({"Host": "mysfits.example.com:80"}), false);
        check(json!({"HTTPMethod": "post"}), true);
        check(json!({"HTTPMethod": "GET"}), false);
        check(json!({"URLPath": "/mysfits/?/LIKE"}), true);
        check(json!({"URLPath": "/"}), false);
        check(json!({"Attributes": {"user_agent.original": "ELB-*", "visits": "3"}}), true);
        check(json!({"Attributes": {"user_agent.original": "curl*"}}), false);
        check(json!({"Attributes": {"tenant": "*"}}), false);
        check(json!({"URLPath": "/mysfits/*", "HTTPMethod": "GET"}), false);
    }

    #[test]
    fn what_is_not_known_fits_a_star_only() {
        fn check(members: serde_json::Value, expected: bool) {
            let origin = origin(&[("service.name", "worker")]);
            let call = [KeyValue::new("url.path", "/elsewhere"), KeyValue::new("server.address", "elsewhere")];
            let (shown, rule) = (members.to_string(), rule(members));
            for kind in [SpanKind::Client, SpanKind::Producer] {
                assert_eq!(rule.matches(&Request::new(&origin, &kind, &call)), expected, "{shown}");
            }
        }
        check(json!({"ServiceName": "worker"}), true);
        check(json!({"URLPath": "/elsewhere"}), false);
        check(json!({"Host": "?*"}), false);
        check(json!({"ServiceType": "AWS::*"}), false);
    }

    #[test]
    fn older_conventions_and_whole_urls_are_read_too() {
        fn check(attributes: &[(&'static str, &'static str)], expected: Option<&str>) {
            let origin = origin(&[]);
            let attributes: Vec<KeyValue> = attributes.iter().map(|(key, value)| KeyValue::new(*key, *value)).collect();
            assert_eq!(Request::new(&origin, &SpanKind::Server, &attributes).path, expected, "{attributes:?}");
        }
        check(&[("url.path", "/a"), ("url.full", "http://h/b")], Some("/a"));
        check(&[("http.target", "/a?b=/c")], Some("/a"));
        check(&[("url.full", "http://h:80/a/b?c")], Some("/a/b"));
        check(&[("http.url", "https://h")], Some("/"));
        check(&[("http.url", "nonsense")], None);
        check(&[], None);
    }

    #[test]
    fn rules_that_are_not_for_us_are_told_apart() {
        fn check(members: serde_json::Value, expected: bool) {
            let shown = members.to_string();
            assert_eq!(rule(members).is_for_us(), expected, "{shown}");
        }
        check(json!({}), true);
        check(json!({"Attributes": {"tenant": "a"}}), true);
        check(json!({"ResourceARN": "arn:aws:apigateway:eu-west-1::/restapis/a"}), false);
        check(json!({"Version": 2}), false);
        check(json!({"RuleName": ""}), false);
        check(json!({"FixedRate": 1.5}), false);
    }
}
