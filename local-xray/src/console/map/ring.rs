//! The ring around a node: one arc per outcome, clockwise from the top, as long as the outcome's share.

use std::f64::consts::TAU;

use crate::console::health;
use crate::document::Outcome;
use crate::graph::Statistics;

use super::layout::Point;

/// Small shares stay visible: no arc is shorter than this.
const LEAST_ANGLE: f64 = TAU / 48.0;

/// One arc, ready to print.
#[derive(Debug)]
pub(in crate::console) struct Arc {
    /// Path of the filled arc.
    pub(in crate::console) path: String,
    /// The outcome's word: class and pattern.
    pub(in crate::console) state: &'static str,
}

/// Cuts the ring between two radii by the shares of the outcomes; empty when nothing was counted.
pub(super) fn arcs(statistics: &Statistics, centre: Point, outer: f64, inner: f64) -> Vec<Arc> {
    let angles = angles(statistics);
    if let [(outcome, _)] = angles.as_slice() {
        return vec![Arc { path: full_ring(centre, outer, inner), state: health::word(*outcome) }];
    }
    let mut from = 0.0;
    angles
        .into_iter()
        .map(|(outcome, angle)| {
            let path = sector(centre, outer, inner, from, from + angle);
            from += angle;
            Arc { path, state: health::word(outcome) }
        })
        .collect()
}

/// The angle of each outcome that occurred; together a full turn.
#[expect(clippy::cast_precision_loss, reason = "a share for the eye")]
fn angles(statistics: &Statistics) -> Vec<(Outcome, f64)> {
    let total = statistics.total_count().max(1) as f64;
    let wanted: Vec<(Outcome, f64)> = health::OUTCOMES
        .into_iter()
        .map(|outcome| (outcome, health::count(statistics, outcome) as f64))
        .filter(|&(_, count)| count > 0.0)
        .map(|(outcome, count)| (outcome, (count / total * TAU).max(LEAST_ANGLE)))
        .collect();
    let sum: f64 = wanted.iter().map(|&(_, angle)| angle).sum();
    wanted.into_iter().map(|(outcome, angle)| (outcome, angle / sum * TAU)).collect()
}

fn on_circle(centre: Point, radius: f64, turn: f64) -> String {
    format!("{:.2} {:.2}", centre.x + radius * turn.sin(), centre.y - radius * turn.cos())
}

fn sector(centre: Point, outer: f64, inner: f64, from: f64, to: f64) -> String {
    let large = u8::from(to - from > TAU / 2.0);
    format!(
        "M{} A{outer} {outer} 0 {large} 1 {} L{} A{inner} {inner} 0 {large} 0 {}Z",
        on_circle(centre, outer, from),
        on_circle(centre, outer, to),
        on_circle(centre, inner, to),
        on_circle(centre, inner, from),
    )
}

fn full_ring(centre: Point, outer: f64, inner: f64) -> String {
    let circle = |radius: f64, sweep: u8| {
        format!(
            "M{} A{radius} {radius} 0 1 {sweep} {} A{radius} {radius} 0 1 {sweep} {}Z",
            on_circle(centre, radius, 0.0),
            on_circle(centre, radius, TAU / 2.0),
            on_circle(centre, radius, 0.0),
        )
    };
    format!("{} {}", circle(outer, 1), circle(inner, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counts: [u64; 4], expected: &[&str]) {
        let [ok_count, error_count, throttle_count, fault_count] = counts;
        let statistics = Statistics { ok_count, error_count, throttle_count, fault_count, ..Statistics::default() };
        let states: Vec<_> = arcs(&statistics, Point::default(), 42.0, 35.0).iter().map(|arc| arc.state).collect();
        assert_eq!(states, expected, "{counts:?}");
        let turn: f64 = angles(&statistics).iter().map(|&(_, angle)| angle).sum();
        assert!(states.is_empty() || (turn - TAU).abs() < 1e-9, "the arcs of {counts:?} close the ring");
    }

    #[test]
    fn every_outcome_that_occurred_has_an_arc() {
        check([0, 0, 0, 0], &[]);
        check([7, 0, 0, 0], &["ok"]);
        check([3, 1, 0, 0], &["ok", "error"]);
        check([10_000, 0, 1, 1], &["ok", "throttle", "fault"]);
        check([1, 1, 1, 1], &["ok", "error", "throttle", "fault"]);
    }
}
