//! Groups, bounds, failures and the drain, with a store that is held at a gate so that nothing depends on time.

mod held_log;

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures::poll;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::held_log::{HeldLog, Mood};
use super::{Appender, COMMIT_ROWS_MAX, COMMIT_UNITS_MAX, Refused};
use crate::auth::Operator;
use crate::domain::Key;
use crate::ingest::tests::publisher;
use crate::ingest::weight::weight_of;
use crate::store::{Change, Outcome};

const OPEN: usize = 1_000_000;

struct Bench {
    log: Arc<HeldLog>,
    appender: Appender,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Bench {
    fn new(permits: usize, queue_bytes_max: usize) -> Self {
        let (log, tasks, shutdown) = (HeldLog::new(permits), TaskTracker::new(), CancellationToken::new());
        let publisher = publisher(log.clone(), &tasks, &shutdown);
        let (appender, writer) = Appender::new(log.clone(), publisher, queue_bytes_max, shutdown.clone());
        tasks.spawn(writer);
        Self { log, appender, tasks, shutdown }
    }

    /// Proves that the task ends and nothing waits.
    async fn finish(&self) {
        self.shutdown.cancel();
        self.log.gate.add_permits(OPEN);
        self.tasks.close();
        self.tasks.wait().await;
        assert_eq!(self.appender.queued_bytes(), 0);
        assert_eq!(self.appender.change(put()).await, Err(Refused::Draining));
    }
}

fn put() -> Change {
    let workspace = Operator::assume().workspace(1);
    Change::PutEvent { workspace, event: Key::trusted("expo"), name: "Expo".to_owned() }
}

/// A change that writes so many rows.
fn recipients(rows: usize) -> Change {
    let workspace = Operator::assume().workspace(1);
    let add = vec![Key::trusted("p"); rows];
    Change::Recipients { workspace, event: Key::trusted("expo"), message: Key::trusted("m"), add, remove: Vec::new() }
}

const STORED: Result<Outcome, Refused> = Ok(Outcome::Put { created: true });

#[tokio::test]
async fn what_waits_is_one_transaction() {
    let bench = Bench::new(0, 1 << 20);
    let mut first = pin!(bench.appender.change(put()));
    assert!(poll!(&mut first).is_pending());
    bench.log.begun.notified().await;
    let mut others: Vec<_> = (0..5).map(|_| Box::pin(bench.appender.change(put()))).collect();
    for other in &mut others {
        assert!(poll!(other).is_pending());
    }
    assert_eq!(bench.appender.queued_bytes(), 6 * weight_of(&put()));
    bench.log.gate.add_permits(2);
    assert_eq!(first.await, STORED);
    for other in others {
        assert_eq!(other.await, STORED);
    }
    assert_eq!(bench.log.commits(), [1, 5]);
    bench.finish().await;
}

#[tokio::test]
async fn a_transaction_is_bounded() {
    for (rows, count, want) in [
        (1, COMMIT_UNITS_MAX + 5, vec![1, COMMIT_UNITS_MAX, 5]),
        (COMMIT_ROWS_MAX / 2, 5, vec![1, 2, 2, 1]),
        (COMMIT_ROWS_MAX + 1, 2, vec![1, 1, 1]),
    ] {
        let bench = Bench::new(0, usize::MAX);
        let mut first = pin!(bench.appender.change(put()));
        assert!(poll!(&mut first).is_pending());
        bench.log.begun.notified().await;
        let mut others: Vec<_> = (0..count).map(|_| Box::pin(bench.appender.change(recipients(rows)))).collect();
        for other in &mut others {
            assert!(poll!(other).is_pending());
        }
        bench.log.gate.add_permits(OPEN);
        for other in others {
            assert_eq!(other.await, STORED);
        }
        assert_eq!(bench.log.commits(), want, "{rows}");
        bench.finish().await;
    }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_takes_again() {
    let bench = Bench::new(0, 2 * weight_of(&put()) + 1);
    let mut first = pin!(bench.appender.change(put()));
    let mut second = pin!(bench.appender.change(put()));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    let mut third = pin!(bench.appender.change(put()));
    assert_eq!(poll!(&mut third), Poll::Ready(Err(Refused::Busy)));
    assert_eq!(bench.appender.admit(), Ok(()), "a smaller one may fit");
    bench.log.gate.add_permits(OPEN);
    assert_eq!((first.await, second.await), (STORED, STORED));
    assert_eq!(bench.appender.queued_bytes(), 0);
    assert_eq!(bench.appender.change(put()).await, STORED);
    bench.finish().await;
}

#[tokio::test]
async fn a_failing_store_tells_its_senders_and_the_next_is_tried() {
    for mood in [Mood::Failing, Mood::Panicking, Mood::Forgetful] {
        let bench = Bench::new(OPEN, 1 << 20);
        bench.log.set_mood(mood);
        assert_eq!(bench.appender.change(put()).await, Err(Refused::Unavailable), "{mood:?}");
        bench.log.set_mood(Mood::Well);
        assert_eq!(bench.appender.change(put()).await, STORED, "{mood:?}");
        bench.finish().await;
    }
}

#[tokio::test]
async fn a_drain_finishes_what_waits_and_takes_no_more() {
    let bench = Bench::new(0, 1 << 20);
    let mut first = pin!(bench.appender.change(put()));
    assert!(poll!(&mut first).is_pending());
    bench.log.begun.notified().await;
    let mut second = pin!(bench.appender.change(put()));
    assert!(poll!(&mut second).is_pending());
    bench.shutdown.cancel();
    assert_eq!(bench.appender.change(put()).await, Err(Refused::Draining));
    assert_eq!(bench.appender.admit(), Err(Refused::Draining));
    bench.log.gate.add_permits(OPEN);
    assert_eq!((first.await, second.await), (STORED, STORED));
    bench.finish().await;
}

#[tokio::test]
async fn a_sender_that_goes_away_changes_nothing() {
    let bench = Bench::new(0, 1 << 20);
    {
        let mut gone = pin!(bench.appender.change(put()));
        assert!(poll!(&mut gone).is_pending());
    }
    bench.log.gate.add_permits(OPEN);
    assert_eq!(bench.appender.change(put()).await, STORED);
    assert_eq!(bench.log.commits().iter().sum::<usize>(), 2);
    bench.finish().await;
}
