//! Work over time: counts, times and histograms by period.
//!
//! Periods begin at whole multiples of their length, so that two questions about overlapping windows agree. Every period
//! of the window is there, also those without work.

use std::time::Duration;

use crate::document::{Timestamp, Window};

use super::{Histogram, Measured, Statistics};

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

/// The periods of a window, while work is being added up.
#[derive(Debug, Clone)]
pub struct Series {
    points: Vec<Point>,
    window: Window,
    period: Duration,
}

impl Series {
    /// Starts with every period of the window, none of which has work.
    pub fn new(window: Window, period: Duration) -> Self {
        Self { points: period_starts(window, period).map(Point::empty).collect(), window, period }
    }

    /// Counts one piece of work; nothing when it began outside the window.
    pub fn add(&mut self, work: &Measured) {
        if let Some(point) = self.point_at(work.start_time) {
            point.statistics.add(work);
            if let Some(response_time) = work.response_time() {
                point.response_times.add(response_time);
            }
        }
    }

    /// Counts the sums of work that all began in the period around `time`, and in the window.
    pub fn merge(&mut self, time: Timestamp, statistics: &Statistics, response_times: &Histogram) {
        if let Some(point) = self.point_at(time) {
            point.statistics.merge(statistics);
            point.response_times.merge(response_times);
        }
    }

    /// Every period of the window, also those without work.
    pub fn into_points(self) -> Vec<Point> {
        self.points
    }

    fn point_at(&mut self, time: Timestamp) -> Option<&mut Point> {
        let first = self.points.first().filter(|_| self.window.contains(time))?.start;
        let number = time.since(first).as_micros() / self.period.as_micros().max(1);
        self.points.get_mut(usize::try_from(number).ok()?)
    }
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

    fn series<const N: usize>(work: [Measured; N], window: Window, period: Duration) -> Vec<Point> {
        let mut series = Series::new(window, period);
        work.iter().for_each(|work| series.add(work));
        series.into_points()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn piece(start: i64, end: Option<i64>) -> Measured {
        let end_time = end.map(at);
        let duration = end_time.map_or(Duration::ZERO, |end| end.since(at(start)));
        Measured { start_time: at(start), end_time, duration, error: false, throttle: false, fault: false }
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
        let points = series(work, Window { start: at(60), end: at(240) }, Duration::from_secs(60));
        let counts: Vec<_> =
            points.iter().map(|point| (point.statistics.ok_count, point.statistics.fault_count)).collect();
        assert_eq!(counts, [(1, 0), (0, 1), (0, 0)], "work in progress is not counted, nor is what began outside");
        assert_eq!(points[0].response_times.entries().collect::<Vec<_>>(), [(2_000, 1)]);
        assert_eq!(points[1].statistics.total_response_time, Duration::from_secs(1));
    }
}
