//! Tags on groups and sampling rules.

use actix_web::web;

use crate::refusal::check_length;
use crate::settings::Tag;
use crate::state::AppState;

use super::answer::{Answer, Outcome};
use super::input::Input;
use super::page_token;
use super::wire::{Done, ListTagsForResource, TagResource, TagsAnswer, UntagResource};

/// The longest ARN, in characters.
const MAX_ARN: usize = 1_011;

/// `TagResource`.
pub(super) async fn tag(state: web::Data<AppState>, Input(input): Input<TagResource>) -> Outcome<Done> {
    check_length("ResourceARN", &input.resource_arn, 1..=MAX_ARN)?;
    let tags: Vec<Tag> = input.tags.into_iter().map(Tag::from).collect();
    state.settings.change(|settings| {
        settings.check_taggable(&input.resource_arn)?;
        settings.tags.add(&input.resource_arn, &tags)
    })?;
    Ok(Answer(Done {}))
}

/// `UntagResource`.
pub(super) async fn untag(state: web::Data<AppState>, Input(input): Input<UntagResource>) -> Outcome<Done> {
    check_length("ResourceARN", &input.resource_arn, 1..=MAX_ARN)?;
    state.settings.change(|settings| {
        settings.check_taggable(&input.resource_arn)?;
        settings.tags.remove(&input.resource_arn, &input.tag_keys)
    })?;
    Ok(Answer(Done {}))
}

/// `ListTagsForResource`, all in one page.
pub(super) async fn list(state: web::Data<AppState>, Input(input): Input<ListTagsForResource>) -> Outcome<TagsAnswer> {
    check_length("ResourceARN", &input.resource_arn, 1..=MAX_ARN)?;
    page_token::none_was_issued(input.next_token.as_deref())?;
    let tags = state.settings.read(|settings| {
        settings.check_taggable(&input.resource_arn).map(|()| settings.tags.list(&input.resource_arn))
    })?;
    Ok(Answer(TagsAnswer { tags: tags.into_iter().map(Into::into).collect() }))
}
