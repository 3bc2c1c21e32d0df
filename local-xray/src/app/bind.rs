//! Binding sockets: TCP alone, or TCP and UDP on one number.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use crate::ingest::udp::DatagramSocket;

/// How often another free port is tried when the number that TCP got is taken for UDP.
const ATTEMPTS: usize = 32;

/// Binds a TCP listener.
pub(super) fn tcp(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| taken(address, "TCP", &error))
}

/// Binds TCP and UDP on the same number. Port 0 asks for a number that is free for both.
pub(super) fn tcp_and_udp(address: SocketAddr) -> anyhow::Result<(TcpListener, DatagramSocket)> {
    for _ in 1..ATTEMPTS {
        let listener = tcp(address)?;
        let bound = listener.local_addr()?;
        match UdpSocket::bind(bound) {
            Ok(socket) => return Ok((listener, DatagramSocket::new(socket)?)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && address.port() == 0 => {}
            Err(error) => return Err(taken(bound, "UDP", &error)),
        }
    }
    anyhow::bail!("found no port that is free for both TCP and UDP on {}", address.ip())
}

fn taken(address: SocketAddr, protocol: &str, error: &io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!("{protocol} port {} of {} is taken", address.port(), address.ip()),
        _ => anyhow::anyhow!("cannot listen on {protocol} {address}: {error}"),
    }
}
