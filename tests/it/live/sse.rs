//! The same over Server-Sent Events.

use std::collections::VecDeque;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::watcher::{partners, post, post_many, seqs};
use crate::app::{STUCK, TestApp};

/// One event.
#[derive(Debug)]
pub struct Event {
    pub word: String,
    pub id: String,
    pub data: Value,
}

/// A stream as it comes.
pub struct Stream {
    socket: TcpStream,
    text: String,
    events: VecDeque<Event>,
}

impl Stream {
    /// Opens one, once what was posted before is published, with a key unless the query says who asks.
    pub async fn open(app: &TestApp, key: &str, query: &str, headers: &str) -> Self {
        app.published().await;
        Self::open_at(app.address(), key, query, headers).await
    }

    /// The same, wherever the server is.
    pub async fn open_at(address: SocketAddr, key: &str, query: &str, headers: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("connects");
        let key = if key.is_empty() { String::new() } else { format!("authorization: Bearer {key}\r\n") };
        let head = format!("GET /v1/activities/stream?{query} HTTP/1.1\r\nhost: x\r\n{key}{headers}\r\n");
        socket.write_all(head.as_bytes()).await.expect("sent");
        Self { socket, text: String::new(), events: VecDeque::new() }
    }

    /// Waits until the server has ended the stream: the last chunk has no bytes.
    pub async fn ended(&mut self) {
        let mut bytes = [0; 16 * 1024];
        while !self.text.ends_with("\r\n0\r\n\r\n") {
            let read = tokio::time::timeout(STUCK, self.socket.read(&mut bytes)).await.expect("something comes").expect("reads");
            if read == 0 {
                return;
            }
            self.text.push_str(std::str::from_utf8(&bytes[..read]).expect("ascii"));
        }
    }

    /// The next event.
    pub async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let mut bytes = [0; 16 * 1024];
            let read = tokio::time::timeout(STUCK, self.socket.read(&mut bytes)).await.expect("something comes").expect("reads");
            assert!(read > 0, "the stream ended: {}", self.text);
            self.text.push_str(std::str::from_utf8(&bytes[..read]).expect("ascii"));
            self.parse();
        }
    }

    /// Takes whole events out of the text; chunk sizes stand on lines of their own and are passed over.
    fn parse(&mut self) {
        while let Some(end) = self.text.find("\n\r\n").filter(|_| self.text.contains("event: ")).or_else(|| self.text.find("\n\n\r\n")) {
            let block: String = self.text.drain(..end + 3).collect();
            let field = |name: &str| block.lines().find_map(|l| l.strip_prefix(name)).unwrap_or("").to_owned();
            if let Ok(data) = serde_json::from_str(&field("data: ")) {
                self.events.push_back(Event { word: field("event: "), id: field("id: "), data });
            }
        }
    }
}

#[tokio::test]
async fn a_stream_begins_follows_and_resumes() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    post_many(&app, &key, 20).await;
    let mut stream = Stream::open(&app, &key, "partner=p1&partner=p2&backfill=3", "").await;
    let begun = stream.next().await;
    assert_eq!((begun.word.as_str(), partners(&begun.data).len()), ("subscribed", 3));
    assert_eq!(json!(begun.id), begun.data["position"]);
    post(&app, &key, "p3", "page.viewed").await;
    let receipt = post(&app, &key, "p2", "page.viewed").await;
    let came = stream.next().await;
    assert_eq!((came.word.as_str(), seqs(&came.data), json!(came.id)), ("activities", vec![22], receipt["cursor"].clone()));
    drop(stream);
    post(&app, &key, "p1", "page.viewed").await;
    // The header beats the parameter.
    let query = format!("partner=p1&partner=p2&after={}", begun.id);
    let mut stream = Stream::open(&app, &key, &query, &format!("last-event-id: {}\r\n", came.id)).await;
    let resumed = stream.next().await;
    assert_eq!((&resumed.data["mode"], seqs(&resumed.data)), (&json!("resumed"), vec![23]));
    app.finish().await;
}

#[tokio::test]
async fn a_drain_says_bye_on_a_stream() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let mut stream = Stream::open(&app, &key, "", "").await;
    assert_eq!(stream.next().await.word, "subscribed");
    let (bye, ()) = tokio::join!(stream.next(), app.finish());
    assert_eq!((bye.word.as_str(), &bye.data["type"]), ("bye", &json!("bye")));
}

#[tokio::test]
async fn bad_cursors_and_filters_are_problems_before_it_begins() {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    for (query, want) in [
        ("after=nonsense", (400, "cursor_invalid")),
        ("colour=red", (400, "parameter_unknown")),
        ("backfill=1001", (400, "parameter_invalid")),
        ("device=phone", (400, "filter_invalid")),
    ] {
        let answer = app.get(&key, &format!("/v1/activities/stream?{query}")).await;
        assert_eq!(answer.code(), (want.0, want.1.to_owned()), "{query}: {}", answer.text());
    }
    app.finish().await;
}
