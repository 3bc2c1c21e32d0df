//! `GetSamplingRules` and `GetSamplingTargets`, with one rule: the default one, which keeps every request.

use std::collections::BTreeMap;

use crate::document::Timestamp;

use super::answer::{Answer, Outcome};
use super::input::Input;
use super::wire::{
    GetSamplingTargets, Nothing, SamplingRule, SamplingRuleRecord, SamplingRulesAnswer, SamplingStatisticsDocument,
    SamplingTarget, SamplingTargetsAnswer, UnprocessedStatistics,
};

const DEFAULT: &str = "Default";
/// Every request is kept. On a laptop, a trace that is missing is worse than one too many.
const FIXED_RATE: f64 = 1.0;
/// With a rate of 1 the reservoir changes nothing; some SDKs skip rules without one.
const RESERVOIR_SIZE: u32 = 1;
/// How long a quota holds, in microseconds.
const QUOTA_TTL_MICROS: i64 = 300_000_000;
/// Seconds between a client's reports.
const INTERVAL_SECONDS: u32 = 10;

pub(super) async fn rules(_: Input<Nothing>) -> Outcome<SamplingRulesAnswer> {
    let sampling_rule = SamplingRule {
        rule_name: DEFAULT,
        rule_arn: format!("arn:aws:xray:us-east-1:000000000000:sampling-rule/{DEFAULT}"),
        resource_arn: "*",
        priority: 10_000,
        fixed_rate: FIXED_RATE,
        reservoir_size: RESERVOIR_SIZE,
        service_name: "*",
        service_type: "*",
        host: "*",
        http_method: "*",
        url_path: "*",
        version: 1,
        attributes: BTreeMap::new(),
    };
    let record = SamplingRuleRecord { sampling_rule, created_at: Timestamp::EPOCH, modified_at: Timestamp::EPOCH };
    Ok(Answer(SamplingRulesAnswer { sampling_rule_records: vec![record] }))
}

pub(super) async fn targets(Input(input): Input<GetSamplingTargets>) -> Outcome<SamplingTargetsAnswer> {
    let now = Timestamp::now();
    let (known, unknown): (Vec<_>, Vec<_>) =
        input.sampling_statistics_documents.into_iter().partition(|document| document.rule_name == DEFAULT);
    Ok(Answer(SamplingTargetsAnswer {
        sampling_target_documents: known.into_iter().map(|document| target(document, now)).collect(),
        last_rule_modification: Timestamp::EPOCH,
        unprocessed_statistics: unknown.into_iter().map(unprocessed).collect(),
    }))
}

fn target(document: SamplingStatisticsDocument, now: Timestamp) -> SamplingTarget {
    SamplingTarget {
        rule_name: document.rule_name,
        fixed_rate: FIXED_RATE,
        reservoir_quota: RESERVOIR_SIZE,
        reservoir_quota_ttl: Timestamp::from_micros(now.micros().saturating_add(QUOTA_TTL_MICROS)),
        interval: INTERVAL_SECONDS,
    }
}

fn unprocessed(document: SamplingStatisticsDocument) -> UnprocessedStatistics {
    UnprocessedStatistics {
        message: format!("there is no sampling rule {}", document.rule_name),
        rule_name: document.rule_name,
        error_code: "InvalidRequestException",
    }
}
