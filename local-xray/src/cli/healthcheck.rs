//! The verb `healthcheck`: a container asks the local X-Ray inside it whether it answers, because its image has no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::config::address;

/// Less than a container runtime gives a health check, so that it is us who say what was wrong.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whom to ask.
#[derive(Debug, Clone, Args)]
pub struct HealthcheckArgs {
    /// Where `serve` listens: an address, or a port on 127.0.0.1
    #[arg(long, env = "LOCAL_XRAY_LISTEN", value_name = "ADDRESS", default_value = "2000", value_parser = address)]
    listen: SocketAddr,
}

/// Asks the local X-Ray that listens on this machine; needs no token.
///
/// # Errors
/// When it does not answer within three seconds, or not with a 2xx status.
pub async fn healthcheck_command(args: &HealthcheckArgs) -> anyhow::Result<()> {
    let url = format!("http://{}/health/live", reachable(args.listen));
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(&url).send().await.with_context(|| format!("{url} does not answer"))?;
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
    fn a_listener_everywhere_is_called_on_loopback() {
        let check = |listening: &str, expected: &str| {
            assert_eq!(reachable(listening.parse().unwrap()).to_string(), expected);
        };
        check("0.0.0.0:2000", "127.0.0.1:2000");
        check("[::]:2000", "[::1]:2000");
        check("10.0.0.7:2000", "10.0.0.7:2000");
    }
}
