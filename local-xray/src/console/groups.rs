//! Groups: the list, the form that makes or changes one, and what the bar's "Save as group" leads to.
//!
//! Groups are evaluated when somebody asks, so one that is made now also covers the past.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::arn::Reference;
use crate::document::Timestamp;
use crate::filter::{self, FilterError};
use crate::refusal::Refusal;
use crate::settings::{Group, GroupChange, GroupTable, InsightsChange, State};
use crate::state::AppState;

use super::bar;
use super::editor::{Editor, named, refuse, see, sentence};
use super::error::PageError;
use super::form::Fields;
use super::marked::Marked;
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

    fn change(&self) -> GroupChange {
        let insights = InsightsChange { enabled: Some(self.insights), notifications: Some(self.notifications) };
        GroupChange { filter_expression: Some(self.expression.clone()), insights: Some(insights) }
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

impl Editor for Form {
    const PATH: &'static str = PATH;
    type Page = GroupsPage;

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

    fn apply(&self, settings: &mut State, _: Timestamp) -> Result<(), Refusal> {
        match &self.changes {
            Some(name) => settings.groups.update(&named(name), self.change()).map(drop),
            None => settings.create_group(&self.name, self.change(), &[]).map(drop),
        }
    }

    fn remove(settings: &mut State, reference: &Reference, _: Timestamp) -> Result<(), Refusal> {
        settings.delete_group(reference)
    }

    /// Nobody wants to see the traces of a group that is gone.
    fn without(view: View, name: &str) -> View {
        if view.group.as_deref() == Some(name) { view.of_group(None) } else { view }
    }

    fn refused(self, refusal: &Refusal, view: &View, settings: &State, _: Timestamp) -> GroupsPage {
        let problem = match filter::compile(&self.expression, &settings.groups) {
            Err(error) => Problem::Filter(error),
            Ok(_) => Problem::Other(refusal.message.clone()),
        };
        groups_page(view, &settings.groups, Self { problem: Some(problem), ..self })
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

/// Makes a group of what the bar asks, and shows its traces on the page that it was saved from.
pub(super) async fn save(body: String, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    let fields = Fields::parse(&body)?;
    let form = Form { name: fields.text("name").to_owned(), expression: fields.view.expression(), ..Form::default() };
    match state.settings.change(|settings| form.apply(settings, Timestamp::now())) {
        Ok(()) => {
            let view = fields.view.filtered("").of_group(Some(&form.name));
            Ok(see(&bar::back(&view, &body)))
        }
        Err(refusal) => refuse(form, &refusal, fields.view, &state),
    }
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
