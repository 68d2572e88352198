//! The one task that makes changes durable.
//!
//! Changes wait in a queue that is bounded in bytes; when it is full, the next is refused at once. The task takes what
//! waits, makes it one transaction, answers the senders and hands the entries to the publisher, for which it never
//! waits. When the store fails, every sender of that transaction is told and the next one is tried. Nothing is answered
//! before it is durable, and a change whose sender is gone is made durable all the same.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::publisher::Publisher;
use super::weight::{rows_of, weight_of};
use crate::store::{ActivityLog, Change, Committed, Outcome, StoreError};
use crate::telemetry::{APPENDER_QUEUE_BYTES, STORE_COMMIT_SECONDS, STORE_COMMIT_UNITS};

/// Changes that one transaction takes at most; the rest waits for the next.
pub const COMMIT_UNITS_MAX: usize = 1_024;
/// Rows that one transaction takes at most, but always one change.
pub const COMMIT_ROWS_MAX: usize = 8_192;
/// Bytes of changes that one transaction takes at most, but always one change.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Times that the writer lets others run before it begins a transaction for more than one sender.
const GATHER_ROUNDS: usize = 4;

/// Why a change was not made durable. Nothing of it is stored, unless the answer alone was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// As much waits already as may wait.
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
    queue: mpsc::UnboundedSender<Submission>,
    waiting: Arc<Waiting>,
    shutdown: CancellationToken,
}

impl Appender {
    /// The appender and its task, which the caller spawns. `queue_bytes_max` is what may wait, in bytes.
    pub fn new(
        log: Arc<dyn ActivityLog>,
        publisher: Publisher,
        queue_bytes_max: usize,
        shutdown: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        // Unbounded in number, for `Waiting` bounds it in bytes and no change weighs nothing.
        let (queue, submissions) = mpsc::unbounded_channel();
        let waiting = Arc::new(Waiting { bytes: AtomicUsize::new(0), bytes_max: queue_bytes_max });
        let writer = Writer { log, publisher, submissions, taken: VecDeque::new(), shutdown: shutdown.clone() };
        (Self { queue, waiting, shutdown }, writer.run())
    }

    /// Makes one change durable and tells what became of it. When the caller goes away meanwhile, it may still be stored.
    ///
    /// # Errors
    /// [`Refused`], with nothing stored.
    pub async fn change(&self, change: Change) -> Result<Outcome, Refused> {
        if self.shutdown.is_cancelled() {
            return Err(Refused::Draining);
        }
        let room = Waiting::take(&self.waiting, weight_of(&change)).ok_or(Refused::Busy)?;
        let (reply, answer) = oneshot::channel();
        self.queue.send(Submission { change, room, reply }).map_err(|_| self.gone())?;
        answer.await.unwrap_or(Err(Refused::Unavailable))
    }

    /// Whether a change would be taken now: to be asked before a request costs any work.
    ///
    /// # Errors
    /// [`Refused::Draining`], or [`Refused::Busy`] while as much waits as may wait.
    pub fn admit(&self) -> Result<(), Refused> {
        if self.shutdown.is_cancelled() {
            return Err(Refused::Draining);
        }
        if self.queued_bytes() >= self.waiting.bytes_max { Err(Refused::Busy) } else { Ok(()) }
    }

    /// Bytes that wait, those of the transaction under way included.
    pub fn queued_bytes(&self) -> usize {
        self.waiting.bytes.load(Ordering::Relaxed)
    }

    /// Why nobody takes changes any more.
    fn gone(&self) -> Refused {
        if self.shutdown.is_cancelled() { Refused::Draining } else { Refused::Unavailable }
    }
}

/// A change on its way.
#[derive(Debug)]
struct Submission {
    change: Change,
    room: Room,
    reply: oneshot::Sender<Result<Outcome, Refused>>,
}

/// What waits, in bytes.
#[derive(Debug)]
struct Waiting {
    bytes: AtomicUsize,
    bytes_max: usize,
}

impl Waiting {
    /// Room for so many bytes, or `None` when there is not so much left.
    fn take(waiting: &Arc<Self>, bytes: usize) -> Option<Room> {
        let fits = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= waiting.bytes_max);
        let before = waiting.bytes.fetch_update(Ordering::AcqRel, Ordering::Relaxed, fits).ok()?;
        report(before + bytes);
        Some(Room { waiting: waiting.clone(), bytes })
    }
}

/// Room in the queue, given back when dropped: no way out of the queue can forget it.
#[derive(Debug)]
struct Room {
    waiting: Arc<Waiting>,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        report(self.waiting.bytes.fetch_sub(self.bytes, Ordering::AcqRel) - self.bytes);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge of bytes is exact far beyond the limit")]
fn report(bytes: usize) {
    metrics::gauge!(APPENDER_QUEUE_BYTES).set(bytes as f64);
}

/// The task.
struct Writer {
    log: Arc<dyn ActivityLog>,
    publisher: Publisher,
    submissions: mpsc::UnboundedReceiver<Submission>,
    taken: VecDeque<Submission>,
    shutdown: CancellationToken,
}

impl Writer {
    /// Until the shutdown, and then until nothing waits.
    async fn run(mut self) {
        let mut buffer = Vec::with_capacity(COMMIT_UNITS_MAX);
        while self.fill(&mut buffer).await {
            let group = self.next_group();
            self.commit(group).await;
        }
    }

    /// Takes what waits; waits for the first when nothing is at hand. False when nothing will come any more.
    async fn fill(&mut self, buffer: &mut Vec<Submission>) -> bool {
        if self.taken.is_empty() {
            tokio::select! {
                _ = self.submissions.recv_many(buffer, COMMIT_UNITS_MAX) => {}
                () = self.shutdown.cancelled(), if !self.submissions.is_closed() => {
                    self.submissions.close();
                    self.submissions.recv_many(buffer, COMMIT_UNITS_MAX).await;
                }
            }
        } else {
            while self.taken.len() + buffer.len() < COMMIT_UNITS_MAX
                && let Ok(submission) = self.submissions.try_recv()
            {
                buffer.push(submission);
            }
        }
        self.taken.extend(buffer.drain(..));
        self.gather().await;
        !self.taken.is_empty()
    }

    /// Lets requests that are being read this moment get into the same transaction: the price of one is nearly the same
    /// for few and for many. A yield returns once every task that can run has run and the sockets were looked at, so it
    /// costs what they would cost anyway; a lone sender never waits, and rounds end when nothing more comes.
    async fn gather(&mut self) {
        let mut before = 1;
        for _ in 0..GATHER_ROUNDS {
            if self.taken.len() <= before || self.taken.len() >= COMMIT_UNITS_MAX {
                return;
            }
            before = self.taken.len();
            tokio::task::yield_now().await;
            while self.taken.len() < COMMIT_UNITS_MAX
                && let Ok(submission) = self.submissions.try_recv()
            {
                self.taken.push_back(submission);
            }
        }
    }

    /// The first of what was taken, as many as one transaction may hold.
    fn next_group(&mut self) -> Vec<Submission> {
        let (mut rows, mut bytes, mut units) = (0, 0, 0);
        for submission in &self.taken {
            rows += rows_of(&submission.change);
            bytes += submission.room.bytes;
            if units == COMMIT_UNITS_MAX || units > 0 && (rows > COMMIT_ROWS_MAX || bytes > COMMIT_BYTES_MAX) {
                break;
            }
            units += 1;
        }
        self.taken.drain(..units).collect()
    }

    async fn commit(&mut self, group: Vec<Submission>) {
        let mut changes = Vec::with_capacity(group.len());
        let mut senders = Vec::with_capacity(group.len());
        for Submission { change, room, reply } in group {
            changes.push(change);
            senders.push((reply, room));
        }
        let begun = Instant::now();
        // A panic of the store is one failed transaction, not the end of the only writer.
        let caught = AssertUnwindSafe(self.log.commit(changes)).catch_unwind().await;
        let committed = caught.unwrap_or_else(|_| Err(StoreError::Unavailable("the store panicked".to_owned())));
        let committed_at = Instant::now();
        measure(senders.len(), committed_at - begun);
        match committed {
            Ok(Committed { outcomes, batches, changed }) => {
                answer(senders, outcomes);
                self.publisher.offer(batches, changed, committed_at);
            }
            Err(fault) => {
                tracing::error!(units = senders.len(), %fault, "a commit failed; its senders are told to try again");
                for (reply, room) in senders {
                    drop(room);
                    let _ = reply.send(Err(Refused::Unavailable));
                }
            }
        }
    }
}

/// Tells each sender its outcome. A sender that is gone is passed over; one without an outcome learns it by the loss of
/// its channel.
fn answer(senders: Vec<(oneshot::Sender<Result<Outcome, Refused>>, Room)>, outcomes: Vec<Outcome>) {
    if senders.len() != outcomes.len() {
        tracing::error!(units = senders.len(), outcomes = outcomes.len(), "the store did not answer every change of a commit");
    }
    for ((reply, room), outcome) in senders.into_iter().zip(outcomes) {
        drop(room);
        let _ = reply.send(Ok(outcome));
    }
}

#[expect(clippy::cast_precision_loss, reason = "units are few")]
fn measure(units: usize, took: std::time::Duration) {
    metrics::histogram!(STORE_COMMIT_SECONDS).record(took.as_secs_f64());
    metrics::histogram!(STORE_COMMIT_UNITS).record(units as f64);
}

#[cfg(test)]
mod tests;
