//! Pages whose form makes and changes what a user sets: what all of them do with the form that a browser sends.
//!
//! A change that is taken leads back to the list. One that is refused shows the page again, with the form as it was sent
//! and the reason beside it, so that nothing has to be typed twice.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::arn::Reference;
use crate::document::Timestamp;
use crate::refusal::Refusal;
use crate::settings::State;
use crate::state::AppState;

use super::error::PageError;
use super::form::Fields;
use super::link::Link;
use super::page::respond;
use super::view::View;

/// The form of one kind of setting.
pub(super) trait Editor: Sized {
    /// Where the list is.
    const PATH: &'static str;
    /// The page with the list and the form.
    type Page: Template;

    /// The form as it was sent; `changes` names what it changes.
    fn sent(fields: &Fields<'_>, changes: Option<&str>) -> Self;

    /// Makes or changes what the form describes.
    fn apply(&self, settings: &mut State, now: Timestamp) -> Result<(), Refusal>;

    /// Takes away what has this name.
    fn remove(settings: &mut State, reference: &Reference, now: Timestamp) -> Result<(), Refusal>;

    /// Where to look after something was taken away.
    fn without(view: View, _name: &str) -> View {
        view
    }

    /// The page with this form on it, and why it was refused.
    fn refused(self, refusal: &Refusal, view: &View, settings: &State, now: Timestamp) -> Self::Page;
}

/// Makes what the form describes.
pub(super) async fn create<E: Editor>(body: String, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    change::<E>(&body, None, &state)
}

/// Changes what has this name.
pub(super) async fn update<E: Editor>(
    name: web::Path<String>,
    body: String,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    change::<E>(&body, Some(&name), &state)
}

/// Takes away what has this name.
pub(super) async fn delete<E: Editor>(
    name: web::Path<String>,
    body: String,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    let view = Fields::parse(&body)?.view;
    let removed = state.settings.change(|settings| E::remove(settings, &named(&name), Timestamp::now()));
    removed.map_err(|refusal| PageError::bad_request(sentence(&refusal.message)))?;
    Ok(see(&E::without(view, &name).link(E::PATH)))
}

fn change<E: Editor>(body: &str, name: Option<&str>, state: &AppState) -> Result<HttpResponse, PageError> {
    let fields = Fields::parse(body)?;
    let form = E::sent(&fields, name);
    let now = Timestamp::now();
    match state.settings.change(|settings| form.apply(settings, now)) {
        Ok(()) => Ok(see(&fields.view.link(E::PATH))),
        Err(refusal) => refuse(form, &refusal, fields.view, state),
    }
}

/// The page with the form as it was sent.
pub(super) fn refuse<E: Editor>(
    form: E,
    refusal: &Refusal,
    view: View,
    state: &AppState,
) -> Result<HttpResponse, PageError> {
    let view = view.beside(state);
    let page = state.settings.read(|settings| form.refused(refusal, &view, settings, Timestamp::now()));
    respond(StatusCode::BAD_REQUEST, &page)
}

/// Leads to a page after a change, so that reloading it repeats nothing.
pub(super) fn see(link: &Link) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, link.to_string())).finish()
}

pub(super) fn named(name: &str) -> Reference {
    Reference { name: Some(name.to_owned()), arn: None }
}

/// A message of the API as people read it.
pub(super) fn sentence(message: &str) -> String {
    let words = message.split_once(": ").map_or(message, |(_, words)| words);
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_api_become_sentences() {
        assert_eq!(sentence("GroupName: there is no group slow"), "There is no group slow.");
        assert_eq!(sentence("no member is named"), "No member is named.");
        assert_eq!(sentence(""), "");
    }
}
