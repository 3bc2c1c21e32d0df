//! A telephone line to a PostgreSQL server: it remembers what kinds of messages went to the server, can be held, and can
//! lead elsewhere.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

use crate::postgres_server::PostgresServer;

/// An open line; it hangs up when the test ends.
pub(crate) struct Line {
    port: u16,
    sent: Arc<Mutex<Vec<u8>>>,
    is_held: watch::Sender<bool>,
    socket: watch::Sender<PathBuf>,
}

impl Line {
    /// Opens a line to a throwaway server.
    pub(crate) async fn to(server: &PostgresServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Line {
            port: listener.local_addr().unwrap().port(),
            sent: Arc::default(),
            is_held: watch::Sender::new(false),
            socket: watch::Sender::new(socket(server)),
        };
        let (sent, is_held, socket) = (Arc::clone(&line.sent), line.is_held.subscribe(), line.socket.subscribe());
        actix_rt::spawn(connect_everyone(listener, socket, sent, is_held));
        line
    }

    /// Leads new calls to another server, as a name does that has been given to it; calls that are made already stay.
    pub(crate) fn lead_to(&self, server: &PostgresServer) {
        self.socket.send_replace(socket(server));
    }

    /// The URL of a database on the server, by this line.
    pub(crate) fn url(&self, database: &str) -> String {
        let path = database.split_once('?').map_or(database, |(path, _)| path);
        let name = path.rsplit('/').next().unwrap();
        format!("postgres://postgres@127.0.0.1:{}/{name}?sslmode=disable", self.port)
    }

    /// Lets nothing pass in either direction, or everything again.
    pub(crate) fn hold(&self, is_held: bool) {
        self.is_held.send_replace(is_held);
    }

    /// The kinds of messages that went to the server since the last `forget`, as the protocol's letters.
    pub(crate) fn sent(&self) -> Vec<u8> {
        self.sent.lock().unwrap().clone()
    }

    /// Forgets what went to the server so far.
    pub(crate) fn forget(&self) {
        self.sent.lock().unwrap().clear();
    }
}

fn socket(server: &PostgresServer) -> PathBuf {
    server.folder().join(".s.PGSQL.5432")
}

async fn connect_everyone(
    listener: TcpListener,
    socket: watch::Receiver<PathBuf>,
    sent: Arc<Mutex<Vec<u8>>>,
    is_held: watch::Receiver<bool>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let socket = socket.borrow().clone();
        let Ok(server) = UnixStream::connect(&socket).await else { continue };
        actix_rt::spawn(connect(client, server, Arc::clone(&sent), is_held.clone()));
    }
}

async fn connect(client: TcpStream, server: UnixStream, sent: Arc<Mutex<Vec<u8>>>, is_held: watch::Receiver<bool>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = pass_messages(from_client, to_server, sent, is_held.clone());
    let back = pass_bytes(from_server, to_client, is_held);
    // Either side hanging up ends the call.
    tokio::select! {
        _ = there => {}
        _ = back => {}
    }
}

/// A startup message has a length and no kind; each message after it has both.
async fn pass_messages(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    sent: Arc<Mutex<Vec<u8>>>,
    mut is_held: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut kind = None;
    loop {
        let length = from.read_u32().await?;
        let mut body = vec![0; length as usize - 4];
        from.read_exact(&mut body).await?;
        drop(is_held.wait_for(|is_held| !is_held).await); // kept, its lock would keep the next change out
        if let Some(kind) = kind {
            sent.lock().unwrap().push(kind);
            to.write_u8(kind).await?;
        }
        to.write_u32(length).await?;
        to.write_all(&body).await?;
        kind = Some(from.read_u8().await?);
    }
}

async fn pass_bytes(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut is_held: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut buffer = [0; 8 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        drop(is_held.wait_for(|is_held| !is_held).await); // kept, its lock would keep the next change out
        if length == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..length]).await?;
    }
}
