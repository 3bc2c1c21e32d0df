//! One trace as text: a line for each segment and subsegment, indented beneath its caller, with a bar in time.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::words;

use super::words::{columns, printable, shorten};

/// Columns of the text before the bar: name, outcome, duration and the spaces between them.
const NAME: usize = 36;
const OUTCOME: usize = 12;
const DURATION: usize = 8;
/// A bar has at least this many columns to lie in.
const MIN_BAR: usize = 10;
/// Deeper entities are indented no further.
const MAX_INDENT: usize = 8;

/// A segment or a subsegment, read leniently.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Entity {
    id: String,
    name: String,
    start_time: f64,
    end_time: Option<f64>,
    parent_id: Option<String>,
    #[serde(default)]
    fault: bool,
    #[serde(default)]
    error: bool,
    #[serde(default)]
    throttle: bool,
    http: Option<Http>,
    #[serde(default)]
    subsegments: Vec<Entity>,
}

#[derive(Debug, Clone, Deserialize)]
struct Http {
    response: Option<Response>,
}

#[derive(Debug, Clone, Deserialize)]
struct Response {
    status: Option<i64>,
}

/// Draws the segments of one trace, no line wider than `width` unless that leaves no room for a bar.
pub(super) fn timeline(segments: &[Entity], width: usize) -> String {
    let rows = rows(segments);
    let start = rows.iter().map(|(_, entity)| entity.start_time).fold(f64::INFINITY, f64::min);
    let end = rows.iter().map(|(_, entity)| entity.end_time.unwrap_or(entity.start_time)).fold(start, f64::max);
    let room = width.saturating_sub(NAME + OUTCOME + DURATION + 4).max(MIN_BAR);
    rows.iter()
        .map(|(depth, entity)| {
            let name = shorten(&format!("{:1$}{2}", "", depth * 2, printable(&entity.name)), NAME);
            let gap = " ".repeat(NAME.saturating_sub(columns(&name)));
            let took = entity.end_time.map_or_else(|| "-".to_owned(), |end| words::seconds(end - entity.start_time));
            let bar = bar(entity, start, end, room);
            format!("{name}{gap} {:<OUTCOME$} {took:>DURATION$}  {bar}\n", entity.outcome())
        })
        .collect()
}

/// Each entity once, beneath its caller, in the order of start times.
fn rows(segments: &[Entity]) -> Vec<(usize, &Entity)> {
    let mut known = HashSet::new();
    let mut waiting: Vec<&Entity> = segments.iter().collect();
    while let Some(entity) = waiting.pop() {
        known.insert(entity.id.as_str());
        waiting.extend(&entity.subsegments);
    }
    let mut called: HashMap<&str, Vec<&Entity>> = HashMap::new();
    for segment in segments {
        called.entry(segment.parent_id.as_deref().unwrap_or_default()).or_default().push(segment);
    }
    let is_top = |entity: &&Entity| entity.parent_id.as_deref().is_none_or(|parent| !known.contains(parent));
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    // Segments that call each other in a circle have no top; they come last, wherever the circle is entered.
    for top in by_start(segments.iter().filter(is_top)).into_iter().rev().chain(segments) {
        let mut waiting = vec![(0, top)];
        while let Some((depth, entity)) = waiting.pop() {
            if !seen.insert(std::ptr::from_ref(entity)) {
                continue;
            }
            rows.push((depth, entity));
            let called = called.get(entity.id.as_str()).into_iter().flatten().copied();
            let below = by_start(entity.subsegments.iter().chain(called));
            waiting.extend(below.into_iter().map(|entity| ((depth + 1).min(MAX_INDENT), entity)));
        }
    }
    rows
}

/// Latest first, as a stack wants them.
fn by_start<'a>(entities: impl Iterator<Item = &'a Entity>) -> Vec<&'a Entity> {
    let mut entities: Vec<_> = entities.collect();
    entities.sort_by(|one, other| other.start_time.total_cmp(&one.start_time));
    entities
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "shares between 0 and 1 of a few columns"
)]
fn bar(entity: &Entity, start: f64, end: f64, room: usize) -> String {
    let length = (end - start).max(f64::MIN_POSITIVE);
    let column = |time: f64| (((time - start) / length).clamp(0.0, 1.0) * room as f64).round() as usize;
    let from = column(entity.start_time).min(room.saturating_sub(1));
    let to = column(entity.end_time.unwrap_or(end)).max(from + 1);
    let stroke = if entity.end_time.is_some() { "█" } else { "░" };
    " ".repeat(from) + &stroke.repeat(to - from)
}

impl Entity {
    /// Status and health in words.
    fn outcome(&self) -> String {
        let health = match self {
            Self { fault: true, .. } => "fault",
            Self { throttle: true, .. } => "throttle",
            Self { error: true, .. } => "error",
            Self { end_time: None, .. } => "running",
            _ => "ok",
        };
        let status = self.http.as_ref().and_then(|http| http.response.as_ref()?.status);
        status.map_or_else(|| health.to_owned(), |status| format!("{status} {health}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_stand_beneath_their_callers() {
        let segments: Vec<Entity> = serde_json::from_str(
            r#"[
                {"id": "b", "parent_id": "a1", "name": "monolith", "start_time": 12, "end_time": 14, "fault": true},
                {"id": "a", "name": "like service", "start_time": 10, "end_time": 20,
                 "http": {"response": {"status": 502}}, "error": true,
                 "subsegments": [{"id": "a2", "name": "later", "start_time": 15, "in_progress": true},
                                 {"id": "a1", "name": "call", "start_time": 11, "end_time": 15}]},
                {"id": "c", "parent_id": "d", "name": "circle", "start_time": 20, "end_time": 20},
                {"id": "d", "parent_id": "c", "name": "back", "start_time": 20, "end_time": 20}
            ]"#,
        )
        .unwrap();
        let expected = "\
like service                         502 error      10.0 s  ██████████
  call                               ok             4.00 s   ████
    monolith                         fault          2.00 s    ██
  later                              running             -       ░░░░░
circle                               ok               0 ms           █
  back                               ok               0 ms           █
";
        assert_eq!(timeline(&segments, 70), expected);
    }
}
