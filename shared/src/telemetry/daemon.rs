//! Where segment documents go: the X-Ray daemon's UDP port, or standard output.
//!
//! One datagram holds a header line and one document. A document that cannot be sent is that document's loss alone: the rest of the
//! batch goes on. The daemon's name is looked up at the start, again at intervals, and soon after a failure: a container that was made
//! anew has another address, and datagrams to the old one are lost without a word. Only the exporting thread waits for that.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use super::segment::{strip, trim};
use crate::config::{ConfigError, Environment, HostPort, ParseAddrError};

const HEADER: &[u8] = b"{\"format\": \"json\", \"version\": 1}\n";
const MAX_DATAGRAM: usize = 65_507; // the largest UDP payload over IPv4

/// How long an address that was looked up is relied on, and how long at least, whatever fails.
const LOOK_UP_EVERY: Duration = Duration::from_secs(30);
const LOOK_UP_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// The value of `AWS_XRAY_DAEMON_ADDRESS`: `host:port`, or `tcp:host:port udp:host:port` in either order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DaemonAddress {
    udp: HostPort,
    tcp: HostPort,
}

impl DaemonAddress {
    /// What the variable must hold, for error messages.
    const WANTED: &'static str = "host:port, or tcp:host:port udp:host:port";

    /// Reads `AWS_XRAY_DAEMON_ADDRESS`; `127.0.0.1:2000` when it is unset.
    ///
    /// # Errors
    /// When the variable holds no such address.
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        environment.parse_or("AWS_XRAY_DAEMON_ADDRESS", Self::default(), Self::WANTED)
    }

    /// Where segments go.
    pub(super) fn udp(&self) -> &HostPort {
        &self.udp
    }

    /// Where sampling rules are asked for.
    pub(super) fn tcp(&self) -> &HostPort {
        &self.tcp
    }
}

impl Default for DaemonAddress {
    /// `127.0.0.1:2000`.
    fn default() -> Self {
        "127.0.0.1:2000".parse().expect("the default address is an address")
    }
}

impl FromStr for DaemonAddress {
    type Err = ParseAddrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let (tcp, udp) = match parts.as_slice() {
            [both] => (*both, *both),
            [one, other] => match (one.strip_prefix("tcp:"), other.strip_prefix("udp:")) {
                (Some(tcp), Some(udp)) => (tcp, udp),
                _ => {
                    (other.strip_prefix("tcp:").ok_or(ParseAddrError)?, one.strip_prefix("udp:").ok_or(ParseAddrError)?)
                }
            },
            _ => return Err(ParseAddrError),
        };
        let parse = |text: &str| text.parse().ok().filter(|addr: &HostPort| addr.port() != 0).ok_or(ParseAddrError);
        Ok(Self { udp: parse(udp)?, tcp: parse(tcp)? })
    }
}

/// A place for documents.
#[derive(Debug)]
pub(super) enum Sink {
    /// The daemon.
    Daemon(Daemon),
    /// A line each on standard output.
    Stdout,
}

impl Sink {
    /// A socket towards the daemon; its host name is looked up now.
    ///
    /// # Errors
    /// When the name is unknown or no socket can be had.
    pub(super) fn daemon(address: &DaemonAddress) -> anyhow::Result<Self> {
        let udp = address.udp().clone();
        let what = format!("cannot send to the X-Ray daemon at {udp} (AWS_XRAY_DAEMON_ADDRESS)");
        Daemon::find(move || udp.resolve(), Instant::now()).map(Self::Daemon).context(what)
    }

    /// Hands one document over, without its stacks and metadata where it would not fit. An error stands for one document lost: this
    /// one, or the one before it.
    pub(super) fn send(&self, document: &mut Value) -> std::io::Result<()> {
        match self {
            Self::Daemon(daemon) => daemon.send(&datagram(document), Instant::now()),
            Self::Stdout => writeln!(std::io::stdout().lock(), "{document}"),
        }
    }
}

/// The daemon, wherever its name leads at the moment.
pub(super) struct Daemon {
    look_up: Box<LookUp>,
    line: Mutex<Line>,
}

type LookUp = dyn Fn() -> std::io::Result<Vec<SocketAddr>> + Send + Sync;

/// A socket connected to one address.
#[derive(Debug)]
struct Line {
    socket: UdpSocket,
    target: SocketAddr,
    looked_up: Instant,
}

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line.fmt(f)
    }
}

impl Daemon {
    fn find(
        look_up: impl Fn() -> std::io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
        now: Instant,
    ) -> std::io::Result<Self> {
        let target = look_up()?.into_iter().next().ok_or(ErrorKind::NotFound)?;
        let line = Line { socket: connect(target)?, target, looked_up: now };
        Ok(Self { look_up: Box::new(look_up), line: Mutex::new(line) })
    }

    /// Sends one datagram. The system tells of one that nobody took when the next one is sent, and holds that one back; so that one is
    /// sent again, and the error still stands for one document lost, only for the earlier one.
    fn send(&self, bytes: &[u8], now: Instant) -> std::io::Result<()> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(line.looked_up) >= LOOK_UP_EVERY {
            self.look_again(&mut line, now);
        }
        let Err(error) = line.socket.send(bytes) else { return Ok(()) };
        let is_about_an_earlier_one = error.kind() == ErrorKind::ConnectionRefused;
        let has_moved = now.duration_since(line.looked_up) >= LOOK_UP_AT_MOST_EVERY && self.look_again(&mut line, now);
        if has_moved || is_about_an_earlier_one {
            line.socket.send(bytes)?;
        }
        if is_about_an_earlier_one || !has_moved { Err(error) } else { Ok(()) }
    }

    /// Whether the daemon is somewhere else now. Where the name leads nowhere at the moment, the old address is kept.
    fn look_again(&self, line: &mut Line, now: Instant) -> bool {
        line.looked_up = now;
        let found = (self.look_up)().unwrap_or_default();
        let Some(target) = found.first().copied().filter(|_| !found.contains(&line.target)) else { return false };
        let Ok(socket) = connect(target) else { return false };
        tracing::info!("the X-Ray daemon has moved from {} to {target}", line.target);
        (line.socket, line.target) = (socket, target);
        true
    }
}

fn connect(target: SocketAddr) -> std::io::Result<UdpSocket> {
    let local: SocketAddr = match target {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(local)?;
    socket.set_write_timeout(Some(Duration::from_secs(1)))?;
    socket.connect(target)?;
    Ok(socket)
}

fn datagram(document: &mut Value) -> Vec<u8> {
    let mut bytes = framed(document);
    let whole = bytes.len();
    for shorten in [trim, strip] {
        if bytes.len() <= MAX_DATAGRAM {
            break;
        }
        shorten(document, whole);
        bytes = framed(document);
    }
    bytes
}

fn framed(document: &Value) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    // Writing a JSON value into memory cannot fail.
    let _ = serde_json::to_writer(&mut bytes, document);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemon_address_has_two_forms() {
        fn check(text: &str, expected: Option<(&str, &str)>) {
            let parsed = text.parse::<DaemonAddress>().ok();
            let pair = parsed.map(|address| (address.udp.to_string(), address.tcp.to_string()));
            let expected = expected.map(|(udp, tcp)| (udp.to_owned(), tcp.to_owned()));
            assert_eq!(pair, expected, "{text}");
        }
        check("127.0.0.1:2000", Some(("127.0.0.1:2000", "127.0.0.1:2000")));
        check("xray:2000", Some(("xray:2000", "xray:2000")));
        check("tcp:a:1 udp:b:2", Some(("b:2", "a:1")));
        check("udp:b:2 tcp:a:1", Some(("b:2", "a:1")));
        check("udp:b:2", None);
        check("tcp:a:1 tcp:b:2", None);
        check("2000", None);
        check("xray", None);
        check("xray:0", None);
        check("a:1 b:2", None);
        check("tcp:a:1 udp:b:2 udp:c:3", None);
    }

    #[test]
    fn a_daemon_that_comes_back_receives_the_next_document() {
        let absent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = absent.local_addr().unwrap();
        drop(absent);
        let sink = Sink::daemon(&addr.to_string().parse().unwrap()).unwrap();
        let document = |id: &str| sink.send(&mut serde_json::json!({ "id": id }));
        document("sent into the void").unwrap();
        let daemon = UdpSocket::bind(addr).unwrap();
        daemon.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert!(document("the next").is_err(), "the loss of the first is told with the second");
        let mut buffer = [0; 100];
        let length = daemon.recv(&mut buffer).unwrap();
        assert!(String::from_utf8_lossy(&buffer[..length]).contains("the next"));
    }

    /// A place that documents are sent to, and where it is.
    fn place() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    fn received(by: &UdpSocket) -> String {
        let mut buffer = [0; 100];
        let length = by.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn a_daemon_made_anew_elsewhere_is_found_at_the_next_look_up() {
        let ((one, here), (other, there)) = (place(), place());
        let found = std::sync::Arc::new(Mutex::new(vec![here]));
        let (asked, now) = (std::sync::Arc::clone(&found), Instant::now());
        let daemon = Daemon::find(move || Ok(asked.lock().unwrap().clone()), now).unwrap();
        daemon.send(b"first", now).unwrap();
        *found.lock().unwrap() = vec![there];
        daemon.send(b"still here", now + LOOK_UP_EVERY - Duration::from_millis(1)).unwrap();
        daemon.send(b"there", now + LOOK_UP_EVERY).unwrap();
        found.lock().unwrap().clear(); // a resolver that knows nothing for a while
        daemon.send(b"there still", now + 2 * LOOK_UP_EVERY).unwrap();
        *found.lock().unwrap() = vec![here, there];
        daemon.send(b"no reason to move", now + 3 * LOOK_UP_EVERY).unwrap();
        assert_eq!([received(&one), received(&one)], ["first", "still here"]);
        assert_eq!(
            [received(&other), received(&other), received(&other)],
            ["there", "there still", "no reason to move"]
        );
    }

    #[test]
    fn a_daemon_that_has_gone_is_looked_for_at_once_and_the_document_in_hand_arrives() {
        let ((gone, here), (other, there)) = (place(), place());
        let found = std::sync::Arc::new(Mutex::new(vec![here]));
        let (asked, now) = (std::sync::Arc::clone(&found), Instant::now());
        let daemon = Daemon::find(move || Ok(asked.lock().unwrap().clone()), now).unwrap();
        drop(gone);
        daemon.send(b"into the void", now + Duration::from_secs(2)).unwrap();
        *found.lock().unwrap() = vec![there];
        let told = daemon.send(b"in hand", now + Duration::from_secs(2));
        assert_eq!(told.unwrap_err().kind(), ErrorKind::ConnectionRefused, "the loss of the first");
        daemon.send(b"the next", now + Duration::from_secs(2)).unwrap();
        assert_eq!([received(&other), received(&other)], ["in hand", "the next"]);
    }

    #[test]
    fn a_document_too_large_for_a_datagram_is_trimmed_not_lost() {
        let big = "x".repeat(80_000);
        let mut document = serde_json::json!({
            "id": "53995c3f42cd8ad8", "name": "monolith", "annotations": {"mysfit_id": "a"},
            "metadata": {"default": {"big": big}},
        });
        let bytes = datagram(&mut document);
        assert!(bytes.len() < MAX_DATAGRAM);
        let text = String::from_utf8(bytes).unwrap();
        let (header, body) = text.split_once('\n').unwrap();
        assert_eq!(header, r#"{"format": "json", "version": 1}"#);
        let sent: Value = serde_json::from_str(body).unwrap();
        assert_eq!(sent["annotations"]["mysfit_id"], "a");
        assert!(sent["metadata"]["default"]["truncated"].as_str().unwrap().contains("80"));
    }

    #[test]
    fn a_document_that_no_trimming_makes_small_keeps_what_it_is_about() {
        let exception =
            serde_json::json!({"message": "m".repeat(900), "stack": [{"path": "p".repeat(900), "line": 1}]});
        let mut document = serde_json::json!({
            "id": "53995c3f42cd8ad8", "name": "monolith", "start_time": 1.5, "end_time": 2.5, "fault": true,
            "cause": {"exceptions": vec![exception; 100]},
        });
        let bytes = datagram(&mut document);
        assert!(bytes.len() < MAX_DATAGRAM);
        assert_eq!((&document["name"], &document["fault"]), (&"monolith".into(), &true.into()));
        assert!(document["metadata"]["default"]["truncated"].as_str().unwrap().contains("all but the essential"));
    }
}
