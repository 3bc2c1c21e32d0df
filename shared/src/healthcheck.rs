//! The verb `healthcheck`: a container asks the process inside it whether it answers. An image without a shell has no curl, so the
//! service's own executable asks, with the settings that the service was started with.
//!
//! Asked is `/health/live`: whoever replaces containers that are unhealthy would gain nothing by replacing one whose database is away.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::config::ListenAddr;

/// Less than a container runtime gives a health check, so that it is us who say what was wrong.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a service's executable was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To serve: no argument.
    Serve,
    /// To ask the service that is already running: `healthcheck`.
    Healthcheck,
}

impl Verb {
    /// Reads the arguments of the process, its own name included.
    ///
    /// # Errors
    /// When there is any other argument.
    pub fn from_arguments(arguments: impl IntoIterator<Item = String>) -> anyhow::Result<Self> {
        let arguments: Vec<String> = arguments.into_iter().skip(1).collect();
        match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => Ok(Self::Serve),
            ["healthcheck"] => Ok(Self::Healthcheck),
            _ => bail!("unknown arguments `{}`: there is only `healthcheck`", arguments.join(" ")),
        }
    }
}

/// Asks the service that listens at `listen` on this machine; call it outside any runtime.
///
/// # Errors
/// When it does not answer within three seconds, or not with a 2xx status.
pub fn ask(listen: &ListenAddr) -> anyhow::Result<()> {
    let listening = listen.resolve()?.into_iter().next().with_context(|| format!("{listen} is no address"))?;
    let url = format!("http://{}/health/live", reachable(listening));
    let client = reqwest::blocking::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(&url).send().with_context(|| format!("{url} does not answer"))?;
    ensure!(answer.status().is_success(), "{url} answers {}", answer.status());
    Ok(())
}

/// An address to call, for one to listen on: whoever listens everywhere is also on loopback.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_verb_is_healthcheck() {
        let read = |line: &str| Verb::from_arguments(line.split(' ').map(str::to_owned)).ok();
        assert_eq!(read("monolith"), Some(Verb::Serve));
        assert_eq!(read("monolith healthcheck"), Some(Verb::Healthcheck));
        assert_eq!(read("monolith --help"), None);
        assert_eq!(read("monolith healthcheck now"), None);
    }

    #[test]
    fn a_listener_everywhere_is_called_on_loopback() {
        let check = |listening: &str, expected: &str| {
            assert_eq!(reachable(listening.parse().unwrap()).to_string(), expected);
        };
        check("0.0.0.0:8080", "127.0.0.1:8080");
        check("[::]:8080", "[::1]:8080");
        check("10.0.0.7:8080", "10.0.0.7:8080");
    }
}
