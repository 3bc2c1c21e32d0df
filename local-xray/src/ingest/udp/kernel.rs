//! What the kernel does with the socket: the buffer it grants, the datagrams it drops.

use std::net::UdpSocket;

use socket2::SockRef;

use crate::ingest::UdpSocketReport;

/// Tells the state of one UDP socket.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    requested: usize,
    granted: usize,
    /// The socket's inode, by which Linux lists it.
    inode: Option<u64>,
}

impl Probe {
    /// The state now.
    pub(crate) fn report(&self) -> UdpSocketReport {
        let table = || Some(read("/proc/net/udp")? + &read("/proc/net/udp6").unwrap_or_default());
        UdpSocketReport {
            buffer_requested: self.requested,
            buffer_granted: self.granted,
            kernel_drops: self.inode.and_then(|inode| drops(&table()?, inode)),
        }
    }
}

/// Asks for a receive buffer of `requested` bytes. The kernel may grant less; that is no error.
pub(super) fn enlarge_receive_buffer(socket: &UdpSocket, requested: usize) -> Probe {
    let socket = SockRef::from(socket);
    if let Err(error) = socket.set_recv_buffer_size(requested) {
        tracing::debug!(%error, "the kernel refused a larger receive buffer: {error}");
    }
    // Linux reports twice what it lets the data use; the other half is its own bookkeeping.
    let share = if cfg!(target_os = "linux") { 2 } else { 1 };
    let granted = socket.recv_buffer_size().unwrap_or(0) / share;
    Probe { requested, granted, inode: inode(&socket) }
}

#[cfg(target_os = "linux")]
fn inode(socket: &SockRef<'_>) -> Option<u64> {
    use std::os::fd::AsRawFd;
    let target = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn inode(_socket: &SockRef<'_>) -> Option<u64> {
    None
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// Finds a socket's row by its inode (the tenth column) and takes the drops (the last one).
fn drops(table: &str, inode: u64) -> Option<u64> {
    let inode = inode.to_string();
    let row = table.lines().map(str::split_whitespace).find(|row| row.clone().nth(9) == Some(inode.as_str()))?;
    row.last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_read_from_the_row_of_the_socket() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n  \
             101: 0100007F:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 54321 2 0000000000000000 17\n";
        assert_eq!(drops(table, 54_321), Some(17));
        assert_eq!(drops(table, 5432), None);
        assert_eq!(drops("", 54_321), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_real_socket_finds_its_own_row() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let report = enlarge_receive_buffer(&socket, 1 << 16).report();
        assert_eq!(report.kernel_drops, Some(0));
        assert!(report.buffer_granted >= 1 << 16, "{report:?}");
    }
}
