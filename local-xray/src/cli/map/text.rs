//! Words, numbers and colours of the map.

use crate::words;

use super::model::{Node, Numbers};

/// What a piece of text means; the words say it too, the colour only repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quiet,
    Strong,
    Ok,
    Error,
    Throttle,
    Fault,
}

impl Style {
    /// ANSI parameters that end the style before and begin this one, in the basic colours, which follow the reader's
    /// own theme.
    pub(super) fn ansi(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Quiet => "0;2",
            Self::Strong => "0;1",
            Self::Ok => "0;32",
            Self::Error => "0;33",
            Self::Throttle => "0;35",
            Self::Fault => "0;31",
        }
    }
}

/// Lines of a node's box, in full; what does not fit is shortened when drawn.
pub(super) fn node_lines(node: &Node) -> Vec<(String, Style)> {
    let mut lines = vec![(node.name.clone(), Style::Strong)];
    lines.extend(node.kind.iter().map(|kind| (kind.clone(), Style::Plain)));
    lines.extend(node.state.iter().map(|state| (state.clone(), Style::Quiet)));
    if let Some(average) = node.numbers.average {
        lines.push((words::plural(node.numbers.total, "request"), Style::Plain));
        lines.push((format!("avg {}", words::seconds(average)), Style::Plain));
    }
    lines.extend(node.numbers.shares());
    if node.calls_itself {
        lines.push(("↺ calls itself".to_owned(), Style::Plain));
    }
    lines
}

impl Numbers {
    /// The worst thing that happened, as a style.
    pub(super) fn style(&self) -> Style {
        match self {
            Self { total: 0, .. } => Style::Plain,
            Self { fault: 1.., .. } => Style::Fault,
            Self { throttle: 1.., .. } => Style::Throttle,
            Self { error: 1.., .. } => Style::Error,
            _ => Style::Ok,
        }
    }

    /// One text for each kind of failure that occurred, such as `25 % error`.
    fn shares(&self) -> impl Iterator<Item = (String, Style)> {
        let total = self.total;
        [
            (self.fault, "fault", Style::Fault),
            (self.throttle, "throttle", Style::Throttle),
            (self.error, "error", Style::Error),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(move |(count, word, style)| (format!("{} {word}", words::percent(count, total)), style))
    }

    /// All outcomes on one line: `ok`, or the shares of what failed.
    pub(super) fn outcome(&self) -> String {
        let shares: Vec<String> = self.shares().map(|(text, _)| text).collect();
        match (self.total, shares.is_empty()) {
            (0, _) => String::new(),
            (_, true) => "ok".to_owned(),
            (_, false) => shares.join(", "),
        }
    }
}
