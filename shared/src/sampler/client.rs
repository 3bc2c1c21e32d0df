//! The two calls of the X-Ray API that a sampler makes, unsigned and over plain HTTP, as the daemon and its replacements take them.
//!
//! Reads leniently: a record that cannot be understood is left out, and the rest is used.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::blocking::Client as Http;
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::poll::{Grants, SamplingService, ServedRules};
use super::reservoir::Quota;
use super::rules::Rule;
use super::targets::{Statistics, Target};

/// How long one call may take, from the look-up of the name to the last byte.
const TIMEOUT: Duration = Duration::from_secs(2);
const MAX_ANSWER_BYTES: u64 = 1024 * 1024;
/// How many pages of rules are read at most; an account has a few dozen rules, so one page holds them all.
const MAX_PAGES: usize = 10;

/// The X-Ray API at one address. Build and drop it outside of any async runtime: it brings its own.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    base: String,
}

impl Client {
    /// A client for `base`, an `http://` URL without a path.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub(super) fn new(base: &str) -> anyhow::Result<Self> {
        let http = Http::builder()
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(0) // between two polls the other side would have hung up
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned() })
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.base);
        let request = self.http.post(url).header(CONTENT_TYPE, "application/json").body(serde_json::to_vec(body)?);
        let answer = request.send()?;
        let status = answer.status();
        ensure!(status.is_success(), "{path} answered {status}");
        let mut bytes = Vec::new();
        answer.take(MAX_ANSWER_BYTES).read_to_end(&mut bytes).with_context(|| format!("reading from {path}"))?;
        serde_json::from_slice(&bytes).with_context(|| format!("{path} answered something else"))
    }
}

impl SamplingService for Client {
    fn rules(&mut self) -> anyhow::Result<ServedRules> {
        let mut served = ServedRules::default();
        let mut ask = GetSamplingRules::default();
        for _ in 0..MAX_PAGES {
            let answer: SamplingRules = self.post("/GetSamplingRules", &ask)?;
            for record in readable::<SamplingRuleRecord>(answer.sampling_rule_records) {
                served.modified_at = served.modified_at.max(record.modified_at.unwrap_or_default());
                served.rules.push(record.sampling_rule);
            }
            ask.next_token = answer.next_token;
            if ask.next_token.is_none() {
                break;
            }
        }
        Ok(served)
    }

    fn targets(&mut self, client_id: &str, now: u64, statistics: &[Statistics]) -> anyhow::Result<Grants> {
        let document = |statistics: &Statistics| SamplingStatisticsDocument {
            rule_name: statistics.rule_name.clone(),
            client_id: client_id.to_owned(),
            timestamp: now,
            request_count: statistics.counts.requests,
            sampled_count: statistics.counts.sampled,
            borrow_count: statistics.counts.borrowed,
        };
        let ask = GetSamplingTargets { sampling_statistics_documents: statistics.iter().map(document).collect() };
        let answer: SamplingTargets = self.post("/SamplingTargets", &ask)?;
        let documents = readable::<SamplingTargetDocument>(answer.sampling_target_documents);
        Ok(Grants {
            interval: documents.iter().filter_map(|document| document.interval).min().map(Duration::from_secs),
            targets: documents.into_iter().filter_map(SamplingTargetDocument::target).collect(),
            modified_at: answer.last_rule_modification.unwrap_or_default(),
            unprocessed: answer.unprocessed_statistics.len(),
        })
    }
}

fn readable<T: DeserializeOwned>(values: Vec<Value>) -> Vec<T> {
    let read = |value: Value| {
        serde_json::from_value(value)
            .inspect_err(|error| tracing::debug!("a sampling record was left out: {error}"))
            .ok()
    };
    values.into_iter().filter_map(read).collect()
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSamplingRules {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingRules {
    sampling_rule_records: Vec<Value>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingRuleRecord {
    sampling_rule: Rule,
    modified_at: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSamplingTargets {
    sampling_statistics_documents: Vec<SamplingStatisticsDocument>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingStatisticsDocument {
    rule_name: String,
    #[serde(rename = "ClientID")]
    client_id: String,
    timestamp: u64,
    request_count: u64,
    sampled_count: u64,
    borrow_count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingTargets {
    sampling_target_documents: Vec<Value>,
    last_rule_modification: Option<f64>,
    #[serde(default)]
    unprocessed_statistics: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingTargetDocument {
    rule_name: String,
    fixed_rate: f64,
    reservoir_quota: Option<u32>,
    #[serde(rename = "ReservoirQuotaTTL")]
    reservoir_quota_ttl: Option<f64>,
    interval: Option<u64>,
}

impl SamplingTargetDocument {
    fn target(self) -> Option<Target> {
        let quota = self.reservoir_quota.zip(self.reservoir_quota_ttl);
        let quota = quota.map(|(per_second, until)| Quota { per_second, until });
        let Self { rule_name, fixed_rate, .. } = self;
        (0.0..=1.0).contains(&fixed_rate).then_some(Target { rule_name, fixed_rate, quota })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use serde_json::json;

    use super::super::epoch_seconds;
    use super::super::reservoir::Counts;
    use super::super::tests::{DEADLINE, Recorded, local_xray};
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn statistics(rule_name: &str) -> Statistics {
        let counts = Counts { requests: 110, sampled: 20, borrowed: 10 };
        Statistics { rule_name: rule_name.to_owned(), counts }
    }

    #[test]
    fn rules_are_read_as_recorded_page_by_page_and_what_is_not_understood_is_left_out() {
        let first = r#"{"NextToken": "more", "SamplingRuleRecords": [
            {"CreatedAt": 1530558121.0, "ModifiedAt": 1530559000.5, "SamplingRule": {"Attributes": {}, "FixedRate": 0.5,
             "HTTPMethod": "PUT", "Host": "*", "Priority": 10, "ReservoirSize": 60, "ResourceARN": "*",
             "RuleARN": "arn:aws:xray:us-west-2:123456789012:sampling-rule/moves", "RuleName": "moves", "ServiceName": "Scorekeep",
             "ServiceType": "*", "URLPath": "/api/move/*", "Version": 1,
             "SamplingRateBoost": {"MaxRate": 1.0, "CooldownWindowMinutes": 10}}},
            {"SamplingRule": {"RuleName": "half a rule"}}]}"#;
        let second = r#"{"NextToken": null, "SamplingRuleRecords": [
            {"CreatedAt": 0.0, "ModifiedAt": 1529959993.0, "SamplingRule": {"Attributes": {}, "FixedRate": 0.05, "HTTPMethod": "*",
             "Host": "*", "Priority": 10000, "ReservoirSize": 1, "ResourceARN": "*", "RuleName": "Default", "ServiceName": "*",
             "ServiceType": "*", "URLPath": "*", "Version": 1}}]}"#;
        let service = Recorded::answering(&[(200, first), (200, second)]);
        let served = Client::new(&service.url).unwrap().rules().unwrap();
        let names: Vec<&str> = served.rules.iter().map(|rule| rule.rule_name.as_str()).collect();
        assert_eq!(names, ["moves", "Default"]);
        assert_eq!((served.rules[0].fixed_rate, served.rules[0].reservoir_size), (0.5, 60));
        assert_eq!(served.modified_at, 1_530_559_000.5);
        let asked = service.requests();
        assert_eq!(asked[0], ("POST /GetSamplingRules HTTP/1.1".to_owned(), json!({})));
        assert_eq!(asked[1].1, json!({"NextToken": "more"}));
    }

    #[test]
    fn targets_are_asked_for_with_what_was_counted_and_read_as_recorded() {
        let answer = r#"{"LastRuleModification": 1530923080.0, "SamplingTargetDocuments": [
            {"FixedRate": 0.1, "Interval": 10, "ReservoirQuota": 2, "ReservoirQuotaTTL": 1530923107.0, "RuleName": "moves"},
            {"FixedRate": 0.05, "Interval": 15, "RuleName": "Default"},
            {"FixedRate": 7, "RuleName": "too much"}, {"RuleName": "no rate"}],
            "UnprocessedStatistics": [{"RuleName": "gone", "ErrorCode": "InvalidRequestException", "Message": "?"}]}"#;
        let service = Recorded::answering(&[(200, answer)]);
        let mut client = Client::new(&service.url).unwrap();
        let grants = client.targets("ABCDEF1234567890ABCDEF10", NOW, &[statistics("moves")]).unwrap();
        let quota = Some(Quota { per_second: 2, until: 1_530_923_107.0 });
        let expected = [
            Target { rule_name: "moves".to_owned(), fixed_rate: 0.1, quota },
            Target { rule_name: "Default".to_owned(), fixed_rate: 0.05, quota: None },
        ];
        assert_eq!(grants.targets, expected);
        assert_eq!(grants.interval, Some(Duration::from_secs(10)));
        assert_eq!((grants.modified_at, grants.unprocessed), (1_530_923_080.0, 1));
        let document = json!({"RuleName": "moves", "ClientID": "ABCDEF1234567890ABCDEF10", "Timestamp": NOW,
            "RequestCount": 110, "SampledCount": 20, "BorrowCount": 10});
        let expected = json!({"SamplingStatisticsDocuments": [document]});
        assert_eq!(service.requests(), [("POST /SamplingTargets HTTP/1.1".to_owned(), expected)]);
    }

    #[test]
    fn anything_but_the_answer_that_was_asked_for_is_an_error() {
        fn check(answer: (u16, &'static str), expected: &str) {
            let service = Recorded::answering(&[answer]);
            let error = Client::new(&service.url).unwrap().rules().unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
        check((403, "{}"), "/GetSamplingRules answered 403");
        check((302, "{}"), "answered 302");
        check((200, "<html>"), "answered something else");
        check((200, "{}"), "missing field `SamplingRuleRecords`");
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(Client::new(&format!("http://{nobody}")).unwrap().rules().is_err());
    }

    #[test]
    fn a_service_that_never_answers_costs_no_more_than_the_timeout() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, ended) = mpsc::channel();
        std::thread::spawn(move || sender.send(Client::new(&url).unwrap().rules().is_err()));
        assert!(ended.recv_timeout(DEADLINE).unwrap());
        drop(listener);
    }

    #[test]
    fn a_local_x_ray_serves_its_default_rule_and_grants_a_target_for_it() {
        let now = epoch_seconds();
        let mut client = Client::new(&local_xray()).unwrap();
        let served = client.rules().unwrap();
        let default = served.rules.iter().find(|rule| rule.rule_name == "Default").unwrap();
        assert!(default.is_for_us());
        let grants = client.targets("abcdef1234567890abcdef10", now, &[statistics("Default")]).unwrap();
        assert_eq!(grants.targets[0].rule_name, "Default");
        assert_eq!(grants.targets[0].fixed_rate, default.fixed_rate);
        let unknown = client.targets("abcdef1234567890abcdef10", now, &[statistics("no such rule")]).unwrap();
        assert_eq!((unknown.targets.len(), unknown.unprocessed), (0, 1));
    }
}
