//! Log lines: those of the range that are asked for, latest first; and, under the timeline of a trace, those of the
//! trace. A group and a filter in the bar ask about traces, and so leave the lines of the traces that they mean.

mod asked;
mod meant;
mod row;
#[cfg(test)]
mod tests;
mod trace;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::document::Timestamp;
use crate::logs::{Level, LogSnapshot};
use crate::state::AppState;

pub(super) use self::asked::Asked;
use self::meant::Meant;
use self::row::{Row, row, tone};
pub(super) use self::trace::{TraceLogs, of_trace};
use super::error::PageError;
use super::format;
use super::found::Unanswered;
use super::link::Link;
use super::page::{Frame, respond};
use super::traces::Restriction;
use super::unread;
use super::view::{ALL, View};

const PATH: &str = "/logs";
const PAGE_SIZE: usize = 100;

#[derive(Template)]
#[template(path = "logs.html")]
pub(super) struct LogsPage {
    frame: Frame,
    summary: String,
    text: String,
    /// What the form has to carry along.
    kept: Vec<(&'static str, String)>,
    levels: Vec<Choice>,
    services: Vec<Choice>,
    /// Lifts everything that is asked, when something is.
    clear: Option<String>,
    /// The group and the filter, each with the link that lifts it.
    restrictions: Vec<Restriction>,
    /// How many of the lines found have which level.
    counts: Vec<Count>,
    /// The trace that the lines belong to: its id in both forms, its page, and the page without this restriction.
    trace: Option<OfTrace>,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
    empty: Empty,
}

/// Something to choose in the form.
struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

/// How many lines have a level, and the page of those that are at least as grave.
struct Count {
    level: &'static str,
    tone: &'static str,
    count: String,
    href: String,
}

struct OfTrace {
    id: String,
    w3c: String,
    href: String,
    without: String,
}

/// What to say when there are no lines.
enum Empty {
    /// None was ever sent.
    Nothing {
        /// Where the console is asked, which also takes lines.
        endpoint: String,
    },
    /// Some are stored, but not like that, or not in the range.
    Elsewhere { all: String },
}

/// `/logs`.
pub(super) async fn page(
    request: HttpRequest,
    view: View,
    state: web::Data<AppState>,
) -> Result<HttpResponse, PageError> {
    let now = Timestamp::now();
    let asked = Asked::parse(request.query_string()).map_err(PageError::bad_request)?;
    let host = request.connection_info().host().to_owned();
    let frame = asked.frame(&view);
    let seen = view.clone();
    // A search may read every line of the range, which takes too long for a thread that answers requests.
    let page = web::block(move || {
        let traces = state.store.snapshot();
        let find = |id| traces.entry(id);
        let meant = Meant::new(&seen, &state.settings.groups(), &find)?;
        Ok::<_, Unanswered>(logs_page(&seen, &asked, &state.logs.snapshot(), meant, &host, now))
    });
    match page.await.map_err(|_| PageError::Internal)? {
        Ok(page) => respond(StatusCode::OK, &page),
        Err(error) => unread::respond_to(&error, frame, PATH, &view),
    }
}

pub(super) fn logs_page(
    view: &View,
    asked: &Asked,
    logs: &LogSnapshot,
    mut meant: Meant<'_>,
    host: &str,
    now: Timestamp,
) -> LogsPage {
    let query = asked.query(view.window(now));
    let mut counts = [0_u64; Level::ALL.len() + 1];
    let mut listed = Vec::new();
    for (place, line) in logs.find(&query).filter(|(_, line)| meant.has(line.trace())) {
        if let Some(count) = counts.get_mut(line.level() as usize) {
            *count += 1;
        }
        if listed.len() <= PAGE_SIZE && asked.before.is_none_or(|before| place < before) {
            listed.push((place, line));
        }
    }
    let has_older = listed.len() > PAGE_SIZE;
    listed.truncate(PAGE_SIZE);
    let last = listed.last().filter(|_| has_older).map(|(place, _)| place.to_string());
    let link = |asked: &Asked| asked.link(view);
    let total: u64 = counts.iter().sum();
    let all = view.over(ALL);
    LogsPage {
        frame: asked.frame(view),
        summary: format!("{} in {}", format::plural(total, "line"), view.when()),
        text: asked.text.clone(),
        kept: Asked { trace: asked.trace, ..Asked::default() }.link(view).into_parameters(),
        levels: levels(asked),
        services: services(asked, logs),
        clear: (*asked != Asked::default()).then(|| link(&Asked::default()).to_string()),
        restrictions: restrictions(view, |view| Asked { before: None, ..asked.clone() }.link(view)),
        counts: level_counts(counts, &|level| link(&Asked { level, before: None, ..asked.clone() }).to_string()),
        trace: asked.trace.map(|id| OfTrace {
            id: id.to_string(),
            w3c: id.to_w3c(),
            href: view.link(format!("/traces/{id}")).to_string(),
            without: link(&Asked { trace: None, before: None, ..asked.clone() }).to_string(),
        }),
        rows: listed.iter().map(|(place, line)| row(*place, line, format::moment(now, place.time), view)).collect(),
        newest: asked.before.is_some().then(|| link(&Asked { before: None, ..asked.clone() }).to_string()),
        older: last.map(|last| link(&Asked { before: None, ..asked.clone() }).with("before", &last).to_string()),
        empty: if logs.report().lines == 0 {
            Empty::Nothing { endpoint: format!("http://{host}") }
        } else {
            Empty::Elsewhere { all: Asked { before: None, ..asked.clone() }.link(&all).to_string() }
        },
    }
}

/// What the bar asks of the traces of lines.
fn restrictions(view: &View, link: impl Fn(&View) -> Link) -> Vec<Restriction> {
    let group = view.group.clone().map(|value| ("group", value, view.of_group(None)));
    let filter = (!view.filter.is_empty()).then(|| ("filter", view.filter.clone(), view.filtered("")));
    let restriction = |(name, value, without)| Restriction { name, value, without: link(&without).to_string() };
    group.into_iter().chain(filter).map(restriction).collect()
}

fn levels(asked: &Asked) -> Vec<Choice> {
    let choice = |level: Level, label: String| Choice {
        value: level.as_str().to_owned(),
        label,
        is_chosen: asked.level == level,
    };
    let all = choice(Level::Unset, "Every level".to_owned());
    let named = Level::ALL.map(|level| {
        let more = if level == Level::Fatal { "" } else { " and graver" };
        choice(level, format!("{}{more}", level.as_str()))
    });
    std::iter::once(all).chain(named).collect()
}

/// The services that have lines, and the chosen one even if it has none.
fn services(asked: &Asked, logs: &LogSnapshot) -> Vec<Choice> {
    let known: Vec<String> = logs.services().into_iter().filter(|name| !name.is_empty()).collect();
    let chosen = asked.service.as_ref();
    let gone = chosen.filter(|name| !known.contains(name)).cloned();
    let choice = |name: String| Choice { is_chosen: chosen == Some(&name), label: name.clone(), value: name };
    let all = Choice { value: String::new(), label: "Every service".to_owned(), is_chosen: chosen.is_none() };
    std::iter::once(all).chain(known.into_iter().chain(gone).map(choice)).collect()
}

/// The levels that occur, gravest first.
fn level_counts(counts: [u64; Level::ALL.len() + 1], link: &dyn Fn(Level) -> String) -> Vec<Count> {
    let of = |level: Level| counts.get(level as usize).copied().unwrap_or_default();
    let levels = Level::ALL.into_iter().rev().filter(|level| of(*level) > 0);
    let count = |level: Level| Count {
        level: level.as_str(),
        tone: tone(level),
        count: format::count(of(level)),
        href: link(level),
    };
    levels.map(count).collect()
}
