//! The receiver: empties the socket, hands batches on, and does nothing else.

use std::io;
use std::mem;
use std::net;
use std::pin::pin;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::batch::Batch;

/// How long datagrams wait for company. Handing over, storing and publishing cost the same for one as for a hundred.
const LINGER: Duration = Duration::from_millis(5);
/// How long to pause after the socket reported an error, so that a lasting one does not burn a core.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// Receives until told to stop; then hands on what the socket still holds.
pub(super) async fn receive(
    socket: net::UdpSocket,
    queue: mpsc::Sender<Batch>,
    mut stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let socket = UdpSocket::from_std(socket)?;
    let mut batch = Batch::default();
    let mut lingering = pin!(sleep(LINGER));
    loop {
        let was_empty = batch.is_empty();
        tokio::select! {
            biased;
            _ = &mut stop => break,
            room = queue.reserve(), if !was_empty && lingering.is_elapsed() => match room {
                Ok(room) => room.send(mem::take(&mut batch)),
                Err(_no_parser_is_left) => return Err(io::ErrorKind::BrokenPipe.into()),
            },
            () = &mut lingering, if !was_empty && !lingering.is_elapsed() => {}
            // A full batch leaves the rest to the kernel, which counts what it has to drop.
            ready = socket.readable(), if !batch.is_full() => fetch(&mut batch, &socket, ready).await,
        }
        if was_empty && !batch.is_empty() {
            lingering.as_mut().reset(Instant::now() + LINGER);
        }
    }
    let last = batch.fetch(&socket);
    if !batch.is_empty() {
        // The parsers are gone only when nothing can be stored any more.
        let _ = queue.send(batch).await;
    }
    last
}

async fn fetch(batch: &mut Batch, socket: &UdpSocket, ready: io::Result<()>) {
    if let Err(error) = ready.and_then(|()| batch.fetch(socket)) {
        tracing::warn!(%error, "receiving a datagram failed: {error}");
        sleep(PAUSE_AFTER_ERROR).await;
    }
}
