//! Hands durable entries to the hub, strictly in seq order.
//!
//! The appender leaves batches here and never waits. What does not fit its queue is dropped and read from the store, and so
//! is any hole: an entry reaches the hub exactly once, in its place, whichever way it came. Workspaces are opened here too,
//! because only this task knows what the hub was handed last.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::WorkspaceId;
use crate::domain::{Entry, Seq};
use crate::hub::{Hub, OpenRequest};
use crate::store::{ActivityLog, ChangedName, LogBatch, StoreError};
use crate::telemetry;

/// Batches that wait in front of the publisher; further ones are dropped and read from the store.
const QUEUE_BATCHES_MAX: usize = 1024;
/// Bytes of entries that wait in front of the publisher; further ones are dropped and read from the store.
const QUEUE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Entries of one read where the queue had a hole.
const READ_ENTRIES: usize = 1_000;
/// How long to wait before a store that did not answer is asked again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

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
    /// The last durable seq of each workspace: what the hub has to reach, whatever was dropped.
    durable: Mutex<HashMap<WorkspaceId, Seq>>,
    dropped: Notify,
}

#[derive(Debug)]
enum Offered {
    Batch { batch: LogBatch, committed_at: Instant, bytes: usize },
    Changed(Arc<ChangedName>),
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
        let task = Task { log, hub, shared: shared.clone(), published: HashMap::new() };
        tasks.spawn(task.run(offered, opens, shutdown));
        Self { queue, shared }
    }

    /// Takes what a commit produced. Never waits: when the queue is full the batches are dropped here and read from the
    /// store by the publishing task.
    pub fn offer(&self, batches: Vec<LogBatch>, changed: Vec<ChangedName>, committed_at: Instant) {
        for batch in batches {
            let Some(last) = batch.entries.last().map(|e| e.seq) else { continue };
            self.shared.durable().insert(batch.workspace, last);
            let bytes = batch.entries.iter().map(|e| e.weight()).sum();
            let fits = self.shared.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= QUEUE_BYTES_MAX;
            if !fits || self.queue.try_send(Offered::Batch { batch, committed_at, bytes }).is_err() {
                self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
                self.shared.dropped.notify_one();
            }
        }
        for name in changed {
            // A hint only: screens read the directory anyway.
            let _ = self.queue.try_send(Offered::Changed(Arc::new(name)));
        }
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
}

struct Task {
    log: Arc<dyn ActivityLog>,
    hub: Hub,
    shared: Arc<Shared>,
    /// The last seq that the hub was handed, of every workspace that is open.
    published: HashMap<WorkspaceId, Seq>,
}

impl Task {
    async fn run(mut self, mut offered: mpsc::Receiver<Offered>, mut opens: mpsc::Receiver<OpenRequest>, shutdown: CancellationToken) {
        loop {
            let retry = tokio::select! {
                biased;
                Some(request) = opens.recv() => { self.open(request).await; continue }
                item = offered.recv() => match item {
                    Some(item) => self.take(item).await,
                    None => break,
                },
                () = self.shared.dropped.notified() => self.level().await,
                () = shutdown.cancelled() => break,
            };
            if let Err(error) = retry {
                tracing::warn!(%error, "the publisher could not read the store; readers wait until it can");
                tokio::time::sleep(RETRY_AFTER).await;
                self.shared.dropped.notify_one();
            }
        }
        while let Ok(item) = offered.try_recv() {
            let _ = self.take(item).await;
        }
    }

    async fn open(&mut self, request: OpenRequest) {
        let OpenRequest { workspace, reply } = request;
        if !self.published.contains_key(&workspace) {
            match self.log.memberships(workspace).await {
                Ok(snapshot) => {
                    self.hub.open(workspace, &snapshot).await;
                    self.published.insert(workspace, snapshot.head.seq);
                }
                Err(error) => tracing::warn!(%error, "a workspace could not be opened for readers"),
            }
        }
        let _ = reply.send(self.published.contains_key(&workspace));
    }

    async fn take(&mut self, item: Offered) -> Result<(), StoreError> {
        match item {
            Offered::Changed(changed) => self.hub.changed(changed).await,
            Offered::Batch { batch, committed_at, bytes } => {
                self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
                self.hand_over(batch, committed_at).await?;
            }
        }
        Ok(())
    }

    async fn hand_over(&mut self, mut batch: LogBatch, committed_at: Instant) -> Result<(), StoreError> {
        // Nobody has read this workspace since we started: whoever comes first begins at a snapshot that holds this.
        let Some(published) = self.published.get(&batch.workspace).copied() else { return Ok(()) };
        let Some(first) = batch.entries.first().map(|e| e.seq) else { return Ok(()) };
        if first > published + 1 {
            self.read_up_to(batch.workspace, first - 1).await?;
        }
        let published = self.published.get(&batch.workspace).copied().unwrap_or(published);
        batch.entries.retain(|e| e.seq > published);
        self.push(batch.workspace, batch.entries, committed_at).await;
        Ok(())
    }

    /// Brings the hub up to what is durable, where batches were dropped.
    async fn level(&mut self) -> Result<(), StoreError> {
        let durable: Vec<_> = self.shared.durable().iter().map(|(w, seq)| (*w, *seq)).collect();
        for (workspace, seq) in durable {
            if self.published.get(&workspace).is_some_and(|p| *p < seq) {
                self.read_up_to(workspace, seq).await?;
            }
        }
        Ok(())
    }

    async fn read_up_to(&mut self, workspace: WorkspaceId, seq: Seq) -> Result<(), StoreError> {
        loop {
            let published = self.published.get(&workspace).copied().unwrap_or(seq);
            if published >= seq {
                return Ok(());
            }
            metrics::counter!(telemetry::PUBLISHER_STORE_READS).increment(1);
            let batch = self.log.entries(workspace, published, READ_ENTRIES).await?;
            if batch.entries.first().is_none_or(|e| e.seq != published + 1) {
                return Err(StoreError::Corrupt(format!("entry {} of a log is missing", published + 1)));
            }
            self.push(workspace, batch.entries, Instant::now()).await;
        }
    }

    async fn push(&mut self, workspace: WorkspaceId, entries: Vec<Arc<Entry>>, committed_at: Instant) {
        let Some(last) = entries.last().map(|e| e.seq) else { return };
        self.published.insert(workspace, last);
        self.hub.publish(workspace, entries.into(), committed_at).await;
    }
}
