//! Alerts: what is told to somebody when a view, or the server itself, is not as it should be.
//!
//! The alerts of a workspace are one reader of its log (`step.rs`): a standing-filter index, as in the hub, tells which of them
//! an activity is of, each is judged once, by what is in force when the cursor passes it. What hangs on the time is judged each
//! second (`tick.rs`), from memory alone: with a full disk, a silence still rings. What follows (`board.rs`) is made durable in one
//! transaction with the cursor before it is told; where nothing can be stored it is told all the same, and kept later. So a
//! change of state is durable once, and told at least once, always with the same id.

mod board;
mod channels;
mod hours;
mod load;
mod notice;
mod rule;
mod step;
mod tick;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;

use self::board::{Board, Scene};
use self::rule::Around;
use super::{Calls, Consumer, Fault, Next, Work};
use crate::auth::WorkspaceId;
use crate::clock::Clock;
use crate::domain::{Key, UnixMs};
use crate::hub::pulse::{Broken, Pulse, Reason};
use crate::outbound::{Mail, Outbound};
use crate::store::{Heads, Mute, Reads, StandingChannel, Store, StoreError, When};

pub use self::board::Said;

/// How long whoever has changed an alert waits for it to be read.
const READ_WITHIN: Duration = Duration::from_secs(2);

/// Somebody who sends: number of the key, when it was last heard of, and whether it broke its rhythm.
pub type SourceNow = (i64, UnixMs, bool);

/// What alerts work with.
#[derive(Clone)]
pub struct AlertMeans {
    /// The store.
    pub store: Store,
    /// Pages of the log, by turns.
    pub reads: Reads,
    /// Where logs end.
    pub heads: Heads,
    /// What sends.
    pub outbound: Arc<Outbound>,
    /// What sends mail.
    pub mail: Arc<Mail>,
    /// Whether the path works.
    pub pulse: Arc<Pulse>,
    /// Who sends in a workspace.
    pub sources: Arc<dyn Fn(WorkspaceId, UnixMs) -> Vec<SourceNow> + Send + Sync>,
    /// What links begin with, as in `https://desk.example`.
    pub url: String,
    /// Tells pages and walls that an alert has turned.
    pub announce: Arc<dyn Fn(WorkspaceId, Key) -> BoxFuture<'static, ()> + Send + Sync>,
    /// The time of day.
    pub clock: Clock,
}

/// How an alert stands.
#[derive(Debug, Clone, Default)]
pub struct Stands {
    /// True while it fires.
    pub is_firing: bool,
    /// Since when it fires, or does not.
    pub since: UnixMs,
    /// Why it fires, for people.
    pub reason: String,
    /// How many it counts now, as many as it counts to.
    pub count: u64,
    /// When somebody was last told that it fires.
    pub notified_at: Option<UnixMs>,
    /// Who is on it, and since when.
    pub acknowledged: Option<(String, UnixMs)>,
    /// Why nobody is told.
    pub mute: Option<Mute>,
    /// When the last activity of its view came, as far as that is known.
    pub last_at: Option<UnixMs>,
}

/// What the page of a notice's link shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Name of the alert.
    pub name: String,
    /// Name of its view.
    pub view: Option<String>,
    /// When it fires.
    pub when: When,
    /// How it stands.
    pub stands: Stands,
    /// When the whole path of the server was last known to work.
    pub checked_at: Option<UnixMs>,
    /// Since when it is broken, and where.
    pub broken: Option<Broken>,
    /// The last of each source: its name and when.
    pub sources: Vec<(String, UnixMs)>,
    /// What to do.
    pub note: Option<String>,
    /// The newest of its view, newest first, as they are read.
    pub items: Vec<bytes::Bytes>,
    /// In which times are told.
    pub zone: String,
}

impl Shown {
    /// A time in the zone of the alert, in the order that every language reads.
    pub fn time(&self, at: UnixMs) -> String {
        hours::plain(at, &self.zone)
    }

    /// How long ago something was.
    pub fn ago(&self, at: UnixMs, now: UnixMs) -> String {
        hours::short(now.0 - at.0)
    }

    /// So many seconds.
    pub fn span(&self, seconds: u32) -> String {
        hours::short(i64::from(seconds) * 1_000)
    }
}

/// The alerts of a server. Cheap to clone.
#[derive(Clone)]
pub struct Alerts {
    inner: Arc<Inner>,
}

/// The reader of one log, for all alerts of its workspace.
pub struct AlertsConsumer {
    alerts: Alerts,
    name: Arc<str>,
}

struct Inner {
    means: AlertMeans,
    boards: Mutex<HashMap<WorkspaceId, Arc<Mutex<Board>>>>,
    /// Workspaces whose alerts, channels or views have changed, and how often since they were read.
    stale: Mutex<HashMap<WorkspaceId, u64>>,
    /// Some were read anew.
    read_anew: Notify,
    /// Alerts that were made anew under a key that was there before.
    made: Mutex<HashSet<(WorkspaceId, Key)>>,
    /// Something is to be told.
    news: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Alerts {
    /// The alerts that work with these means. Nothing is judged before [`Alerts::run`] and the consumer.
    pub fn new(means: AlertMeans) -> Self {
        let (boards, stale, made) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (read_anew, news) = (Notify::new(), Notify::new());
        Self { inner: Arc::new(Inner { means, boards, stale, read_anew, made, news }) }
    }

    /// The consumer for the alerts of a workspace: whoever adds it has them begin.
    pub fn of(&self, workspace: WorkspaceId) -> AlertsConsumer {
        AlertsConsumer { alerts: self.clone(), name: format!("alerts/{}", workspace.number()).into() }
    }

    /// Alerts, channels or views of a workspace have changed; `made` is an alert that was not there before. Whoever calls this
    /// adds the consumer, which calls it.
    pub fn changed(&self, workspace: WorkspaceId, made: Option<Key>) {
        *lock(&self.inner.stale).entry(workspace).or_default() += 1;
        if let Some(key) = made {
            lock(&self.inner.made).insert((workspace, key));
        }
    }

    /// Waits until what has changed was read, or for a while where it cannot be: whoever asks next sees it.
    pub async fn read_anew(&self, workspace: WorkspaceId) {
        let reading = async {
            loop {
                let mut read = std::pin::pin!(self.inner.read_anew.notified());
                read.as_mut().enable();
                if !lock(&self.inner.stale).contains_key(&workspace) {
                    return;
                }
                read.await;
            }
        };
        let _ = tokio::time::timeout(READ_WITHIN, reading).await;
    }

    /// How an alert stands; `None` before it was first looked at.
    pub fn stands(&self, workspace: WorkspaceId, key: &Key) -> Option<Stands> {
        let board = self.board(workspace)?;
        let board = lock(&board);
        board.find(key).map(|at| stands(&board, at, self.inner.means.clock.now()))
    }

    /// What the page of an alert shows to somebody who came by a notice.
    pub fn shown(&self, workspace: WorkspaceId, key: &Key) -> Option<Shown> {
        let board = self.board(workspace)?;
        let board = lock(&board);
        let scene = self.scene(&board);
        let at = board.find(key)?;
        let standing = &board.alerts[at];
        Some(Shown {
            name: standing.name.clone(),
            view: standing.view.as_ref().map(|(_, name)| name.clone()),
            stands: stands(&board, at, scene.around.now),
            sources: scene.sources,
            note: standing.alert.note.clone(),
            items: standing.newest.iter().rev().cloned().collect(),
            when: standing.alert.when.clone(),
            checked_at: self.inner.means.pulse.checked_at(),
            broken: self.inner.means.pulse.broken(),
            zone: standing.zone.clone(),
        })
    }

    /// How the last attempt at a channel went.
    pub fn said(&self, workspace: WorkspaceId, channel: &Key) -> Option<Said> {
        lock(&*self.board(workspace)?).said.get(channel.folded()).cloned()
    }

    /// Gives a channel a secret to sign with; `only_new` keeps the one that is there. True when it was given.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be kept.
    pub async fn secret(&self, workspace: WorkspaceId, channel: &Key, secret: String, only_new: bool) -> Result<bool, StoreError> {
        self.inner.means.store.alerting.channel_secret(workspace, channel.clone(), secret, only_new).await
    }

    /// True where the workspace has alerts or channels.
    pub fn has(&self, workspace: WorkspaceId) -> bool {
        self.board(workspace).is_some()
    }

    /// Alerts that fire, by key: name, and how each stands.
    pub fn firing(&self, workspace: WorkspaceId) -> Vec<(Key, String, Option<Key>, Stands)> {
        let Some(board) = self.board(workspace) else { return Vec::new() };
        let (board, now) = (lock(&board), self.inner.means.clock.now());
        let firing = (0..board.alerts.len()).filter(|at| board.alerts[*at].state.firing.is_some());
        let told = |at: usize| {
            let standing = &board.alerts[at];
            (standing.key.clone(), standing.name.clone(), standing.alert.view.clone(), stands(&board, at, now))
        };
        firing.map(told).collect()
    }

    /// Why nobody is told of any alert.
    pub fn muted(&self, workspace: WorkspaceId) -> Option<Mute> {
        let now = self.inner.means.clock.now();
        lock(&*self.board(workspace)?).mute.clone().filter(|mute| mute.until_ms > now.0)
    }

    /// Somebody is on it. `None` where there is no such alert; false where it does not fire.
    pub async fn acknowledge(&self, workspace: WorkspaceId, key: &Key, by: String) -> Option<bool> {
        let board = self.board(workspace)?;
        let done = {
            let mut board = lock(&board);
            let (scene, at) = (self.scene(&board), board.find(key)?);
            board.acknowledge(at, by, &scene)
        };
        self.settle(workspace).await;
        Some(done)
    }

    /// Tells nobody of an alert, or of all, for a while; or tells again. False where there is no such alert.
    pub async fn mute(&self, workspace: WorkspaceId, key: Option<&Key>, mute: Option<Mute>, by: &str) -> bool {
        let Some(board) = self.board(workspace) else { return false };
        {
            let mut board = lock(&board);
            let at = match key {
                Some(key) => match board.find(key) {
                    Some(at) => Some(at),
                    None => return false,
                },
                None => None,
            };
            board.mute(at, mute, by, self.inner.means.clock.now());
        }
        self.settle(workspace).await;
        true
    }

    /// Sends an example by every channel of an alert; how that went, by key of the channel. `None` where there is no such alert.
    pub async fn test(&self, workspace: WorkspaceId, key: &Key, by: &str) -> Option<Vec<(Key, Result<(), String>)>> {
        let board = self.board(workspace)?;
        let (notice, to) = {
            let mut board = lock(&board);
            let (scene, at) = (self.scene(&board), board.find(key)?);
            let (notice, to) = board.example(at, by, &scene)?;
            let mut channels: Vec<StandingChannel> = Vec::new();
            for channel in to.iter().filter_map(|key| board.channels.get(key.folded())) {
                if channels.iter().all(|known| known.key != channel.key) {
                    channels.push(channel.clone());
                }
            }
            (notice, channels)
        };
        self.settle(workspace).await;
        let told = to.into_iter().map(|channel| {
            let notice = &notice;
            async move {
                let told = self.tell(&channel, notice).await;
                self.took_note(workspace, &channel.key, told.as_ref().err());
                (channel.key, told)
            }
        });
        Some(futures::future::join_all(told).await)
    }

    fn board(&self, workspace: WorkspaceId) -> Option<Arc<Mutex<Board>>> {
        lock(&self.inner.boards).get(&workspace).cloned()
    }

    async fn tell(&self, to: &StandingChannel, notice: &notice::Notice) -> Result<(), String> {
        let AlertMeans { outbound, mail, clock, .. } = &self.inner.means;
        channels::Channels { outbound, mail, clock }.tell(to, notice).await
    }

    fn took_note(&self, workspace: WorkspaceId, channel: &Key, fault: Option<&String>) {
        if let Some(board) = self.board(workspace) {
            let said = Said { at: self.inner.means.clock.now(), fault: fault.cloned() };
            lock(&board).said.insert(channel.folded().clone(), said);
        }
    }

    /// What alerts are judged by, now.
    fn scene(&self, board: &Board) -> Scene {
        let AlertMeans { heads, pulse, clock, sources, url, .. } = &self.inner.means;
        let (now, broken) = (clock.now(), pulse.broken());
        let path = match (broken, pulse.checked_at()) {
            (Some(broken), _) => {
                let how = match broken.reason {
                    Reason::NotStored => "nothing can be stored",
                    Reason::NotDelivered => "what is stored is not delivered",
                };
                format!("The server is broken since {}: {how}.", hours::told(broken.since, "UTC"))
            }
            (None, Some(at)) => format!("The server is well: its whole path was tested {} ago.", hours::span(now.0 - at.0)),
            (None, None) => "The server has just begun; its path was not tested yet.".to_owned(),
        };
        let named = |number: i64| board.sources.get(&number).cloned();
        let all = sources(board.workspace, now);
        let silent = all.iter().filter(|(_, _, silent)| *silent).filter_map(|(key, at, _)| Some((named(*key)?, *at))).collect();
        let sources = all.iter().filter_map(|(key, at, _)| Some((named(*key)?, *at))).collect();
        let is_caught_up = board.is_at_end && board.cursor >= heads.of(board.workspace);
        let around = Around { now, is_caught_up, broken: broken.map(|broken| broken.since), silent };
        Scene { around, path, sources, url: url.clone() }
    }
}

fn stands(board: &Board, at: usize, now: UnixMs) -> Stands {
    let standing = &board.alerts[at];
    let state = &standing.state;
    Stands {
        is_firing: state.firing.is_some(),
        since: UnixMs(state.since_ms),
        reason: if state.firing.is_some() { state.reason.clone() } else { String::new() },
        count: match &standing.alert.when {
            When::Count { within_s, .. } => standing.seen.counted(*within_s, now) as u64,
            _ => state.count,
        },
        notified_at: state.notified_ms.map(UnixMs),
        acknowledged: state.acknowledged_by.clone().zip(state.acknowledged_ms.map(UnixMs)),
        mute: state.mute.clone(),
        last_at: standing.seen.last(),
    }
}

impl Consumer for AlertsConsumer {
    fn name(&self) -> Arc<str> {
        self.name.clone()
    }

    fn calls(&self) -> Calls {
        Calls::Growth
    }

    fn work(&self, work: Work) -> BoxFuture<'_, Result<Next, Fault>> {
        Box::pin(self.alerts.step(work.workspace))
    }
}
