//! Why is it so: the page that explains a map, or one node or edge of it, from the traces behind it. The same sentences
//! stand on the page of a single trace.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::document::{Timestamp, TraceId};
use crate::graph::ServiceGraph;
use crate::graph::why::{self, Callee, Finding, Node, Why};
use crate::state::AppState;
use crate::store::{Entry, Trace, graph_of};

use super::error::PageError;
use super::format;
use super::found::Found;
use super::map::{display_name, key};
use super::page::{Frame, Section, respond};
use super::unread;
use super::view::View;

const PATH: &str = "/why";
/// How many of the newest traces are read: explanations need the documents.
const MOST_READ: usize = 1_000;

#[derive(Template)]
#[template(path = "why.html")]
pub(super) struct WhyPage {
    frame: Frame,
    /// What the explanations are about.
    subject: Option<Subject>,
    /// From which traces they come.
    basis: String,
    explanations: Vec<Explanation>,
    /// Back to the map, with what was selected on it.
    map: String,
}

/// The node or the edge that was asked about.
struct Subject {
    name: String,
    /// The page about everything.
    all: String,
}

/// One thing that is so, and why.
pub(super) struct Explanation {
    pub(super) what: String,
    pub(super) why: String,
    /// `3 times, for example in`.
    pub(super) often: String,
    /// End of the id, the id, and where it leads.
    pub(super) examples: Vec<(String, String, String)>,
}

/// `/why`; `node` and `edge` ask about a part of the map.
pub(super) async fn page(view: View, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    let now = Timestamp::now();
    let asked = view.clone();
    let page = web::block(move || {
        let snapshot = state.store.snapshot();
        let found = match asked.is_selective() {
            true => Found::search(&asked, &snapshot, &state.settings.groups(), now),
            false => Ok(Found::glance(&asked, &snapshot, now)),
        };
        found.map(|found| why_page(&asked, &found, now))
    });
    match page.await.map_err(|_| PageError::Internal)? {
        Ok(page) => respond(StatusCode::OK, &page),
        Err(error) => {
            let frame = Frame::still("Why is it so", Section::None, &view).with_query(PATH, &view);
            unread::respond_to(&error, frame, PATH, &view)
        }
    }
}

pub(super) fn why_page(view: &View, found: &Found, now: Timestamp) -> WhyPage {
    let newest = found.entries.get(..MOST_READ).unwrap_or(&found.entries);
    let traces: Vec<Arc<Trace>> = newest.iter().filter_map(Entry::trace).collect();
    let mut findings = why::explain(traces.iter().map(AsRef::as_ref));
    let subject = selected(view, newest, now);
    if let Some((names, _)) = &subject {
        findings.retain(|finding| names.iter().any(|name| finding.reason.is_about(name)));
    }
    let all = View { node: None, edge: None, ..view.clone() };
    WhyPage {
        frame: Frame::still("Why is it so", Section::None, view).with_query(PATH, view),
        subject: subject.map(|(_, name)| Subject { name, all: all.link(PATH).to_string() }),
        basis: basis(traces.len(), found.matching, view),
        explanations: findings.iter().map(|finding| Explanation::of(finding, view)).collect(),
        map: view.link_with_all("/map").to_string(),
    }
}

fn basis(read: usize, matching: usize, view: &View) -> String {
    let traces = format::plural(matching as u64, "trace");
    if read < matching {
        format!("from the newest {} of {traces} in {}", format::count(read as u64), view.when())
    } else {
        format!("from {traces} in {}", view.when())
    }
}

/// The names of the nodes that are asked about, and what to call the question.
fn selected(view: &View, entries: &[Entry], now: Timestamp) -> Option<(Vec<String>, String)> {
    view.selected()?;
    let graph: ServiceGraph = graph_of(entries, view.window(now));
    if let Some(node) = &view.node {
        let service = key::find_node(&graph, node);
        let name =
            service.map_or_else(|| "a node that is not on the map".to_owned(), |one| display_name(one).to_owned());
        return Some((service.map(|one| one.name.clone()).into_iter().collect(), name));
    }
    let edge = view.edge.as_ref().and_then(|edge| key::find_edge(&graph, edge));
    let name = edge.map_or_else(
        || "a call that is not on the map".to_owned(),
        |(caller, callee, _)| format!("{} → {}", display_name(caller), display_name(callee)),
    );
    let names = edge.map(|(caller, callee, _)| vec![caller.name.clone(), callee.name.clone()]);
    Some((names.unwrap_or_default(), name))
}

impl Explanation {
    pub(super) fn of(finding: &Finding, view: &View) -> Self {
        let (what, why) = words(&finding.reason);
        let example = |id: &TraceId| {
            let id = id.to_string();
            let tail = id.chars().skip(id.len().saturating_sub(8)).collect();
            let href = view.link(format!("/traces/{id}")).to_string();
            (tail, id, href)
        };
        Self {
            what,
            why,
            often: if finding.count == 1 {
                "Once, in".to_owned()
            } else {
                format!("{} times, for example in", format::count(finding.count))
            },
            examples: finding.examples.iter().map(example).collect(),
        }
    }
}

/// What is so, and why.
fn words(reason: &Why) -> (String, String) {
    match reason {
        Why::Inferred { node, callers, callee } => {
            let callers = listed(callers);
            let what = format!("{} sent nothing itself; the node stands for what {callers} saw of it", node.name);
            (what, inferred(*callee, &node.name, &callers))
        }
        Why::SharedName { name, nodes } => (
            format!("{name} is on the map {} times", nodes.len()),
            format!(
                "X-Ray tells nodes apart by name, type and account, and here they differ: {}. {}",
                nodes.iter().map(kind).collect::<Vec<_>>().join(", "),
                if nodes.iter().any(|node| node.service_type.as_deref() == Some("remote")) {
                    "The remote one stands for calls that no segment answered; where that is the same service, its \
                     segment did not arrive, or it did not take the trace header up."
                } else {
                    "Give all segments of one service the same origin to draw it as one node."
                }
            ),
        ),
        Why::LostParent { node } => (
            format!("No edge leads to some work of {}", node.name),
            "Its segments name a parent that has not arrived. An edge is drawn from the segment that holds the parent; \
             that one may not have been sampled or sent yet, may have been refused, or had to make room."
                .to_owned(),
        ),
        Why::LostSegment { name } => (
            format!("\u{201c}{name}\u{201d} counts on no node"),
            "It is a subsegment whose segment has not arrived, so nobody knows whose work it was.".to_owned(),
        ),
        Why::NoRoot => (
            "There are traces without a root".to_owned(),
            "Everything in them names a parent. The root segment says what was asked and how it ended, so conditions \
             about URL, status or response time hold for none of these traces."
                .to_owned(),
        ),
        Why::ManyRoots { nodes } => (
            format!("A trace begins more than once: at {}", listed(nodes)),
            "Several segments of one trace have no parent. That happens where a service passes the trace id on without \
             its own id as parent, or where a load balancer starts several requests with one id. Each of them is drawn \
             behind clients of its own, and the earliest one counts as the root."
                .to_owned(),
        ),
        Why::InProgress { node } => (
            format!("Some work of {} has not ended", node.name),
            "It was reported when it began. Until its end arrives it counts in no number; a service that was stopped in \
             between never sends it."
                .to_owned(),
        ),
        Why::Clocks { caller, callee, is_ahead, apart } => (
            format!(
                "The clock of {} is {} that of {} by {} or more",
                callee.name,
                if *is_ahead { "ahead of" } else { "behind" },
                caller.name,
                format::duration(*apart)
            ),
            format!(
                "Work of {} {} the call that it answers. The numbers stay right, because each comes from one clock; in \
                 timelines its bars are shifted.",
                callee.name,
                if *is_ahead { "ends after" } else { "begins before" }
            ),
        ),
    }
}

fn inferred(callee: Callee, name: &str, callers: &str) -> String {
    let numbers = format!("Its numbers are those of {callers}.");
    match callee {
        Callee::Database => format!("A database sends no segments. {numbers}"),
        Callee::Aws => format!("AWS services send no segments, with few exceptions. {numbers}"),
        Callee::Announced => format!(
            "{callers} said that {name} is traced too, and its segment has not arrived; until then the trace is partial. \
             {numbers}"
        ),
        Callee::Remote => format!(
            "No segment names these calls as its parent. Either {name} is not traced, or it does not take up the trace \
             header, or its segments were not sampled, were refused, or are still on their way. {numbers}"
        ),
    }
}

fn listed<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> String {
    let mut names: Vec<&str> = nodes.into_iter().map(|node| node.name.as_str()).collect();
    names.dedup();
    match names.as_slice() {
        [] => "its callers".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What sets a node apart from its namesakes.
fn kind(node: &Node) -> String {
    let kind = node.service_type.as_ref().map_or("no origin", String::as_str);
    node.account_id.as_ref().map_or_else(|| kind.to_owned(), |account| format!("{kind} in account {account}"))
}
