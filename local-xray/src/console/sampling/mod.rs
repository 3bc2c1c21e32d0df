//! Sampling: the rules in the order in which they are tried, what they lately decided, the form that makes or changes
//! one, and a simulator that says which rule a request would meet.

mod form;
mod simulator;
mod trend;

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::arn::Reference;
use crate::document::Timestamp;
use crate::refusal::Refusal;
use crate::sampling::{DEFAULT, Rule, Sampling};
use crate::settings::State;
use crate::state::AppState;

use super::editor::{Editor, named};
use super::error::PageError;
use super::form::Fields;
use super::page::{Frame, Section, respond};
use super::view::View;

pub(super) use self::form::Form;
use self::simulator::Simulator;
use self::trend::Trend;

const PATH: &str = "/sampling";
/// The name of the rule that is offered: it keeps a load balancer's checks from drowning the rest.
const HEALTH_CHECKS: &str = "health-checks";

#[derive(Template)]
#[template(path = "sampling.html")]
pub(super) struct SamplingPage {
    frame: Frame,
    summary: String,
    rows: Vec<Row>,
    form: Form,
    simulator: Simulator,
    /// What forms carry along.
    kept: Vec<(&'static str, String)>,
    /// Leads from changing a rule back to making one.
    new: Option<String>,
    /// Leads to the rule that is offered, while there is none of its name.
    offered: Option<String>,
}

struct Row {
    name: String,
    priority: u32,
    /// Patterns that are not `*`: member and pattern.
    patterns: Vec<(String, String)>,
    reservoir: u32,
    rate: String,
    trend: Trend,
    edit: String,
    /// `None` for the default rule, which stays.
    delete: Option<String>,
    is_open: bool,
    /// Whether the simulated request meets this rule.
    is_met: bool,
}

/// `/sampling`; `?new=health-checks` begins with the rule that is offered.
pub(super) async fn page(
    view: View,
    query: web::Query<HashMap<String, String>>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    shown(&view, None, &query, &state)
}

/// `/sampling/{name}`: the same page with this rule in the form.
pub(super) async fn edit(
    view: View,
    name: web::Path<String>,
    query: web::Query<HashMap<String, String>>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    shown(&view, Some(&name), &query, &state)
}

fn shown(
    view: &View,
    name: Option<&str>,
    query: &HashMap<String, String>,
    state: &AppState,
) -> Result<HttpResponse, PageError> {
    let now = Timestamp::now();
    let page = state.settings.read(|settings| from_query(view, &settings.sampling, name, query, now))?;
    respond(StatusCode::OK, &page)
}

/// The page with what the URL asks for in its two forms.
pub(super) fn from_query(
    view: &View,
    sampling: &Sampling,
    name: Option<&str>,
    query: &HashMap<String, String>,
    now: Timestamp,
) -> Result<SamplingPage, PageError> {
    let form = match name {
        Some(name) => {
            let unknown = || PageError::not_found(format!("There is no sampling rule \u{201c}{name}\u{201d}."));
            Form::of(&sampling.rules.get(name).ok_or_else(unknown)?.rule)
        }
        None if query.contains_key("new") => Form::of_health_checks(),
        None => Form::default(),
    };
    Ok(sampling_page(view, sampling, form, Simulator::of(query), now))
}

impl Editor for Form {
    const PATH: &'static str = PATH;
    type Page = SamplingPage;

    fn sent(fields: &Fields<'_>, changes: Option<&str>) -> Self {
        Form::of_fields(fields, changes)
    }

    fn apply(&self, settings: &mut State, now: Timestamp) -> Result<(), Refusal> {
        match &self.changes {
            Some(name) => {
                let change = self.change().map_err(Refusal::invalid)?;
                settings.sampling.rules.update(&named(name), change, now).map(drop)
            }
            None => {
                let rule = self.rule().map_err(Refusal::invalid)?;
                settings.create_rule(rule, &[], now).map(drop)
            }
        }
    }

    fn remove(settings: &mut State, reference: &Reference, now: Timestamp) -> Result<(), Refusal> {
        settings.delete_rule(reference, now).map(drop)
    }

    fn refused(self, refusal: &Refusal, view: &View, settings: &State, now: Timestamp) -> SamplingPage {
        let form = Self { problem: Some(refusal.message.clone()), ..self };
        sampling_page(view, &settings.sampling, form, Simulator::default(), now)
    }
}

fn sampling_page(view: &View, sampling: &Sampling, form: Form, simulator: Simulator, now: Timestamp) -> SamplingPage {
    let rules: Vec<&Rule> = sampling.rules.list().into_iter().map(|record| &record.rule).collect();
    let simulator = simulator.tried(&rules);
    let statistics = sampling.statistics.list(now);
    let row = |rule: &&Rule| Row {
        trend: Trend::of(rule, &statistics, now),
        is_open: form.changes.as_ref() == Some(&rule.name),
        is_met: simulator.meets(&rule.name),
        ..row(rule, view)
    };
    SamplingPage {
        frame: Frame::still("Sampling", Section::Sampling, view),
        summary: super::format::plural(rules.len() as u64, "rule"),
        rows: rules.iter().map(row).collect(),
        kept: view.link(PATH).into_parameters(),
        new: form.changes.is_some().then(|| view.link(PATH).to_string()),
        offered: (sampling.rules.get(HEALTH_CHECKS).is_none() && form.name != HEALTH_CHECKS)
            .then(|| view.link(PATH).with("new", HEALTH_CHECKS).to_string()),
        form,
        simulator,
    }
}

fn row(rule: &Rule, view: &View) -> Row {
    Row {
        name: rule.name.clone(),
        priority: rule.priority,
        patterns: patterns(rule),
        reservoir: rule.reservoir_size,
        rate: format!("{} %", form::percent(rule.fixed_rate)),
        trend: Trend::default(),
        edit: view.link(format!("{PATH}/{}", form::in_path(&rule.name))).to_string(),
        delete: (rule.name != DEFAULT).then(|| format!("/ui/sampling/{}/delete", form::in_path(&rule.name))),
        is_open: false,
        is_met: false,
    }
}

/// What a rule asks of a request; empty for every request.
fn patterns(rule: &Rule) -> Vec<(String, String)> {
    let members = [
        ("service", &rule.service_name),
        ("type", &rule.service_type),
        ("host", &rule.host),
        ("method", &rule.http_method),
        ("path", &rule.url_path),
        ("ARN", &rule.resource_arn),
    ];
    let members = members.map(|(member, pattern)| (member.to_owned(), pattern.clone()));
    let attributes = rule.attributes.iter().map(|(key, pattern)| (key.clone(), pattern.clone()));
    members.into_iter().filter(|(_, pattern)| pattern != "*").chain(attributes).collect()
}
