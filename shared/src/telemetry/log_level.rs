//! The level of log lines, which can be changed while the service runs. It never touches spans: the filter belongs to the log
//! layer alone.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::config::{ConfigError, Environment};

const VARIABLE: &str = "LOGLEVEL";

/// Which log lines are written: those of this level and of the graver ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// None.
    Off,
    /// What a person must act on.
    Error,
    /// What may need a look.
    Warn,
    /// What the service does.
    Info,
    /// Why it does so.
    Debug,
    /// All there is.
    Trace,
}

impl LogLevel {
    /// Reads `LOGLEVEL`; `info` when it is unset.
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let wanted = "one of off, error, warn, info, debug, trace";
        environment.parse_or(VARIABLE, Self::Info, wanted)
    }

    /// The filter of log lines. What the exporters say about single batches, and actix-server about its workers, is only shown
    /// to whoever debugs; losses and listeners have lines of their own.
    fn directives(self) -> String {
        match self {
            Self::Off | Self::Error | Self::Warn => format!("{self},opentelemetry=off"),
            Self::Info => "info,opentelemetry=off,actix_server=warn".to_owned(),
            Self::Debug | Self::Trace => format!("{self},hyper=info,reqwest=info,mio=info,actix=info"),
        }
    }

    fn filter(self) -> EnvFilter {
        EnvFilter::new(self.directives())
    }
}

impl FromStr for LogLevel {
    type Err = UnknownLevel;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.to_ascii_lowercase().as_str() {
            "off" => Ok(Self::Off),
            "error" => Ok(Self::Error),
            "warn" | "warning" => Ok(Self::Warn),
            "info" => Ok(Self::Info),
            "debug" => Ok(Self::Debug),
            "trace" => Ok(Self::Trace),
            _ => Err(UnknownLevel),
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        })
    }
}

/// A word that is no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of off, error, warn, info, debug, trace")]
pub struct UnknownLevel;

/// There is no log whose level could be changed: telemetry has not been started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("telemetry is not running")]
pub struct NotRunning;

/// The switch of the process. A process has one subscriber for its log, so it has one level.
static SWITCH: OnceLock<Switch> = OnceLock::new();

struct Switch {
    level: Mutex<LogLevel>,
    filter: reload::Handle<EnvFilter, Registry>,
}

/// A filter for the log layer, which must be the first on the registry, and what makes it changeable once the subscriber is in place.
pub(super) fn filter(level: LogLevel) -> (reload::Layer<EnvFilter, Registry>, impl FnOnce()) {
    let (filter, handle) = reload::Layer::new(level.filter());
    let install = move || {
        // A second subscriber would have been refused before.
        let _ = SWITCH.set(Switch { level: Mutex::new(level), filter: handle });
    };
    (filter, install)
}

/// The level of log lines in force.
///
/// # Errors
/// [`NotRunning`] before [`super::init`].
pub fn log_level() -> Result<LogLevel, NotRunning> {
    let switch = SWITCH.get().ok_or(NotRunning)?;
    Ok(*switch.level.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Changes the level of log lines, for the whole process and at once. Says so in the log, whichever of the two levels shows it.
///
/// # Errors
/// [`NotRunning`] before [`super::init`].
pub fn set_log_level(level: LogLevel) -> Result<(), NotRunning> {
    let switch = SWITCH.get().ok_or(NotRunning)?;
    let mut current = switch.level.lock().unwrap_or_else(PoisonError::into_inner);
    let say = |before: LogLevel| tracing::info!(log.level = %level, "the log level goes from {before} to {level}");
    if level < *current {
        say(*current);
    }
    switch.filter.reload(level.filter()).map_err(|_| NotRunning)?;
    if level > *current {
        say(*current);
    }
    *current = level;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_level_is_one_of_the_usual_words() {
        fn check(word: &str, expected: Result<&str, &str>) {
            let level = LogLevel::from_environment(&Environment::from_pairs([(VARIABLE, word)]));
            let directives = level.map(LogLevel::directives).map_err(|error| error.to_string());
            assert_eq!(directives.as_deref().map_err(String::as_str), expected, "{word}");
        }
        check("", Ok("info,opentelemetry=off,actix_server=warn"));
        check("ERROR", Ok("error,opentelemetry=off"));
        check("Warning", Ok("warn,opentelemetry=off"));
        check("debug", Ok("debug,hyper=info,reqwest=info,mio=info,actix=info"));
        check("loud", Err("LOGLEVEL is `loud`, but must be one of off, error, warn, info, debug, trace"));
    }
}
