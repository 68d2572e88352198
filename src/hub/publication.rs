//! Activities on their way to subscribers: encoded once, shared by all who get them.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::domain::{Entry, Seq};
use crate::store::Item;

/// Activities of one publication that match one standing filter, in seq order; never empty.
#[derive(Debug)]
pub struct Run {
    items: Box<[Item]>,
    joined: Bytes,
    committed_at: Instant,
}

impl Run {
    /// The run of these entries (activities, ascending).
    pub fn of(entries: &[Arc<Entry>], committed_at: Instant) -> Self {
        let items: Box<[Item]> = entries.iter().filter_map(|e| e.activity().map(|a| Item { seq: e.seq, body: a.body.clone() })).collect();
        Self { joined: join(&items), items, committed_at }
    }

    /// Its activities.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The JSON of its activities, separated by commas: what goes into a frame as it is.
    pub fn joined(&self) -> &Bytes {
        &self.joined
    }

    /// Seq of its first activity.
    pub fn first(&self) -> Seq {
        self.items.first().map_or(0, |i| i.seq)
    }

    /// Seq of its last activity.
    pub fn last(&self) -> Seq {
        self.items.last().map_or(0, |i| i.seq)
    }

    /// Bytes of its JSON.
    pub fn bytes(&self) -> usize {
        self.joined.len()
    }

    /// When it became durable.
    pub fn committed_at(&self) -> Instant {
        self.committed_at
    }
}

fn join(items: &[Item]) -> Bytes {
    if let [only] = items {
        return only.body.clone();
    }
    let mut joined = BytesMut::with_capacity(items.iter().map(|i| i.body.len() + 1).sum());
    for item in items {
        if !joined.is_empty() {
            joined.extend_from_slice(b",");
        }
        joined.extend_from_slice(&item.body);
    }
    joined.freeze()
}
