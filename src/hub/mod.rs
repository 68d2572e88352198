//! The broadcast hub: publications in, events out to the outboxes of the sessions that want them.
//!
//! The hub never waits for a socket and never touches the store. It is a few shards; a session and all its subscriptions
//! live on one of them. Parts: [`shard`] the state machine, [`outbox`] what waits for a session, [`room`] what shard and
//! sessions share of a workspace ([`recent`] entries, [`names`] that changed), [`publication`] activities encoded once.

mod command;
pub mod marks;
pub mod names;
pub mod outbox;
pub mod publication;
pub mod pulse;
pub mod recent;
pub mod room;
pub mod shard;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::WorkspaceId;
use crate::domain::{Entry, Seq};
use crate::store::{ChangedName, MembershipSnapshot};
use crate::telemetry;
use outbox::Outbox;
use pulse::Pulse;
use recent::RecentBudget;
use room::Room;
use shard::{Command, SessionNo, Shard};

/// Commands that wait in front of one shard; whoever sends another waits.
const SHARD_QUEUE_MAX: usize = 1024;
/// Commands that a shard takes before it lets other tasks run.
const SHARD_ROUND: usize = 64;
/// Workspaces that wait to be opened.
const OPEN_QUEUE_MAX: usize = 1024;

/// How long a workspace stays open on the hub after its last seat was left.
pub const ROOM_IDLE_MAX: Duration = Duration::from_secs(60 * 60);
/// In this time the sessions of a workspace are told at most once that names have changed.
const NAMES_EVERY: Duration = Duration::from_secs(1);

/// A fault for the model test to plant, to prove that it would be found.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// A join answers one place too low, so that one entry comes from both sides.
    SpliceOffByOne,
    /// Recent entries stay as they were when an activity is corrected.
    RecentNotCorrected,
    /// An amendment is told only to those whose filters want the activity as it is now.
    AmendedByAfterOnly,
    /// An erasure is told to nobody.
    ErasedUntold,
}

/// Sizes of the hub.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HubConfig {
    /// Shards, each one task; 0 is one for every two processors.
    pub shards: usize,
    /// Bytes of recent entries that each shard keeps of each workspace, for joins and resumes.
    pub recent_bytes_max: usize,
    /// Bytes of recent entries of all workspaces and shards together; what was not read for longest gives way.
    pub recent_total_bytes_max: usize,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self { shards: 0, recent_bytes_max: 16 * 1024 * 1024, recent_total_bytes_max: 256 * 1024 * 1024 }
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
    /// The last probe that passed each shard.
    probed: Vec<watch::Receiver<u64>>,
    next_session: AtomicU64,
    rooms: Mutex<HashMap<WorkspaceId, Opened>>,
    recent: Arc<RecentBudget>,
    pulse: Arc<Pulse>,
    opener: mpsc::Sender<OpenRequest>,
}

/// A workspace that is open.
#[derive(Debug)]
struct Opened {
    /// One a shard.
    rooms: Vec<Arc<Room>>,
    seats: usize,
    /// When the last seat was left, or it was opened.
    idle_since: tokio::time::Instant,
}

/// Counts a seat for as long as it is held.
#[derive(Debug)]
struct Held {
    hub: Arc<Inner>,
    workspace: WorkspaceId,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(opened) = self.hub.rooms().get_mut(&self.workspace) {
            opened.seats -= 1;
            opened.idle_since = tokio::time::Instant::now();
        }
    }
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
    _held: Arc<Held>,
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
        let (shards, probed) = (0..count)
            .map(|number| {
                let (sender, receiver) = mpsc::channel(SHARD_QUEUE_MAX);
                let (passed, probed) = watch::channel(0);
                tasks.spawn(run(number, receiver, passed, shutdown.clone()));
                (sender, probed)
            })
            .unzip();
        let (opener, requests) = mpsc::channel(OPEN_QUEUE_MAX);
        let recent = RecentBudget::new(config.recent_total_bytes_max);
        let (next_session, rooms, pulse) = (AtomicU64::new(1), Mutex::default(), Arc::default());
        let inner = Inner { config, shards, probed, next_session, rooms, recent, pulse, opener };
        (Self { inner: Arc::new(inner) }, requests)
    }

    /// Hands a batch to every shard, if the workspace is open. Waits while their queues are full.
    pub async fn publish(&self, workspace: WorkspaceId, entries: Arc<[Arc<Entry>]>, committed_at: Instant) {
        metrics::counter!(telemetry::HUB_PUBLISHED).increment(entries.len() as u64);
        for shard in &self.inner.shards {
            let _ = shard.send(Command::Publish { workspace, entries: entries.clone(), committed_at }).await;
        }
    }

    /// Announces changed names of a workspace to all who may show them; `None` when nobody knows which.
    pub async fn changed(&self, workspace: WorkspaceId, names: Option<Arc<[Arc<ChangedName>]>>) {
        for shard in &self.inner.shards {
            let _ = shard.send(Command::Changed { workspace, names: names.clone() }).await;
        }
    }

    /// A log was pruned: what is kept of it here goes too.
    pub async fn pruned(&self, workspace: WorkspaceId, up_to: Seq) {
        for shard in &self.inner.shards {
            let _ = shard.send(Command::Pruned { workspace, up_to }).await;
        }
    }

    /// A log was pruned beyond what was published: everybody who reads it is told. What is published next comes after what
    /// was pruned.
    pub async fn skip(&self, workspace: WorkspaceId, snapshot: MembershipSnapshot) {
        let snapshot = Arc::new(snapshot);
        for shard in &self.inner.shards {
            let _ = shard.send(Command::Skip { workspace, snapshot: snapshot.clone() }).await;
        }
    }

    /// When a probe was last known to have passed every shard.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.inner.pulse
    }

    /// Lets a probe pass through every shard, behind all that was published before it. Waits while their queues are full.
    pub async fn probe(&self, number: u64) {
        for shard in &self.inner.shards {
            let _ = shard.send(Command::Probe(number)).await;
        }
    }

    /// Waits until a probe with this number, or a later one, has passed every shard. False when a shard has ended.
    pub async fn probed(&self, number: u64) -> bool {
        for probed in &self.inner.probed {
            if probed.clone().wait_for(|passed| *passed >= number).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Opens a workspace on every shard, from a snapshot of the store and the `newest` entries up to its head, without a
    /// hole (or none). For the publisher, which knows that what it hands over next comes right after that head.
    pub async fn open(&self, workspace: WorkspaceId, snapshot: &MembershipSnapshot, newest: &[Arc<[Arc<Entry>]>]) {
        let Inner { config, recent, shards, pulse, .. } = &*self.inner;
        let room = || Arc::new(Room::open(workspace, snapshot, newest, config.recent_bytes_max, recent, pulse.clone()));
        let rooms: Vec<_> = shards.iter().map(|_| room()).collect();
        for (shard, room) in shards.iter().zip(&rooms) {
            let _ = shard.send(Command::Open(room.clone())).await;
        }
        self.inner.rooms().insert(workspace, Opened { rooms, seats: 0, idle_since: tokio::time::Instant::now() });
    }

    /// Closes the workspaces whose last seat was left long ago, and says which. For the publisher, which hands nothing
    /// more over for them until they are opened again.
    pub async fn close_idle(&self) -> Vec<WorkspaceId> {
        let closed: Vec<WorkspaceId> = {
            let mut rooms = self.inner.rooms();
            let idle = rooms.extract_if(|_, opened| opened.seats == 0 && opened.idle_since.elapsed() >= ROOM_IDLE_MAX);
            idle.map(|(workspace, _)| workspace).collect()
        };
        for workspace in &closed {
            for shard in &self.inner.shards {
                let _ = shard.send(Command::Close(*workspace)).await;
            }
        }
        closed
    }

    /// True when the workspace has been opened.
    pub fn is_open(&self, workspace: WorkspaceId) -> bool {
        self.inner.rooms().contains_key(&workspace)
    }

    /// Takes a seat for a session with this outbox, opening its workspace when it is the first. `None` when that cannot be
    /// done now.
    pub async fn seat(&self, workspace: WorkspaceId, outbox: Arc<Outbox>) -> Option<Seat> {
        if !self.is_open(workspace) {
            let (reply, answer) = oneshot::channel();
            self.inner.opener.send(OpenRequest { workspace, reply }).await.ok()?;
            answer.await.ok().filter(|opened| *opened)?;
        }
        let session = self.inner.next_session.fetch_add(1, Ordering::Relaxed);
        let number = usize::try_from(session).unwrap_or(0) % self.inner.shards.len();
        let room = {
            let mut rooms = self.inner.rooms();
            let opened = rooms.get_mut(&workspace)?;
            let room = opened.rooms.get(number)?.clone();
            opened.seats += 1;
            room
        };
        let held = Arc::new(Held { hub: self.inner.clone(), workspace });
        let seat = Seat { session, room, outbox: outbox.clone(), shard: self.inner.shards[number].clone(), _held: held };
        seat.tell(Command::Enter { session, workspace, outbox }).await.then_some(seat)
    }
}

impl Inner {
    fn rooms(&self) -> std::sync::MutexGuard<'_, HashMap<WorkspaceId, Opened>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One shard's task.
async fn run(number: usize, mut commands: mpsc::Receiver<Command>, passed: watch::Sender<u64>, shutdown: CancellationToken) {
    let mut shard = Shard::default();
    let mut round = Vec::with_capacity(SHARD_ROUND);
    let filters = metrics::gauge!(telemetry::HUB_FILTERS, "shard" => number.to_string());
    let deliveries = metrics::counter!(telemetry::HUB_DELIVERIES);
    let depth = metrics::gauge!(telemetry::HUB_QUEUE_DEPTH, "shard" => number.to_string());
    let mut hushed_until = None;
    loop {
        let second = async {
            match hushed_until {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            taken = commands.recv_many(&mut round, SHARD_ROUND) => if taken == 0 { break },
            () = second => {}
            () = shutdown.cancelled() => break,
        };
        for command in round.drain(..) {
            shard.handle(command);
        }
        if hushed_until.is_some_and(|until| until <= tokio::time::Instant::now()) {
            hushed_until = None;
            shard.second_over();
        }
        if shard.is_hushed() {
            hushed_until.get_or_insert_with(|| tokio::time::Instant::now() + NAMES_EVERY);
        }
        deliveries.increment(shard.take_delivered());
        passed.send_if_modified(|passed| std::mem::replace(passed, shard.probed()) != shard.probed());
        filters.set(shard.filters() as f64);
        depth.set(commands.len() as f64);
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    use std::sync::Arc;

    use super::outbox::Outbox;
    use super::{Hub, HubConfig, ROOM_IDLE_MAX};
    use crate::auth::Operator;
    use crate::domain::{Epoch, UnixMs};
    use crate::store::{Head, MembershipSnapshot};

    #[tokio::test(start_paused = true)]
    async fn rooms_close_an_hour_after_their_last_seat() {
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let (hub, _opens) = Hub::start(HubConfig { shards: 2, ..HubConfig::default() }, &tasks, &shutdown);
        let workspace = Operator::assume().workspace(1);
        let snapshot = |seq| {
            let head = Head { epoch: Epoch(1), seq, mark: None, pruned: 0, recorded_at: UnixMs(0) };
            MembershipSnapshot { head, partners: Vec::new() }
        };
        hub.open(workspace, &snapshot(3), &[]).await;
        let (first, second) = (
            hub.seat(workspace, Arc::new(Outbox::new(1))).await.expect("a seat"),
            hub.seat(workspace, Arc::new(Outbox::new(1))).await.expect("a seat"),
        );
        first.leave();
        advance(2 * ROOM_IDLE_MAX).await;
        assert!(hub.close_idle().await.is_empty(), "somebody sits there");
        second.leave();
        advance(ROOM_IDLE_MAX - Duration::from_secs(1)).await;
        assert!(hub.close_idle().await.is_empty() && hub.is_open(workspace), "not yet an hour");
        advance(Duration::from_secs(1)).await;
        assert_eq!(hub.close_idle().await, [workspace]);
        assert!(!hub.is_open(workspace));
        // Whoever comes next finds the log as it is then.
        hub.open(workspace, &snapshot(9), &[]).await;
        let seat = hub.seat(workspace, Arc::new(Outbox::new(1))).await.expect("a seat");
        assert_eq!(seat.room.head(), 9);
        seat.leave();
        shutdown.cancel();
        tasks.close();
        tasks.wait().await;
    }
}
