//! Where segment documents go: the X-Ray daemon's UDP port, or standard output.
//!
//! One datagram holds a header line and one document. A document that cannot be sent is that document's loss alone: the rest of the
//! batch goes on. The daemon's name is looked up for the first document, again at intervals, and soon after a failure: a service may start
//! before its sidecar has a name, and a container that was made anew has another address, where datagrams to the old one are lost without
//! a word. Only the exporting thread waits for that.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::segment::{strip, trim};
use crate::config::{ConfigError, Environment, HostPort, ParseAddrError};

const HEADER: &[u8] = b"{\"format\": \"json\", \"version\": 1}\n";
const MAX_DATAGRAM: usize = 65_507; // the largest UDP payload over IPv4
const USUAL_DATAGRAM: usize = 2_048;

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
    /// The daemon at this address, which need not lead anywhere yet.
    pub(super) fn daemon(address: &DaemonAddress) -> Self {
        let udp = address.udp().clone();
        Self::Daemon(Daemon::new(udp.to_string(), move || udp.resolve()))
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
    name: String,
    look_up: Box<LookUp>,
    line: Mutex<Line>,
}

type LookUp = dyn Fn() -> std::io::Result<Vec<SocketAddr>> + Send + Sync;

/// Where the name has led so far.
#[derive(Debug, Default)]
struct Line {
    connected: Option<(UdpSocket, SocketAddr)>,
    looked_up: Option<Instant>,
}

impl Line {
    fn target(&self) -> Option<SocketAddr> {
        self.connected.as_ref().map(|(_, target)| *target)
    }

    /// Whether the name was looked up so long ago, or never.
    fn is_older_than(&self, age: Duration, now: Instant) -> bool {
        self.looked_up.is_none_or(|looked_up| now.duration_since(looked_up) >= age)
    }

    fn send(&self, bytes: &[u8]) -> std::io::Result<()> {
        let nowhere = || std::io::Error::new(ErrorKind::NotFound, "AWS_XRAY_DAEMON_ADDRESS leads nowhere yet");
        let (socket, _) = self.connected.as_ref().ok_or_else(nowhere)?;
        socket.send(bytes).map(drop)
    }
}

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line.fmt(f)
    }
}

impl Daemon {
    fn new(name: String, look_up: impl Fn() -> std::io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self { name, look_up: Box::new(look_up), line: Mutex::default() }
    }

    /// Sends one datagram. The system tells of one that nobody took when the next one is sent, and holds that one back; so that one is
    /// sent again, and the error still stands for one document lost, only for the earlier one.
    fn send(&self, bytes: &[u8], now: Instant) -> std::io::Result<()> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let relied_on = if line.connected.is_some() { LOOK_UP_EVERY } else { LOOK_UP_AT_MOST_EVERY };
        if line.is_older_than(relied_on, now) {
            self.look_again(&mut line, now);
        }
        let Err(error) = line.send(bytes) else { return Ok(()) };
        let is_about_an_earlier_one = error.kind() == ErrorKind::ConnectionRefused;
        let has_moved = line.is_older_than(LOOK_UP_AT_MOST_EVERY, now) && self.look_again(&mut line, now);
        if has_moved || is_about_an_earlier_one {
            line.send(bytes)?;
        }
        if is_about_an_earlier_one || !has_moved { Err(error) } else { Ok(()) }
    }

    /// Whether the daemon is somewhere else now. Where the name leads nowhere at the moment, the old address is kept.
    fn look_again(&self, line: &mut Line, now: Instant) -> bool {
        let (name, before, started) = (&self.name, line.target(), Instant::now());
        let found = (self.look_up)();
        // A resolver may take seconds to find nothing, which must not be the wait of every document.
        let is_first = line.looked_up.replace(now + started.elapsed()).is_none();
        let connected = found.and_then(|found| match found.first() {
            Some(_) if before.is_some_and(|before| found.contains(&before)) => Ok(None),
            Some(target) => Ok(Some((connect(*target)?, *target))),
            None => Err(ErrorKind::NotFound.into()),
        });
        match (&connected, before) {
            (Ok(Some((_, target))), Some(before)) => {
                tracing::info!("the X-Ray daemon has moved from {before} to {target}");
            }
            (Ok(Some((_, target))), None) if !is_first => tracing::info!("the X-Ray daemon at {name} is {target}"),
            (Err(error), None) if is_first => {
                tracing::warn!("the X-Ray daemon at {name} cannot be found, and is looked for again: {error}");
            }
            _ => {}
        }
        let Ok(Some(connected)) = connected else { return false };
        line.connected = Some(connected);
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
    let mut bytes = Vec::with_capacity(USUAL_DATAGRAM);
    bytes.extend_from_slice(HEADER);
    // Writing a JSON value into memory cannot fail.
    let _ = serde_json::to_writer(&mut bytes, document);
    bytes
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

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
        let sink = Sink::daemon(&addr.to_string().parse().unwrap());
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

    /// A daemon whose name leads wherever the test says.
    fn daemon_at(addresses: &[SocketAddr]) -> (Daemon, Arc<Mutex<Vec<SocketAddr>>>) {
        let found = Arc::new(Mutex::new(addresses.to_vec()));
        let asked = Arc::clone(&found);
        (Daemon::new("xray:2000".to_owned(), move || Ok(asked.lock().unwrap().clone())), found)
    }

    #[test]
    fn a_daemon_without_an_address_is_looked_for_until_it_has_one() {
        let (somewhere, there) = place();
        let (daemon, found) = daemon_at(&[]);
        let now = Instant::now();
        let error = daemon.send(b"into the void", now).unwrap_err();
        assert_eq!(error.to_string(), "AWS_XRAY_DAEMON_ADDRESS leads nowhere yet");
        found.lock().unwrap().push(there);
        assert!(daemon.send(b"too soon to look again", now + LOOK_UP_AT_MOST_EVERY / 2).is_err());
        daemon.send(b"there", now + 2 * LOOK_UP_AT_MOST_EVERY).unwrap();
        assert_eq!(received(&somewhere), "there");
    }

    #[test]
    fn a_slow_resolver_that_finds_nothing_is_not_waited_for_by_every_document() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let busy = Duration::from_millis(20);
        let daemon = Daemon::new("xray:2000".to_owned(), move || {
            let started = Instant::now();
            while started.elapsed() < busy {}
            counted.fetch_add(1, Ordering::Relaxed);
            Err(ErrorKind::TimedOut.into())
        });
        let now = Instant::now();
        assert!(daemon.send(b"one", now).is_err());
        assert!(daemon.send(b"another", now + LOOK_UP_AT_MOST_EVERY).is_err(), "the pause begins after the answer");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_daemon_made_anew_elsewhere_is_found_at_the_next_look_up() {
        let ((one, here), (other, there)) = (place(), place());
        let (daemon, found) = daemon_at(&[here]);
        let now = Instant::now();
        daemon.send(b"first", now).unwrap();
        *found.lock().unwrap() = vec![there];
        daemon.send(b"still here", now + LOOK_UP_EVERY - Duration::from_millis(1)).unwrap();
        daemon.send(b"there", now + 2 * LOOK_UP_EVERY).unwrap();
        found.lock().unwrap().clear(); // a resolver that knows nothing for a while
        daemon.send(b"there still", now + 4 * LOOK_UP_EVERY).unwrap();
        *found.lock().unwrap() = vec![here, there];
        daemon.send(b"no reason to move", now + 6 * LOOK_UP_EVERY).unwrap();
        assert_eq!([received(&one), received(&one)], ["first", "still here"]);
        assert_eq!(
            [received(&other), received(&other), received(&other)],
            ["there", "there still", "no reason to move"]
        );
    }

    #[test]
    fn a_daemon_that_has_gone_is_looked_for_at_once_and_the_document_in_hand_arrives() {
        let ((gone, here), (other, there)) = (place(), place());
        let (daemon, found) = daemon_at(&[here]);
        let now = Instant::now();
        drop(gone);
        daemon.send(b"into the void", now).unwrap();
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
