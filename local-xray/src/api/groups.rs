//! Groups: made, listed, changed and removed.

use actix_web::web;

use crate::settings::Tag;
use crate::state::AppState;

use super::answer::{Answer, Outcome};
use super::input::Input;
use super::page_token;
use super::wire::{
    CreateGroup, DeleteGroup, Done, GetGroup, GroupAnswer, GroupsAnswer, NextPage, UpdateGroup, group_change,
};

/// `CreateGroup`.
pub(super) async fn create(state: web::Data<AppState>, Input(input): Input<CreateGroup>) -> Outcome<GroupAnswer> {
    let change = group_change(input.filter_expression, input.insights_configuration);
    let tags: Vec<Tag> = input.tags.unwrap_or_default().into_iter().map(Tag::from).collect();
    let group = state.settings.change(|settings| settings.create_group(&input.group_name, change, &tags))?;
    Ok(Answer(GroupAnswer { group: group.into() }))
}

/// `GetGroup`.
pub(super) async fn get(state: web::Data<AppState>, Input(input): Input<GetGroup>) -> Outcome<GroupAnswer> {
    let group = state.settings.read(|settings| settings.groups.find(&input.into()).cloned())?;
    Ok(Answer(GroupAnswer { group: group.into() }))
}

/// `GetGroups`, all in one page.
pub(super) async fn list(state: web::Data<AppState>, Input(input): Input<NextPage>) -> Outcome<GroupsAnswer> {
    page_token::none_was_issued(input.next_token.as_deref())?;
    let groups = state.settings.read(|settings| settings.groups.list().into_iter().cloned().collect::<Vec<_>>());
    Ok(Answer(GroupsAnswer { groups: groups.into_iter().map(Into::into).collect() }))
}

/// `UpdateGroup`.
pub(super) async fn update(state: web::Data<AppState>, Input(input): Input<UpdateGroup>) -> Outcome<GroupAnswer> {
    let reference = input.reference();
    let change = group_change(input.filter_expression, input.insights_configuration);
    let group = state.settings.change(|settings| settings.groups.update(&reference, change))?;
    Ok(Answer(GroupAnswer { group: group.into() }))
}

/// `DeleteGroup`.
pub(super) async fn delete(state: web::Data<AppState>, Input(input): Input<DeleteGroup>) -> Outcome<Done> {
    state.settings.change(|settings| settings.delete_group(&input.into()))?;
    Ok(Answer(Done {}))
}
