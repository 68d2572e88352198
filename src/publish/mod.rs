//! From what is durable to what readers get: entries to the hub, strictly in seq order, and beside them one small [`Notice`] a
//! workspace of what changed and is no entry.
//!
//! The appender leaves batches here and never waits. What does not fit the queue is dropped and read from the store, and so
//! is any hole: an entry reaches the hub exactly once, in its place, whichever way it came (`feed.rs`). Workspaces are
//! opened here too (`warm.rs`), because only this task knows what the hub was handed last. It never waits for the store:
//! reads run beside one another (`task.rs`), so that a workspace whose reads fail or take long delays nobody else.

mod feed;
mod notice;
mod task;
mod warm;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::notice::Notices;
use self::task::Task;
use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::hub::{Hub, OpenRequest};
use crate::store::{ActivityLog, Committed, Heads, LogBatch};

pub use notice::Notice;

/// Batches that wait in front of the publisher; further ones are dropped and read from the store.
const QUEUE_BATCHES_MAX: usize = 1024;
/// Bytes of entries that wait in front of the publisher; further ones are dropped and read from the store.
const QUEUE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Where the appender leaves what has become durable. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Publisher {
    queue: mpsc::Sender<Offered>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Bytes that wait in the queue.
    bytes: AtomicUsize,
    /// Told of every batch, whether somebody reads that log or not.
    heads: Heads,
    /// The last durable seq of each workspace: what the hub has to reach, whatever was dropped.
    durable: Mutex<HashMap<WorkspaceId, Seq>>,
    /// What is to be told beside entries.
    notices: Notices,
    noticed: Notify,
    /// The last probe that did not fit the queue.
    probe: Mutex<Option<Probe>>,
    /// Told when something did not fit the queue.
    dropped: Notify,
}

/// A probe that is durable: it may pass once everything up to these places was handed on.
#[derive(Debug)]
struct Probe {
    number: u64,
    heads: Vec<(WorkspaceId, Seq)>,
}

#[derive(Debug)]
enum Offered {
    Batch { batch: LogBatch, committed_at: Instant, bytes: usize },
    Probe(Probe),
}

impl Publisher {
    /// Starts the publishing task. It ends on `shutdown`, after what waits was handed over.
    pub fn start(
        log: Arc<dyn ActivityLog>,
        hub: Hub,
        opens: mpsc::Receiver<OpenRequest>,
        tasks: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let (queue, offered) = mpsc::channel(QUEUE_BATCHES_MAX);
        let shared = Arc::new(Shared::default());
        let task = Task::new(log, hub, shared.clone());
        tasks.spawn(task.run(offered, opens, shutdown));
        Self { queue, shared }
    }

    /// Takes what a commit produced. Never waits: when the queue is full the batches are dropped here and read from the
    /// store by the publishing task.
    pub fn offer(&self, committed: Committed, committed_at: Instant) {
        let Committed { batches, changed, pruned, probe, .. } = committed;
        for batch in batches {
            let Some(last) = batch.entries.last().map(|e| e.seq) else { continue };
            self.shared.durable().insert(batch.workspace, last);
            self.shared.heads.reaches(batch.workspace, last);
            let bytes = batch.entries.iter().map(|e| e.weight()).sum();
            let fits = self.shared.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= QUEUE_BYTES_MAX;
            if !fits || self.queue.try_send(Offered::Batch { batch, committed_at, bytes }).is_err() {
                self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
                self.shared.dropped.notify_one();
            }
        }
        if !changed.is_empty() || !pruned.is_empty() {
            self.shared.notices.names_changed(changed);
            pruned.into_iter().for_each(|(workspace, up_to)| self.shared.notices.pruned(workspace, up_to));
            self.shared.noticed.notify_one();
        }
        if let Some(number) = probe {
            let heads = self.shared.durable().iter().map(|(workspace, seq)| (*workspace, *seq)).collect();
            let sent = self.queue.try_send(Offered::Probe(Probe { number, heads }));
            if let Err(mpsc::error::TrySendError::Full(Offered::Probe(probe))) = sent {
                *self.shared.late_probe() = Some(probe);
                self.shared.dropped.notify_one();
            }
        }
    }

    /// Where logs end, as this process hears of it: what wakes those who follow them.
    pub fn heads(&self) -> Heads {
        self.shared.heads.clone()
    }

    /// Bytes that wait to be handed over.
    pub fn queued_bytes(&self) -> usize {
        self.shared.bytes.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn durable(&self) -> std::sync::MutexGuard<'_, HashMap<WorkspaceId, Seq>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn late_probe(&self) -> std::sync::MutexGuard<'_, Option<Probe>> {
        self.probe.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
