//! Response times: a bar from the median to the 95th percentile of each period.

use std::time::Duration;

use crate::console::format;
use crate::console::histogram::percentile;
use crate::console::link::Link;
use crate::document::Window;
use crate::graph::Histogram;

use super::{HEIGHT, LEAST, OverTime, Part, px};

/// The response times of each period; `None` when nothing was counted in any.
pub(in crate::console) fn response_times(points: &[(Window, &Histogram)], traces: &Link) -> Option<OverTime> {
    let slowest = points.iter().filter_map(|(_, times)| percentile(times, 95)).max()?;
    let height = |millis: u64| HEIGHT - millis as f64 / slowest.max(1) as f64 * HEIGHT;
    let fill = |times: &&Histogram| match (percentile(times, 50), percentile(times, 95)) {
        (Some(median), Some(slow)) => {
            let (low, high) = (height(median), height(slow));
            let range = Part { y: px(high), height: px(low - high), state: "", class: "range" };
            let middle = Part { y: px(low.min(HEIGHT - LEAST)), height: px(LEAST), state: "", class: "middle" };
            (format!("p50 {}, p95 {}", words(median), words(slow)), vec![range, middle])
        }
        _ => ("no calls".to_owned(), Vec::new()),
    };
    Some(OverTime {
        top: format!("up to {}", words(slowest)),
        ..OverTime::new("Response times over time, p50 to p95", points, traces, fill)?
    })
}

fn words(millis: u64) -> String {
    format::duration(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{bars, by_minute};
    use super::*;

    #[test]
    fn bars_reach_from_the_median_to_the_95th_percentile() {
        let times = |millis: &[u64]| {
            let mut histogram = Histogram::default();
            millis.iter().for_each(|&millis| histogram.add(Duration::from_millis(millis)));
            histogram
        };
        let (quick, none, slow) = (times(&[25, 25, 50]), times(&[]), times(&[100]));
        let points = by_minute([&quick, &none, &slow]);
        let chart = response_times(&points, &Link::to("/traces")).expect("there is work");
        assert_eq!(chart.top, "up to 100 ms");
        assert_eq!(chart.columns[0].title, "00:00:00–00:01:00 UTC: p50 25 ms, p95 50 ms");
        let part = |height: &str| (height.to_owned(), "");
        assert_eq!(bars(Some(chart)), [vec![part("12.0"), part("1.5")], vec![], vec![part("0.0"), part("1.5")]]);
        assert!(response_times(&by_minute([&none]), &Link::to("/traces")).is_none());
    }
}
