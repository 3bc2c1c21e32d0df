//! Datagrams at a fixed rate, whether anybody keeps up or not.

use std::io::{self, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crate::workload::Workload;

use super::send::Sent;

const HEADER: &[u8] = b"{\"format\": \"json\", \"version\": 1}\n";
/// How long to rest when the sender is ahead.
const REST: Duration = Duration::from_micros(200);

/// Sends for so long, `rate` documents a second. What falls due while the sender is late is sent at once, so that the
/// number of documents does not depend on the machine, as long as it can make them fast enough.
#[expect(clippy::disallowed_methods, reason = "the rate is a matter of time alone; there is no condition to wait for")]
pub(super) fn send(workload: &Workload, to: SocketAddr, rate: u32, length: Duration) -> io::Result<Sent> {
    let socket = UdpSocket::bind((to.ip(), 0))?;
    socket.connect(to)?;
    let started = Instant::now();
    let (mut sent, mut datagram) = (Sent::default(), Vec::new());
    for document in (0..).flat_map(|number| workload.story(number).documents()) {
        while due(started.elapsed(), rate) <= sent.documents {
            if started.elapsed() >= length {
                return Ok(Sent { wall: started.elapsed(), ..sent });
            }
            thread::sleep(REST);
        }
        if started.elapsed() >= length {
            break;
        }
        datagram.clear();
        datagram.extend_from_slice(HEADER);
        datagram.write_all(document.to_json().as_bytes())?;
        socket.send(&datagram)?;
        sent.documents += 1;
    }
    Ok(Sent { wall: started.elapsed(), ..sent })
}

fn due(elapsed: Duration, rate: u32) -> u64 {
    u64::try_from(elapsed.as_micros() * u128::from(rate) / 1_000_000).unwrap_or(u64::MAX)
}
