//! Sampling rules: made, listed, changed and removed.

use actix_web::web;

use crate::document::Timestamp;
use crate::settings::Tag;
use crate::state::AppState;

use super::answer::{Answer, Outcome};
use super::input::Input;
use super::page_token;
use super::wire::{
    CreateSamplingRule, DeleteSamplingRule, NextPage, SamplingRuleAnswer, SamplingRulesAnswer, UpdateSamplingRule,
};

/// `CreateSamplingRule`.
pub(super) async fn create(
    state: web::Data<AppState>,
    Input(input): Input<CreateSamplingRule>,
) -> Outcome<SamplingRuleAnswer> {
    let rule = input.sampling_rule.into_rule()?;
    let tags: Vec<Tag> = input.tags.unwrap_or_default().into_iter().map(Tag::from).collect();
    let record = state.settings.change(|settings| settings.create_rule(rule, &tags, Timestamp::now()))?;
    Ok(Answer(SamplingRuleAnswer { sampling_rule_record: record.into() }))
}

/// `GetSamplingRules`, all in one page.
pub(super) async fn list(state: web::Data<AppState>, Input(input): Input<NextPage>) -> Outcome<SamplingRulesAnswer> {
    page_token::none_was_issued(input.next_token.as_deref())?;
    let records = state.settings.read(|settings| {
        let records = settings.sampling.rules.list().into_iter();
        records.map(|record| record.clone().into()).collect()
    });
    Ok(Answer(SamplingRulesAnswer { sampling_rule_records: records }))
}

/// `UpdateSamplingRule`.
pub(super) async fn update(
    state: web::Data<AppState>,
    Input(input): Input<UpdateSamplingRule>,
) -> Outcome<SamplingRuleAnswer> {
    let (reference, change) = input.sampling_rule_update.into_change();
    let update = state.settings.change(|settings| settings.sampling.rules.update(&reference, change, Timestamp::now()));
    Ok(Answer(SamplingRuleAnswer { sampling_rule_record: update?.into() }))
}

/// `DeleteSamplingRule`.
pub(super) async fn delete(
    state: web::Data<AppState>,
    Input(input): Input<DeleteSamplingRule>,
) -> Outcome<SamplingRuleAnswer> {
    let record = state.settings.change(|settings| settings.delete_rule(&input.into(), Timestamp::now()))?;
    Ok(Answer(SamplingRuleAnswer { sampling_rule_record: record.into() }))
}
