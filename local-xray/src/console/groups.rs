//! Groups: the list, the form that makes or changes one, and what the bar's "Save as group" leads to.
//!
//! Groups are evaluated when somebody asks, so one that is made now also covers the past.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::arn::Reference;
use crate::filter::{self, FilterError};
use crate::refusal::Refusal;
use crate::settings::{Group, GroupChange, GroupTable, InsightsChange};
use crate::state::AppState;

use super::error::PageError;
use super::form::{Fields, see};
use super::marked::Marked;
use super::notes;
use super::page::{Frame, Section, respond};
use super::view::{DEFAULT_GROUP, View};

const PATH: &str = "/groups";

#[derive(Template)]
#[template(path = "groups.html")]
pub(super) struct GroupsPage {
    frame: Frame,
    /// `3 groups`, the default one not counted.
    summary: String,
    rows: Vec<Row>,
    form: Form,
    /// What forms carry along.
    kept: Vec<(&'static str, String)>,
    /// Leads from changing a group back to making one.
    new: Option<String>,
    words: Vec<String>,
}

struct Row {
    name: String,
    expression: String,
    insights: &'static str,
    map: String,
    traces: String,
    edit: String,
    clone: String,
    /// `None` for the default group, which stays.
    delete: Option<String>,
    is_open: bool,
}

/// The fields of a group, as they are or as they were sent.
#[derive(Clone, Default)]
pub(super) struct Form {
    /// The group that is changed; `None` when one is made.
    changes: Option<String>,
    name: String,
    expression: String,
    insights: bool,
    notifications: bool,
    problem: Option<Problem>,
}

/// Why a form was refused.
#[derive(Clone)]
pub(super) enum Problem {
    /// The expression is not understood at some place.
    Filter(FilterError),
    /// In words.
    Other(String),
}

impl Form {
    fn of(group: &Group) -> Self {
        Self {
            changes: Some(group.name.clone()),
            name: group.name.clone(),
            expression: group.filter_expression.clone(),
            insights: group.insights.enabled,
            notifications: group.insights.notifications,
            problem: None,
        }
    }

    fn clone_of(group: &Group) -> Self {
        let name = format!("{}-clone", group.name);
        Self { changes: None, name, ..Self::of(group) }
    }

    fn sent(fields: &Fields<'_>, changes: Option<&str>) -> Self {
        Self {
            changes: changes.map(str::to_owned),
            name: changes.unwrap_or(fields.text("name")).to_owned(),
            expression: fields.text("expression").to_owned(),
            insights: fields.is_ticked("insights"),
            notifications: fields.is_ticked("notifications"),
            problem: None,
        }
    }

    fn change(&self) -> GroupChange {
        let insights = InsightsChange { enabled: Some(self.insights), notifications: Some(self.notifications) };
        GroupChange { filter_expression: Some(self.expression.clone()), insights: Some(insights) }
    }

    fn refused(self, refusal: &Refusal, groups: &GroupTable) -> Self {
        let problem = match filter::compile(&self.expression, groups) {
            Err(error) => Problem::Filter(error),
            Ok(_) => Problem::Other(refusal.message.clone()),
        };
        Self { problem: Some(problem), ..self }
    }

    fn is_default(&self) -> bool {
        self.changes.as_deref() == Some(DEFAULT_GROUP)
    }

    fn marked(&self) -> Option<Marked> {
        match &self.problem {
            Some(Problem::Filter(error)) => Some(Marked::new(&self.expression, error)),
            _ => None,
        }
    }

    fn words(&self) -> Option<&str> {
        match &self.problem {
            Some(Problem::Other(words)) => Some(words),
            _ => None,
        }
    }
}

/// `/groups`; `?clone=NAME` begins with what another group asks.
pub(super) async fn page(
    view: View,
    query: web::Query<std::collections::HashMap<String, String>>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    let groups = state.settings.groups();
    let form = match query.get("clone") {
        Some(name) => Form::clone_of(known(&groups, name)?),
        None => Form::default(),
    };
    respond(StatusCode::OK, &groups_page(&view, &groups, form))
}

/// `/groups/{name}`: the same page with this group in the form.
pub(super) async fn edit(
    view: View,
    name: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    let groups = state.settings.groups();
    let form = Form::of(known(&groups, &name)?);
    respond(StatusCode::OK, &groups_page(&view, &groups, form))
}

/// Makes a group.
pub(super) async fn create(body: String, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    let fields = Fields::parse(&body)?;
    let form = Form::sent(&fields, None);
    match state.settings.change(|settings| settings.create_group(&form.name, form.change(), &[])) {
        Ok(_) => Ok(see(&fields.view.link(PATH))),
        Err(refusal) => refuse(&refusal, form, fields.view, &state),
    }
}

/// Changes a group.
pub(super) async fn update(
    name: web::Path<String>,
    body: String,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::parse(&body)?;
    let form = Form::sent(&fields, Some(&name));
    match state.settings.change(|settings| settings.groups.update(&named(&name), form.change())) {
        Ok(_) => Ok(see(&fields.view.link(PATH))),
        Err(refusal) => refuse(&refusal, form, fields.view, &state),
    }
}

/// Removes a group.
pub(super) async fn delete(
    name: web::Path<String>,
    body: String,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    let fields = Fields::parse(&body)?;
    match state.settings.change(|settings| settings.delete_group(&named(&name))) {
        Ok(()) => {
            let view = fields.view;
            let is_shown = view.group.as_ref() == Some(&*name);
            let view = if is_shown { view.of_group(None) } else { view };
            Ok(see(&view.link(PATH)))
        }
        Err(refusal) => Err(PageError::bad_request(sentence(&refusal.message))),
    }
}

/// Makes a group of what the bar asks, and shows its traces on the page that it was saved from.
pub(super) async fn save(body: String, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    let fields = Fields::parse(&body)?;
    let form = Form { name: fields.text("name").to_owned(), expression: fields.view.expression(), ..Form::default() };
    match state.settings.change(|settings| settings.create_group(&form.name, form.change(), &[])) {
        Ok(group) => {
            let page = if fields.text("on") == "map" { "/map" } else { "/traces" };
            Ok(see(&fields.view.filtered("").of_group(Some(&group.name)).link_with_all(page)))
        }
        Err(refusal) => refuse(&refusal, form, fields.view, &state),
    }
}

/// Shows the form as it was sent, with the reason.
fn refuse(refusal: &Refusal, form: Form, view: View, state: &AppState) -> Result<HttpResponse, PageError> {
    let groups = state.settings.groups();
    let form = form.refused(refusal, &groups);
    respond(StatusCode::BAD_REQUEST, &groups_page(&view.beside(state), &groups, form))
}

pub(super) fn groups_page(view: &View, groups: &GroupTable, form: Form) -> GroupsPage {
    let rows: Vec<Row> = groups.list().into_iter().map(|group| row(group, view, &form)).collect();
    GroupsPage {
        frame: Frame::still("Groups", Section::Groups, view),
        summary: super::format::plural(rows.len().saturating_sub(1) as u64, "group"),
        rows,
        kept: view.link(PATH).into_parameters(),
        new: form.changes.is_some().then(|| view.link(PATH).to_string()),
        form,
        words: notes::words(&[]),
    }
}

fn row(group: &Group, view: &View, form: &Form) -> Row {
    let name = &group.name;
    let is_default = name == DEFAULT_GROUP;
    let chosen = view.filtered("").of_group((!is_default).then_some(name.as_str()));
    Row {
        name: name.clone(),
        expression: group.filter_expression.clone(),
        insights: match (group.insights.enabled, group.insights.notifications) {
            (true, true) => "on, notifying",
            (true, false) => "on",
            (false, _) => "off",
        },
        map: chosen.link("/map").to_string(),
        traces: chosen.link("/traces").to_string(),
        edit: view.link(format!("{PATH}/{name}")).to_string(),
        clone: view.link(PATH).with("clone", name).to_string(),
        delete: (!is_default).then(|| format!("/ui/groups/{name}/delete")),
        is_open: form.changes.as_ref() == Some(name),
    }
}

fn known<'a>(groups: &'a GroupTable, name: &str) -> Result<&'a Group, PageError> {
    groups.find(&named(name)).map_err(|refusal| PageError::not_found(sentence(&refusal.message)))
}

fn named(name: &str) -> Reference {
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
