//! A WebSocket client that holds every frame to the protocol.

use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::app::{STUCK, TestApp};

/// A connection.
pub struct Watcher {
    socket: WebSocketStream<TcpStream>,
}

/// Headers beyond the key's.
pub type Extra<'a> = &'a [(&'static str, &'a str)];

/// Opens a connection as told.
pub async fn open(address: SocketAddr, key: &str, extra: Extra<'_>) -> Result<(WebSocketStream<TcpStream>, Response), Error> {
    let mut request = format!("ws://{address}/v1/ws").into_client_request().expect("request");
    let headers = request.headers_mut();
    if !key.is_empty() {
        headers.insert("authorization", format!("Bearer {key}").parse().expect("header"));
    }
    for (name, value) in extra {
        headers.insert(*name, value.parse().expect("header"));
    }
    let stream = TcpStream::connect(address).await.expect("connects");
    tokio_tungstenite::client_async(request, stream).await
}

impl Watcher {
    /// Connects, once what was posted before is published, and takes the welcome.
    pub async fn connect(app: &TestApp, key: &str) -> Self {
        app.published().await;
        Self::connect_to(app.address(), key).await
    }

    /// The same, wherever the server is.
    pub async fn connect_to(address: SocketAddr, key: &str) -> Self {
        Self::connect_by(address, &[("authorization", &format!("Bearer {key}"))]).await
    }

    /// The same, with whatever headers say who asks.
    pub async fn connect_by(address: SocketAddr, who: Extra<'_>) -> Self {
        let headers = [who, &[("sec-websocket-protocol", "tidings.v1")]].concat();
        let (socket, _) = open(address, "", &headers).await.expect("upgraded");
        let mut watcher = Self { socket };
        let welcome = watcher.next().await;
        assert_eq!((&welcome["type"], &welcome["heartbeat_ms"]), (&json!("welcome"), &json!(15_000)));
        watcher
    }

    /// The same, unless the server is gone.
    pub async fn try_connect(address: SocketAddr, key: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        let mut request = format!("ws://{address}/v1/ws").into_client_request().expect("request");
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().expect("header"));
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.ok()?;
        let mut watcher = Self { socket };
        assert_eq!(watcher.next_unless_gone().await?["type"], "welcome");
        Some(watcher)
    }

    /// The next frame, unless the server is gone.
    pub async fn next_unless_gone(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(STUCK, self.socket.next()).await.expect("something comes")? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("frames are JSON")),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(_) | Err(_) => return None,
            }
        }
    }

    pub async fn say(&mut self, word: Value) {
        self.socket.send(Message::text(word.to_string())).await.expect("sent");
    }

    /// Says it unless the connection has ended meanwhile.
    pub async fn say_if_open(&mut self, word: Value) {
        let _ = self.socket.send(Message::text(word.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.expect("sent");
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        match self.message().await {
            Some(Message::Text(text)) => {
                assert!(text.len() <= 256 * 1024, "a frame of {} bytes", text.len());
                serde_json::from_str(&text).expect("frames are JSON")
            }
            other => panic!("a frame was awaited, {other:?} came"),
        }
    }

    /// The next frame with this word; others but positions are not awaited.
    pub async fn expect(&mut self, word: &str) -> Value {
        self.expect_past(word, &["position"]).await
    }

    /// The next frame with this word, past frames with one of the others.
    async fn expect_past(&mut self, word: &str, others: &[&str]) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == word {
                return frame;
            }
            assert!(others.iter().any(|other| frame["type"] == *other), "{word} was awaited, {frame} came");
        }
    }

    /// Code and reason of the close frame; frames before it are passed over.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.message().await {
                Some(Message::Close(Some(frame))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Message::Text(_)) => {}
                other => panic!("a close was awaited, {other:?} came"),
            }
        }
    }

    async fn message(&mut self) -> Option<Message> {
        loop {
            let message = tokio::time::timeout(STUCK, self.socket.next()).await.expect("something comes");
            match message.map(|m| m.expect("a message")) {
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => return other,
            }
        }
    }

    /// Subscribes afresh and takes the answer. What changed just before the connection opened may be told first.
    pub async fn subscribe(&mut self, filter: Value) -> Value {
        self.say(json!({"type":"subscribe","sub":"s","filter":filter})).await;
        let answer = self.expect_past("subscribed", &["position", "changed"]).await;
        assert_eq!((&answer["sub"], &answer["rev"], &answer["mode"]), (&json!("s"), &json!(1), &json!("fresh")));
        answer
    }

    /// Activities as they come until there are so many; their partners.
    pub async fn partners(&mut self, count: usize) -> Vec<String> {
        let mut found = Vec::new();
        while found.len() < count {
            let frame = self.expect("activities").await;
            found.extend(partners(&frame));
        }
        found
    }
}

/// The partners of a frame's activities.
pub fn partners(frame: &Value) -> Vec<String> {
    let items = frame["items"].as_array().expect("items");
    items.iter().map(|i| i["partner"]["key"].as_str().expect("a key").to_owned()).collect()
}

/// The seqs of a frame's activities.
pub fn seqs(frame: &Value) -> Vec<u64> {
    frame["items"].as_array().expect("items").iter().map(|i| i["seq"].as_u64().expect("a seq")).collect()
}

/// Sends one activity; its receipt.
pub async fn post(app: &TestApp, key: &str, partner: &str, flavor: &str) -> Value {
    let body = json!({"flavor": flavor, "event": "expo", "partner": partner});
    let answer = app.post(key, "/v1/activities", &body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Sends so many activities in batches, of partners `p0` to `p9` in turn.
pub async fn post_many(app: &TestApp, key: &str, count: usize) {
    let drafts: Vec<_> = (0..count).map(|n| json!({"flavor":"page.viewed","event":"expo","partner":format!("p{}", n % 10)})).collect();
    for part in drafts.chunks(2_000) {
        let answer = app.post(key, "/v1/activities", &Value::from(part).to_string()).await;
        assert_eq!(answer.json()["accepted"], part.len(), "{}", answer.text());
    }
}
