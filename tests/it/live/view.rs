//! What a reader holds under a filter, and what the store holds for the same stretch of the log.

use std::net::SocketAddr;

use hyper::Method;
use serde_json::{Value, json};

use super::watcher::{Watcher, seqs};
use crate::app::request;

/// One of some filters, by number.
pub fn filter(n: usize) -> Value {
    match n % 5 {
        0 => json!({"partner":["p1","p2"]}),
        1 => json!({"flavor":["page.*"],"not":{"partner":["p3"]}}),
        2 => json!({"text":"view"}),
        3 => json!({"partner":["nobody"]}),
        _ => json!({}),
    }
}

fn query(n: usize) -> &'static str {
    match n % 5 {
        0 => "partner=p1&partner=p2",
        1 => "flavor=page.*&not.partner=p3",
        2 => "text=view",
        3 => "partner=nobody",
        _ => "",
    }
}

/// What the store holds of a filter in (`after`, `before`], where null is the start of the log: the seqs.
pub async fn stored(address: SocketAddr, key: &str, n: usize, after: &Value, before: &Value) -> Vec<u64> {
    let bearer = format!("Bearer {key}");
    let bound = |name: &str, cursor: &Value| cursor.as_str().map_or(String::new(), |c| format!("&{name}={c}"));
    let (mut after, mut before, mut found) = (after.clone(), before.clone(), Vec::new());
    let forward = after.is_string();
    loop {
        let path = format!("/v1/activities?{}&limit=1000{}{}", query(n), bound("after", &after), bound("before", &before));
        let page = request(address, Method::GET, &path, &[("authorization", &bearer)], "").await.json();
        found.extend(seqs(&page));
        // Pages from a cursor come oldest first; those back to the start of the log newest first.
        if forward {
            if page["more"] != true && page["complete"] == true {
                return found;
            }
            after = page["newer"].clone();
        } else {
            if page["older"].is_null() {
                found.reverse();
                return found;
            }
            before = page["older"].clone();
        }
    }
}

/// What a client holds.
#[derive(Debug, Clone)]
pub struct View {
    pub filter: usize,
    pub rev: u64,
    pub older: Value,
    pub position: Value,
    pub rows: Vec<u64>,
}

impl View {
    /// What a `subscribed` or a `refiltered` begins.
    pub fn of(filter: usize, frame: &Value) -> Self {
        let rev = frame["rev"].as_u64().expect("rev");
        Self { filter, rev, older: frame["older"].clone(), position: frame["position"].clone(), rows: seqs(frame) }
    }

    /// Takes a frame of the stream: activities, or a position alone.
    pub fn take(&mut self, frame: &Value) {
        if frame["type"] == "activities" {
            assert_eq!(frame["rev"].as_u64(), Some(self.rev));
            self.extend(seqs(frame));
        } else {
            assert!(["position", "caught_up", "lagging"].contains(&frame["type"].as_str().expect("word")), "{frame}");
        }
        self.position = frame["position"].clone();
    }

    /// Takes the answer to a subscription that went on after the position.
    pub fn resume(&mut self, frame: &Value) {
        assert_eq!((&frame["type"], &frame["mode"]), (&json!("subscribed"), &json!("resumed")), "{frame}");
        self.extend(seqs(frame));
        (self.rev, self.position) = (1, frame["position"].clone());
    }

    fn extend(&mut self, new: Vec<u64>) {
        assert!(new.is_empty() || new.first() > self.rows.last(), "in order and once: {new:?} after {:?}", self.rows.last());
        self.rows.extend(new);
    }

    /// Takes frames until one with this word, which it returns.
    pub async fn follow(&mut self, watcher: &mut Watcher, word: &str) -> Value {
        loop {
            let frame = watcher.next().await;
            if frame["type"] == word {
                return frame;
            }
            self.take(&frame);
        }
    }
}
