//! Every port is held before the first child starts, so that each process can be told where the others will be, and a taken
//! port stops the demo at once, by the name of the flag that moves it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use shared::config::ListenAddr;

use crate::child::Role;
use crate::cli::PortArgs;

/// How often a free port is asked for when it has to be free for UDP too.
const ATTEMPTS: usize = 20;

/// One thing for each of the eight listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listeners<T> {
    pub(crate) site: T,
    pub(crate) internal: T,
    pub(crate) like: T,
    pub(crate) like_internal: T,
    pub(crate) xray: T,
    pub(crate) otlp_grpc: T,
    pub(crate) otlp_http: T,
    pub(crate) metadata: T,
}

/// The addresses of all listeners, each held until the child that wants it is about to start.
#[derive(Debug)]
pub(crate) struct Reservation(Listeners<Held>);

#[derive(Debug)]
struct Held {
    address: SocketAddr,
    sockets: Option<(TcpListener, Option<UdpSocket>)>,
}

/// The listeners that could not be had, each with the flag that moves it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub(crate) struct CannotListen(Vec<Refused>);

#[derive(Debug)]
struct Refused {
    wanted: Wanted,
    error: std::io::Error,
}

#[derive(Clone, Debug)]
struct Wanted {
    flag: &'static str,
    purpose: &'static str,
    address: ListenAddr,
    also_udp: bool,
}

/// Takes hold of every port, or says all that are taken.
pub(crate) fn reserve(ports: &PortArgs) -> Result<Reservation, CannotListen> {
    let wanted =
        |flag, purpose, address: &ListenAddr| Wanted { flag, purpose, address: address.clone(), also_udp: false };
    let wanted = Listeners {
        site: wanted("--site", "the web site", &ports.site),
        internal: wanted("--internal", "the monolith's internal API", &ports.internal),
        like: wanted("--like", "the Like service", &ports.like),
        like_internal: wanted("--like-internal", "the Like service's chaos switch", &ports.like_internal),
        xray: Wanted { also_udp: true, ..wanted("--xray", "the local X-Ray", &ports.xray) },
        otlp_grpc: wanted("--otlp-grpc", "OTLP over gRPC", &ports.otlp_grpc),
        otlp_http: wanted("--otlp-http", "OTLP over HTTP", &ports.otlp_http),
        metadata: wanted("--metadata", "the task metadata endpoint", &ports.metadata),
    };
    let mut refused = Vec::new();
    let held = wanted.map(|wanted| wanted.hold().map_err(|error| refused.push(Refused { wanted, error })).ok());
    match held.transpose() {
        Some(held) => Ok(Reservation(held)),
        None => Err(CannotListen(refused)),
    }
}

impl Reservation {
    /// Where everything will listen.
    pub(crate) fn addresses(&self) -> Listeners<SocketAddr> {
        self.0.as_ref().map(|held| held.address)
    }

    /// Lets go of the port of the task metadata endpoint, which this process serves itself.
    pub(crate) fn release_metadata(&mut self) {
        drop(self.0.metadata.sockets.take());
    }

    /// Lets go of the ports of one child, which takes them right afterwards. The others stay held: a free port given up early
    /// could become the near end of any connection made meanwhile.
    pub(crate) fn release(&mut self, role: Role) {
        let Listeners { site, internal, like, like_internal, xray, otlp_grpc, otlp_http, metadata: _ } = &mut self.0;
        let held = match role {
            Role::LocalXray => vec![xray, otlp_grpc, otlp_http],
            Role::Monolith => vec![site, internal],
            Role::LikeService => vec![like, like_internal],
        };
        for listener in held {
            drop(listener.sockets.take());
        }
    }
}

impl Wanted {
    fn hold(&self) -> std::io::Result<Held> {
        let addresses = self.address.resolve()?;
        let mut last = self.hold_once(&addresses);
        for _ in 1..ATTEMPTS {
            // A fixed port is either free or not; a free TCP port may be taken for UDP, and then the next one may not be.
            if last.is_ok() || !self.also_udp || addresses.iter().any(|address| address.port() != 0) {
                break;
            }
            last = self.hold_once(&addresses);
        }
        last
    }

    fn hold_once(&self, addresses: &[SocketAddr]) -> std::io::Result<Held> {
        let tcp = TcpListener::bind(addresses)?;
        let address = tcp.local_addr()?;
        let udp = if self.also_udp { Some(UdpSocket::bind(address)?) } else { None };
        Ok(Held { address, sockets: Some((tcp, udp)) })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wanted { flag, purpose, address, .. } = &self.wanted;
        match self.error.kind() {
            std::io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "{address} is taken, but wanted for {purpose}: move it with {flag} PORT ({flag} 0 takes a free one)"
                )
            }
            _ => write!(f, "cannot listen on {address} for {purpose} ({flag}): {}", self.error),
        }
    }
}

impl<T> Listeners<T> {
    fn as_ref(&self) -> Listeners<&T> {
        Listeners {
            site: &self.site,
            internal: &self.internal,
            like: &self.like,
            like_internal: &self.like_internal,
            xray: &self.xray,
            otlp_grpc: &self.otlp_grpc,
            otlp_http: &self.otlp_http,
            metadata: &self.metadata,
        }
    }

    fn map<U>(self, mut f: impl FnMut(T) -> U) -> Listeners<U> {
        Listeners {
            site: f(self.site),
            internal: f(self.internal),
            like: f(self.like),
            like_internal: f(self.like_internal),
            xray: f(self.xray),
            otlp_grpc: f(self.otlp_grpc),
            otlp_http: f(self.otlp_http),
            metadata: f(self.metadata),
        }
    }
}

impl<T> Listeners<Option<T>> {
    fn transpose(self) -> Option<Listeners<T>> {
        Some(Listeners {
            site: self.site?,
            internal: self.internal?,
            like: self.like?,
            like_internal: self.like_internal?,
            xray: self.xray?,
            otlp_grpc: self.otlp_grpc?,
            otlp_http: self.otlp_http?,
            metadata: self.metadata?,
        })
    }
}

/// The URL under which this machine reaches a listener, also one that listens on every interface.
pub(crate) fn url_of(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free_ports() -> PortArgs {
        let free = ListenAddr::loopback(0);
        PortArgs {
            site: free.clone(),
            internal: free.clone(),
            like: free.clone(),
            like_internal: free.clone(),
            xray: free.clone(),
            otlp_grpc: free.clone(),
            otlp_http: free.clone(),
            metadata: free,
        }
    }

    #[test]
    fn free_ports_are_eight_different_ones() {
        let addresses = reserve(&free_ports()).unwrap().addresses();
        let mut ports = Vec::new();
        addresses.map(|address| ports.push(address.port()));
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 8);
        assert!(!ports.contains(&0));
    }

    #[test]
    fn a_taken_port_is_named_with_its_flag() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = (taken.local_addr().unwrap(), taken);
        let like = taken.0.to_string().parse().unwrap();

        let message = reserve(&PortArgs { like, ..free_ports() }).unwrap_err().to_string();

        let expected = format!(
            "{} is taken, but wanted for the Like service: move it with --like PORT (--like 0 takes a free one)",
            taken.0
        );
        assert_eq!(message, expected);
    }

    #[test]
    fn a_port_taken_for_udp_only_counts_as_taken() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = reserve(&PortArgs { xray: address.to_string().parse().unwrap(), ..free_ports() }).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{address} is taken")), "{error}");
        assert!(error.to_string().contains("--xray"), "{error}");
    }

    #[test]
    fn two_flags_with_one_port_are_a_conflict_too() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let same: ListenAddr = free.to_string().parse().unwrap();
        let error = reserve(&PortArgs { site: same.clone(), otlp_http: same, ..free_ports() }).unwrap_err();
        assert!(error.to_string().contains("--otlp-http"), "{error}");
    }

    #[test]
    fn each_child_gets_its_ports_when_it_starts() {
        let mut reservation = reserve(&free_ports()).unwrap();
        let Listeners { site, like, xray, .. } = reservation.addresses();

        reservation.release(Role::LocalXray);
        assert!(TcpListener::bind(xray).is_ok() && UdpSocket::bind(xray).is_ok());
        assert!(TcpListener::bind(site).is_err() && TcpListener::bind(like).is_err());

        reservation.release(Role::Monolith);
        assert!(TcpListener::bind(site).is_ok() && TcpListener::bind(like).is_err());
    }

    #[test]
    fn a_url_is_one_that_this_machine_can_open() {
        let check = |address: &str, expected: &str| assert_eq!(url_of(address.parse().unwrap()), expected);
        check("127.0.0.1:8080", "http://127.0.0.1:8080");
        check("0.0.0.0:80", "http://127.0.0.1:80");
        check("[::]:80", "http://[::1]:80");
    }
}
