//! Which services there are and how requests travel through them.

use std::fmt;
use std::str::FromStr;

use rand::rngs::StdRng;

use super::layered::Layered;
use super::mysfits;
use super::plan::Visit;

/// A system of services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// The monolith, the Like service and their database, with likes that are slow or lost.
    Mysfits,
    /// So many services in four layers; each calls up to three of the next layer, the last layer calls databases.
    Layered(Layered),
}

/// The text names no topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("wanted mysfits, or a number of services from 10 to 10000")]
pub struct UnknownTopology;

impl Topology {
    /// Plans one request.
    pub(super) fn plan(&self, rng: &mut StdRng) -> Visit {
        match self {
            Self::Mysfits => mysfits::request(rng),
            Self::Layered(layered) => layered.request(rng),
        }
    }

    /// A filter expression as a person with a question would write it, which some traces match.
    pub fn question(&self) -> &'static str {
        match self {
            Self::Mysfits => r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#,
            Self::Layered(_) => r#"service("service-0003") { responsetime > 0.02 OR fault } AND http.method = "GET""#,
        }
    }

    /// An expression of the same shape that no trace matches, so that every one must be looked at.
    pub fn vain_question(&self) -> &'static str {
        match self {
            Self::Mysfits => r#"service("like service") { responsetime > 60 OR throttle } AND http.method = "POST""#,
            Self::Layered(_) => r#"service("service-0003") { responsetime > 60 OR throttle } AND http.method = "GET""#,
        }
    }
}

impl FromStr for Topology {
    type Err = UnknownTopology;

    fn from_str(text: &str) -> Result<Self, UnknownTopology> {
        match text {
            "mysfits" => Ok(Self::Mysfits),
            number => number.parse().ok().and_then(Layered::new).map(Self::Layered).ok_or(UnknownTopology),
        }
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mysfits => f.write_str("mysfits"),
            Self::Layered(layered) => write!(f, "{}", layered.services()),
        }
    }
}
