//! Readers of the log that live in the server: one mechanism for whatever must work on every entry, once it is durable.
//!
//! A [`Consumer`] has a name, and in each log a cursor under that name in the store. The runner wakes it when the log has
//! grown, hands it the next page, and moves the cursor only after the work: every entry comes at least once, in seq order,
//! and what is done again after a failure or a kill is at most one page. Nothing is passed over without a dead letter, which
//! becomes durable together with the cursor that passes it. `lanes.rs` says whose turn it is, `step.rs` does one page.
//!
//! To add one: write its `work`, say where it begins, and add it where `app` composes. It must bear to be given an entry
//! again, and may hold nothing back: what it has answered `Ok` for is never given again.
//!
//! With several nodes each log and name will be held by one of them at a time: the lease is to be asked for in
//! `Lanes::next`, where a lane begins to work. Until then there is one process; a second one could do
//! work twice but never lose any, for a cursor moves only from where its mover has seen it
//! ([`Consumed::from`](crate::store::Consumed::from)).

pub mod alerts;
mod backoff;
mod lanes;
mod retention;
mod runner;
mod step;
#[cfg(test)]
mod tests;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::retention::{RETENTION, RetentionConsumer};
use self::runner::Runner;
pub use self::webhook::{WebhookConsumer, WebhookMeans, new_secret, webhook_name};
use crate::auth::{Operator, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{Entry, Seq};
use crate::store::{Change, Heads, Outcome, Reads, Store};

/// Entries of one page, and so what is done again after a failure at most.
pub const PAGE_ENTRIES: usize = 500;
/// Pages that are worked on at one time, all workspaces together.
pub const WORKING_MAX: usize = 64;
/// Pages of one workspace that are worked on at one time: another's first begins at once.
pub const WORKING_OF_WORKSPACE_MAX: usize = 32;
/// How long the work on one page may take before it is given up and tried in smaller pages.
pub const WORK_TIME_MAX: Duration = Duration::from_secs(60);
/// How often an entry that cannot be worked on is tried before it becomes a dead letter.
pub const ATTEMPTS_MAX: u32 = 8;
/// The rest after a first failure; each further one is twice as long, and any of them up to a half shorter, by chance.
pub const REST_FIRST: Duration = Duration::from_millis(250);
/// The longest rest.
pub const REST_MAX: Duration = Duration::from_secs(60);
/// How long what is under way may go on when the server ends; what does not end then is done again at the next start.
pub const END_WITHIN: Duration = Duration::from_secs(5);
/// Orders that wait for the runner; whoever gives another waits.
const ORDERS_MAX: usize = 1_024;

/// Bounds of the work.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerLimits {
    /// [`PAGE_ENTRIES`], at least 1.
    pub page_entries: usize,
    /// [`WORKING_MAX`], at least 1.
    pub working_max: usize,
    /// [`WORKING_OF_WORKSPACE_MAX`], at least 1.
    pub working_of_workspace_max: usize,
    /// [`WORK_TIME_MAX`].
    pub work_time_max: Duration,
    /// [`ATTEMPTS_MAX`], at least 1.
    pub attempts_max: u32,
    /// [`REST_FIRST`].
    pub rest_first: Duration,
    /// [`REST_MAX`].
    pub rest_max: Duration,
    /// [`END_WITHIN`].
    pub end_within: Duration,
}

impl Default for ConsumerLimits {
    fn default() -> Self {
        Self {
            page_entries: PAGE_ENTRIES,
            working_max: WORKING_MAX,
            working_of_workspace_max: WORKING_OF_WORKSPACE_MAX,
            work_time_max: WORK_TIME_MAX,
            attempts_max: ATTEMPTS_MAX,
            rest_first: REST_FIRST,
            rest_max: REST_MAX,
            end_within: END_WITHIN,
        }
    }
}

/// What calls a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Entries of the log, from its start on; in a log that was pruned, from there.
    EntriesFromStart,
    /// Entries that come after its first start in this log.
    EntriesFromHead,
    /// A log that has grown, its first start in this log, and the time that it asks for itself. It has a cursor of its own.
    Growth,
    /// Only the time that it asks for itself, and [`Consumers::stir`]. It has no cursor.
    Time,
}

/// Something that works on a log. One page of one log at a time; several logs at a time.
pub trait Consumer: Send + Sync + 'static {
    /// Its name: that of its cursors, the same for ever. Metrics tell what stands before a `/`.
    fn name(&self) -> Arc<str>;

    /// What it is called for.
    fn calls(&self) -> Calls;

    /// Works on what it is given. It may be dropped while it waits, and is given the same again then.
    fn work(&self, work: Work) -> BoxFuture<'_, Result<Next, Fault>>;
}

/// What a consumer is given.
#[derive(Debug, Clone)]
pub struct Work {
    /// Whose log.
    pub workspace: WorkspaceId,
    /// The entries after its cursor, in seq order without a hole. None when it was called for the time.
    pub entries: Vec<Arc<Entry>>,
}

/// When a consumer wants to be called next, beside the calls that entries make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Not before something comes.
    Wait,
    /// At once, after others have had their turn.
    Again,
    /// After so long, or when something comes.
    After(Duration),
    /// After so long, whatever comes meanwhile: so that many of them do not read the log for each little that grows.
    Rest(Duration),
}

/// Why work was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not now: the store or a receiver cannot be reached. It is tried again for as long as it takes, and nothing is passed
    /// over.
    #[error("{0}")]
    Unavailable(String),
    /// This entry cannot be worked on; all before it were. After [`ATTEMPTS_MAX`] tries it is a dead letter.
    #[error("entry {seq}: {reason}")]
    Entry {
        /// Which.
        seq: Seq,
        /// Why, for people.
        reason: String,
    },
}

/// The one writer, as consumers need it. `app` lends them the way in.
pub trait Writes: Send + Sync + 'static {
    /// Makes one change durable.
    ///
    /// # Errors
    /// Why not, in words. It may have become durable all the same.
    fn write(&self, change: Change) -> BoxFuture<'_, Result<Outcome, String>>;
}

/// What the runner works with.
#[derive(Clone)]
pub struct Means {
    /// The store: cursors and workspaces.
    pub store: Store,
    /// Pages of the log, by turns.
    pub reads: Reads,
    /// The one writer.
    pub writes: Arc<dyn Writes>,
    /// Where logs end.
    pub heads: Heads,
    /// The time of day.
    pub clock: Clock,
    /// Bounds.
    pub limits: ConsumerLimits,
}

/// What the runner is told.
enum Order {
    Add { consumer: Arc<dyn Consumer>, only: Option<WorkspaceId> },
    Remove { name: Arc<str>, done: oneshot::Sender<()> },
    Stir { workspace: WorkspaceId, name: Arc<str> },
    Settle { settled: oneshot::Sender<()> },
}

/// The handle of the runner. Cheap to clone.
#[derive(Clone)]
pub struct Consumers {
    orders: mpsc::Sender<Order>,
}

impl Consumers {
    /// Starts the runner with no consumer. It ends on `shutdown`, within [`END_WITHIN`]; `tasks` knows of it and of what it
    /// works on.
    pub fn start(means: Means, operator: Operator, tasks: &TaskTracker, shutdown: CancellationToken) -> Self {
        let (orders, taken) = mpsc::channel(ORDERS_MAX);
        tasks.spawn(Runner::new(means, operator, tasks.clone()).run(taken, shutdown));
        Self { orders }
    }

    /// Adds a consumer: of every log, or of one only. Its work begins at once, where its cursor stands.
    pub async fn add(&self, consumer: Arc<dyn Consumer>, only: Option<WorkspaceId>) {
        self.tell(Order::Add { consumer, only }).await;
    }

    /// Takes a consumer away and returns when nothing of it is under way. Its cursors stay.
    pub async fn remove(&self, name: Arc<str>) {
        let (done, gone) = oneshot::channel();
        self.tell(Order::Remove { name, done }).await;
        let _ = gone.await;
    }

    /// Calls a consumer in one log, whatever it waits for.
    pub async fn stir(&self, workspace: WorkspaceId, name: Arc<str>) {
        self.tell(Order::Stir { workspace, name }).await;
    }

    /// Waits until nobody has anything to do but to wait for its time or for news. For tests, and for who wants to see work
    /// done that was asked for.
    pub async fn settled(&self) {
        let (settled, is) = oneshot::channel();
        self.tell(Order::Settle { settled }).await;
        let _ = is.await;
    }

    async fn tell(&self, order: Order) {
        // Fails when the runner has ended; then nothing is to be done any more.
        let _ = self.orders.send(order).await;
    }
}
