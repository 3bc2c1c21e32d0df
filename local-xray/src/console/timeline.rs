//! The timeline of a trace: a ruler, and one row per segment and subsegment with its bar. Positions are shares of the
//! whole time in percent, so that bars, grid and ruler agree at every width.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::document::{Segment, SegmentId, Timestamp};
use crate::store::Trace;
use crate::summary::{Stretch, Times, sum};

use super::details::{Details, details};
use super::ended::Ended;
use super::{format, health, traces};

/// Deeper rows are indented no further.
const DEEPEST_INDENT: usize = 12;
/// The whole time takes this many percent of the row; the rest is for the text beside the longest bars.
const AXIS: f64 = 88.0;
const TICKS: f64 = 5.0;
/// Narrower stretches of a bar, in percent, cannot be seen.
const THINNEST: f64 = 0.05;
/// How many rows are named that the answer waited for.
const MOST_WAITS: usize = 5;

/// A whole timeline.
pub(super) struct Timeline {
    pub(super) ticks: Vec<Tick>,
    pub(super) rows: Vec<Row>,
    /// The rows that the answer waited for longest, longest first; empty when only the root was waited for.
    pub(super) waits: Vec<Wait>,
}

/// A part of the critical path.
pub(super) struct Wait {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) did: Ended,
    pub(super) state: &'static str,
    pub(super) time: String,
    pub(super) share: String,
    /// Length of the bar, in percent of the whole path.
    pub(super) bar: String,
}

/// A mark on the ruler.
pub(super) struct Tick {
    /// Percent from the left.
    pub(super) x: String,
    pub(super) text: String,
    /// `start` for the first mark, else `middle`.
    pub(super) anchor: &'static str,
}

/// A segment or a subsegment.
pub(super) struct Row {
    pub(super) id: String,
    /// A segment begins a block.
    pub(super) is_segment: bool,
    pub(super) depth: usize,
    pub(super) name: String,
    /// What it did, in a few words: `GET /mysfits`, a query, an operation.
    pub(super) did: Ended,
    /// `inferred`, `no parent`, `id used twice`.
    pub(super) mark: Option<(&'static str, &'static str)>,
    pub(super) status: String,
    pub(super) state: &'static str,
    pub(super) duration: String,
    /// `own 12 ms`; empty where all of the time is its own, or nothing is known of it.
    pub(super) own_words: String,
    pub(super) bar: Bar,
    /// The parts of the bar in which nothing below was at work.
    pub(super) own: Vec<Bar>,
    /// The parts that the answer waited for.
    pub(super) critical: Vec<Bar>,
    pub(super) details: Details,
    /// Whether the details are shown at once.
    pub(super) open: bool,
}

/// A bar on the time axis.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    /// Where the text beside the bar begins.
    pub(super) text_x: String,
}

/// Lays out a trace; `open` is the row whose details are shown.
pub(super) fn timeline(trace: &Trace, open: Option<SegmentId>) -> Timeline {
    let inferred = trace.inferred_segments();
    let axis = Axis { start: trace.start_time(), length: trace.end_time().since(trace.start_time()).max(SHORTEST) };
    let times = Times::of(trace);
    let mut rows = Vec::new();
    let mut parts = Vec::new();
    for block in blocks(trace, &inferred) {
        let mut waiting = vec![(block, 0)];
        while let Some((part, depth)) = waiting.pop() {
            waiting.extend(part.subsegments.iter().rev().map(|part| (part, depth + 1)));
            rows.push(row(trace, part, depth, &axis, &times, open));
            parts.push(part);
        }
    }
    Timeline { ticks: axis.ticks(), rows, waits: waits(&parts, &times) }
}

#[expect(clippy::cast_precision_loss, reason = "lengths for the eye")]
fn waits(parts: &[&Segment], times: &Times) -> Vec<Wait> {
    let mut longest: Vec<(Duration, &Segment)> =
        parts.iter().map(|part| (sum(times.critical(part.id)), *part)).filter(|(time, _)| !time.is_zero()).collect();
    let whole: Duration = longest.iter().map(|(time, _)| *time).sum();
    longest.sort_by_key(|(time, part)| (std::cmp::Reverse(*time), part.id));
    longest.dedup_by_key(|(_, part)| part.id);
    if longest.len() < 2 {
        return Vec::new();
    }
    let wait = |(time, part): (Duration, &Segment)| Wait {
        id: part.id.to_string(),
        name: part.name.clone(),
        did: Ended::new(&did(part)),
        state: health::state(part),
        time: format::duration(time),
        share: format::percent(micros(time), micros(whole)),
        bar: format!("{:.1}", micros(time) as f64 / micros(whole).max(1) as f64 * 100.0),
    };
    longest.into_iter().take(MOST_WAITS).map(wait).collect()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The segments in the order of calls: each followed by those it called, inferred ones included; last what has no
/// parent here.
fn blocks<'a>(trace: &'a Trace, inferred: &'a [Segment]) -> Vec<&'a Segment> {
    let segments: Vec<&Segment> = trace.segments().iter().chain(inferred).collect();
    let mut callees: BTreeMap<SegmentId, Vec<&Segment>> = BTreeMap::new();
    for segment in &segments {
        if let Some(parent) = segment.parent_id {
            callees.entry(parent).or_default().push(segment);
        }
    }
    let is_top = |segment: &&&Segment| segment.parent_id.is_none_or(|parent| !trace.contains(parent));
    let tops = segments.iter().filter(is_top).copied().chain(trace.orphans());
    let mut ordered = Vec::new();
    let mut seen = HashSet::new();
    // Segments that name one another as parents hang below no top, and are appended at the end.
    for top in tops.chain(segments.iter().copied()) {
        let mut waiting = vec![top];
        while let Some(segment) = waiting.pop() {
            if !seen.insert(segment.id) {
                continue;
            }
            ordered.push(segment);
            let mut next: Vec<&Segment> =
                segment.descendants().filter_map(|part| callees.get(&part.id)).flatten().copied().collect();
            next.sort_by_key(|callee| std::cmp::Reverse((callee.start_time, callee.id)));
            waiting.extend(next);
        }
    }
    ordered
}

fn row(trace: &Trace, part: &Segment, depth: usize, axis: &Axis, times: &Times, open: Option<SegmentId>) -> Row {
    let own = times.own(part.id);
    let is_shared = part.response_time().is_some_and(|whole| !own.is_empty() && sum(own) < whole);
    Row {
        id: part.id.to_string(),
        is_segment: depth == 0,
        depth: depth.min(DEEPEST_INDENT),
        name: part.name.clone(),
        did: Ended::new(&did(part)),
        mark: mark(trace, part, depth),
        status: part
            .http
            .as_deref()
            .and_then(|http| http.status())
            .map(|status| status.to_string())
            .unwrap_or_default(),
        state: health::state(part),
        duration: part.response_time().map_or_else(|| "pending".to_owned(), format::duration),
        own_words: if is_shared { format!("own {}", format::duration(sum(own))) } else { String::new() },
        bar: axis.bar(part),
        // An inferred row is a call once more, of which only the whole is known.
        own: if part.inferred { vec![axis.bar(part)] } else { axis.stretches(own) },
        critical: axis.stretches(times.critical(part.id)),
        details: details(part),
        open: open == Some(part.id),
    }
}

/// What sets a row apart, with an explanation.
fn mark(trace: &Trace, part: &Segment, depth: usize) -> Option<(&'static str, &'static str)> {
    let parent_is_missing = depth == 0 && part.parent_id.is_some_and(|parent| !trace.contains(parent));
    if part.inferred {
        Some(("inferred", "No segment answers this call. What is shown was seen by the caller."))
    } else if parent_is_missing {
        Some(("no parent", "What this is a part of has not arrived."))
    } else if trace.contested().contains(&part.id) {
        Some(("id used twice", "A segment and a subsegment came with this id. This is the one that ended later."))
    } else {
        None
    }
}

fn did(part: &Segment) -> String {
    let request = part.http.as_deref().and_then(|http| http.request.as_ref());
    let url = request.and_then(|request| request.url.as_deref()).map(traces::path_of).unwrap_or_default();
    let http = format!("{} {url}", traces::method(request));
    let query = part.sql.as_deref().and_then(|sql| sql.sanitized_query.as_deref());
    let operation = part.aws.as_deref().and_then(|aws| aws.text("operation"));
    let first = [Some(http.trim()).filter(|http| !http.is_empty()), query, operation].into_iter().flatten().next();
    first.unwrap_or_default().to_owned()
}

const SHORTEST: Duration = Duration::from_micros(1);

/// The time axis.
struct Axis {
    start: Timestamp,
    length: Duration,
}

impl Axis {
    fn percent(&self, at: Timestamp) -> f64 {
        (at.since(self.start).as_secs_f64() / self.length.as_secs_f64() * AXIS).clamp(0.0, AXIS)
    }

    /// Work in progress has a bar up to the end of the axis.
    fn bar(&self, part: &Segment) -> Bar {
        let from = self.percent(part.start_time);
        let to = part.end_time.map_or(AXIS, |end| self.percent(end)).max(from);
        Bar { x: format!("{from:.3}"), width: format!("{:.3}", to - from), text_x: format!("{to:.3}") }
    }

    /// The stretches that can be seen.
    fn stretches(&self, stretches: &[Stretch]) -> Vec<Bar> {
        let bar = |stretch: &Stretch| {
            let (from, to) = (self.percent(stretch.start), self.percent(stretch.end));
            (to - from >= THINNEST).then(|| Bar {
                x: format!("{from:.3}"),
                width: format!("{:.3}", to - from),
                text_x: String::new(),
            })
        };
        stretches.iter().filter_map(bar).collect()
    }

    /// Round times, about five of them.
    fn ticks(&self) -> Vec<Tick> {
        let length = self.length.as_secs_f64();
        let rough = length / TICKS;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|step| step * magnitude).into_iter().find(|&step| step >= rough);
        let step = step.unwrap_or(rough);
        let mut ticks = Vec::new();
        let mut at = 0.0;
        while at <= length * 1.000_001 {
            let anchor = if at == 0.0 { "start" } else { "middle" };
            let text = format::duration(Duration::from_secs_f64(at));
            ticks.push(Tick { x: format!("{:.3}", at / length * AXIS), text, anchor });
            at += step;
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::samples;

    /// What the rows say: name, depth, mark.
    fn rows(trace: &Trace) -> Vec<(String, usize, Option<&'static str>)> {
        let rows = timeline(trace, None).rows.into_iter();
        rows.map(|row| (row.name, row.depth, row.mark.map(|(mark, _)| mark))).collect()
    }

    fn check(documents: &[&str], expected: &[(&str, usize, Option<&'static str>)]) {
        let expected: Vec<_> = expected.iter().map(|(name, depth, mark)| ((*name).to_owned(), *depth, *mark)).collect();
        assert_eq!(rows(&samples::trace(documents)), expected);
    }

    #[test]
    fn rows_follow_the_calls_and_nest_subsegments() {
        let callee = r#""name": "monolith", "id": "0000000000000004", "parent_id": "0000000000000003",
            "start_time": 100.2, "end_time": 100.7"#;
        let caller = r#""name": "like service", "id": "0000000000000001", "start_time": 100, "end_time": 101,
            "subsegments": [{"name": "work", "id": "0000000000000002", "start_time": 100, "end_time": 101,
            "subsegments": [{"name": "monolith", "id": "0000000000000003", "namespace": "remote",
            "start_time": 100.1, "end_time": 100.8}]}]"#;
        check(
            &[callee, caller],
            &[("like service", 0, None), ("work", 1, None), ("monolith", 2, None), ("monolith", 0, None)],
        );
    }

    #[test]
    fn an_unanswered_call_has_an_inferred_row() {
        let caller = r#""name": "monolith", "id": "0000000000000001", "start_time": 100, "end_time": 101,
            "subsegments": [{"name": "mysfits@sqlite", "id": "0000000000000002", "namespace": "remote", "sql": {},
            "start_time": 100.1, "end_time": 100.2}]"#;
        check(
            &[caller],
            &[("monolith", 0, None), ("mysfits@sqlite", 1, None), ("mysfits@sqlite", 0, Some("inferred"))],
        );
    }

    #[test]
    fn what_lost_its_parent_is_shown_and_marked() {
        let orphan = r#""name": "loose end", "type": "subsegment", "id": "0000000000000002",
            "parent_id": "0000000000000001", "start_time": 100, "end_time": 101"#;
        check(&[orphan], &[("loose end", 0, Some("no parent"))]);
    }

    #[test]
    fn an_id_of_a_segment_and_a_subsegment_is_marked() {
        let segment = r#""name": "shop", "id": "0000000000000001", "start_time": 100, "end_time": 102"#;
        let rival = r#""name": "work", "type": "subsegment", "id": "0000000000000001",
            "parent_id": "0000000000000002", "start_time": 100, "end_time": 101"#;
        check(&[segment, rival], &[("shop", 0, Some("id used twice"))]);
    }

    #[test]
    fn segments_that_are_each_others_parent_appear_once() {
        let a = r#""name": "a", "id": "000000000000000a", "parent_id": "000000000000000b",
            "start_time": 100, "end_time": 101"#;
        let b = r#""name": "b", "id": "000000000000000b", "parent_id": "000000000000000a",
            "start_time": 100.1, "end_time": 101"#;
        check(&[a, b], &[("a", 0, None), ("b", 0, None)]);
    }

    fn part(from: i64, to: Option<i64>) -> Segment {
        let start = Timestamp::from_micros(from);
        let mut part = Segment::new(crate::document::Kind::Segment, SegmentId::from_bytes([1; 8]), "a", start);
        part.end_time = to.map(Timestamp::from_micros);
        part
    }

    #[test]
    fn bars_and_ruler_share_one_axis() {
        let axis = Axis { start: Timestamp::EPOCH, length: Duration::from_secs(2) };
        let bar = axis.bar(&part(500_000, Some(1_000_000)));
        assert_eq!((bar.x.as_str(), bar.width.as_str(), bar.text_x.as_str()), ("22.000", "22.000", "44.000"));
        let ticks: Vec<_> = axis.ticks().into_iter().map(|tick| (tick.x, tick.text)).collect();
        let expected =
            [("0.000", "0 ms"), ("22.000", "500 ms"), ("44.000", "1.00 s"), ("66.000", "1.50 s"), ("88.000", "2.00 s")];
        assert_eq!(ticks, expected.map(|(x, text)| (x.to_owned(), text.to_owned())));
    }

    #[test]
    fn work_in_progress_reaches_to_the_end() {
        let axis = Axis { start: Timestamp::EPOCH, length: Duration::from_secs(2) };
        let bar = axis.bar(&part(1_000_000, None));
        assert_eq!((bar.x.as_str(), bar.width.as_str()), ("44.000", "44.000"));
    }

    #[test]
    fn an_instant_still_has_a_ruler() {
        let axis = Axis { start: Timestamp::EPOCH, length: SHORTEST };
        assert!((2..=11).contains(&axis.ticks().len()));
    }
}
