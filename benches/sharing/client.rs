//! Requests over one connection, drafts to send, and WebSockets that read without parsing.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use base64::Engine as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::figures::median;
use crate::machine::Outcome;

/// One kept connection with a key.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
    key: String,
}

impl Client {
    /// Connects.
    pub async fn connect(authority: &str, key: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, authority: authority.to_owned(), key: key.to_owned() })
    }

    /// Sends one request and reads the whole answer; connects again where the server has closed.
    pub async fn call(&mut self, method: Method, path: &str, kind: &str, body: String) -> Outcome<(u16, Bytes)> {
        if self.sender.ready().await.is_err() {
            *self = Self::connect(&self.authority, &self.key).await?;
        }
        let request = Request::builder().method(method).uri(path).header("host", &self.authority);
        let request = request.header("authorization", format!("Bearer {}", self.key)).header("content-type", kind);
        let answer = self.sender.send_request(request.body(Full::from(body))?).await?;
        let status = answer.status().as_u16();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    /// Reads a path.
    pub async fn get(&mut self, path: &str) -> Outcome<(u16, Bytes)> {
        self.call(Method::GET, path, "application/json", String::new()).await
    }

    /// Posts one activity; its status and how long that took.
    pub async fn post_one(&mut self, number: usize) -> Outcome<(u16, Duration)> {
        let (body, begun) = (draft(number, 40), Instant::now());
        let (status, _) = self.call(Method::POST, "/v1/activities", "application/json", body).await?;
        Ok((status, begun.elapsed()))
    }

    /// Posts many activities of so many partners; status, time, and the cursor of the answer.
    pub async fn post_many(&mut self, first: usize, count: usize, partners: usize) -> Outcome<(u16, Duration, String)> {
        let mut body = String::with_capacity(count * 420);
        for number in first..first + count {
            body.push_str(&draft(number, partners));
            body.push('\n');
        }
        let begun = Instant::now();
        let (status, answer) = self.call(Method::POST, "/v1/activities", "application/x-ndjson", body).await?;
        let took = begun.elapsed();
        let cursor = serde_json::from_slice::<serde_json::Value>(&answer).ok().and_then(|body| Some(body["cursor"].as_str()?.to_owned()));
        Ok((status, took, cursor.unwrap_or_default()))
    }
}

fn draft(number: usize, partners: usize) -> String {
    let mut text = String::with_capacity(420);
    // Writing to text cannot fail.
    _ = write!(
        text,
        r#"{{"flavor":"page.viewed","event":"bench","partner":"partner-{}","source_url":"https://expo.example.com/exhibitors/{}","referrer_url":"https://www.example.net/","user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36","properties":{{"step":{}}}}}"#,
        number % partners,
        number % 1_000,
        number
    );
    text
}

/// Times of requests and how many were refused.
#[derive(Default)]
pub struct Seen {
    /// Milliseconds of those that were taken.
    pub taken_ms: Vec<f64>,
    /// Milliseconds of those that were refused.
    pub refused_ms: Vec<f64>,
}

impl Seen {
    /// Counts one answer.
    pub fn add(&mut self, status: u16, took: Duration) {
        let list = if status < 300 { &mut self.taken_ms } else { &mut self.refused_ms };
        list.push(took.as_secs_f64() * 1_000.0);
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Self) {
        self.taken_ms.extend(other.taken_ms);
        self.refused_ms.extend(other.refused_ms);
    }
}

/// The figure below which a share of them lies.
pub fn percentile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The middle one.
pub fn middle(figures: &[f64]) -> f64 {
    median(figures)
}

/// A WebSocket that has said what it wants.
pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Socket {
    /// Connects and subscribes to everything of the event, after a cursor if one is given.
    pub async fn subscribe(authority: &str, key: &str, after: Option<&str>) -> Outcome<Self> {
        let mut stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let nonce = base64::engine::general_purpose::STANDARD.encode(rand_bytes::<16>());
        let head = format!(
            "GET /v1/ws HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {key}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-protocol: tidings.v1\r\nsec-websocket-key: {nonce}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut socket = Self { stream, buffer: Vec::with_capacity(4_096) };
        socket.until(b"\r\n\r\n").await?;
        if !socket.buffer.starts_with(b"HTTP/1.1 101") {
            return Err(format!("not upgraded: {}", String::from_utf8_lossy(&socket.buffer[..socket.buffer.len().min(200)])).into());
        }
        let word = match after {
            Some(after) => format!(r#"{{"type":"subscribe","sub":"a","filter":{{"event":["bench"]}},"after":"{after}"}}"#),
            None => r#"{"type":"subscribe","sub":"a","filter":{"event":["bench"]},"backfill":0}"#.to_owned(),
        };
        socket.stream.write_all(&masked(word.as_bytes())).await?;
        Ok(socket)
    }

    /// Reads until some bytes came.
    pub async fn until(&mut self, wanted: &[u8]) -> Outcome<()> {
        while memchr::memmem::find(&self.buffer, wanted).is_none() {
            // What is looked for may lie across two reads.
            if self.buffer.len() > 1 << 20 {
                let keep = self.buffer.len() - wanted.len();
                self.buffer.drain(..keep);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed a socket".into());
            }
        }
        Ok(())
    }

    /// Reads and forgets, until it is dropped or closed.
    pub async fn drain(mut self) {
        self.buffer = vec![0; 16 * 1024];
        while let Ok(1..) = self.stream.read(&mut self.buffer).await {}
    }
}

fn rand_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // A nonce that is not random is one all the same.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// A text frame of a client, its mask all zero.
fn masked(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(short @ 0..=125) => frame.push(0x80 | short),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text);
    frame
}
