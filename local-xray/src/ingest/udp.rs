//! Datagrams: one header line, a newline, one segment document, as the X-Ray SDKs send them to a daemon.
//!
//! A datagram that nobody fetches in time is lost, so fetching is all that the `receive` thread does: it empties the socket into
//! a batch, and the `parse` threads take batches as they can. A batch grows while they are busy, so that load makes batches
//! larger rather than more, and a burst of tens of thousands of datagrams is held here. When a batch is full, the kernel's buffer takes what it can.
//!
//! Rubbish is counted and never stops anything. Datagrams that the kernel drops because its buffer is full are
//! losses too: a large buffer is asked for, and where the system tells (the `drops` column of `/proc/net/udp` on Linux;
//! `SO_RXQ_OVFL` is out of reach without unsafe code), the drops are reported.

mod batch;
mod datagram;
mod kernel;
mod parse;
mod receive;

use std::io;
use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

pub(crate) use self::datagram::{Received, read};
pub(super) use self::kernel::Probe;
use self::parse::Parsers;
use super::Intake;

/// The receive buffer that is asked for, in bytes.
const RECEIVE_BUFFER: usize = 8 << 20;
/// How long what was received may take to be stored once the local X-Ray is told to stop.
const DRAIN: Duration = Duration::from_secs(3);

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
}

/// The door for datagrams at work, on threads of its own. Dropping it stops it too, without waiting.
pub(crate) struct DatagramServer {
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl DatagramServer {
    /// Starts receiving.
    ///
    /// # Errors
    /// When the operating system refuses a thread or a runtime.
    pub(crate) fn start(socket: DatagramSocket, intake: &Intake) -> io::Result<Self> {
        let (parsers, queue) = Parsers::start(intake)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stop_asked) = oneshot::channel();
        let (stopping, stopped) = oneshot::channel();
        thread::Builder::new().name("udp-receive".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(receive::receive(socket.socket, queue, stop_asked)) {
                tracing::error!(%error, "datagrams can no longer be received: {error}");
            }
            parsers.join();
            // Nobody may be waiting any more.
            let _ = stopping.send(());
        })?;
        Ok(Self { stop, stopped })
    }

    /// Lets what was received be stored, but not for ever, then stops.
    pub(crate) async fn stop(self) {
        // Both fail only when the threads have ended already.
        let _ = self.stop.send(());
        if tokio::time::timeout(DRAIN, self.stopped).await.is_err() {
            tracing::warn!("datagrams were not stored within {DRAIN:?}");
        }
    }
}
