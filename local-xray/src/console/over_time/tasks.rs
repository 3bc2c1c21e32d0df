//! Tasks: how many different ones sent segments in each period.

use crate::console::format;
use crate::console::link::Link;
use crate::document::Window;

use super::{OverTime, standing};

/// The number of tasks in each period; `None` when none was named in any.
pub(in crate::console) fn tasks(points: &[(Window, usize)], traces: &Link) -> Option<OverTime> {
    let most = points.iter().map(|(_, count)| *count).max().filter(|&most| most > 0)?;
    let fill = |count: &usize| {
        let part = (*count > 0).then(|| standing(*count as f64 / most as f64, "", "tasks"));
        (format::plural(*count as u64, "task"), part.into_iter().collect())
    };
    Some(OverTime { top: format!("up to {most}"), ..OverTime::new("Tasks over time", points, traces, fill)? })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{bars, by_minute};
    use super::*;

    #[test]
    fn a_second_task_doubles_the_height() {
        let traces = Link::to("/traces");
        let part = |height: &str| vec![(height.to_owned(), "")];
        assert_eq!(bars(tasks(&by_minute([1, 0, 2]), &traces)), [part("24.0"), vec![], part("48.0")]);
        assert!(tasks(&by_minute([0, 0]), &traces).is_none());
    }
}
