//! The reference for fan-out and idle connections: the usual Rust design. axum's WebSocket with its defaults, one tokio
//! broadcast channel, in each connection's task a look at the filter and one message for each activity. It stores nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, Sender, channel, error::RecvError};

use crate::machine::Outcome;
use crate::reference::listen;

/// Activities that a slow reader may be behind before it loses some.
const BEHIND_MAX: usize = 4_096;

#[derive(Clone)]
struct Activity {
    event: Arc<str>,
    frame: Utf8Bytes,
}

#[derive(Clone)]
struct Server {
    sender: Sender<Activity>,
    seq: Arc<AtomicU64>,
}

async fn publish(State(server): State<Server>, body: String) -> Json<Value> {
    let mut accepted = 0;
    for draft in body.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let seq = server.seq.fetch_add(1, Ordering::Relaxed) + 1;
        let event: Arc<str> = draft["event"].as_str().unwrap_or("").into();
        let item = json!({
            "id": draft["id"], "seq": seq, "flavor": {"key": draft["flavor"], "label": "Page viewed"},
            "event": {"key": &*event, "name": &*event}, "partner": {"key": draft["partner"], "name": draft["partner"], "company": null},
            "message": null, "campaign": null, "actor": "unknown", "occurred_at": "2026-01-01T00:00:00.000Z",
            "recorded_at": "2026-01-01T00:00:00.000Z", "late_ms": 0, "device": "desktop",
            "platform": {"name": "Windows", "version": "10"}, "browser": {"name": "Chrome", "version": "142"},
            "source_url": draft["source_url"], "referrer_url": draft["referrer_url"], "grade": "unclear",
            "grade_reasons": ["not_graded"], "properties": draft["properties"],
        });
        let frame = json!({"type": "activities", "sub": "a", "rev": 1, "items": [item], "position": "AAAAAAAAAAAAAAAAAAAAAAAA"});
        // Nobody may be there to hear it.
        let _ = server.sender.send(Activity { event, frame: frame.to_string().into() });
        accepted += 1;
    }
    Json(json!({"accepted": accepted, "duplicates": 0, "rejected": 0}))
}

async fn subscribe(State(server): State<Server>, upgrade: WebSocketUpgrade) -> Response {
    let receiver = server.sender.subscribe();
    upgrade.protocols(["tidings.v1"]).on_upgrade(move |socket| read(socket, receiver))
}

async fn read(mut socket: WebSocket, mut receiver: Receiver<Activity>) {
    let Some(Ok(Message::Text(text))) = socket.recv().await else { return };
    let filter: Value = serde_json::from_str::<Value>(&text).map(|w| w["filter"].clone()).unwrap_or_default();
    let events: Vec<String> = filter["event"].as_array().into_iter().flatten().filter_map(|e| e.as_str().map(str::to_owned)).collect();
    if socket.send(Message::text(r#"{"type":"subscribed"}"#)).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            activity = receiver.recv() => match activity {
                Ok(activity) if events.iter().any(|e| **e == *activity.event) => {
                    if socket.send(Message::Text(activity.frame)).await.is_err() {
                        return;
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            heard = socket.recv() => if !matches!(heard, Some(Ok(_))) {
                return;
            },
        }
    }
}

/// Serves until it is ended.
pub fn serve() -> Outcome<()> {
    let server = Server { sender: channel(BEHIND_MAX).0, seq: Arc::default() };
    listen(Router::new().route("/v1/activities", post(publish)).route("/v1/ws", get(subscribe)).with_state(server))
}
