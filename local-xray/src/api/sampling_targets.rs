//! What clients report about sampling, what they are told in return, and what all of them reported.

use actix_web::web;

use crate::document::Timestamp;
use crate::limits::Limits;
use crate::refusal::check_range;
use crate::sampling::Report;
use crate::state::AppState;

use super::answer::{Answer, Lifted, LiftedOutcome, Outcome};
use super::input::Input;
use super::page_token;
use super::wire::{
    GetSamplingTargets, NextPage, SamplingBoostStatisticsDocument, SamplingStatisticSummary, SamplingStatisticsAnswer,
    SamplingStatisticsDocument, SamplingTarget, SamplingTargetsAnswer, UnprocessedStatistics,
};

/// `GetSamplingTargets`.
pub(super) async fn targets(
    state: web::Data<AppState>,
    Input(input): Input<GetSamplingTargets>,
) -> LiftedOutcome<SamplingTargetsAnswer> {
    let documents = input.sampling_statistics_documents;
    let number = "SamplingStatisticsDocuments: the number";
    let few = |limits: Limits| check_range(number, documents.len(), 0..=limits.sampling_documents());
    let ((), beyond) = state.limits.check(few)?;
    let reports = documents.into_iter().map(SamplingStatisticsDocument::into_report);
    let reports = reports.collect::<Result<Vec<Report>, _>>()?;
    let now = Timestamp::now();
    let answer = state.settings.change(|settings| {
        let (mut targets, mut unknown) = (Vec::new(), Vec::new());
        for report in reports {
            match settings.sampling.report(&report, now) {
                Some(target) => targets.push(SamplingTarget::new(report.rule_name, &target)),
                None => unknown.push(UnprocessedStatistics::unknown_rule(report.rule_name)),
            }
        }
        let rules = &settings.sampling.rules;
        let unknown_boost = |documents: Vec<SamplingBoostStatisticsDocument>| {
            let names = documents.into_iter().map(|document| document.rule_name);
            names.filter(|name| rules.get(name).is_none()).map(UnprocessedStatistics::unknown_rule).collect()
        };
        Ok(SamplingTargetsAnswer {
            sampling_target_documents: targets,
            last_rule_modification: rules.last_modification(),
            unprocessed_statistics: unknown,
            unprocessed_boost_statistics: input.sampling_boost_statistics_documents.map(unknown_boost),
        })
    })?;
    Ok(Lifted(Answer(answer), beyond))
}

/// `GetSamplingStatisticSummaries`, all in one page.
pub(super) async fn statistics(
    state: web::Data<AppState>,
    Input(input): Input<NextPage>,
) -> Outcome<SamplingStatisticsAnswer> {
    page_token::none_was_issued(input.next_token.as_deref())?;
    let now = Timestamp::now();
    let sampling_statistic_summaries = state.settings.read(|settings| {
        settings.sampling.statistics.list(now).into_iter().map(SamplingStatisticSummary::from).collect()
    });
    Ok(Answer(SamplingStatisticsAnswer { sampling_statistic_summaries }))
}
