//! Many subscribers in one process, each a task that reads and counts.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::ProgressBar;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::frames::{Frames, client_frame};
use super::raw::{broken, connect, host_and_key, parse_head, read_head};
use crate::cli::CliError;
use crate::cli::client::Server;

/// Bytes of the one buffer that each thread reads into.
const BUFFER_BYTES: usize = 256 * 1024;
const OPCODE_TEXT: u8 = 1;
const OPCODE_PONG: u8 = 10;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER_BYTES]);
}

/// What all subscribers have received together.
#[derive(Debug, Default)]
pub struct Received {
    /// Activities.
    pub activities: AtomicU64,
    /// Frames.
    pub frames: AtomicU64,
    /// Subscribers that were closed or lost.
    pub lost: AtomicU64,
}

/// Subscribers that are open; they end when this is dropped.
pub struct Subscribers {
    /// What they have received.
    pub received: Arc<Received>,
    _tasks: JoinSet<()>,
}

/// Opens `count` connections with one subscription each, one after the other.
///
/// # Errors
/// When one cannot be opened.
pub async fn open(server: &Server, count: usize, filter: &serde_json::Value, bar: &ProgressBar) -> Result<Subscribers, CliError> {
    let received = Arc::new(Received::default());
    let mut tasks = JoinSet::new();
    let subscribe = serde_json::json!({"type":"subscribe","sub":"a","filter":filter,"backfill":0}).to_string();
    bar.set_length(count as u64);
    for _ in 0..count {
        let (stream, heard) = open_one(server, &subscribe, is_subscribed).await?;
        let mut frames = Frames::default();
        frames.take(&heard);
        tasks.spawn(read(stream, frames, received.clone()));
        bar.inc(1);
    }
    Ok(Subscribers { received, _tasks: tasks })
}

/// The position of a reader that begins now.
///
/// # Errors
/// When it cannot be opened.
pub async fn position(server: &Server, filter: &serde_json::Value) -> Result<String, CliError> {
    const MARK: &str = "\"position\":\"";
    let subscribe = serde_json::json!({"type":"subscribe","sub":"a","filter":filter,"backfill":0}).to_string();
    let (_, heard) = open_one(server, &subscribe, is_subscribed).await?;
    let text = String::from_utf8_lossy(&heard);
    let position = text.split_once(MARK).and_then(|(_, rest)| rest.split_once('"'));
    position.map(|(position, _)| position.to_owned()).ok_or_else(|| CliError::failed("the server told no position"))
}

/// A connection that went on after a position and is live.
///
/// # Errors
/// When it cannot be opened.
pub async fn resume(server: &Server, filter: &serde_json::Value, after: &str) -> Result<TcpStream, CliError> {
    let subscribe = serde_json::json!({"type":"subscribe","sub":"a","filter":filter,"after":after}).to_string();
    Ok(open_one(server, &subscribe, is_live).await?.0)
}

fn is_subscribed(heard: &[u8]) -> bool {
    memchr::memmem::find(heard, b"\"subscribed\"").is_some()
}

fn is_live(heard: &[u8]) -> bool {
    let has = |mark: &[u8]| memchr::memmem::find(heard, mark).is_some();
    has(b"\"catching_up\":false") || has(b"\"caught_up\"")
}

/// One connection that has heard what it waits for, and all that it heard.
async fn open_one(server: &Server, subscribe: &str, enough: impl Fn(&[u8]) -> bool) -> Result<(TcpStream, Vec<u8>), CliError> {
    let mut stream = connect(server).await?;
    let request = format!(
        "GET /v1/ws HTTP/1.1\r\n{}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: tidings.v1\r\n\r\n",
        host_and_key(server)
    );
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut buffer = Vec::with_capacity(4_096);
    let head = read_head(&mut stream, &mut buffer).await?;
    let (status, _) = parse_head(&buffer[..head])?;
    if status != 101 {
        return Err(CliError::failed(format!(
            "the server answered a WebSocket handshake with {status}; a key with the scope read is needed"
        )));
    }
    stream.write_all(&client_frame(OPCODE_TEXT, subscribe.as_bytes())).await.map_err(broken)?;
    let mut heard = buffer.split_off(head);
    while !enough(&heard) {
        stream.readable().await.map_err(broken)?;
        match stream.try_read_buf(&mut heard) {
            Ok(0) => return Err(CliError::failed("the server closed a connection instead of subscribing it")),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(broken(error)),
        }
    }
    Ok((stream, heard))
}

async fn read(mut stream: TcpStream, mut frames: Frames, received: Arc<Received>) {
    loop {
        if stream.readable().await.is_err() {
            break;
        }
        let (activities, seen) = (frames.activities, frames.frames);
        let read = BUFFER.with_borrow_mut(|buffer| {
            let read = stream.try_read(buffer)?;
            frames.take(&buffer[..read]);
            Ok::<_, std::io::Error>(read)
        });
        match read {
            Ok(1..) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Ok(_) | Err(_) => break,
        }
        received.activities.fetch_add(frames.activities - activities, Ordering::Relaxed);
        received.frames.fetch_add(frames.frames - seen, Ordering::Relaxed);
        if frames.pings > 0 {
            frames.pings = 0;
            if stream.write_all(&client_frame(OPCODE_PONG, b"")).await.is_err() {
                break;
            }
        }
        if frames.closed {
            break;
        }
    }
    received.lost.fetch_add(1, Ordering::Relaxed);
}
