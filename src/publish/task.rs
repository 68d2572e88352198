//! The task that hands on: whatever comes, what leaves for the hub is in order.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::feed::{self, Feed};
use super::notice::Notice;
use super::warm::{self, Opening};
use super::{Offered, Probe, Shared};
use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::hub::{Hub, OpenRequest};
use crate::store::{ActivityLog, LogBatch, MembershipSnapshot, StoreError};
use crate::telemetry;

/// Entries of one read where the queue had a hole.
const READ_ENTRIES: usize = 1_000;
/// How often it is looked for workspaces that nobody reads any more.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Probes that wait for the hub to reach their heads; a further one is lost, and so fails whoever sent it.
const PROBES_WAITING_MAX: usize = 16;
/// Reads of the store at one time; further ones wait.
const READS_MAX: usize = 16;

/// What the store was asked.
enum Answer {
    Opened(WorkspaceId, Result<Opening, StoreError>),
    Read(WorkspaceId, Result<LogBatch, StoreError>),
    /// Where a log begins that was pruned beyond what the hub was handed.
    Skip(WorkspaceId, Result<MembershipSnapshot, StoreError>),
}

pub(super) struct Task {
    log: Arc<dyn ActivityLog>,
    hub: Hub,
    shared: Arc<Shared>,
    /// Every workspace that is open.
    feeds: HashMap<WorkspaceId, Feed>,
    /// Those that are being opened, and who waits for it.
    opening: HashMap<WorkspaceId, Vec<oneshot::Sender<bool>>>,
    reads: FuturesUnordered<BoxFuture<'static, Answer>>,
    /// Reads that wait for one of [`READS_MAX`] to end.
    later: VecDeque<BoxFuture<'static, Answer>>,
    /// Those whose feed may have something to ask of the store.
    stirred: BTreeSet<WorkspaceId>,
    /// Probes that wait for a workspace to reach their heads.
    probes: VecDeque<Probe>,
}

impl Task {
    pub(super) fn new(log: Arc<dyn ActivityLog>, hub: Hub, shared: Arc<Shared>) -> Self {
        Self {
            log,
            hub,
            shared,
            feeds: HashMap::new(),
            opening: HashMap::new(),
            reads: FuturesUnordered::new(),
            later: VecDeque::new(),
            stirred: BTreeSet::new(),
            probes: VecDeque::new(),
        }
    }

    /// Runs until shutdown, and hands on what waits then.
    pub(super) async fn run(
        mut self,
        mut offered: mpsc::Receiver<Offered>,
        mut opens: mpsc::Receiver<OpenRequest>,
        shutdown: CancellationToken,
    ) {
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            self.ask();
            self.let_probes_pass().await;
            let retry_at = self.feeds.values().filter_map(Feed::retry_at).min();
            tokio::select! {
                biased;
                _ = sweep.tick() => self.close_idle().await,
                Some(answer) = self.reads.next() => self.answered(answer).await,
                Some(request) = opens.recv() => self.open(request),
                () = self.shared.noticed.notified() => self.tell().await,
                item = offered.recv() => match item {
                    Some(item) => self.take(item).await,
                    None => break,
                },
                () = self.shared.dropped.notified() => self.level().await,
                () = tokio::time::sleep_until(retry_at.unwrap_or_else(now).into()), if retry_at.is_some() => self.retry(),
                () = shutdown.cancelled() => break,
            }
        }
        // What is durable is handed on, as far as the store can be read.
        while let Ok(item) = offered.try_recv() {
            self.take(item).await;
        }
        self.tell().await;
        self.level().await;
        self.ask();
        while let Some(answer) = self.reads.next().await {
            self.answered(answer).await;
            self.ask();
        }
    }

    fn open(&mut self, request: OpenRequest) {
        let OpenRequest { workspace, reply } = request;
        if self.feeds.contains_key(&workspace) {
            let _ = reply.send(true);
            return;
        }
        let waiting = self.opening.entry(workspace).or_default();
        waiting.push(reply);
        if waiting.len() == 1 {
            let log = self.log.clone();
            self.read(Box::pin(async move { Answer::Opened(workspace, warm::read(&*log, workspace).await) }));
        }
    }

    async fn answered(&mut self, answer: Answer) {
        if let Some(read) = self.later.pop_front() {
            self.reads.push(read);
        }
        match answer {
            Answer::Opened(workspace, opening) => self.opened(workspace, opening).await,
            Answer::Read(workspace, batch) => self.was_read(workspace, batch).await,
            Answer::Skip(workspace, snapshot) => self.skip(workspace, snapshot).await,
        }
    }

    async fn opened(&mut self, workspace: WorkspaceId, opening: Result<Opening, StoreError>) {
        let opened = match opening {
            Ok(Opening { snapshot, newest }) => {
                self.hub.open(workspace, &snapshot, &newest).await;
                let mut feed = Feed::new(snapshot.head.seq);
                // What came while the snapshot was read was passed over.
                feed.reaches(self.shared.durable().get(&workspace).copied().unwrap_or(0));
                self.feeds.insert(workspace, feed);
                self.stirred.insert(workspace);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "a workspace could not be opened for readers");
                false
            }
        };
        for reply in self.opening.remove(&workspace).into_iter().flatten() {
            let _ = reply.send(opened);
        }
    }

    async fn was_read(&mut self, workspace: WorkspaceId, batch: Result<LogBatch, StoreError>) {
        let Some(feed) = self.feeds.get_mut(&workspace) else { return };
        let after = feed.published();
        if batch.as_ref().is_ok_and(|batch| batch.pruned > after) {
            let log = self.log.clone();
            return self.read(Box::pin(async move { Answer::Skip(workspace, log.memberships(workspace).await) }));
        }
        let (is_next, on, why) = match batch {
            Ok(batch) => {
                let (is_next, on) = feed.read(batch.entries, now());
                (is_next, on, format!("entry {} of a log is missing", after + 1))
            }
            Err(error) => (false, Vec::new(), error.to_string()),
        };
        if !is_next {
            feed.failed(now());
            tracing::warn!(workspace = workspace.number(), after, why, "the publisher could not read a log; its readers wait until it can");
        }
        self.stirred.insert(workspace);
        self.hand_on(workspace, on).await;
    }

    /// What comes next was pruned: the hub goes on behind it, and every reader is told.
    async fn skip(&mut self, workspace: WorkspaceId, snapshot: Result<MembershipSnapshot, StoreError>) {
        let Some(feed) = self.feeds.get_mut(&workspace) else { return };
        let after = feed.published();
        match snapshot {
            Ok(snapshot) => {
                tracing::warn!(
                    workspace = workspace.number(),
                    after,
                    pruned = snapshot.head.pruned,
                    "a log was pruned before it was handed on"
                );
                feed.skip(snapshot.head.pruned);
                self.hub.skip(workspace, snapshot).await;
            }
            Err(error) => {
                tracing::warn!(workspace = workspace.number(), after, %error, "the publisher could not read a log; its readers wait until it can");
                feed.failed(now());
            }
        }
        self.stirred.insert(workspace);
    }

    /// Forgets workspaces that nobody reads any more: they cost memory and a hand-over for each entry.
    async fn close_idle(&mut self) {
        for workspace in self.hub.close_idle().await {
            self.feeds.remove(&workspace);
        }
    }

    async fn take(&mut self, item: Offered) {
        match item {
            Offered::Probe(probe) => self.keep_probe(probe),
            Offered::Batch { batch, committed_at, bytes } => {
                self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
                // Nobody has read a workspace that is not open since we started: whoever comes first begins at a snapshot
                // that holds this, or reads it from the store after that.
                let Some(feed) = self.feeds.get_mut(&batch.workspace) else { return };
                let on = feed.offered(batch.entries, committed_at);
                self.stirred.insert(batch.workspace);
                self.hand_on(batch.workspace, on).await;
            }
        }
    }

    /// Tells what is to be told beside entries.
    async fn tell(&mut self) {
        for (workspace, notice) in self.shared.notices.take() {
            let Notice { names, any_name, pruned } = notice;
            match any_name {
                true => self.hub.changed(workspace, None).await,
                false if names.is_empty() => {}
                false => self.hub.changed(workspace, Some(names.into())).await,
            }
            if pruned > 0 {
                self.hub.pruned(workspace, pruned).await;
            }
        }
    }

    /// Brings the hub up to what is durable, where batches were dropped.
    async fn level(&mut self) {
        for (workspace, seq) in self.shared.durable().iter() {
            if let Some(feed) = self.feeds.get_mut(workspace) {
                feed.reaches(*seq);
                self.stirred.insert(*workspace);
            }
        }
        let late = self.shared.late_probe().take();
        if let Some(probe) = late {
            self.keep_probe(probe);
        }
    }

    fn keep_probe(&mut self, probe: Probe) {
        if self.probes.len() < PROBES_WAITING_MAX {
            self.probes.push_back(probe);
        }
    }

    fn retry(&mut self) {
        let failed = self.feeds.iter().filter(|(_, feed)| feed.retry_at().is_some()).map(|(workspace, _)| *workspace);
        self.stirred.extend(failed);
    }

    /// Asks the store for what feeds miss.
    fn ask(&mut self) {
        let now = now();
        while let Some(workspace) = self.stirred.pop_first() {
            let Some(after) = self.feeds.get_mut(&workspace).and_then(|feed| feed.ask(now)) else { continue };
            metrics::counter!(telemetry::PUBLISHER_STORE_READS).increment(1);
            let log = self.log.clone();
            self.read(Box::pin(async move { Answer::Read(workspace, log.entries(workspace, after, READ_ENTRIES).await) }));
        }
    }

    fn read(&mut self, read: BoxFuture<'static, Answer>) {
        if self.reads.len() < READS_MAX { self.reads.push(read) } else { self.later.push_back(read) }
    }

    async fn hand_on(&mut self, workspace: WorkspaceId, batches: impl IntoIterator<Item = feed::Batch>) {
        for (entries, committed_at) in batches {
            self.hub.publish(workspace, entries.into(), committed_at).await;
        }
    }

    /// A probe passes on to the shards once the hub was handed everything that was durable before it.
    async fn let_probes_pass(&mut self) {
        while let Some(probe) = self.probes.front() {
            let is_behind = |(workspace, seq): &(WorkspaceId, Seq)| self.feeds.get(workspace).is_some_and(|feed| feed.published() < *seq);
            if probe.heads.iter().any(is_behind) {
                return;
            }
            self.hub.probe(probe.number).await;
            self.probes.pop_front();
        }
    }
}

/// The moment, by the clock that the runtime's timers go by.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
