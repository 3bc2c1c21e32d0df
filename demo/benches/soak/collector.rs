//! A collector that takes everything and keeps nothing, and can be killed, paused and brought back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::rt::net::{TcpListener, TcpStream};
use actix_web::rt::time::sleep;
use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How a collector behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Takes what it is sent.
    Well,
    /// Refuses connections, and has dropped those it had.
    Killed,
    /// Takes connections and never answers.
    Paused,
}

/// A running collector; its thread ends with the program.
#[derive(Debug)]
pub(crate) struct Collector {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
}

impl Collector {
    /// Starts a collector that is well.
    pub(crate) fn start() -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        drop(listener); // taken again whenever it is well
        let (mode, modes) = watch::channel(Mode::Well);
        std::thread::Builder::new()
            .name("collector".to_owned())
            .spawn(move || actix_web::rt::System::new().block_on(run(address, modes)))?;
        Ok(Self { address, mode })
    }

    /// Its URL, for `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and its like.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Changes how it behaves, now.
    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Goes through these modes again and again, each for a while, until `end`.
    #[expect(clippy::disallowed_methods, reason = "trouble lasts for a while")]
    pub(crate) fn cycle(&self, modes: &[Mode], each: Duration, is_over: impl Fn() -> bool) {
        for mode in modes.iter().cycle() {
            if is_over() {
                return;
            }
            self.set(*mode);
            std::thread::sleep(each);
        }
    }
}

async fn run(address: SocketAddr, mut modes: watch::Receiver<Mode>) -> Result<Infallible> {
    loop {
        let mode = *modes.borrow_and_update();
        if mode == Mode::Killed {
            modes.changed().await?;
            continue;
        }
        tokio::select! {
            broken = listen(address, mode) => broken?,
            changed = modes.changed() => changed?,
        };
    }
}

/// Listens until it is dropped, together with all its connections.
async fn listen(address: SocketAddr, mode: Mode) -> Result<()> {
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(_) => sleep(Duration::from_millis(20)).await, // a connection of before is still being closed
        }
    };
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        connections.spawn_local(async move {
            let _gone = serve(stream, mode).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, mode: Mode) -> Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().context("a length")?;
            }
        }
        tokio::io::copy(&mut (&mut stream).take(length), &mut tokio::io::sink()).await?;
        if mode == Mode::Paused {
            std::future::pending::<()>().await;
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")
            .await?;
    }
}
