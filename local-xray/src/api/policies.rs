//! Resource policies.

use actix_web::web;

use crate::document::Timestamp;
use crate::state::AppState;

use super::answer::{Answer, Outcome};
use super::input::Input;
use super::page_token;
use super::wire::{
    DeleteResourcePolicy, Done, NextPage, PutResourcePolicy, ResourcePoliciesAnswer, ResourcePolicy,
    ResourcePolicyAnswer,
};

/// `PutResourcePolicy`.
pub(super) async fn put(
    state: web::Data<AppState>,
    Input(input): Input<PutResourcePolicy>,
) -> Outcome<ResourcePolicyAnswer> {
    let revision = input.policy_revision_id.as_deref();
    let policy = state.settings.change(|settings| {
        settings.policies.put(&input.policy_name, &input.policy_document, revision, Timestamp::now())
    })?;
    Ok(Answer(ResourcePolicyAnswer { resource_policy: policy.into() }))
}

/// `ListResourcePolicies`, all in one page.
pub(super) async fn list(state: web::Data<AppState>, Input(input): Input<NextPage>) -> Outcome<ResourcePoliciesAnswer> {
    page_token::none_was_issued(input.next_token.as_deref())?;
    let resource_policies = state.settings.read(|settings| {
        settings.policies.list().into_iter().map(|policy| ResourcePolicy::from(policy.clone())).collect()
    });
    Ok(Answer(ResourcePoliciesAnswer { resource_policies }))
}

/// `DeleteResourcePolicy`.
pub(super) async fn delete(state: web::Data<AppState>, Input(input): Input<DeleteResourcePolicy>) -> Outcome<Done> {
    let revision = input.policy_revision_id.as_deref();
    state.settings.change(|settings| settings.policies.delete(&input.policy_name, revision))?;
    Ok(Answer(Done {}))
}
