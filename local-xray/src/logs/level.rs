//! How grave a line is: the six levels of OpenTelemetry, and lines that do not say.

use serde::{Deserialize, Serialize};

/// A level; later ones are graver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The sender did not say.
    #[default]
    Unset,
    /// Fine steps.
    Trace,
    /// Of use to developers.
    Debug,
    /// What usually happens.
    Info,
    /// Something to watch.
    Warn,
    /// Something failed.
    Error,
    /// The program cannot go on.
    Fatal,
}

impl Level {
    /// Every level that a line can be asked for, the lightest first.
    pub const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The level of a severity number, of which each level has four; without one, of the text beside it.
    pub fn of_severity(number: i32, text: &str) -> Self {
        match number {
            1..=4 => Self::Trace,
            5..=8 => Self::Debug,
            9..=12 => Self::Info,
            13..=16 => Self::Warn,
            17..=20 => Self::Error,
            21..=24 => Self::Fatal,
            _ => Self::parse(text).unwrap_or_default(),
        }
    }

    /// Reads the name of a level in any case, also the longer names that some loggers use.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "warning" => Some(Self::Warn),
            "critical" => Some(Self::Fatal),
            text => Self::ALL.into_iter().find(|level| level.as_str() == text),
        }
    }

    /// The name; empty when the sender did not say.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_decides_and_the_text_helps_out() {
        let check =
            |number, text: &str, expected| assert_eq!(Level::of_severity(number, text), expected, "{number} {text}");
        check(1, "", Level::Trace);
        check(9, "ERROR", Level::Info);
        check(12, "", Level::Info);
        check(13, "", Level::Warn);
        check(24, "", Level::Fatal);
        check(0, "WARNING", Level::Warn);
        check(25, "Critical", Level::Fatal);
        check(-1, "loud", Level::Unset);
        check(0, "", Level::Unset);
    }
}
