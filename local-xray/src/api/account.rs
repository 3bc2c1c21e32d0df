//! Settings that an account has once: encryption, destination, indexing.

use actix_web::web;

use crate::document::Timestamp;
use crate::refusal::{Refusal, check_length};
use crate::state::AppState;

use super::answer::{Answer, Outcome};
use super::input::Input;
use super::page_token;
use super::wire::{
    DestinationAnswer, EncryptionAnswer, EncryptionConfig, EncryptionType, IndexingRule, IndexingRuleAnswer,
    IndexingRulesAnswer, NextPage, Nothing, PutEncryptionConfig, UpdateIndexingRule, UpdateTraceSegmentDestination,
};

/// `GetEncryptionConfig`.
pub(super) async fn encryption(state: web::Data<AppState>, _: Input<Nothing>) -> Outcome<EncryptionAnswer> {
    let encryption_config = state.settings.read(|settings| EncryptionConfig::of(&settings.account));
    Ok(Answer(EncryptionAnswer { encryption_config }))
}

/// `PutEncryptionConfig`, in force at once.
pub(super) async fn put_encryption(
    state: web::Data<AppState>,
    Input(input): Input<PutEncryptionConfig>,
) -> Outcome<EncryptionAnswer> {
    let key = match (input.encryption_type, input.key_id) {
        (EncryptionType::None, None) => None,
        (EncryptionType::Kms, Some(key)) => Some(key),
        (EncryptionType::None, Some(_)) => return Err(Refusal::invalid("KeyId: Type NONE has no key").into()),
        (EncryptionType::Kms, None) => return Err(Refusal::invalid("KeyId: Type KMS needs a key").into()),
    };
    let encryption_config = state.settings.change(|settings| {
        settings.account.encrypt_with(key)?;
        Ok(EncryptionConfig::of(&settings.account))
    })?;
    Ok(Answer(EncryptionAnswer { encryption_config }))
}

/// `GetTraceSegmentDestination`.
pub(super) async fn destination(state: web::Data<AppState>, _: Input<Nothing>) -> Outcome<DestinationAnswer> {
    Ok(Answer(DestinationAnswer::from(state.settings.read(|settings| settings.account.destination))))
}

/// `UpdateTraceSegmentDestination`; without a destination nothing changes.
pub(super) async fn update_destination(
    state: web::Data<AppState>,
    Input(input): Input<UpdateTraceSegmentDestination>,
) -> Outcome<DestinationAnswer> {
    let logs = input.cloud_watch_logs_configuration;
    if let Some(key) = logs.and_then(|logs| logs.spans_log_group_kms_key_id) {
        // There are no log groups to encrypt, and no answer holds the key: it is checked and let go.
        check_length("CloudWatchLogsConfiguration.SpansLogGroupKmsKeyId", &key, 1..=256)?;
    }
    let destination = state.settings.change(|settings| {
        let account = &mut settings.account;
        account.destination = input.destination.map_or(account.destination, Into::into);
        Ok(account.destination)
    })?;
    Ok(Answer(DestinationAnswer::from(destination)))
}

/// `GetIndexingRules`: there is one.
pub(super) async fn indexing_rules(
    state: web::Data<AppState>,
    Input(input): Input<NextPage>,
) -> Outcome<IndexingRulesAnswer> {
    page_token::none_was_issued(input.next_token.as_deref())?;
    let rule = state.settings.read(|settings| IndexingRule::of(&settings.account));
    Ok(Answer(IndexingRulesAnswer { indexing_rules: vec![rule] }))
}

/// `UpdateIndexingRule`.
pub(super) async fn update_indexing_rule(
    state: web::Data<AppState>,
    Input(input): Input<UpdateIndexingRule>,
) -> Outcome<IndexingRuleAnswer> {
    let missing = || Refusal::invalid("Rule: missing field `Probabilistic`");
    let percentage = input.rule.probabilistic.ok_or_else(missing)?.desired_sampling_percentage;
    let indexing_rule = state.settings.change(|settings| {
        settings.account.index(&input.name, percentage, Timestamp::now())?;
        Ok(IndexingRule::of(&settings.account))
    })?;
    Ok(Answer(IndexingRuleAnswer { indexing_rule }))
}
