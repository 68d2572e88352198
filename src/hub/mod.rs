//! The broadcast hub: publications in, events out to the outboxes of the sessions that want them.
//!
//! The hub never waits for a socket and never touches the store. It is a few shards; a session and all its subscriptions
//! live on one of them. Parts: [`shard`] the state machine, [`outbox`] what waits for a session, [`room`] what shard and
//! sessions share of a workspace, [`publication`] activities encoded once.

pub mod outbox;
pub mod publication;
pub mod room;
pub mod shard;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::WorkspaceId;
use crate::domain::Entry;
use crate::store::{ChangedName, MembershipSnapshot};
use crate::telemetry;
use outbox::Outbox;
use room::Room;
use shard::{Command, SessionNo, Shard};

/// Commands that wait in front of one shard; whoever sends another waits.
const SHARD_QUEUE_MAX: usize = 1024;
/// Commands that a shard takes before it lets other tasks run.
const SHARD_ROUND: usize = 64;
/// Workspaces that wait to be opened.
const OPEN_QUEUE_MAX: usize = 1024;

/// A fault for the model test to plant, to prove that it would be found.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// A join answers one place too low, so that one entry comes from both sides.
    SpliceOffByOne,
}

/// Sizes of the hub.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HubConfig {
    /// Shards, each one task; 0 is one for every two processors.
    pub shards: usize,
    /// Bytes of recent entries that each shard keeps of each workspace, for joins and resumes.
    pub recent_bytes_max: usize,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self { shards: 0, recent_bytes_max: 16 * 1024 * 1024 }
    }
}

/// A workspace to be opened: answered when it is.
#[derive(Debug)]
pub struct OpenRequest {
    /// Which.
    pub workspace: WorkspaceId,
    /// Told whether it could be opened.
    pub reply: oneshot::Sender<bool>,
}

/// The handle of the hub. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: HubConfig,
    shards: Vec<mpsc::Sender<Command>>,
    next_session: AtomicU64,
    rooms: Mutex<HashMap<WorkspaceId, Vec<Arc<Room>>>>,
    opener: mpsc::Sender<OpenRequest>,
}

/// A session's place on a shard.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Its number.
    pub session: SessionNo,
    /// What it shares with its shard.
    pub room: Arc<Room>,
    /// Where its events come.
    pub outbox: Arc<Outbox>,
    shard: mpsc::Sender<Command>,
}

impl Seat {
    /// Sends a command to the shard; waits while its queue is full. False when the shard has ended.
    pub async fn tell(&self, command: Command) -> bool {
        self.shard.send(command).await.is_ok()
    }

    /// Leaves, from where nothing can be awaited: in a destructor, say.
    pub fn leave(self) {
        let command = Command::Exit { session: self.session };
        if let Err(mpsc::error::TrySendError::Full(command)) = self.shard.try_send(command) {
            let shard = self.shard.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { shard.send(command).await });
            }
        }
    }
}

impl Hub {
    /// Starts the shards. What comes out second is where workspaces to be opened are asked for: the publisher's.
    pub fn start(config: HubConfig, tasks: &TaskTracker, shutdown: &CancellationToken) -> (Self, mpsc::Receiver<OpenRequest>) {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = if config.shards == 0 { processors.div_ceil(2) } else { config.shards };
        let shards = (0..count)
            .map(|number| {
                let (sender, receiver) = mpsc::channel(SHARD_QUEUE_MAX);
                tasks.spawn(run(number, receiver, shutdown.clone()));
                sender
            })
            .collect();
        let (opener, requests) = mpsc::channel(OPEN_QUEUE_MAX);
        let inner = Inner { config, shards, next_session: AtomicU64::new(1), rooms: Mutex::default(), opener };
        (Self { inner: Arc::new(inner) }, requests)
    }

    /// Hands a batch to every shard, if the workspace is open. Waits while their queues are full.
    pub async fn publish(&self, workspace: WorkspaceId, entries: Arc<[Arc<Entry>]>, committed_at: Instant) {
        metrics::counter!(telemetry::HUB_PUBLISHED).increment(entries.len() as u64);
        for shard in &self.inner.shards {
            let _ = shard.send(Command::Publish { workspace, entries: entries.clone(), committed_at }).await;
        }
    }

    /// Announces a changed name to all who may show it.
    pub async fn changed(&self, changed: Arc<ChangedName>) {
        for shard in &self.inner.shards {
            let _ = shard.send(Command::Changed(changed.clone())).await;
        }
    }

    /// Opens a workspace on every shard, from a snapshot of the store. For the publisher, which knows that what it hands
    /// over next comes right after that head.
    pub async fn open(&self, workspace: WorkspaceId, snapshot: &MembershipSnapshot) {
        let rooms: Vec<_> =
            (0..self.inner.shards.len()).map(|_| Arc::new(Room::open(workspace, snapshot, self.inner.config.recent_bytes_max))).collect();
        for (shard, room) in self.inner.shards.iter().zip(&rooms) {
            let _ = shard.send(Command::Open(room.clone())).await;
        }
        self.rooms().insert(workspace, rooms);
    }

    /// True when the workspace has been opened.
    pub fn is_open(&self, workspace: WorkspaceId) -> bool {
        self.rooms().contains_key(&workspace)
    }

    /// Takes a seat for a session, opening its workspace when it is the first. `None` when that cannot be done now.
    pub async fn seat(&self, workspace: WorkspaceId, outbox_bytes_max: usize) -> Option<Seat> {
        if !self.is_open(workspace) {
            let (reply, answer) = oneshot::channel();
            self.inner.opener.send(OpenRequest { workspace, reply }).await.ok()?;
            answer.await.ok().filter(|opened| *opened)?;
        }
        let session = self.inner.next_session.fetch_add(1, Ordering::Relaxed);
        let number = usize::try_from(session).unwrap_or(0) % self.inner.shards.len();
        let room = self.rooms().get(&workspace)?.get(number)?.clone();
        let outbox = Arc::new(Outbox::new(outbox_bytes_max));
        let seat = Seat { session, room, outbox: outbox.clone(), shard: self.inner.shards[number].clone() };
        seat.tell(Command::Enter { session, workspace, outbox }).await.then_some(seat)
    }

    fn rooms(&self) -> std::sync::MutexGuard<'_, HashMap<WorkspaceId, Vec<Arc<Room>>>> {
        self.inner.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One shard's task.
async fn run(number: usize, mut commands: mpsc::Receiver<Command>, shutdown: CancellationToken) {
    let mut shard = Shard::default();
    let mut round = Vec::with_capacity(SHARD_ROUND);
    let filters = metrics::gauge!(telemetry::HUB_FILTERS, "shard" => number.to_string());
    let deliveries = metrics::counter!(telemetry::HUB_DELIVERIES);
    let depth = metrics::gauge!(telemetry::HUB_QUEUE_DEPTH, "shard" => number.to_string());
    loop {
        let taken = tokio::select! {
            biased;
            taken = commands.recv_many(&mut round, SHARD_ROUND) => taken,
            () = shutdown.cancelled() => break,
        };
        if taken == 0 {
            break;
        }
        for command in round.drain(..) {
            shard.handle(command);
        }
        deliveries.increment(shard.take_delivered());
        filters.set(shard.filters() as f64);
        depth.set(commands.len() as f64);
        tokio::task::yield_now().await;
    }
}
