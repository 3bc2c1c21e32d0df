//! Work over time: counts, times and histograms by period.
//!
//! Periods begin at whole multiples of their length, so that two questions about overlapping windows agree. Every period
//! of the window is there, also those without work.

use std::time::Duration;

use crate::document::{Segment, Timestamp, Window};

use super::{Histogram, Statistics};

/// The work that began in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When the period began; the first one may begin before the window.
    pub start: Timestamp,
    /// Counts and times.
    pub statistics: Statistics,
    /// How long responses took.
    pub response_times: Histogram,
}

/// Adds work up by period. Work that began outside the window does not count.
pub fn series<'a>(work: impl IntoIterator<Item = &'a Segment>, window: Window, period: Duration) -> Vec<Point> {
    let mut points: Vec<Point> = period_starts(window, period).map(Point::empty).collect();
    let Some(first) = points.first().map(|point| point.start) else { return points };
    for piece in work.into_iter().filter(|piece| window.contains(piece.start_time)) {
        let number = piece.start_time.since(first).as_micros() / period.as_micros().max(1);
        if let Some(point) = usize::try_from(number).ok().and_then(|number| points.get_mut(number)) {
            point.statistics.add(piece);
            if let Some(response_time) = piece.response_time() {
                point.response_times.add(response_time);
            }
        }
    }
    points
}

/// How many periods a window touches.
pub fn period_count(window: Window, period: Duration) -> usize {
    period_starts(window, period).len()
}

fn period_starts(window: Window, period: Duration) -> impl ExactSizeIterator<Item = Timestamp> {
    let period = i64::try_from(period.as_micros()).unwrap_or(i64::MAX).max(1);
    let first = window.start.micros() - window.start.micros().rem_euclid(period);
    let length = if window.start < window.end { window.end.micros().saturating_sub(first) } else { 0 };
    let count = usize::try_from(length / period + i64::from(length % period > 0)).unwrap_or(0);
    (0..count).map(move |number| {
        let offset = i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(period);
        Timestamp::from_micros(first.saturating_add(offset))
    })
}

impl Point {
    fn empty(start: Timestamp) -> Self {
        Self { start, statistics: Statistics::default(), response_times: Histogram::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Kind, SegmentId};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn piece(start: i64, end: Option<i64>) -> Segment {
        let mut piece = Segment::new(Kind::Segment, SegmentId::from_bytes([1; 8]), "shop", at(start));
        piece.end_time = end.map(at);
        piece
    }

    #[test]
    fn every_period_of_the_window_is_there() {
        let check = |start: i64, end: i64, period: u64, expected: &[i64]| {
            let window = Window { start: at(start), end: at(end) };
            let points = series([], window, Duration::from_secs(period));
            let starts: Vec<_> = points.iter().map(|point| point.start.micros() / 1_000_000).collect();
            assert_eq!(starts, expected, "{start} {end} {period}");
            assert_eq!(period_count(window, Duration::from_secs(period)), expected.len());
        };
        check(60, 240, 60, &[60, 120, 180]);
        check(61, 241, 60, &[60, 120, 180, 240]);
        check(70, 80, 60, &[60]);
        check(60, 60, 60, &[]);
        check(80, 70, 60, &[]);
        check(100, 104, 1, &[100, 101, 102, 103]);
        assert!(period_count(Window::ALL, Duration::from_secs(1)) > 1_000_000_000);
    }

    #[test]
    fn work_counts_where_it_began() {
        let mut failed = piece(130, Some(131));
        failed.fault = true;
        let work = [piece(59, Some(200)), piece(60, Some(62)), failed, piece(150, None), piece(240, Some(241))];
        let points = series(&work, Window { start: at(60), end: at(240) }, Duration::from_secs(60));
        let counts: Vec<_> =
            points.iter().map(|point| (point.statistics.ok_count, point.statistics.fault_count)).collect();
        assert_eq!(counts, [(1, 0), (0, 1), (0, 0)], "work in progress is not counted, nor is what began outside");
        assert_eq!(points[0].response_times.entries().collect::<Vec<_>>(), [(2_000, 1)]);
        assert_eq!(points[1].statistics.total_response_time, Duration::from_secs(1));
    }
}
