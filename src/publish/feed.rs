//! What the hub was handed of one workspace, and what is to be handed to it next.
//!
//! A plain state machine: batches come from the appender, entries from the store where the way had a hole, and what leaves
//! is every entry exactly once, in seq order. A store that fails is asked again later and later; nobody else waits for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::{Entry, Seq};

/// Bytes of batches that wait for a read of the store; when more come all of them are read from there too.
const HELD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long to wait before a store that failed is asked again: at first, doubled each time, and at most.
const RETRY_AFTER: Duration = Duration::from_millis(250);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(8);

/// Entries of one workspace with the moment at which they became durable.
pub(super) type Batch = (Vec<Arc<Entry>>, Instant);

/// One workspace.
#[derive(Debug)]
pub(super) struct Feed {
    /// The last seq that the hub was handed.
    published: Seq,
    /// The last seq that is known to be durable.
    durable: Seq,
    held: VecDeque<Batch>,
    held_bytes: usize,
    reading: Reading,
    /// How often the store has failed since it last answered.
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Nothing is asked of the store.
    Idle,
    /// The store was asked for what follows `published`.
    Asked,
    /// The store failed, and is asked again then.
    Failed { until: Instant },
}

impl Feed {
    /// A workspace that the hub has up to here.
    pub(super) fn new(published: Seq) -> Self {
        Self { published, durable: published, held: VecDeque::new(), held_bytes: 0, reading: Reading::Idle, failures: 0 }
    }

    /// The last seq that the hub was handed.
    pub(super) fn published(&self) -> Seq {
        self.published
    }

    /// It is known that this is durable; the batch may have been dropped on its way.
    pub(super) fn reaches(&mut self, seq: Seq) {
        self.durable = self.durable.max(seq);
    }

    /// A batch from the appender. What can be handed on now, which is nothing while something before it is missing.
    pub(super) fn offered(&mut self, entries: Vec<Arc<Entry>>, committed_at: Instant) -> Option<Batch> {
        let (first, last) = (entries.first()?.seq, entries.last()?.seq);
        self.reaches(last);
        if self.reading == Reading::Idle && first <= self.published + 1 {
            return self.advance(entries, committed_at);
        }
        self.held_bytes += weight(&entries);
        self.held.push_back((entries, committed_at));
        if self.held_bytes > HELD_BYTES_MAX {
            self.held.clear();
            self.held_bytes = 0;
        }
        None
    }

    /// What the store is to be asked for, if it is: entries after this. Whoever is told so asks, and brings the answer.
    pub(super) fn ask(&mut self, now: Instant) -> Option<Seq> {
        let due = match self.reading {
            Reading::Idle => self.published < self.durable,
            Reading::Asked => false,
            Reading::Failed { until } => until <= now,
        };
        due.then(|| {
            self.reading = Reading::Asked;
            self.published
        })
    }

    /// When the store is to be asked again.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        if let Reading::Failed { until } = self.reading { Some(until) } else { None }
    }

    /// The store's answer. Must be what follows `published`; false when it is not, or holds nothing.
    pub(super) fn read(&mut self, entries: Vec<Arc<Entry>>, now: Instant) -> (bool, Vec<Batch>) {
        if entries.first().is_none_or(|first| first.seq != self.published + 1) {
            return (false, Vec::new());
        }
        self.reading = Reading::Idle;
        self.failures = 0;
        let mut on = Vec::new();
        on.extend(self.advance(entries, now));
        while self.held.front().is_some_and(|(held, _)| held.first().is_none_or(|first| first.seq <= self.published + 1)) {
            let Some((held, committed_at)) = self.held.pop_front() else { break };
            self.held_bytes -= weight(&held);
            on.extend(self.advance(held, committed_at));
        }
        (true, on)
    }

    /// What comes next, up to here, is gone from the store.
    pub(super) fn skip(&mut self, pruned: Seq) {
        self.published = self.published.max(pruned);
        self.durable = self.durable.max(self.published);
        self.reading = Reading::Idle;
        self.failures = 0;
        // What waited is read from the store: there may be a hole before it.
        self.held.clear();
        self.held_bytes = 0;
    }

    /// The store failed, or answered something else.
    pub(super) fn failed(&mut self, now: Instant) {
        let after = RETRY_AFTER.saturating_mul(1 << self.failures.min(10)).min(RETRY_AFTER_MAX);
        self.failures += 1;
        self.reading = Reading::Failed { until: now + after };
    }

    /// Everything that the hub has not been handed.
    fn advance(&mut self, mut entries: Vec<Arc<Entry>>, committed_at: Instant) -> Option<Batch> {
        entries.retain(|entry| entry.seq > self.published);
        self.published = entries.last()?.seq;
        Some((entries, committed_at))
    }
}

fn weight(entries: &[Arc<Entry>]) -> usize {
    entries.iter().map(|entry| entry.weight()).sum()
}

#[cfg(test)]
mod tests;
