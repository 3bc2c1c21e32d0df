//! Datagrams: one header line, a newline, one segment document, as the X-Ray SDKs send them to a daemon.
//!
//! Rubbish is counted and never stops the loop. Datagrams that the kernel drops because the receive buffer is full are
//! losses too: a large buffer is asked for, and where the system tells (the `drops` column of `/proc/net/udp` on Linux;
//! `SO_RXQ_OVFL` is out of reach without unsafe code), the drops are reported.

mod kernel;

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use serde::Deserialize;

use crate::document::{ErrorCode, Rejection, parse};

pub(super) use self::kernel::Probe;
use super::translate::Translation;
use super::{Door, Intake, otlp};

/// The largest payload of a UDP datagram over IPv4 is 65,507 bytes; IPv6 allows a little more.
const MAX_DATAGRAM: usize = 65_536;
/// The receive buffer that is asked for, in bytes.
const RECEIVE_BUFFER: usize = 8 << 20;
/// How long to pause after the socket reported an error, so that a lasting one does not burn a core.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// A bound UDP socket with a large receive buffer.
pub(crate) struct DatagramSocket {
    socket: UdpSocket,
    probe: Probe,
}

impl DatagramSocket {
    /// Prepares a bound socket.
    pub(crate) fn new(socket: UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let probe = kernel::enlarge_receive_buffer(&socket, RECEIVE_BUFFER);
        Ok(Self { socket, probe })
    }

    /// What tells the state of the socket while it is in use.
    pub(crate) fn probe(&self) -> Probe {
        self.probe.clone()
    }

    /// Receives until the task is dropped.
    pub(crate) async fn receive(self, intake: Intake) -> io::Result<()> {
        let socket = tokio::net::UdpSocket::from_std(self.socket)?;
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            match socket.recv(&mut buffer).await {
                Ok(length) => take(buffer.get(..length).unwrap_or_default(), &intake),
                Err(error) => {
                    tracing::warn!(%error, "receiving a datagram failed: {error}");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
    }
}

/// Takes one datagram in.
fn take(datagram: &[u8], intake: &Intake) {
    let Translation { documents, rejections } = read(datagram);
    if !documents.is_empty() {
        intake.offer(documents, Door::Udp);
    }
    rejections.into_iter().for_each(|rejection| intake.reject(rejection, Door::Udp));
}

fn read(datagram: &[u8]) -> Translation {
    match body(datagram) {
        Ok(body) if otlp::is_otlp(body) => otlp::read_datagram(body),
        Ok(body) => parse(body).map_or_else(Translation::from, Translation::from),
        Err(rejection) => Translation::from(rejection),
    }
}

#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
}

/// What follows the header line.
fn body(datagram: &[u8]) -> Result<&[u8], Rejection> {
    let invalid = |reason: &str| Rejection::new(ErrorCode::InvalidDatagram, "$", reason);
    let newline = datagram.iter().position(|byte| *byte == b'\n');
    let (header, body) = newline
        .and_then(|at| datagram.split_at_checked(at))
        .ok_or_else(|| invalid("there is no newline after the header"))?;
    let header: Header = serde_json::from_slice(header)
        .map_err(|_| invalid(r#"the first line is not the header {"format": "json", "version": 1}"#))?;
    if !header.format.eq_ignore_ascii_case("json") || header.version != 1 {
        return Err(invalid("only format json, version 1, is known"));
    }
    let body = body.trim_ascii();
    if body.is_empty() { Err(invalid("nothing follows the header line")) } else { Ok(body) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_line_ends_at_the_first_newline() {
        let check = |datagram: &str, expected: Option<&str>| {
            let body = body(datagram.as_bytes()).ok().map(|body| std::str::from_utf8(body).unwrap());
            assert_eq!(body, expected, "{datagram:?}");
        };
        check("{\"format\":\"json\",\"version\":1}\n{}", Some("{}"));
        check("{\"format\": \"json\", \"version\": 1}\n{\n}\n", Some("{\n}"));
        check(" { \"version\" : 1, \"format\" : \"JSON\" } \r\n{}", Some("{}"));
        check("{\"format\":\"json\",\"version\":1}\n", None);
        check("{\"format\":\"json\",\"version\":1}\n \n", None);
        check("{\"format\":\"json\",\"version\":1}", None);
        check("{\"format\":\"json\",\"version\":2}\n{}", None);
        check("{\"format\":\"xml\",\"version\":1}\n{}", None);
        check("{\"format\":\"json\"}\n{}", None);
        check("GET / HTTP/1.1\r\n\r\n", None);
        check("\n{}", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn no_datagram_panics(datagram in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&datagram);
        }

        #[test]
        fn no_body_panics(body in ".{0,200}") {
            let _ = read(format!("{{\"format\":\"json\",\"version\":1}}\n{body}").as_bytes());
        }
    }
}
