//! Datagrams on their way from the socket to a parser, end to end in one piece of memory.

use std::io;

use tokio::net::UdpSocket;

/// The largest payload of a UDP datagram over IPv4 is 65,507 bytes; IPv6 allows a little more.
const MAX_DATAGRAM: usize = 65_536;
/// A batch that has this many bytes takes no more.
const FULL: usize = 16 << 20;
/// How many datagrams are fetched before the receiver looks whether a parser has become free.
const FETCH: usize = 256;

/// Some datagrams.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// Where each datagram ends.
    ends: Vec<usize>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    /// Fetches what waits in the socket, up to a bound.
    ///
    /// # Errors
    /// When the socket reports one; what was fetched before it stays.
    pub(super) fn fetch(&mut self, socket: &UdpSocket) -> io::Result<()> {
        for _ in 0..FETCH {
            if self.is_full() {
                break;
            }
            self.bytes.reserve(MAX_DATAGRAM);
            match socket.try_recv_buf(&mut self.bytes) {
                Ok(_) => self.ends.push(self.bytes.len()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The datagrams in the order in which they were fetched.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.bytes.get(start..*end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_come_out_as_they_went_in() {
        let sent: [&[u8]; 4] = [b"one", b"", b"three", &[7; 65_507]];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            for datagram in sent {
                sender.send_to(datagram, socket.local_addr().unwrap()).await.unwrap();
            }
            let mut batch = Batch::default();
            while batch.datagrams().count() < sent.len() {
                socket.readable().await.unwrap();
                batch.fetch(&socket).unwrap();
            }
            assert_eq!(batch.datagrams().collect::<Vec<_>>(), sent);
        });
    }
}
