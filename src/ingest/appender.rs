//! The one thread that makes changes durable.
//!
//! It has a thread of its own, so that a commit never stands behind what else the server does, and a commit is one
//! hand-over each way. It takes what waits in turns (`turns.rs`), makes it one transaction, answers the senders and hands
//! the entries to the publisher, for which it never waits. When the store fails, every sender of that transaction is told
//! and the next one is tried. Nothing is answered before it is durable, and a change whose sender is gone is made durable
//! all the same. What is under way is bounded in bytes, by sender (`shares.rs`), and in time (`pace.rs`).

use std::collections::HashMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use metrics::Gauge;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::pace::{Pace, WAIT_MAX, WAIT_TAKEN_MAX};
use super::place::Place;
use super::shares::{Owner, Shares};
use super::turns::{Ticket, Turns};
use crate::publish::Publisher;
use crate::store::{ActivityLog, Change, Outcome, StoreError};
use crate::telemetry::{APPENDER_QUEUE_BYTES, STORE_COMMIT_SECONDS, STORE_COMMIT_UNITS};

/// Why a change was not made durable. Nothing of it is stored, unless the answer alone was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// As much is under way already as may be, or it would wait too long.
    #[error("too much waits to be stored; try again in a moment")]
    Busy,
    /// The database cannot write, or the answer was lost.
    #[error("the database cannot store right now; try again in a moment")]
    Unavailable,
    /// The server is going down.
    #[error("the server is shutting down; try again in a moment")]
    Draining,
}

impl Refused {
    /// The stable word for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Draining => "draining",
        }
    }
}

/// Where changes are handed in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Appender {
    shared: Arc<Shared>,
}

/// What senders and the writer share.
#[derive(Debug)]
pub(super) struct Shared {
    desk: Mutex<Desk>,
    /// Told when something waits, and at the end.
    news: Condvar,
    shutdown: CancellationToken,
    held_bytes: Gauge,
}

/// What is under way.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) shares: Shares,
    turns: Turns<Submission>,
    pace: Pace,
    /// Bytes of bodies that were read and are not durable yet.
    due: HashMap<Owner, usize>,
    due_in_all: usize,
    /// True once nothing more is taken.
    closed: bool,
}

/// A change on its way.
#[derive(Debug)]
struct Submission {
    change: Change,
    place: Place,
    reply: oneshot::Sender<Result<Outcome, Refused>>,
}

/// What the writer is to do.
enum Next {
    /// Make this durable.
    Commit(Vec<Submission>),
    /// Look again then, or when something comes.
    Wait(Duration),
    /// Look again when something comes.
    Rest,
    /// End.
    End,
}

impl Appender {
    /// Starts the writer. On `shutdown` nothing new is taken, what waits is made durable, and it ends; `tasks` knows of it.
    /// `queue_bytes_max` is what may be under way, in bytes.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(
        log: Arc<dyn ActivityLog>,
        publisher: Publisher,
        queue_bytes_max: usize,
        tasks: &TaskTracker,
        shutdown: CancellationToken,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(queue_bytes_max, shutdown));
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let writer = Writer { log, publisher, shared: shared.clone(), runtime };
        let tracked = tasks.token();
        std::thread::Builder::new().name("tidings-writer".to_owned()).spawn(move || {
            writer.run();
            drop(tracked);
        })?;
        tasks.spawn({
            let shared = shared.clone();
            async move {
                shared.shutdown.cancelled().await;
                shared.close();
            }
        });
        Ok(Self { shared })
    }

    /// A place for a request of so many bytes, before anything of it is read.
    ///
    /// # Errors
    /// [`Refused::Draining`], or [`Refused::Busy`] while as much is under way as may be, or would wait too long.
    pub fn reserve(&self, owner: Owner, bytes: usize) -> Result<Place, Refused> {
        if self.shared.shutdown.is_cancelled() {
            return Err(Refused::Draining);
        }
        Place::take(&self.shared, owner, bytes)
    }

    /// Makes one change durable that has no place yet.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub async fn change_now(&self, change: Change) -> Result<Outcome, Refused> {
        let mut place = self.reserve(change.workspace(), change.weight())?;
        place.begin()?;
        self.change(place, change).await
    }

    /// Makes one change durable and tells what became of it. When the caller goes away meanwhile, it may still be stored.
    ///
    /// # Errors
    /// [`Refused`], with nothing stored.
    pub async fn change(&self, mut place: Place, change: Change) -> Result<Outcome, Refused> {
        let (rows, bytes, owner) = (change.rows(), change.weight(), place.owner());
        place.grow_to(bytes)?;
        let (reply, answer) = oneshot::channel();
        let ticket = self.shared.push(owner, rows, bytes, Submission { change, place, reply })?;
        let mut answer = pin!(answer);
        let in_time = timeout(WAIT_MAX, &mut answer).await;
        let answered = match in_time {
            Ok(answered) => answered,
            // Not while it is being written: then it is answered when that is known.
            Err(_) if self.shared.withdraw(owner, ticket) => return Err(Refused::Busy),
            Err(_) => answer.await,
        };
        answered.unwrap_or(Err(Refused::Unavailable))
    }

    /// Bytes that are under way: bodies that are read, changes that wait, and those of the transaction under way.
    pub fn queued_bytes(&self) -> usize {
        self.shared.desk().shares.held()
    }
}

impl Shared {
    pub(super) fn new(bytes_max: usize, shutdown: CancellationToken) -> Self {
        let desk = Desk {
            shares: Shares::new(bytes_max),
            turns: Turns::default(),
            pace: Pace::default(),
            due: HashMap::new(),
            due_in_all: 0,
            closed: false,
        };
        Self { desk: Mutex::new(desk), news: Condvar::new(), shutdown, held_bytes: metrics::gauge!(APPENDER_QUEUE_BYTES) }
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge of bytes is exact far beyond the limit")]
    pub(super) fn report(&self, desk: &Desk) {
        self.held_bytes.set(desk.shares.held() as f64);
    }

    fn push(&self, owner: Owner, rows: usize, bytes: usize, submission: Submission) -> Result<Ticket, Refused> {
        let mut desk = self.desk();
        if desk.closed {
            // Its place locks the desk when it goes.
            drop(desk);
            drop(submission);
            return Err(if self.shutdown.is_cancelled() { Refused::Draining } else { Refused::Unavailable });
        }
        let ticket = desk.turns.push(owner, rows, bytes, submission);
        drop(desk);
        self.news.notify_one();
        Ok(ticket)
    }

    /// Takes a change out again. False when its transaction has begun.
    fn withdraw(&self, owner: Owner, ticket: Ticket) -> bool {
        let withdrawn = self.desk().turns.withdraw(owner, ticket);
        withdrawn.is_some()
    }

    fn close(&self) {
        self.desk().closed = true;
        self.news.notify_one();
    }
}

impl Desk {
    /// Whether so many bytes more of this owner would be written soon. Who has nothing waiting always may.
    pub(super) fn is_due_soon(&self, owner: Owner, bytes: usize) -> bool {
        let Some(mine) = self.due.get(&owner) else { return true };
        let all = self.due_in_all.saturating_add(bytes);
        self.pace.wait(mine.saturating_add(bytes), all, self.due.len()) <= WAIT_TAKEN_MAX
    }

    pub(super) fn add_due(&mut self, owner: Owner, bytes: usize) {
        self.due_in_all += bytes;
        *self.due.entry(owner).or_insert(0) += bytes;
    }

    pub(super) fn remove_due(&mut self, owner: Owner, bytes: usize) {
        self.due_in_all = self.due_in_all.saturating_sub(bytes);
        if let Some(mine) = self.due.get_mut(&owner) {
            *mine = mine.saturating_sub(bytes);
            if *mine == 0 {
                self.due.remove(&owner);
            }
        }
    }

    fn next(&mut self, now: Instant) -> Next {
        let waiting = self.turns.units();
        match (waiting, self.closed) {
            (0, true) => Next::End,
            (0, false) => Next::Rest,
            (_, true) => Next::Commit(self.turns.next_group()),
            (_, false) => match self.pace.patience(waiting, now) {
                Some(left) => Next::Wait(left),
                None => Next::Commit(self.turns.next_group()),
            },
        }
    }
}

/// The thread.
struct Writer {
    log: Arc<dyn ActivityLog>,
    publisher: Publisher,
    shared: Arc<Shared>,
    runtime: runtime::Runtime,
}

/// Nothing is taken by a writer that has ended, however it ended.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Writer {
    /// Until the shutdown, and then until nothing waits.
    fn run(&self) {
        let _closing = Closing(&self.shared);
        let mut desk = self.shared.desk();
        loop {
            let woken = match desk.next(Instant::now()) {
                Next::End => return,
                Next::Commit(group) => {
                    drop(desk);
                    self.commit(group);
                    Ok(self.shared.desk())
                }
                Next::Rest => self.shared.news.wait(desk),
                Next::Wait(left) => {
                    let waited = self.shared.news.wait_timeout(desk, left);
                    waited.map(|(desk, _)| desk).map_err(|poisoned| PoisonError::new(poisoned.into_inner().0))
                }
            };
            desk = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn commit(&self, group: Vec<Submission>) {
        let mut changes = Vec::with_capacity(group.len());
        let mut senders = Vec::with_capacity(group.len());
        let mut bytes = 0;
        for Submission { change, place, reply } in group {
            changes.push(change);
            bytes += place.due();
            senders.push((reply, place));
        }
        let (units, begun) = (senders.len(), Instant::now());
        let _in = tracing::debug_span!("commit", units).entered();
        // A panic of the store is one failed transaction, not the end of the only writer.
        let caught = self.runtime.block_on(AssertUnwindSafe(self.log.commit(changes)).catch_unwind());
        let committed = caught.unwrap_or_else(|_| Err(StoreError::Unavailable("the store panicked".to_owned())));
        let committed_at = Instant::now();
        measure(units, committed_at - begun);
        match committed {
            Ok(mut committed) => {
                let entries = || committed.batches.iter().map(|batch| batch.entries.len()).sum::<usize>();
                tracing::debug!(entries = entries(), bytes, us = (committed_at - begun).as_micros(), "committed");
                answer(senders, std::mem::take(&mut committed.outcomes));
                self.publisher.offer(committed, committed_at);
                self.shared.desk().pace.committed(units, bytes, committed_at - begun, Instant::now());
            }
            Err(fault) => {
                tracing::error!(units, %fault, "a commit failed; its senders are told to try again");
                for (reply, place) in senders {
                    drop(place);
                    let _ = reply.send(Err(Refused::Unavailable));
                }
            }
        }
    }
}

/// Tells each sender its outcome. A sender that is gone is passed over; one without an outcome learns it by the loss of
/// its channel.
fn answer(senders: Vec<(oneshot::Sender<Result<Outcome, Refused>>, Place)>, outcomes: Vec<Outcome>) {
    if senders.len() != outcomes.len() {
        tracing::error!(units = senders.len(), outcomes = outcomes.len(), "the store did not answer every change of a commit");
    }
    for ((reply, place), outcome) in senders.into_iter().zip(outcomes) {
        drop(place);
        let _ = reply.send(Ok(outcome));
    }
}

#[expect(clippy::cast_precision_loss, reason = "units are few")]
fn measure(units: usize, took: Duration) {
    metrics::histogram!(STORE_COMMIT_SECONDS).record(took.as_secs_f64());
    metrics::histogram!(STORE_COMMIT_UNITS).record(units as f64);
}

#[cfg(test)]
mod tests;
