//! What came in, what was refused and why, and what had to go: the page that shows that nothing is lost in silence.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::document::Timestamp;
use crate::ingest::{Door, IntakeReport, LoggedRejection, UdpSocketReport};
use crate::logs::LogsReport;
use crate::state::AppState;
use crate::store::{Eviction, Recovery, StoreReport};

use super::error::PageError;
use super::format;
use super::page::{Frame, Section, respond};
use super::view::View;

const PATH: &str = "/intake";

#[derive(Template)]
#[template(path = "intake.html")]
pub(super) struct IntakePage {
    frame: Frame,
    doors: Vec<DoorRow>,
    reasons: Vec<Reason>,
    udp: Vec<(&'static str, String)>,
    store: Vec<(&'static str, String)>,
    logs: Vec<(&'static str, String)>,
    /// How full the store is, in percent.
    fill: String,
    rejections: Vec<RejectionRow>,
    rejected: u64,
}

struct DoorRow {
    name: &'static str,
    accepted: String,
    lines: String,
    rejected: String,
    has_rejected: bool,
    left_out: String,
}

/// How often a door refused for one reason.
struct Reason {
    door: &'static str,
    code: &'static str,
    count: String,
}

struct RejectionRow {
    age: String,
    exact: String,
    door: &'static str,
    code: &'static str,
    path: String,
    reason: String,
    /// The ids of the document, as far as they could be read.
    document: String,
}

/// `/intake`.
pub(super) async fn page(view: View, state: web::Data<AppState>) -> Result<HttpResponse, PageError> {
    let (store, logs) = (state.store.snapshot().report(), state.logs.snapshot().report());
    let page = intake_page(&view, &state.intake.report(), &store, &logs, Timestamp::now());
    respond(StatusCode::OK, &page)
}

#[expect(clippy::cast_precision_loss, reason = "a length for the eye")]
pub(super) fn intake_page(
    view: &View,
    report: &IntakeReport,
    store: &StoreReport,
    logs: &LogsReport,
    now: Timestamp,
) -> IntakePage {
    let counts = |door| report.doors.get(&door).cloned().unwrap_or_default();
    let doors = Door::ALL.map(|door| {
        let count = counts(door);
        let rejected: u64 = count.rejected.values().sum();
        DoorRow {
            name: door.as_str(),
            accepted: format::count(count.accepted),
            lines: format::count(count.lines),
            rejected: format::count(rejected),
            has_rejected: rejected > 0,
            left_out: format::count(count.members_left_out),
        }
    });
    let reasons = Door::ALL.into_iter().flat_map(|door| {
        counts(door).rejected.into_iter().map(move |(code, count)| Reason {
            door: door.as_str(),
            code: code.as_str(),
            count: format::count(count),
        })
    });
    IntakePage {
        frame: Frame::still("Intake", Section::Intake, view).refreshing(PATH, view),
        doors: doors.into(),
        reasons: reasons.collect(),
        rejected: report.doors.values().flat_map(|door| door.rejected.values()).sum(),
        udp: report.udp.as_ref().map(udp_facts).unwrap_or_default(),
        store: store_facts(store),
        logs: log_facts(logs),
        fill: format!("{:.1}", store.bytes as f64 / (store.max_bytes.max(1)) as f64 * 100.0),
        rejections: report.rejections.iter().map(|logged| rejection_row(logged, now)).collect(),
    }
}

fn udp_facts(udp: &UdpSocketReport) -> Vec<(&'static str, String)> {
    let drops = udp.kernel_drops.map_or_else(|| "this system does not tell".to_owned(), format::count);
    vec![
        ("Receive buffer granted", format::bytes(udp.buffer_granted as u64)),
        ("Receive buffer asked for", format::bytes(udp.buffer_requested as u64)),
        ("Datagrams dropped by the kernel", drops),
    ]
}

fn store_facts(store: &StoreReport) -> Vec<(&'static str, String)> {
    let evicted = |reason| store.evicted.get(&reason).copied().unwrap_or_default();
    let segments = store.evicted.values().map(|evicted| evicted.segments).sum();
    let trouble = store
        .incident
        .as_ref()
        .map(|incident| ("Nothing is stored", format!("since {}: {}", format::exact(incident.since), incident.words)));
    let mut facts: Vec<_> = trouble.into_iter().collect();
    facts.extend([
        ("Traces held", format::count(store.traces as u64)),
        ("Of these with their documents in memory", format::count(store.live as u64)),
        ("Bytes, compressed", format!("{} of {}", format::bytes(store.bytes), format::bytes(store.max_bytes))),
        ("Memory that traces may take", format::bytes(store.max_memory)),
        ("Traces that went for want of room", format::count(evicted(Eviction::Room).traces)),
        ("Traces that went because of their age", format::count(evicted(Eviction::Age).traces)),
        ("Segments and subsegments in those", format::count(segments)),
    ]);
    let troubles = [
        ("Files that should go and cannot be removed", store.stuck_files as u64),
        ("Ids of a segment and a subsegment at once", store.contested),
        ("Times that a stored trace could not be read back", store.unreadable),
    ];
    facts
        .extend(troubles.into_iter().filter(|(_, count)| *count > 0).map(|(what, count)| (what, format::count(count))));
    facts.extend(recovery_facts(&store.recovery));
    facts
}

fn log_facts(logs: &LogsReport) -> Vec<(&'static str, String)> {
    let evicted = |reason| format::count(logs.evicted.get(&reason).copied().unwrap_or_default());
    let trouble = logs
        .incident
        .as_ref()
        .map(|incident| ("No line is stored", format!("since {}: {}", format::exact(incident.since), incident.words)));
    let mut facts: Vec<_> = trouble.into_iter().collect();
    facts.extend([
        ("Lines held", format::count(logs.lines as u64)),
        ("Bytes, as JSON", format!("{} of {}", format::bytes(logs.bytes), format::bytes(logs.max_bytes))),
        ("Lines that went for want of room", evicted(Eviction::Room)),
        ("Lines that went because of their age", evicted(Eviction::Age)),
    ]);
    if logs.recovery.torn_bytes > 0 {
        facts.push(("Cut off at the end when opened", format::bytes(logs.recovery.torn_bytes)));
    }
    if logs.recovery.damaged > 0 {
        facts.push(("Not understood when opened", format::count(logs.recovery.damaged)));
    }
    facts
}

/// What was wrong with the files when the store was opened; nothing, usually.
fn recovery_facts(recovery: &Recovery) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if recovery.torn_bytes > 0 {
        facts.push(("Cut off at the end when opened", format::bytes(recovery.torn_bytes)));
    }
    if recovery.damages > 0 {
        let (places, bytes) = (format::count(recovery.damages), format::bytes(recovery.damaged_bytes));
        facts.push(("Damaged places when opened", format!("{places}, {bytes}")));
    }
    facts
}

fn rejection_row(logged: &LoggedRejection, now: Timestamp) -> RejectionRow {
    let LoggedRejection { at, door, rejection } = logged;
    let ids = [&rejection.trace_id, &rejection.id].into_iter().flatten().cloned().collect::<Vec<_>>();
    RejectionRow {
        age: format::age(now, *at),
        exact: format::exact(*at),
        door: door.as_str(),
        code: rejection.code.as_str(),
        path: rejection.path.clone(),
        reason: rejection.reason.clone(),
        document: ids.join(" / "),
    }
}
